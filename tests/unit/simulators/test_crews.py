"""Crews: they answer, travel, repair the simulated thing itself, and nothing is done twice."""

import json
from typing import Any
from uuid import UUID

import pytest

from simulators.world import World
from tests.unit.simulators.toy_coast import HOUR, MINUTE, NOTHING, START, order, said_by, toy_site

ORDER = "00ff00ff00ff00ff"
TOPIC = f"tidewalk/toy/crew/alpha/orders/{ORDER}"


class Desk:
    """Plays the service's part towards the crews, and collects their replies."""

    def __init__(self, *, seed: int = 5) -> None:
        self.world = World(toy_site(), seed, START, NOTHING)
        self.world.step(START + MINUTE)
        self.sent: list[Any] = []

    def hear(self, payload: bytes, topic: str = TOPIC, *, retained: bool = False) -> None:
        self.world.hear(topic, payload, retained, self.world.now)

    def pass_minutes(self, minutes: int) -> list[dict[str, Any]]:
        """Replies of so many minutes."""
        sent = [p for n in range(minutes) for p in self.world.step(self.world.now + MINUTE)]
        self.sent += sent
        return [json.loads(p.payload) | {"topic": p.topic} for p in sent if p.topic.endswith("/replies")]


def actions(replies: list[dict[str, Any]]) -> list[str]:
    return [reply["action"] for reply in replies]


def test_a_crew_accepts_arrives_mends_the_thing_itself_and_says_so():
    desk = Desk()
    assert desk.world.inject("bin_fire", "bin-10")
    heard = desk.world.now
    desk.hear(order("bin-10", heard, priority="P0", safety=True))
    replies = desk.pass_minutes(60)
    assert actions(replies) == ["accept", "arrive", "done"]
    assert {r["topic"] for r in replies} == {"tidewalk/toy/crew/alpha/replies"}
    assert all(UUID(r["id"]).version == 4 and r["order"] == ORDER and r["revision"] == 1 for r in replies)
    times = [_ms(r["at"]) for r in replies]
    assert MINUTE <= times[0] - heard <= 4 * MINUTE
    assert 2 * MINUTE <= times[1] - times[0] <= 12 * MINUTE
    assert 5 * MINUTE <= times[2] - times[1] <= 11 * MINUTE
    assert not desk.world.open_causes("bin-10")
    last = said_by(desk.sent, "bin-10")[-1][1]
    assert last["bin_temperature"] < 45
    assert last["fill_level"] < 10


def test_the_same_revision_again_retained_or_not_changes_nothing():
    once, often = Desk(), Desk()
    told = []
    for desk, again in ((once, 1), (often, 5)):
        payload = order("bin-10", desk.world.now)
        for n in range(again):
            desk.hear(payload, retained=n > 0)
        first = desk.pass_minutes(8)
        for n in range(again):
            desk.hear(payload, retained=n > 0)
        told.append(first + desk.pass_minutes(60))
    assert told[0] == told[1]
    assert actions(told[0]) == ["accept", "arrive", "done"]


def test_the_hour_an_order_was_heard_within_a_step_changes_no_answer():
    prompt, late = Desk(), Desk()
    dispatched = prompt.world.now
    prompt.hear(order("bin-10", dispatched))
    late.pass_minutes(1)
    late.hear(order("bin-10", dispatched))
    one, other = prompt.pass_minutes(60), late.pass_minutes(60)
    assert one == other


def test_a_crew_does_one_thing_at_a_time_the_most_urgent_first():
    desk = Desk()
    wanted = [("bin-10", "P3"), ("toilet-01", "P3"), ("green-01", "P4"), ("light-48", "P1")]
    for n, (facility, priority) in enumerate(wanted):
        one = f"{n:016x}"
        desk.hear(
            order(facility, desk.world.now, order=one, priority=priority, safety=True),
            f"tidewalk/toy/crew/alpha/orders/{one}",
        )
    replies = desk.pass_minutes(240)
    work = [(r["action"], int(r["order"], 16)) for r in replies if r["action"] in ("arrive", "done")]
    assert [action for action, _ in work] == ["arrive", "done"] * 4  # never two at once
    done = [n for action, n in work if action == "done"]
    assert done.index(3) <= 1  # at most what had begun before it was accepted
    assert done[-1] == 2


