"""What shadow rules have done otherwise than those in force, since they began."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from domain.readings import Millis
from rules.book import RuleBook
from rules.runners.backtest import Found, difference
from services.backtest.report import compared
from services.dispatch.orders import Alarm, Order
from services.dispatch.when import rfc3339
from services.shadow.running import Kept, since_of


def reported(live: Kept, shadow: Kept, in_force: Mapping[str, str], tried: RuleBook) -> dict[str, Any]:
    """Figures of both, and what appeared, vanished and moved. `in_force`: rule name → version. Blocking."""
    since, until = since_of(shadow), min(live.load().at, shadow.load().at)
    mine, theirs = _since(shadow.everything(), since, until), _since(live.everything(), since, until)
    shown = compared(difference(_found(theirs[0], until), _found(mine[0], until)))
    for one in shown["one_by_one"]:
        one.update({name: rfc3339(one[name]) for name in one if name.startswith(("opened", "until")) and one[name]})
    changed = [name for name, rule in tried.rules.items() if in_force.get(name) != rule.version]
    return {
        "since": rfc3339(since) if since else None,
        "until": rfc3339(until),
        "shadow": tried.version,
        "changed_rules": changed,
        "gone_rules": sorted(in_force.keys() - tried.rules.keys()),
        "alarms": {"live": len(theirs[0]), "shadow": len(mine[0])},
        "orders": {"live": _orders(theirs[1]), "shadow": _orders(mine[1])},
        "difference": shown,
    }


def _since(books: tuple[list[Alarm], list[Order]], since: Millis, until: Millis) -> tuple[list[Alarm], list[Order]]:
    alarms, orders = books
    return (
        [one for one in alarms if since <= one.opened <= until],
        [one for one in orders if since <= one.opened <= until],
    )


def _found(alarms: Iterable[Alarm], until: Millis) -> dict[str, Found]:
    return {
        one.id: Found(
            one.id,
            one.rule,
            one.version,
            one.subject,
            one.facility,
            one.cause,
            one.since,
            one.opened,
            one.until if one.until is not None and one.until <= until else None,
            one.members,
        )
        for one in alarms
    }


def _orders(orders: Iterable[Order]) -> dict[str, int]:
    return dict(sorted(Counter(one.rule for one in orders).items()))
