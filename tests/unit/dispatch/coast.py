"""A coast of two bays and five crews, rules for it, and a rule engine that a test can play on."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from domain.alarms import AlarmChange, AlarmState, Correction
from domain.ids import alarm_id
from domain.messages import Heard, Message
from domain.naming import COMMAND, LINK, Element, Kind, Priority, clock_topic, replies_topic
from domain.readings import Millis, Reading
from domain.site import Crew, Facility, Gateway, Grade, Name, Party, Position, Shift, Site, Zone
from rules.core.rule import OrderPlan, Rule
from services.judge import Judge, Outcome, Saved

S = 1000
MINUTE = 60 * S
HOUR = 60 * MINUTE
T0: Millis = 1_790_812_800_000  # 2026-10-01T00:00Z, 08:00 in Qingdao: the early shift is out

WEST, EAST = Position(36.06, 120.31), Position(36.06, 120.37)


def _name(en: str, zh: str) -> Name:
    return Name(en, zh)


def _zone(zone: str, name: Name, neighbour: str) -> Zone:
    return Zone(zone, name, Grade.ORDINARY, (), (), (neighbour,), f"street-{zone}", f"community-{zone}")


def _facility(facility: str, kind: Kind, zone: str, at: Position, grade: Grade = Grade.ORDINARY) -> Facility:
    element = Element.SANITATION if kind is Kind.BIN else Element.MUNICIPAL
    zh = {"lamp": "路灯", "bin": "果皮箱", "feeder": "回路"}[facility.split("-", maxsplit=1)[0]] + facility.split("-")[
        1
    ]
    pole = "QD-0117" if kind is Kind.LIGHT else ""
    more = {"supervisor": "bureau", "maintainer": "lights-office", "owner": "lights-office"}
    return Facility(facility, kind, element, Name(facility, zh), zone, at, grade, "", 2350.0, pole, **more)


def _crew(crew: str, trades: str, zone: str, base: Position, *, shifts: str = "early", capacity: int = 3) -> Crew:
    names = {"desk": "值班台", "lamps-w": "西段照明一组", "lamps-w2": "西段照明二组"}
    worked = tuple(shifts.split()) if shifts else ()
    named = Name(crew, names.get(crew, crew))
    return Crew(crew, named, tuple(trades.split()), (zone,), worked, capacity, base, "lights-office")


def coast(*, simulated: bool = False, **changed: object) -> Site:
    """The site. On shift at T0: everybody but `night-w`."""
    facilities = [
        _facility("lamp-1", Kind.LIGHT, "west", WEST),
        _facility("lamp-2", Kind.LIGHT, "west", WEST, Grade.KEY_NODE),
        _facility("lamp-3", Kind.LIGHT, "east", EAST),
        _facility("bin-1", Kind.BIN, "west", WEST),
        _facility("feeder-1", Kind.FEEDER, "west", WEST),
    ]
    crews = [
        _crew("lamps-w", "lighting", "west", Position(36.0601, 120.3101)),
        _crew("lamps-w2", "lighting power", "west", Position(36.065, 120.315)),
        _crew("lamps-e", "lighting", "east", EAST, capacity=2),
        replace(_crew("bins-w", "collection", "west", WEST), language="en"),
        _crew("night-w", "lighting", "west", WEST, shifts="night"),
        _crew("desk", "", "west", WEST, shifts="", capacity=0),
    ]
    shifts = [Shift("early", Name("early", "早"), 330, 810), Shift("night", Name("night", "夜"), 1290, 1770)]
    zones = [_zone("west", _name("Zhanqiao bay", "青岛湾"), "east"), _zone("east", _name("East bay", "浮山湾"), "west")]
    parties = [
        Party("street-west", _name("West street", "中山路街道"), "subdistrict"),
        Party("bureau", _name("Municipal section", "市政科"), "district"),
        Party("lights-office", _name("Lights office", "市路灯处"), "city"),
    ]
    whole = Site(
        id="shinan",
        name=Name("Shinan", "市南"),
        timezone="Asia/Shanghai",
        simulated=simulated,
        parties={p.id: p for p in parties},
        zones={z.id: z for z in zones},
        sections={},
        gateways={"gw-1": Gateway("gw-1", "west", WEST)},
        facilities={f.id: f for f in facilities},
        devices={},
        shifts={s.id: s for s in shifts},
        crews={c.id: c for c in crews},
        desk="desk",
        case_prefix="SN",
    )
    return replace(whole, **changed)  # type: ignore[arg-type]  # a test changes what it names


PLAN = OrderPlan(
    element=Element.MUNICIPAL,
    trade="lighting",
    priority=Priority.P3,
    key_node_priority=Priority.P2,
    accept_s=900,
    arrive_s=0,
    finish_s=7200,
    verify_s=1800,
    safety=False,
    counted=True,
    title=Name("Lamp out", "路灯不亮"),
    do=Name("Replace the lamp or its driver", "更换光源或驱动电源"),
    caution=None,
)
LEAK = replace(
    PLAN,
    trade="power",
    priority=Priority.P0,
    key_node_priority=None,
    accept_s=180,
    finish_s=3600,
    safety=True,
    title=Name("Leakage", "灯杆漏电"),
    do=Name("Isolate the pole", "断电隔离"),
    caution=Name("Live parts: isolate first", "带电危险，先断电"),
)
FULL = replace(
    PLAN,
    element=Element.SANITATION,
    trade="collection",
    priority=Priority.P2,
    key_node_priority=None,
    title=Name("Bin full", "果皮箱满溢"),
    do=Name("Empty the bin", "清运"),
)


def rule(name: str, kind: Kind, plan: OrderPlan | None, clear_for_s: int = 600) -> Rule:
    """A rule of which the judge sees little but its plan."""
    title = plan.title if plan else Name(name, name)
    return Rule(
        id="R00", name=name, version="1", kind=kind, subject="facility", title=title, clauses=(),
        clear_for_s=clear_for_s, order=plan,
    )  # fmt: skip


RULES = {
    "lamp-out": rule("lamp-out", Kind.LIGHT, PLAN),
    "leak": rule("leak", Kind.LIGHT, LEAK),
    "bin-full": rule("bin-full", Kind.BIN, FULL),
    "watched": rule("watched", Kind.LIGHT, None),
}


class Engine:
    """A rule engine that believes what it is told: a reading {"rule": name, "wrong": bool} opens and clears an alarm.

    {"looks": bool | None} says what the newest value shows, without the alarm clearing; None: nobody can tell.
    """

    def __init__(self, site: str = "shinan") -> None:
        self._site = site
        self.state: dict[str, list[object]] = {}  # "rule/facility" → [alarm, cause, looks wrong]
        self.ticks: list[Millis] = []
        self.deaf: list[bool] = []
        self.listened: list[Millis] = []
        self.works: list[tuple[str, str, Millis | None, Millis | None]] = []
        self.false: list[tuple[str, Millis]] = []
        self.plans: list[tuple[str, str, str, Millis, Millis]] = []
        self.surroundings: dict[str, bool | float] = {}

    def hear(self, readings: Sequence[Reading], at: Millis, *, deaf: bool = False) -> list[AlarmChange]:
        self.ticks.append(at)
        self.deaf.append(deaf)
        return [change for reading in readings for change in self._step(reading)]

    def listening_from(self, at: Millis) -> None:
        self.listened.append(at)

    def work(self, facility: str, who: str, since: Millis | None, until: Millis | None) -> None:
        self.works.append((facility, who, since, until))

    def plan(self, plan: str, facility: str, zone: str, since: Millis, until: Millis) -> None:
        self.plans.append((plan, facility, zone, since, until))

    def corrections(self) -> tuple[Correction, ...]:
        return ()

    def false_alarm(self, facility: str, at: Millis) -> None:
        self.false.append((facility, at))

    def is_wrong(self, alarm_id: str) -> bool | None:
        found = next((s[2] for s in self.state.values() if s[0] == alarm_id), None)
        return None if found is None else bool(found)

    def around(self, zone: str, at: Millis) -> dict[str, bool | float]:  # noqa: ARG002 - the same everywhere and ever
        return dict(self.surroundings)

    def open_alarms(self) -> dict[str, AlarmChange]:
        opened = AlarmState.OPEN
        return {
            str(s[0]): AlarmChange(str(s[0]), key, "1", key, opened, T0, T0, T0, key, (), {})
            for key, s in self.state.items()
        }

    def save(self) -> str:
        return json.dumps(self.state)

    def load(self, saved: str) -> None:
        self.state = json.loads(saved)

    def _step(self, reading: Reading) -> Iterable[AlarmChange]:
        name, wrong = str(reading.values["rule"]), reading.values.get("wrong")
        key = f"{name}/{reading.facility}"
        if "looks" in reading.values and key in self.state:
            self.state[key][2] = reading.values["looks"]
        if wrong is True and key not in self.state:
            self.state[key] = [alarm_id(self._site, name, f"facility:{reading.facility}", reading.at), reading.at, True]
            yield self._change(name, reading, key, AlarmState.OPEN)
        elif wrong is False and key in self.state:
            yield self._change(name, reading, key, AlarmState.CLEARED)
            del self.state[key]

    def _change(self, name: str, reading: Reading, key: str, state: AlarmState) -> AlarmChange:
        alarm, cause, _ = self.state[key]
        why = {"values": {"active_power": 2.0}} if name == "lamp-out" else {"values": {"fill_level": 96.0}}
        return AlarmChange(
            str(alarm), name, "1", f"facility:{reading.facility}", state, int(str(cause)), int(str(cause)), reading.at,
            reading.facility, (), why,
        )  # fmt: skip


def wrong(facility: str, at: Millis, *, rule: str = "lamp-out", is_wrong: bool = True) -> Reading:
    """What opens an alarm (or clears it)."""
    return Reading(facility, f"{facility}-d", "light", "west", at, {"rule": rule, "wrong": is_wrong}, 0, -1, at)


def well(facility: str, at: Millis, *, rule: str = "lamp-out") -> Reading:
    """What clears an alarm."""
    return wrong(facility, at, rule=rule, is_wrong=False)


def looks(facility: str, at: Millis, *, is_wrong: bool | None, rule: str = "lamp-out") -> Reading:
    """What shows how it looks, before the rule is sure."""
    return Reading(facility, f"{facility}-d", "light", "west", at, {"rule": rule, "looks": is_wrong}, 0, -1, at)


def note(topic: str, body: object, at: Millis = T0, flags: int = 0) -> Message:
    """A message of a row, JSON unless it is bytes."""
    return Message(topic, body if isinstance(body, bytes) else json.dumps(body).encode(), at, flags)


class Play:
    """A judge at work: each call is one row, and what it came to is kept."""

    def __init__(
        self, site: Site | None = None, engine: Engine | None = None, rules: Mapping[str, Rule] | None = None
    ) -> None:
        self.site = site or coast()
        self.engine = engine or Engine()
        self.judge = Judge(self.site, RULES if rules is None else rules, self.engine)
        self.judge.load(Saved())
        self.row, self.replies = 0, 0
        self.outcomes: list[Outcome] = []

    def hear(self, at: Millis, *readings: Reading, notes: Sequence[Message] = ()) -> Outcome:
        self.row += 1
        outcome = self.judge.fold(Heard(self.row, at, tuple(readings), tuple(notes), (), ()))
        self.outcomes.append(outcome)
        return outcome

    def reply(self, at: Millis, /, crew: str, order: str, action: str, **more: object) -> Outcome:
        """A crew answers; received at `at`."""
        self.replies += 1
        body = {"id": f"r{self.replies}", "order": order, "revision": 1, "action": action, **more}
        return self.hear(at, notes=[note(replies_topic("shinan", crew), body, at)])

    def command(self, at: Millis, order: str, action: str, **more: object) -> Outcome:
        """An operator commands."""
        self.replies += 1
        body = {"id": f"c{self.replies}", "order": order, "action": action, "by": "li", **more}
        return self.hear(at, notes=[note(COMMAND, body, at)])

    def link(self, at: Millis, *states: str) -> Outcome:
        """Our own connection."""
        return self.hear(at, notes=[note(LINK, {"state": state, "marker": 1}, at) for state in states])

    def clock(self, at: Millis, step: int, then: Millis, *readings: Reading) -> Outcome:
        """The simulators' clock, in a row received at `at`."""
        return self.hear(at, *readings, notes=[note(clock_topic("shinan"), {"step": step, "at": then}, at)])


def sent(outcome: Outcome) -> list[tuple[str, str]]:
    """What an outcome sends: the tail of each topic, and the state in it, "clear", or a receipt's result."""
    told = []
    for message in outcome.outbox:
        body = json.loads(message.payload) if message.payload else {}
        told.append(
            (message.topic.split("/crew/")[1].split("/")[0], body.get("state") or body.get("result") or "clear")
        )
    return told