def test_an_order_that_is_cleared_is_forgotten_even_on_the_way():
    desk = Desk()
    desk.world.inject("bin_tipped", "bin-10")
    desk.hear(order("bin-10", desk.world.now))
    before = desk.pass_minutes(4)
    desk.hear(b"")
    assert "done" not in actions(before + desk.pass_minutes(60))
    assert desk.world.open_causes("bin-10") == ("bin_tipped",)
    desk.hear(order("bin-11", desk.world.now, order="1" * 16), f"tidewalk/toy/crew/alpha/orders/{'1' * 16}")
    assert actions(desk.pass_minutes(60))[-1] == "done"  # and its hands are free again


def test_rework_is_begun_again_from_the_start():
    desk = Desk()
    desk.hear(order("bin-10", desk.world.now))
    first = desk.pass_minutes(60)
    desk.world.inject("bin_tipped", "bin-10")
    desk.hear(order("bin-10", desk.world.now, revision=5, rework=1))
    second = desk.pass_minutes(60)
    assert actions(first) == actions(second) == ["accept", "arrive", "done"]
    assert not {r["id"] for r in first} & {r["id"] for r in second}
    assert {r["revision"] for r in second} == {5}
    assert not desk.world.open_causes("bin-10")


def test_news_of_its_own_answers_does_not_confuse_it():
    desk = Desk()
    now = desk.world.now
    desk.hear(order("bin-10", now))
    replies = []
    revision = 1
    for _ in range(60):
        some = desk.pass_minutes(1)
        replies += some
        for reply in some:
            revision += 1
            state = {"accept": "accepted", "arrive": "arrived", "done": "done"}[reply["action"]]
            desk.hear(order("bin-10", now, revision=revision, state=state))
    assert actions(replies) == ["accept", "arrive", "done"]
    assert [r["revision"] for r in replies] == [1, 2, 3]


def test_an_order_on_hold_rests_until_it_is_resumed():
    desk = Desk()
    now = desk.world.now
    desk.hear(order("bin-10", now))
    desk.pass_minutes(5)
    desk.hear(order("bin-10", now, revision=2, state="on_hold"))
    assert actions(desk.pass_minutes(60)) == []
    desk.hear(order("bin-10", now, revision=3, state="accepted"))
    assert actions(desk.pass_minutes(60)) == ["arrive", "done"]


def test_a_crew_device_that_restarts_takes_up_its_whole_list():
    desk = Desk()
    now = desk.world.now
    desk.hear(
        order("bin-10", now, revision=3, state="accepted", order="a" * 16), f"tidewalk/toy/crew/beta/orders/{'a' * 16}"
    )
    desk.hear(
        order("bin-11", now, revision=4, state="arrived", order="b" * 16), f"tidewalk/toy/crew/beta/orders/{'b' * 16}"
    )
    desk.hear(
        order("bin-12", now, revision=5, state="done", order="c" * 16), f"tidewalk/toy/crew/beta/orders/{'c' * 16}"
    )
    replies = desk.pass_minutes(90)
    assert sorted((r["order"][0], r["action"]) for r in replies) == [("a", "arrive"), ("a", "done"), ("b", "done")]


def test_a_refused_acceptance_is_the_end_of_it():
    desk = Desk()
    desk.hear(order("bin-10", desk.world.now))
    (accept,) = [r for r in desk.pass_minutes(4) if r["action"] == "accept"]
    desk.hear(
        json.dumps({"id": accept["id"], "result": "refused", "why": "gone"}).encode(),
        "tidewalk/toy/crew/alpha/receipts",
    )
    assert actions(desk.pass_minutes(60)) == []


def test_the_duty_officer_confirms_safety_work_that_is_done_and_only_once():
    desk = Desk()
    now = desk.world.now
    done = order("light-45", now, revision=4, state="done", safety=True)
    desk.hear(done)
    desk.hear(done, retained=True)
    desk.hear(order("light-45", now, revision=5, state="done", safety=True, recovered=True))
    replies = desk.pass_minutes(30)
    assert [(r["action"], r["topic"], r["order"]) for r in replies] == [
        ("confirm", "tidewalk/toy/crew/desk/replies", ORDER)
    ]
    assert 2 * MINUTE <= _ms(replies[0]["at"]) - now <= 5 * MINUTE


