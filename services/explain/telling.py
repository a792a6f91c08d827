"""What is explained, in words: one line, then all of it; in Chinese or English, in the site's own time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.cells import cell_len

from domain.naming import QUANTITIES
from domain.readings import Millis
from domain.site import Site
from rules.book import RuleBook
from rules.runners.explained import Alarm, ClauseTold, Explained, Gate, Standing, Told
from rules.runners.weighing import Comparison
from services.dispatch import orders
from services.dispatch.when import day_of, local
from services.explain.phrases import EN, ZH

_MINUTE: Final = 60_000
_HEAD: Final = 14


class Telling:
    """Tells what was explained at one moment."""

    def __init__(self, site: Site, rules: RuleBook, now: Millis, lang: str = "en") -> None:
        self._site, self._rules, self._now = site, rules, now
        self._said = ZH if lang == "zh" else EN

    def headline(self, one: Explained) -> str:
        """One line: how it stands, how far off it is, since when."""
        said = self._said
        if one.group is not None:
            return self._group(one)
        if one.silence is not None and one.alarm is None and not any(c.pending for c in one.clauses):
            return self._silence(one)
        match one.standing:
            case Standing.OPEN | Standing.CLEARING if one.alarm is not None:
                return self._alarm(one.alarm)
            case Standing.PENDING:
                return self._pending(one)
            case Standing.INHIBITED:
                holding = next((held for held in one.held if held.until is None), one.held[0] if one.held else None)
                if holding is not None:
                    at = self._at(holding.since)
                    return said.inhibited.format(rule=holding.rule, subject=holding.subject, at=at)
            case Standing.GATED if one.gate is not None:
                return said.gated.format(near=self._near(one.gate.told), until=self._at(one.gate.until))
            case Standing.UNKNOWN:
                told = self._nearest(one.clauses)
                if told is None or told.at is None:
                    return said.never_heard
                return (
                    said.cannot_tell.format(near=self._near(told))
                    + said.comma
                    + said.as_of.format(at=self._at(told.at))
                )
        return self._quiet(one)

    def whole(self, one: Explained) -> Iterator[str]:
        """All of it, line by line."""
        said = self._said
        rule = self._rules.rules.get(one.rule)
        title = "" if rule is None else f" {rule.title.zh if said.chinese else rule.title.en}"
        yield f"{one.id} {one.rule}{title} — {one.subject}: {one.standing}"
        yield f"  {self.headline(one)}"
        yield f"  {self._head(said.version)} {one.version}"
        if one.gate is not None:
            yield from self._told(said.gate, one.gate.told)
        for clause in one.clauses if not one.levels else ():
            yield from self._clause(clause)
        for held in one.held:
            until = said.now if held.until is None else self._at(held.until)
            yield f"  {self._head(said.held_back)} {held.rule} {held.subject}: {self._at(held.since)} – {until}"
        for doubt in one.distrusted:
            names = said.comma.join(self._name(name) for name in doubt.quantities)
            phrase = said.disbelieved.format(
                quantities=names, device=doubt.device, rule=doubt.rule, at=self._at(doubt.since)
            )
            yield f"  {self._head(said.distrusted)} {phrase}"
        if one.group is not None and one.group.at_fault:
            yield f"  {self._head(said.condition)} {', '.join(one.group.at_fault[:50])}"
        if one.alarm is not None:
            yield from self._of_alarm(one.alarm)
        if one.params:
            yield f"  {self._head(said.params)} " + said.comma.join(
                f"{p.name} {_n(p.number)}{f' {p.unit}' if p.unit else ''} ({p.because})" for p in one.params
            )
        for level in one.levels:
            yield f"  {self._head(level.level)} {level.standing}: {self.headline(level)}"
        if one.next_look is not None:
            yield f"  {self._head(said.next_look)} {self._at(one.next_look)}"

    def evidence(self, alarm: orders.Alarm) -> Iterator[str]:
        """What is pinned with an alarm: the version, the values and the context that made it, and what ended it."""
        said = self._said
        yield f"{alarm.rule} {alarm.subject} — {alarm.id}: {alarm.state}"
        yield "  " + said.opened.format(at=self._at(alarm.opened), since=self._at(alarm.since))
        yield f"  {self._head(said.version)} {alarm.version}"
        yield f"  {self._head(said.evidence)} {self._values(alarm.why)}"
        if alarm.members:
            yield f"  {self._head('')} {len(alarm.members)}: {', '.join(alarm.members[:50])}"
        if alarm.until is not None:
            ended = f": {self._values(alarm.cleared_why)}" if alarm.cleared_why else ""
            yield "  " + said.ended.format(at=self._at(alarm.until)) + ended
        if alarm.order:
            yield f"  {self._head('order')} {alarm.order}"

    def moment(self, at: Millis) -> str:
        """A moment in full."""
        return f"{local(at, self._site.timezone):%Y-%m-%d %H:%M:%S}"

    # --- headlines

    def _quiet(self, one: Explained) -> str:
        said, told = self._said, self._nearest(one.clauses)
        if told is None or not told.in_the_way:
            return said.quiet_bare
        line = said.quiet.format(near=self._near(told))
        if told.since is None:
            return line
        return line + said.comma + (said.since if told.whole else said.at_least_since).format(at=self._at(told.since))

    def _pending(self, one: Explained) -> str:
        said, rule = self._said, self._rules.rules.get(one.rule)
        what = said.order if rule is not None and rule.order is not None else said.alarm
        found = [(clause, clause.pending) for clause in one.clauses if clause.pending is not None]
        for clause, pending in sorted(found, key=lambda p: (p[1].fires is None, p[1].fires or 0)):
            if pending.waits is not None:
                return said.witness.format(at=self._at(pending.waits))
            soonest = pending.since + clause.for_s * 1000 if pending.fires is None else pending.fires
            left = soonest - self._now
            held = self._span(min(self._now - pending.since, clause.for_s * 1000))
            if pending.fires is None:
                phrase = said.repeat_too if left > 0 else said.repeat
                return phrase.format(
                    times=pending.times,
                    repeat=pending.repeat,
                    what=what,
                    held=held,
                    whole=self._span(clause.for_s * 1000),
                    left=self._span(left),
                )
            if left <= 0 or not clause.for_s:
                break
            return said.pending.format(
                held=held, whole=self._span(clause.for_s * 1000), left=self._span(left), what=what
            )
        return said.due.format(what=what)

    def _alarm(self, alarm: Alarm) -> str:
        said = self._said
        parts = [said.open.format(at=self._at(alarm.at), why=self._values(alarm.why))]
        if alarm.again:
            parts.append(said.came_back.format(n=alarm.again))
        clearing = alarm.clearing
        if clearing is not None and clearing.fires is None:
            parts.append(said.clearing_repeat.format(times=clearing.times, repeat=clearing.repeat))
        elif clearing is not None and clearing.fires is not None:
            held = self._span(min(self._now - clearing.since, clearing.for_s * 1000))
            left = self._span(max(0, clearing.fires - self._now))
            parts.append(said.clearing.format(left=left, held=held, whole=self._span(clearing.for_s * 1000)))
        elif alarm.clear.in_the_way and alarm.clear.truth is False:
            parts.append(said.to_clear.format(near=self._near(alarm.clear)))
        elif alarm.clear.truth is None and alarm.clear.text:
            parts.append(said.clear_untold)
        return said.comma.join(parts)

    def _silence(self, one: Explained) -> str:
        said, silence = self._said, one.silence
        assert silence is not None  # noqa: S101
        if silence.silent is not None:
            return said.silent.format(at=self._at(silence.silent))
        left, limit = self._span(max(0, silence.limit - self._now)), self._at(silence.limit)
        if silence.heard is None:
            return said.unheard.format(left=left, limit=limit)
        ago = self._span(max(0, self._now - silence.heard))
        return said.heard.format(at=self._at(silence.heard), ago=ago, left=left, limit=limit)

    def _group(self, one: Explained) -> str:
        said, group = self._said, one.group
        assert group is not None  # noqa: S101
        n, of = len(group.at_fault), group.counted
        if one.alarm is not None:
            line = said.group_open.format(at=self._at(one.alarm.at), n=n, of=of)
            if group.clears is not None:
                line += said.comma + said.group_clears.format(left=self._span(max(0, group.clears - self._now)))
            return line
        if group.opens is not None:
            return said.group_opens.format(left=self._span(max(0, group.opens - self._now)))
        return said.group.format(n=n, of=of, needed=group.needed)

    # --- the whole

    def _clause(self, clause: ClauseTold) -> Iterator[str]:
        said, told = self._said, clause.told
        wait = f", for {self._span(clause.for_s * 1000)}" if clause.for_s else ""
        many = f", {clause.repeat}×" if clause.repeat > 1 else ""
        if told.text:
            yield from self._told(said.condition, told, f"{wait}{many}")
        if clause.pending is not None:
            since = self._at(clause.pending.since)
            fires = "" if clause.pending.fires is None else f" → {self._at(clause.pending.fires)}"
            yield f"  {self._head('')} {said.since.format(at=since)}{fires}: {self._values(clause.pending.values)}"

    def _told(self, head: str, told: Told, more: str = "") -> Iterator[str]:
        at = f" ({self._said.as_of.format(at=self._at(told.at))})" if told.at is not None else ""
        yield f"  {self._head(head)} {told.text}{more}: {self._truth(told.truth)}{at}"
        for one in told.comparisons:
            yield f"  {self._head('')} · {one.text}: {self._truth(one.truth)} ({self._phrase(one)})"

    def _of_alarm(self, alarm: Alarm) -> Iterator[str]:
        said = self._said
        yield "  " + said.opened.format(at=self._at(alarm.at), since=self._at(alarm.since)) + f" ({alarm.version})"
        yield f"  {self._head(said.evidence)} {self._values(alarm.why)}"
        if alarm.members:
            yield f"  {self._head('')} {len(alarm.members)}: {', '.join(alarm.members[:50])}"
        if isinstance(alarm.clear_gate, Gate):
            yield from self._told(said.gate, alarm.clear_gate.told)
        if alarm.clear.text:
            yield from self._told(said.clear, alarm.clear)

    # --- words

    def _nearest(self, clauses: Sequence[ClauseTold]) -> Told | None:
        known = [clause.told for clause in clauses if clause.told.truth is not None]
        return min(known or [clause.told for clause in clauses], key=lambda told: len(told.in_the_way), default=None)

    def _near(self, told: Told) -> str:
        """What stands in the way, in words; of what is not known, only that."""
        unknown = [one for one in told.in_the_way if one.unknown]
        shown = unknown if told.truth is None and unknown else told.in_the_way or told.comparisons
        return self._said.comma.join(dict.fromkeys(self._phrase(one) for one in shown))

    def _phrase(self, one: Comparison) -> str:
        said = self._said
        name = self._name(
            one.text.split(f" {one.sign} ", 1)[0] if one.sign else one.text.removeprefix("said(").rstrip(")")
        )
        if one.unknown:
            return said.comma.join(said.unknown.format(name=self._name(n)) for n in one.unknown)
        if not one.sign:
            return said.flag_is.format(name=name, value=self._truth(one.truth))
        if not isinstance(one.left, float) or not isinstance(one.right, float) or one.off is None:
            return said.is_not.format(name=name, value=one.left, limit=one.right)
        unit = f" {_UNITS.get(one.unit, one.unit)}" if one.unit else ""
        phrase = said.equals if not one.off else said.below if one.left < one.right else said.above
        return phrase.format(name=name, value=f"{_n(one.left)}{unit}", off=_n(one.off), limit=_n(one.right))

    def _name(self, name: str) -> str:
        if not self._said.chinese:
            return name
        quantity = QUANTITIES.get(name)
        return quantity.zh if quantity is not None else name

    def _values(self, values: Mapping[str, object]) -> str:
        return self._said.comma.join(f"{self._name(name)} {self._value(name, value)}" for name, value in values.items())

    def _value(self, name: str, value: object) -> str:
        if name == "last_heard" and isinstance(value, float):
            return self._at(round(value))
        if isinstance(value, bool):
            return self._truth(value)
        return _n(value) if isinstance(value, float) else str(value)

    def _truth(self, truth: bool | None) -> str:  # noqa: FBT001
        return "?" if truth is None else self._said.true if truth else self._said.false

    def _head(self, head: str) -> str:
        """Padded by what it takes on a terminal, where a Chinese character takes two."""
        return head + " " * max(0, _HEAD - cell_len(head))

    def _at(self, at: Millis) -> str:
        """A moment on the site's clocks; the day where it is not today."""
        zone = self._site.timezone
        if abs(at - self._now) > 400 * 24 * 60 * _MINUTE:
            return "…"
        form = "%H:%M" if at % _MINUTE == 0 else "%H:%M:%S"
        if day_of(at, zone) != day_of(self._now, zone):
            form = f"%m-%d {form}"
        return f"{local(at, zone):{form}}"

    def _span(self, span: Millis) -> str:
        said = self._said
        if span < 2 * _MINUTE:
            return said.seconds.format(n=round(span / 1000))
        if span < 3 * 60 * _MINUTE:
            return said.minutes.format(n=round(span / _MINUTE))
        return said.hours.format(n=_n(round(span / 60 / _MINUTE, 1)))


_UNITS: Final = {"Cel": "°C", "deg": "°"}


def _n(number: float) -> str:
    return f"{number:.6g}"
