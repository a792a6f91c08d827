"""What watches facilities of a kind, as one: which rules, what they want to know, and how a place is looked at."""

from collections.abc import Sequence

from domain.readings import Millis, Value
from domain.site import Facility
from rules.core.expression import Condition, Interest
from rules.core.narrowing import Narrowing, Quiet
from rules.core.params import attributes
from rules.core.program import Program
from rules.core.rule import Rule
from rules.runners.recent import Keep, Pick, Said, heeding, keeper, picker


class Watch:
    """A compiled rule as it stands over facilities of one kind."""

    __slots__ = ("absence", "conditions", "holds", "interest", "name", "per_device", "program")

    def __init__(self, program: Program, interest: Interest) -> None:
        self.program, self.interest = program, interest
        self.name = program.rule.name
        self.absence = program.rule.absent_intervals > 0
        self.per_device = program.rule.subject == "device"
        self.holds = frozenset(program.rule.holds)
        self.conditions = tuple(
            c for one in (program, *program.parts) for c in (*one.clauses, one.clear) if c is not None
        )

    def key(self, device: str) -> str:
        """Under which a facility keeps the state."""
        return f"{self.name}/{device}" if self.per_device else self.name


Asked = tuple[Condition | None, Condition]


class Fusion:
    """What watches facilities of a kind, as one: its rules, and what they want to know."""

    def __init__(
        self, watches: tuple[Watch, ...], asked: Sequence[Asked], *, own: bool, ruled: tuple[Rule, ...]
    ) -> None:
        """`asked`: all conditions that may be of interest, behind their gates; `own`: whether any of them asks for what
        surrounds the facility alone; `ruled`: the rules with parameters.
        """
        self.watches, self.own, self.ruled = watches, own, ruled
        self.by_name = {watch.name: watch for watch in watches}
        windowed = (q for watch in watches if watch.program.span for q in watch.program.quantities)
        self.windowed = tuple(dict.fromkeys(windowed))  # what window rules want to know of a reading
        spans = (watch.program.span + watch.program.wait for watch in watches if watch.program.span)
        self.recall: Millis = max(spans, default=0)  # how far back that is
        self.keep: Keep = keeper(self.windowed, self.recall)
        mine = [c for watch in watches for c in watch.conditions]
        self.compared = tuple(dict.fromkeys(q for c in mine for q in c.compared))  # what is kept of the last reading
        self.unsaid: Said = (None,) * len(self.compared)
        self.pick: Pick = picker(self.compared)
        self.near = tuple(dict.fromkeys(q for c in mine for q in c.near))
        self.instrumental = any(c.instrument for c in mine)
        self.narrowing = Narrowing(asked, self.compared, heeding(self.compared, self.windowed, self.recall))
        self.interest = self.narrowing.interest
        self.holders = any(watch.holds for watch in watches)

    def told(self, said: Said) -> dict[str, Value]:
        """What was said of what is compared, by name."""
        return {q: value for q, value in zip(self.compared, said, strict=True) if value is not None}

    def fitted(self, facility: Facility) -> dict[str, float]:
        """The attributes of a facility, with the parameters of the rules that watch it among them."""
        found = dict(facility.attributes)
        for rule in self.ruled:
            found.update(attributes(rule, facility))
        return found


class View:
    """How facilities with the same surroundings, rules and attributes are looked at, between two moments."""

    __slots__ = ("quiet", "since", "until")

    def __init__(self) -> None:
        self.since: Millis = 0
        self.until: Millis = 0  # nothing is known yet
        self.quiet: Quiet
