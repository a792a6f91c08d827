"""The tables of `docs/access.md`: `python -m tests.unit.docs.access_table` writes them anew."""

from pathlib import Path
from typing import Final

from domain.naming import OperatorAction
from services.people.policy import ACTIONS, DISPATCHERS, POLICY, Deed, Reach
from services.people.roles import Role

PAGE: Final = Path(__file__).parents[3] / "docs" / "access.md"
BEGIN, END = "<!-- access: python -m tests.unit.docs.access_table -->\n", "<!-- end of access -->\n"
_ZONES: Final = {
    Reach.OPEN: "nobody is asked",
    Reach.COMMON: "the same for all",
    Reach.LISTED: "shows their zones",
    Reach.PLACED: "in their zones",
    Reach.SIGNED: "by the crew's link",
    Reach.WHOLE: "without zones only",
}


def made() -> str:
    """Routes, then what may be done to an order."""
    head = f"| route | what | {' | '.join(Role)} | with zones |\n|---|---|{'---|' * len(Role)}---|\n"
    rows = "".join(_row(f"`{route}`", deed.what, deed.roles, deed) for route, deed in POLICY.items())
    acting = f"| on an order | {' | '.join(Role)} |\n|---|{'---|' * len(Role)}\n"
    acts = "".join(f"| `{one}` | {_marks(ACTIONS.get(one, DISPATCHERS))} |\n" for one in OperatorAction)
    return f"{head}{rows}\n{acting}{acts}"


def _row(route: str, what: str, roles: frozenset[Role], deed: Deed) -> str:
    return f"| {route} | {what} | {_marks(roles)} | {_ZONES[deed.reach]} |\n"


def _marks(roles: frozenset[Role]) -> str:
    return " | ".join("✔" if role in roles else "" for role in Role)


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}{made()}{END}{rest.partition(END)[2]}", encoding="utf-8")
