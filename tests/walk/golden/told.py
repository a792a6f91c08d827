"""The golden hour as text: rows of the journal one way, what was decided the other way. Diffs read like a diary."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from domain.messages import Message, Row
from domain.naming import EDIT
from ingest.pipeline import Pipeline
from rules.book import RuleBook
from rules.context.all import surroundings
from rules.runners.live import Live
from services.audit import fate_faults
from services.dispatch.orders import Addressed, Alarm, Order
from services.judge import Judge
from services.run_hash import run_hash
from services.site import load_site

HERE: Final = Path(__file__).parent
SITE: Final = HERE / "shinan"  # a copy: the sample may grow, this hour has happened
JOURNAL: Final = HERE / "journal.txt"
DECIDED: Final = HERE / "decided.json"
STEM: Final = "tidewalk/shinan/"


def journal_lines(rows: Iterable[Row]) -> Iterator[str]:
    """`@ number at`, then a line `received flags topic payload` for each message; `=` is the row's time, `~` the stem.

    Edit rows are left out: they hold the files that lie beside this one.
    """
    for number, at, messages in rows:
        kept = [m for m in messages if m.topic != EDIT]
        if not kept and messages:
            continue
        yield f"@ {number} {at}"
        for topic, payload, received, flags in kept:
            text = payload.decode()
            assert "\n" not in text, (topic, payload)
            when = "=" if received == at else str(received)
            yield f"{when} {int(flags)} {topic.replace(STEM, '~', 1)} {text}"


def journal_rows(lines: Iterable[str]) -> Iterator[Row]:
    """The rows again. Lines that begin with # say something to people."""
    number, at, messages = 0, 0, list[Message]()
    for line in lines:
        if line.startswith("#"):
            continue
        if line.startswith("@"):
            if number:
                yield Row(number, at, tuple(messages))
            number, at, messages = *map(int, line.split()[1:]), list[Message]()
            continue
        received, flags, topic, text = line.rstrip("\n").split(" ", 3)
        when = at if received == "=" else int(received)
        messages.append(Message(topic.replace("~", STEM, 1), text.encode(), when, int(flags)))
    yield Row(number, at, tuple(messages))


def decided(rows: Iterable[Row], rules: RuleBook) -> dict[str, Any]:
    """What the pipeline and the judge make of the rows, in plain values. Fails where a message has not one fate."""
    site = load_site(SITE)
    pipeline, judge = Pipeline(site), Judge(site, rules.rules, Live(rules, site, surroundings(site, rules)))
    alarms: dict[str, Alarm] = {}
    orders: dict[str, Order] = {}
    outbox: dict[str, Addressed] = {}
    fates = {"stored": 0, "quarantined": 0, "noted": 0}
    for row in rows:
        heard = pipeline.read(row)
        assert list(fate_faults(heard, row)) == []
        for fate in heard.fates:
            fates["stored" if fate.points else "quarantined" if fate.reason else "noted"] += 1
        outcome = judge.fold(heard)
        alarms.update((alarm.id, alarm) for alarm in outcome.alarms)
        orders.update((order.id, order) for order in outcome.orders)
        outbox.update((one.key, one) for one in outcome.outbox)
    return {
        "site": site.hash,
        "fates": fates,
        "sha256": run_hash(alarms.values(), orders.values()),
        "alarms": [_alarm(a) for a in sorted(alarms.values(), key=lambda a: (a.opened, a.id))],
        "orders": [_order(o) for o in sorted(orders.values(), key=lambda o: (o.opened, o.id))],
        "sent": [[one.key, one.topic, bool(one.payload)] for one in sorted(outbox.values())],
    }


def decided_text(found: dict[str, Any]) -> str:
    """JSON with a line for each alarm, each order, each step of its history and each message."""
    parts = []
    for name, value in found.items():
        if name in ("alarms", "sent"):
            told = "[\n  " + ",\n  ".join(_dumped(one) for one in value) + "\n ]"
        elif name == "orders":
            told = "[\n  " + ",\n  ".join(_order_text(one) for one in value) + "\n ]"
        else:
            told = _dumped(value)
        parts.append(f' "{name}": {told}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _order_text(order: dict[str, Any]) -> str:
    head = _dumped({k: v for k, v in order.items() if k != "history"})
    steps = ",\n    ".join(_dumped(step) for step in order["history"])
    return f'{head[:-1]},\n   "history": [\n    {steps}\n   ]}}'


def _alarm(alarm: Alarm) -> dict[str, Any]:
    return {
        "id": alarm.id,
        "rule": alarm.rule,
        "subject": alarm.subject,
        "facility": alarm.facility,
        "state": str(alarm.state),
        "cause": alarm.cause,
        "since": alarm.since,
        "opened": alarm.opened,
        "until": alarm.until,
        "members": list(alarm.members),
        "why": dict(alarm.why),
        "order": alarm.order,
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "id": order.id,
        "case": order.case,
        "rule": order.rule,
        "subject": order.subject,
        "alarms": list(order.alarms),
        "kind": str(order.kind),
        "element": str(order.element),
        "priority": str(order.priority),
        "state": str(order.state),
        "revision": order.revision,
        "crew": order.crew,
        "opened": order.opened,
        "closed": order.closed,
        "closed_by": order.closed_by,
        "reworks": order.reworks,
        "history": [[c.at, c.who, str(c.step), str(c.after), c.crew, c.why] for c in order.history],
    }


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
