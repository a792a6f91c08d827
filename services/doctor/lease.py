"""Who leads of several nodes beside one PostgreSQL, and whether their clocks agree."""

from domain.errors import NotFoundError, TidewalkError
from domain.ports import Clock
from domain.readings import Millis
from services.doctor.finding import Finding, ok, warn
from services.leading import Leader

PART = "lease"
APART = 2_000  # ms


def look(leader: Leader | TidewalkError | None, database: Millis, wall: Clock) -> list[Finding]:
    """`leader` is who leads, or led last; the error says why that cannot be known. `database` is its clock."""
    return [_of(leader), *_clocks(database - wall.now())]


def _of(leader: Leader | TidewalkError | None) -> Finding:
    match leader:
        case NotFoundError():
            what = "the database has no table of leases: it is new, or of an older version"
            why = "until a service of this version has been started there, nothing keeps two from writing at once"
            return warn(PART, what, why, "stop every service on it, then start one of this version")
        case TidewalkError():
            return warn(PART, str(leader), "who leads is not known", "start the database, or correct --sql")
        case None:
            return ok(PART, "nobody has led yet")
        case Leader(leads=True):
            return ok(PART, f"{leader.known_as} leads {leader.site}, with token {leader.token}")
        case _:
            gone = f"{(leader.now - leader.until) / 1000:,.0f} s ago" if leader.until else "in order"
            what = f"nobody leads: {leader.known_as} led last, and left {gone}"
            return warn(PART, what, "nothing is heard and nobody is sent", "start a service")


def _clocks(ahead: Millis) -> list[Finding]:
    if abs(ahead) <= APART:
        return [ok(PART, "our clock and the database's agree")]
    what = f"the database's clock is {abs(ahead) / 1000:,.1f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    why = "leases go by the database's clock and do not mind; but a node that takes over would jump in time"
    return [warn(PART, what, why, "keep the clocks of all machines by NTP")]
