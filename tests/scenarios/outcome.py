"""What came of a scenario, held against what it expects: everything that differs, in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from domain.readings import Millis
from services.dispatch.orders import Alarm, Order, Step
from tests.scenarios.house import Ending
from tests.scenarios.reading import RULE, rules_like
from tests.scenarios.script import AlarmSaid, Expected, OrderSaid, Story

S = TypeVar("S", AlarmSaid, OrderSaid)
F = TypeVar("F", Alarm, Order)


@dataclass(frozen=True)
class Book:
    """Which rules there are: name by id."""

    ids: Mapping[str, str]

    def named(self, said: str) -> frozenset[str]:
        """The rules that are meant; none where the library has none of them."""
        return rules_like(said, self.ids)


def differences(story: Story, ending: Ending, book: Book) -> list[str]:
    """Everything that is not as the scenario expects it, and every promise about messages that was broken."""
    told = list(_differences(story, ending, book))
    if not ending.kept.holds:
        told.append(f"{ending.kept.lost} messages lost, {ending.kept.faults}")
    if ending.waited < story.expect.waited:
        told.append(f"{ending.waited} messages waited, not {story.expect.waited}")
    for words, least in story.expect.kept_aside.items():
        there = sum(words in one.reason for one in ending.kept_aside)
        if there < least:
            told.append(f"{there} kept aside for {words!r}, not {least}: {_some(o.reason for o in ending.kept_aside)}")
    return told


def stale(story: Story, book: Book) -> list[str]:
    """Rules that it says it waits for, and that are there."""
    return [need for need in story.needs if RULE.fullmatch(need) and book.named(need)]


def _differences(story: Story, ending: Ending, book: Book) -> Iterator[str]:
    expect = story.expect
    aside = frozenset().union(*(book.named(said) for said in (*expect.besides, *story.needs)))
    yield from _few(expect, ending, book)
    aside |= frozenset().union(*(book.named(most.rule) for most in expect.most))
    alarms = [one for one in ending.alarms if one.rule not in aside]
    orders = [one for one in ending.orders if one.rule not in aside]

    def said(one: AlarmSaid | OrderSaid) -> bool:
        return not one.needs and one.rule not in story.needs

    yield from _matched(filter(said, expect.alarms), alarms, book, lambda s, a: _alarm(s, a, story.start), story)
    yield from _matched(filter(said, expect.orders), orders, book, lambda s, o: _order(s, o, story.start), story)


def _few(expect: Expected, ending: Ending, book: Book) -> Iterator[str]:
    for most in expect.most:
        names = book.named(most.rule)
        for what, found, limit in (("alarms", ending.alarms, most.alarms), ("orders", ending.orders, most.orders)):
            there = sum(one.rule in names for one in found)
            if there > limit:
                yield f"{there} {what} of {most.rule}, not {limit} at most"


def _matched(
    said: Iterable[S], found: Sequence[F], book: Book, compare: Callable[[S, F], list[str]], story: Story
) -> Iterator[str]:
    """Each thing that is expected is there as often as it says, and nothing is there that nobody expects."""
    left = list(found)
    for one in said:
        names = book.named(one.rule)
        what = "order" if isinstance(one, OrderSaid) else "alarm"
        if not names:
            yield f"there is no rule {one.rule}: say that it is waited for, under `needs`"
            continue
        near = [f for f in left if f.rule in names and fnmatchcase(f.facility, one.facility)]
        fit = [f for f in near if not compare(one, f)][: one.count]
        left = [f for f in left if f not in fit]
        if len(fit) < one.count:
            why = "; ".join(f"{f.rule} at {f.facility} {', '.join(compare(one, f))}" for f in near if f not in fit)
            yield f"{len(fit)} of {one.count} {what}s of {one.rule} at {one.facility}: {why or 'none'}"
    yield from (f"nobody expects {_shown(f, story.start)}" for f in left)


def _alarm(said: AlarmSaid, alarm: Alarm, start: Millis) -> list[str]:
    wrong = _time("opened", said.opens, alarm.opened, said.within, start)
    if said.clears == "never":
        wrong += [f"cleared at {_after(alarm.until, start)}"] if alarm.until is not None else []
    elif said.clears is not None:
        wrong += _time("cleared", said.clears, alarm.until, said.within, start)
    wrong += _same("members", said.members, len(alarm.members))
    return wrong + _same("level", said.level, alarm.level)


def _order(said: OrderSaid, order: Order, start: Millis) -> list[str]:
    given = [change for change in order.history if change.step is Step.DISPATCH]
    wrong = _time("sent", said.sent, given[0].at if given else None, said.within, start)
    wrong += _same("priority", said.priority, order.priority)
    wrong += _same("crew", said.crew or None, given[0].crew if given else "")
    wrong += _same("desk", said.desk, order.desk)
    wrong += _same("members", said.members, len(order.members))
    wrong += _same("alarms", said.alarms, len(order.alarms))
    wrong += _same("reworks", said.reworks, order.reworks)
    steps = iter([str(change.step) for change in order.history])
    if not all(step in steps for step in said.course):
        wrong.append(f"took the steps {', '.join(str(change.step) for change in order.history)}")
    ended = f"{order.state} by {order.closed_by}" if order.closed_by else str(order.state)
    if said.ends == "open":
        wrong += [f"is {ended}"] if order.ended else []
    elif said.ends and said.ends not in (ended, str(order.state)):
        wrong.append(f"is {ended}")
    return wrong


def _time(what: str, said: Millis | None, found: Millis | None, within: Millis, start: Millis) -> list[str]:
    if said is None or (found is not None and abs(found - start - said) <= within):
        return []
    return [f"{what} at {_after(found, start)}, not {_after(start + said, start)}"]


def _same(what: str, said: Any, found: Any) -> list[str]:
    return [] if said is None or said == found else [f"{what} {found}, not {said}"]


def _shown(found: Alarm | Order, start: Millis) -> str:
    if isinstance(found, Alarm):
        span = f"opened {_after(found.opened, start)}, cleared {_after(found.until, start)}"
        return f"the alarm {found.rule} at {found.facility}, {span}, {len(found.members)} members, level {found.level}"
    states = ", ".join(f"{change.step} {_after(change.at, start)} {change.crew}" for change in found.history)
    return f"the order {found.rule} at {found.facility}, {found.priority}, {states}; {found.state} {found.closed_by}"


def _after(at: Millis | None, start: Millis) -> str:
    if at is None:
        return "never"
    seconds = (at - start) // 1000
    return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600}h{abs(seconds) // 60 % 60:02}m{abs(seconds) % 60:02}s"


def _some(reasons: Iterable[str]) -> str:
    return "; ".join(sorted(set(reasons))[:5]) or "nothing"
