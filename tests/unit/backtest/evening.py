"""An evening of the small coast, as a store keeps it."""

from domain.readings import Reading
from tests.unit.rules.coast import HOUR, MINUTE, NIGHT, said, small_coast

SITE = small_coast()
SPAN = (NIGHT, NIGHT + 4 * HOUR)


def evening() -> list[Reading]:
    """A lamp goes dark, a bin fills and is emptied, gaps in what is said, text and flags, history sent later."""
    some: list[Reading] = []
    for n in range(24):
        at = NIGHT + n * 10 * MINUTE
        watts = 1.0 if n > 6 else 79.0
        some.append(said(SITE, "lamp-0", at, {"commanded_level": 80.0, "active_power": watts, "lamp_failure": n > 6}))
        some.append(
            said(SITE, "bin-1", at + 1, {"fill_level": 97.0} if 3 < n < 9 else {"fill_level": 4.0, "rssi": -90.0})
        )
        some.append(said(SITE, "lot-1", at + 1, {"gate_state": "fault" if n == 5 else "down"}))
        some.append(said(SITE, "toilet-1", at + 2, {"nh3_ppm": 3.0} if n % 2 else {"humidity": 60.0}))
        some.append(said(SITE, "toilet-1b", at + 2, {"nh3_ppm": 3.0}, quality=8 if n % 3 else 0))
    return sorted(some, key=lambda one: one.at)
