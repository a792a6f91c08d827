"""Whatever sensors, crews and operators do, and wherever we crash: orders stay legal, with somebody, and the same."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.messages import Heard, Message
from domain.naming import COMMAND, LINK, clock_topic, order_topic, replies_topic
from services.dispatch import policy
from services.dispatch.legal import LEGAL
from services.dispatch.orders import OrderState, Step
from services.judge import Judge
from tests.contracts.memory_judge_store import MemoryJudgeStore
from tests.unit.dispatch.coast import MINUTE, RULES, T0, Engine, coast, looks, note, wrong

CREWS = ["lamps-w", "lamps-w2", "lamps-e", "bins-w", "night-w", "desk"]
SITES = {simulated: coast(simulated=simulated) for simulated in (False, True)}

ACTIONS = ["accept", "accept", "decline", "arrive", "done", "done", "extend", "hold", "resume", "confirm", "dance"]
LATER = [0, 1, 1000, MINUTE, 10 * MINUTE, 25 * MINUTE, 3 * 60 * MINUTE]

seen = st.tuples(
    st.sampled_from(["lamp-1", "lamp-1", "lamp-1", "lamp-2", "lamp-3", "bin-1", "gw-1"]),
    st.sampled_from(["lamp-out", "lamp-out", "lamp-out", "leak", "bin-full", "watched"]),
    st.sampled_from(["wrong", "wrong", "well", "well", "looks well", "looks wrong"]),
    st.sampled_from([0, 0, 0, -5 * MINUTE, -1000, 1, 30_000, 2 * MINUTE]),
)
said = st.tuples(
    st.sampled_from(ACTIONS),
    st.integers(0, 7),  # which order: one that is open, up to 5
    st.sampled_from([None, None, None, None, "desk", *CREWS]),  # None: whoever has it
    st.sampled_from([0, 0, 0, -20 * MINUTE, -MINUTE, 1, 30_000]),
    st.integers(0, 200),  # the id: sometimes used twice
)
ordered = st.tuples(
    st.sampled_from(["close", "confirm", "reassign", "note"]),
    st.integers(0, 7),
    st.sampled_from(["", *CREWS, "ghosts"]),
)
told_by = [seen.map(lambda x: ("seen", *x)), said.map(lambda x: ("said", *x))]
line = st.one_of(
    *told_by,
    *told_by,
    *told_by,
    ordered.map(lambda x: ("ordered", *x)),
    st.sampled_from(["started", "down", "up", "passed", "unmeasured", "clock"]).map(lambda x: ("link", x)),
)
row = st.tuples(st.sampled_from(LATER), st.lists(line, min_size=1, max_size=4))
story = st.lists(row, min_size=8, max_size=25)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Run:
    """A judge with its engine and store, which may die and come back."""

    def __init__(self, *, simulated: bool, store: MemoryJudgeStore | None = None) -> None:
        self.site, self.store = SITES[simulated], store or MemoryJudgeStore()
        self.start()

    def start(self) -> None:
        self.engine = Engine()
        for _, state in self.store.subjects():
            self.engine.load(state.decode())
        self.judge = Judge(self.site, RULES, self.engine)
        self.saved = self.store.load()
        self.judge.load(self.saved)

    def fold(self, heard: Heard, *, commit_quiet: bool = True) -> None:
        outcome = self.judge.fold(heard)
        if outcome.changed or commit_quiet:
            self.store.commit(outcome, {"all": self.engine.save().encode()})


def rows_of(told: Sequence[tuple[int, list[tuple[Any, ...]]]], *, simulated: bool) -> tuple[list[Heard], Run]:
    """Play a story through; the rows it came to, and the run that heard them."""
    run, at, rows = Run(simulated=simulated), T0, []
    for number, (later, lines) in enumerate(told, 1):
        at += later
        readings, notes = [], []
        for index, one in enumerate(lines):
            match one:
                case ("seen", facility, rule, what, off) if what.startswith("looks"):
                    readings.append(looks(facility, at + off, rule=rule, is_wrong=what == "looks wrong"))
                case ("seen", facility, rule, what, off):
                    readings.append(wrong(facility, at + off, rule=rule, is_wrong=what == "wrong"))
                case ("link", "clock"):
                    notes.append(note(clock_topic("shinan"), {"step": number, "at": at + MINUTE}))
                case ("link", state):
                    notes.append(note(LINK, {"state": state}))
                case _:
                    notes += _spoken(run, one, at, f"{number}.{index}")
        heard = Heard(number, at, tuple(readings), tuple(notes), (), ())
        run.fold(heard)
        rows.append(heard)
    return rows, run


def _spoken(run: Run, one: tuple[Any, ...], at: int, unique: str) -> list[Message]:
    orders = sorted(run.store.everything()[1], key=lambda o: (o.opened, o.id))
    live = [o for o in orders if not o.ended] if one[2] <= 5 else orders
    order = live[one[2] % len(live)] if live else None
    named = order.id if order else "none"
    if one[0] == "ordered":
        _, action, _, crew = one
        return [
            note(COMMAND, {"id": unique, "order": named, "action": action, "by": "li", "reason": "x", "crew": crew})
        ]
    _, action, _, crew, off, given_id = one
    body = {"id": f"id{given_id}", "order": named, "action": action, "reason": "because", "at": at + off}
    return [note(replies_topic("shinan", crew or (order.crew if order else "desk")), body)]


@few
@given(story, st.booleans())
def test_orders_stay_legal_and_with_somebody(told: list[tuple[int, list[tuple[Any, ...]]]], simulated: bool):
    _, run = rows_of(told, simulated=simulated)
    alarms, orders = run.store.everything()
    for order in orders:
        state = OrderState.DRAFT
        for change in order.history:
            assert change.before is state
            assert state in LEGAL[change.step]
            assert change.step is Step.RESUME or change.after is LEGAL[change.step][state]
            state = change.after
        assert state is order.state
        assert state not in (OrderState.DRAFT, OrderState.OPEN, OrderState.VERIFIED)
        assert order.ended or order.crew in run.site.crews
        assert order.ended == (order.closed is not None)
        if order.safety:
            assert order.state is not OrderState.WITHDRAWN
            assert order.closed_by != "telemetry"
    live = [(o.rule, o.subject) for o in orders if not o.ended]
    assert len(live) == len(set(live))
    assert len({o.case for o in orders}) == len(orders)
    planned = [a for a in alarms if a.rule != "watched"]
    assert all(run.store.order(a.order) for a in planned)


@few
@given(story, st.booleans())
def test_what_lies_retained_is_what_everybody_has_to_do(told: list[tuple[int, list[tuple[Any, ...]]]], simulated: bool):
    _, run = rows_of(told, simulated=simulated)
    lying: dict[str, dict[str, Any]] = {}
    for pending in run.store.pending(100_000):
        topic, payload = pending.message.topic, pending.message.payload
        if not pending.message.retain:
            assert json.loads(payload)["result"] in ("ok", "refused")
        elif payload:
            lying[topic] = json.loads(payload)
            assert len(lying[topic]["text"]) < 300
            assert ("【演练】" in lying[topic]["text"]) == simulated
        else:
            assert lying.pop(topic), "only what lies there is cleared"
    orders = run.store.everything()[1]
    due = {order_topic("shinan", crew, o.id): o for o in orders for crew in policy.recipients(o, "desk")}
    assert lying.keys() == due.keys()
    assert {t: (b["state"], b["crew"], b["revision"], b["recovered"]) for t, b in lying.items()} == {
        t: (str(o.state), o.crew, o.revision, o.recovered) for t, o in due.items()
    }


@few
@given(story, st.booleans(), st.lists(st.tuples(st.integers(0, 24), st.booleans()), max_size=6), st.booleans())
def test_a_crash_anywhere_changes_nothing(
    told: list[tuple[int, list[tuple[Any, ...]]]], simulated: bool, crashes: list[tuple[int, bool]], quiet: bool
):
    rows, whole = rows_of(told, simulated=simulated)
    cut = Run(simulated=simulated)
    left = dict(crashes)
    number = 0
    while number < len(rows):
        after_commit = left.pop(number, None)
        if after_commit is False:  # dies having judged, before it is committed
            cut.judge.fold(rows[number])
            cut.start()
            number = cut.saved.row
            continue
        cut.fold(rows[number], commit_quiet=quiet)
        number += 1
        if after_commit:
            cut.start()
            number = cut.saved.row
    assert cut.store.keys() == whole.store.keys()
    for theirs, ours in zip(cut.store.everything(), whole.store.everything(), strict=True):
        assert {one.id: one for one in theirs} == {one.id: one for one in ours}
    a, b = cut.store.load(), whole.store.load()
    assert (a.meta, sorted(a.results)) == (b.meta, sorted(b.results))
