"""What is narrowed to a place and a moment says the same of every reading as what is asked in full."""

from random import Random

import pytest

from domain.naming import QUANTITIES, Kind
from domain.readings import Value
from rules.book import shipped
from rules.core.expression import Condition, condition, interest
from rules.core.narrowing import Narrowing
from rules.core.params import key_of, seasons_of
from rules.core.rule import Choice, Param
from rules.core.vocabulary import CONTEXT, quantities_of

NUMBERS = (-1.0, 0.0, 0.1, 2.0, 9.9, 10.0, 14.0, 15.0, 30.0, 45.0, 60.0, 61.0, 95.0, 97.0, 120.0, 600.0)
BOOK = shipped()


def some(dice: Random, quantity: str) -> Value:
    match QUANTITIES[quantity].type:
        case "bool":
            return dice.random() < 0.5
        case "text":
            return dice.choice(QUANTITIES[quantity].choices)
        case _:
            return dice.choice(NUMBERS)


def surrounded(dice: Random) -> dict[str, bool | float]:
    flags = {name: dice.random() < 0.5 for name in CONTEXT if CONTEXT[name].unit is None}
    numbers = {name: dice.choice((0.0, 1.0, 2.0, 600.0, 2000.0)) for name in CONTEXT if CONTEXT[name].unit is not None}
    return {name: value for name, value in {**flags, **numbers}.items() if dice.random() < 0.85}


@pytest.mark.parametrize("kind", list(Kind))
def test_the_library_narrowed_is_interested_in_the_same_readings(kind: Kind):
    dice = Random(kind)
    watching = [p for p in BOOK.programs.values() if p.rule.kind in (kind, None) and p.rule.quorum is None]
    asked = [(p.given, one) for p in watching for one in p.clauses if one is not None]
    compared = tuple({q: None for _, one in asked for q in one.compared})
    whole, narrowing = interest(asked), Narrowing(asked, compared)
    keys = [(p.rule.name, param.name, "") for p in watching for param in p.rule.params]
    keys += [(p.rule.name, param.name, s) for p in watching for param in p.rule.params for s in seasons_of(param)]
    named = [*(key_of(*key) for key in keys), *(a for _, one in asked for a in one.attributes)]
    for _ in range(60):
        attributes = {name: dice.choice(NUMBERS) for name in named if dice.random() < 0.9}
        around = surrounded(dice)
        quiet = narrowing.to(attributes.get, around.get)
        for _ in range(20):
            values = {q: some(dice, q) for q in quantities_of(kind) if dice.random() < 0.6}
            before = {q: dice.choice(NUMBERS) for q in quantities_of(kind) if dice.random() < 0.5}
            wanted = bool(whole(values.get, attributes.get, around.get, before))
            assert quiet(values.get, tuple(map(before.get, compared))) is not wanted, (
                values,
                before,
                attributes,
                around,
            )


@pytest.mark.parametrize(
    "text",
    [
        "not fill_level > 50",
        "not (fill_level > 50 and tipped)",
        "max(fill_level, battery) >= 60",
        "fill_level > 50 or fill_level >= 50 and tipped or fill_level > 80",
        "abs(fill_level - before(fill_level)) > 10 and not tipped",
        "fill_level * depth_mm > 5000 or visibility < 700 and 2 * depth_mm > 100",
        "10 < fill_level < 60 or tipped and crowd_level >= 1",
        "fill_level != 10",
        "since_start < 100 or clock_off",
        "visibility >= 1000 or daylight",
    ],
)
def test_what_is_unknown_or_denied_stays_so(text: str):
    dice = Random(text)
    asked = [(None, condition(text, Kind.BIN))]
    compared = tuple({q: None for _, one in asked for q in one.compared})
    whole, narrowing = interest(asked), Narrowing(asked, compared)
    for _ in range(200):
        attributes = {"depth_mm": 100.0} if dice.random() < 0.7 else {}
        around = surrounded(dice)
        values = {q: some(dice, q) for q in ("fill_level", "battery", "tipped") if dice.random() < 0.6}
        before = {"fill_level": dice.choice(NUMBERS)} if dice.random() < 0.7 else {}
        wanted = bool(whole(values.get, attributes.get, around.get, before))
        assert narrowing.to(attributes.get, around.get)(values.get, tuple(map(before.get, compared))) is not wanted, (
            values
        )


def test_two_rules_of_a_kind_may_call_their_numbers_alike():
    narrowing = Narrowing([(None, one) for rule in ("bin-due", "bin-full") for one in (_limited(rule),)])
    attributes = {"bin-due.limit": 80.0, "bin-full.limit": 95.0}
    assert not narrowing.to(attributes.get, {}.get)({"fill_level": 85.0}.get, ())
    assert narrowing.interest({"fill_level": 85.0}.get, attributes.get, {}.get, {})


def _limited(rule: str) -> Condition:
    return condition("fill_level >= limit", Kind.BIN, {"limit": Param("limit", "%", Choice(0.0))}, rule)
