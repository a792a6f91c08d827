"""Rule files → a checked, compiled book of rules. A fault is refused with its file and line, and what would fit."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from pydantic import ValidationError

from domain.errors import NotFoundError
from domain.naming import Kind
from rules.core.expression import Condition, condition, gate
from rules.core.names import ExpressionError
from rules.core.program import Program, compiled, member_kind
from rules.core.rule import Rule
from rules.marked import Marked
from rules.schema import RuleSaid

LIBRARY: Final = Path(__file__).parent / "library"
_WITHIN_THREE: Final = 3.0  # intervals after which a group counts a member as silent (SEMANTICS: heard within three)


@dataclass(frozen=True)
class RuleBook:
    """All rules in force, by name. `texts` are the files they came from, for the journal's edit row; `files` says which
    file has which rule.
    """

    rules: Mapping[str, Rule]
    programs: Mapping[str, Program]
    texts: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def text_of(self, rule: str) -> str:
        """The file of a rule, as it was written."""
        return self.texts.get(self.files.get(rule, ""), "")

    @property
    def packed(self) -> str:
        """All files as one text, for the journal row that says which rules are in force."""
        return json.dumps(dict(self.texts), ensure_ascii=False, sort_keys=True)

    @cached_property
    def version(self) -> str:
        """Content hash of all of it; comments and the order of files make no difference."""
        return _hash([rule.version for _, rule in sorted(self.rules.items())])

    @cached_property
    def intervals(self) -> float:
        """After how many missed reports a device counts as silent: one answer for a site."""
        return max((rule.absent_intervals for rule in self.rules.values()), default=0.0) or _WITHIN_THREE


def shipped() -> RuleBook:
    """The library that comes with Tidewalk."""
    return load_rules(LIBRARY)


def load_rules(folder: Path) -> RuleBook:
    """Every `*.yaml` of a folder (and below) but the `*.test.yaml`. Raises FaultyFileError, NotFoundError."""
    files = rule_files(folder)
    if not files:
        raise NotFoundError(f"no rule files (*.yaml) in {folder}")
    return read_rules({str(file): file.read_text("utf-8", "replace") for file in files})


def rule_files(folder: Path) -> list[Path]:
    """The rule files of a folder, or the one file that is named."""
    found = [folder] if folder.is_file() else sorted(folder.rglob("*.yaml"))
    return [file for file in found if not file.name.endswith(".test.yaml")]


def read_rules(texts: Mapping[str, str]) -> RuleBook:
    """Make a book of rule files, file name → text. Raises FaultyFileError at the first fault."""
    return _read(tuple(sorted(texts.items())))


@lru_cache(4)  # a start reads the files, and then the journal row that says the same ones are in force
def _read(texts: tuple[tuple[str, str], ...]) -> RuleBook:
    programs: dict[str, Program] = {}
    marks: dict[str, Marked] = {}
    for file, text in texts:
        marked = Marked(file, text)
        program = _program(marked)
        name = program.rule.name
        if name in marks or any(p.rule.id == program.rule.id for p in programs.values()):
            raise marked.fault(("name",), f"a second rule {program.rule.id} {name}", "ids and names that differ")
        programs[name], marks[name] = program, marked
    for name, program in programs.items():
        _fits(program.rule, programs, marks[name])
    ordered = dict(sorted(programs.items()))
    files = {name: marked.file for name, marked in marks.items()}
    return RuleBook({name: program.rule for name, program in ordered.items()}, ordered, dict(texts), files)


def _program(marked: Marked) -> Program:
    try:
        said = RuleSaid.model_validate(marked.content)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        where = ".".join(map(str, first["loc"]))
        what, expected = f"{where}: {_shown(first['input'])}", first["msg"].removeprefix("Value error, ")
        if first["type"] == "missing":
            what, expected = f"{where} is not there", "it"
        elif first["type"] == "extra_forbidden":
            what, expected = f"{where} is not a key of rules", "one of those in docs/rules.md"
        raise marked.fault(first["loc"], what, expected) from wrong
    for where, what, expected in said.faults():
        raise marked.fault((where,), what, expected)
    rule = said.made(_hash(marked.content))
    _check(marked, rule)
    return compiled(rule)


def _check(marked: Marked, rule: Rule) -> None:
    """Compile each expression where it stands, so that a fault has its line."""

    def ask(path: tuple[str | int, ...], text: str, compiler: Callable[[str], Condition]) -> None:
        try:
            if text:
                compiler(text)
        except ExpressionError as wrong:
            raise marked.fault(path, wrong.what, wrong.expected) from wrong

    params = {param.name: param for param in rule.params}

    def measured(text: str) -> Condition:
        return condition(text, rule.kind, params, rule.name)

    def around(text: str) -> Condition:
        return gate(text, params, rule.name)

    for i, level in enumerate(rule.levels):
        ask(("levels", i, "if"), level.clause.when, measured)
        ask(("levels", i, "clear"), level.clear, measured)
    for i, clause in enumerate(rule.clauses if not rule.levels else ()):
        ask(("when", i, "if"), clause.when, measured)
    ask(("clear",), rule.clear, measured)
    ask(("given",), rule.given, around)
    ask(("clear_given",), rule.clear_given, around)
    if rule.quorum is not None:
        try:
            compiled(rule)
        except ExpressionError as wrong:
            raise marked.fault(("quorum", "member"), wrong.what, wrong.expected) from wrong


def _fits(rule: Rule, programs: Mapping[str, Program], marked: Marked) -> None:
    """Check what rules say of one another."""
    groups = [name for name, program in programs.items() if program.rule.quorum is not None]
    for i, name in enumerate(rule.inhibited_by):
        if name not in groups or name == rule.name:
            raise marked.fault(("inhibited_by", i), f"{name!r} inhibits nothing", f"a group: {', '.join(groups)}")
    for i, name in enumerate(rule.quorum.alarms if rule.quorum is not None else ()):
        _counts_alarms_of(name, i, rule, programs, marked)
    if _reaches(rule.name, rule.name, programs):
        raise marked.fault(
            ("inhibited_by",), f"{rule.name} depends on itself", "groups in an order, from small to great"
        )
    counts = {p.rule.absent_intervals for p in programs.values() if p.rule.absent_intervals}
    if rule.absent_intervals and len(counts) > 1:
        raise marked.fault(("absent",), f"{rule.absent_intervals:g} intervals here and others elsewhere", "one number")


def _counts_alarms_of(name: str, i: int, rule: Rule, programs: Mapping[str, Program], marked: Marked) -> None:
    quorum = rule.quorum
    assert quorum is not None  # noqa: S101
    members, where = member_kind(quorum), ("quorum", "alarm", i)
    if name not in programs:
        raise marked.fault(where, f"there is no rule {name!r}", f"one of {', '.join(programs)}")
    other = programs[name].rule
    kind = Kind(other.quorum.over) if other.quorum is not None and other.quorum.over in set(Kind) else other.kind
    if other.quorum is not None and other.quorum.over not in set(Kind):
        raise marked.fault(where, f"{name} is about a {other.quorum.over}", "a rule about facilities")
    if kind is not members or other.subject == "device":
        raise marked.fault(
            where, f"{name} is about {other.subject if kind is members else kind}", f"a rule about {members}"
        )


def _reaches(start: str, goal: str, programs: Mapping[str, Program]) -> bool:
    """Whether what a group waits for (inhibitors, and alarms it counts) leads back to it."""
    seen: set[str] = set()
    paths = [start]
    while paths:
        rule = programs[paths.pop()].rule
        for name in (*rule.inhibited_by, *(rule.quorum.alarms if rule.quorum is not None else ())):
            if name == goal and rule.quorum is not None and programs[goal].rule.quorum is not None:
                return True
            if name not in seen and name in programs and programs[name].rule.quorum is not None:
                seen.add(name)
                paths.append(name)
    return False


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _hash(content: object) -> str:
    return blake2b(msgspec.json.encode(content, order="sorted"), digest_size=6).hexdigest()