def test_a_confirmation_that_the_sensors_contradict_is_given_again_until_it_is_settled():
    desk = Desk()
    topic = f"tidewalk/toy/crew/desk/orders/{ORDER}"
    desk.hear(order("light-45", desk.world.now, revision=4, state="done", safety=True), topic)
    (first,) = desk.pass_minutes(6)
    refused = {"id": first["id"], "result": "refused", "why": "the sensors still show it"}
    desk.hear(json.dumps(refused).encode(), "tidewalk/toy/crew/desk/receipts")
    (second,) = desk.pass_minutes(11)
    assert (first["action"], second["action"], first["id"] == second["id"]) == ("confirm", "confirm", False)
    desk.hear(json.dumps(refused | {"id": second["id"]}).encode(), "tidewalk/toy/crew/desk/receipts")
    desk.hear(b"", topic)
    assert desk.pass_minutes(30) == []


def test_the_desk_takes_what_comes_to_it_and_sends_several_patrols():
    desk = Desk()
    for n in range(6):
        desk.hear(order(f"bin-{n:02}", desk.world.now, order=f"{n:016x}"), f"tidewalk/toy/crew/desk/orders/{n:016x}")
    replies = desk.pass_minutes(90)
    assert sorted(actions(replies)) == ["accept"] * 6 + ["arrive"] * 6 + ["done"] * 6
    assert actions(replies)[6:9] == ["arrive"] * 3


def test_few_orders_are_declined_with_a_reason_and_few_are_reported_without_a_repair():
    desk = Desk(seed=9)
    declined = shams = 0
    for n in range(150):
        one = f"{n:016x}"
        crew = ("alpha", "beta")[n % 2]
        facility = f"bin-{n % 19:02}"
        desk.world.inject("bin_tipped", facility)
        desk.hear(order(facility, desk.world.now, order=one), f"tidewalk/toy/crew/{crew}/orders/{one}")
        replies = desk.pass_minutes(26)
        if "decline" in actions(replies):
            declined += 1
            assert replies[-1]["reason"]
            assert len(replies) == 1
        elif desk.world.open_causes(facility):
            assert actions(replies)[-1] == "done"
            shams += 1
        desk.world.mend(facility, sensors=False, at=desk.world.now)
        desk.pass_minutes(1)
    assert 1 <= declined <= 18
    assert 1 <= shams <= 20


@pytest.mark.parametrize("rule", ["silent", "clock-off", "battery-low", "by whatever name"])
def test_whether_an_order_is_about_a_sensor_says_the_order_and_not_the_name_of_its_rule(rule: str):
    desk = Desk()
    desk.world.inject("silent_device", "bin-10")
    desk.hear(order("bin-10", desk.world.now, rule=rule, device="d-bin-10", safety=True))
    desk.pass_minutes(60)
    assert not desk.world.open_causes("bin-10")
    assert said_by(desk.sent, "bin-10")


@pytest.mark.parametrize("rule", ["bin-fire", "sensor-says-fire"])
def test_an_order_about_a_bin_mends_no_sensor(rule: str):
    desk = Desk()
    desk.world.inject("silent_device", "bin-10")
    desk.hear(order("bin-10", desk.world.now, rule=rule, safety=True))
    desk.pass_minutes(60)
    assert desk.world.open_causes("bin-10") == ("silent_device",)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (TOPIC, b"not json"),
        (TOPIC, b"[]"),
        (TOPIC, b"\xff"),
        (TOPIC, b'{"revision": "x"}'),
        (TOPIC, order("bin-01", START, dispatched="yesterday")),
        ("tidewalk/other/crew/alpha/orders/1", order("bin-01", START)),
        ("tidewalk/toy/crew/nobody/orders/1", order("bin-01", START)),
        ("tidewalk/toy/crew/alpha/receipts", b"{}"),
        ("tidewalk/toy/crew/alpha/receipts", b"nonsense"),
        ("elsewhere", b""),
    ],
)
def test_what_cannot_be_read_is_nobodys_order(topic: str, payload: bytes):
    desk = Desk()
    desk.hear(payload, topic)
    assert desk.pass_minutes(30) == []


def test_an_order_for_a_place_nobody_knows_is_still_answered():
    desk = Desk()
    desk.hear(order("lighthouse", desk.world.now, safety=True))
    assert actions(desk.pass_minutes(60)) == ["accept", "arrive", "done"]


def test_an_old_order_is_counted_from_when_it_was_heard():
    desk = Desk()
    desk.hear(order("bin-10", desk.world.now - 5 * HOUR))
    replies = desk.pass_minutes(5)
    assert _ms(replies[0]["at"]) > START + MINUTE


def _ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)
