"""What things of a kind need: what their rows have to say, and the trades that work on them."""

from typing import Final

from domain.naming import Kind

# What a kind cannot be judged or simulated without.
NEEDED_ATTRIBUTES: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.LIGHT: ("rated_power",),
    Kind.TOILET: ("stalls",),
    Kind.GREEN: ("holding_capacity",),
    Kind.CROWD: ("capacity",),
}
# What some of a kind can be judged without, and why that is told all the same.
WANTED_ATTRIBUTES: Final[dict[Kind, tuple[str, str]]] = {
    Kind.BIN: ("depth_mm", "a sensor that measures a distance cannot tell how full it is"),
    Kind.PARKING: ("capacity", "nothing tells free places that cannot be true"),
}
# Which trades the work on a kind asks for; `instruments` looks after the devices of all of them.
TRADES_FOR: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.LIGHT: ("lighting", "power", "structures", "instruments"),
    Kind.FEEDER: ("power", "instruments"),
    Kind.CABINET: ("power", "instruments"),
    Kind.BIN: ("collection", "patrol", "instruments"),
    Kind.TOILET: ("cleaning", "plumbing", "instruments"),
    Kind.PARKING: ("lots", "patrol", "instruments"),
    Kind.GREEN: ("gardening", "plumbing", "instruments"),
    Kind.CROWD: ("patrol", "instruments"),
    Kind.COAST: ("patrol", "power", "instruments"),
}
