"""What things of a kind need: what their rows have to say, and which trades work on them."""

from typing import Final

from domain.naming import Kind as FacilityKind

# What a kind cannot be judged or simulated without.
NEEDED_ATTRIBUTES: Final[dict[FacilityKind, tuple[str, ...]]] = {
    FacilityKind.LIGHT: ("rated_power",),
    FacilityKind.TOILET: ("stalls",),
    FacilityKind.GREEN: ("holding_capacity",),
    FacilityKind.CROWD: ("capacity",),
}
# What some of a kind can be judged without, and why that is told all the same.
WANTED_ATTRIBUTES: Final[dict[FacilityKind, tuple[str, str]]] = {
    FacilityKind.BIN: ("depth_mm", "a sensor that measures a distance cannot tell how full it is"),
    FacilityKind.PARKING: ("capacity", "nothing tells free places that cannot be true"),
}
# Which trades the work on a kind asks for; `instruments` looks after the devices of all of them.
TRADES_FOR: Final[dict[FacilityKind, tuple[str, ...]]] = {
    FacilityKind.LIGHT: ("lighting", "power", "structures", "instruments"),
    FacilityKind.FEEDER: ("power", "instruments"),
    FacilityKind.CABINET: ("power", "instruments"),
    FacilityKind.BIN: ("collection", "patrol", "instruments"),
    FacilityKind.TOILET: ("cleaning", "plumbing", "instruments"),
    FacilityKind.PARKING: ("lots", "patrol", "instruments"),
    FacilityKind.GREEN: ("gardening", "plumbing", "instruments"),
    FacilityKind.CROWD: ("patrol", "instruments"),
    FacilityKind.COAST: ("patrol", "power", "instruments"),
}
