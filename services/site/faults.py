"""What is wrong with the files of a site: all of it at once, each with file, line, what, and what was expected."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from domain.errors import FaultyFileError, TidewalkError

SHOWN_FAULTS = 40
SHOWN_CHOICES = 12
COMPARED_CHOICES = 1000  # telling two texts apart is slow


class Notice(NamedTuple):
    """Not wrong, but worth a look."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}"


class FaultySiteError(TidewalkError):
    """Tell the person: several things are wrong with the files. `faults` has them all, in the order of the files."""

    def __init__(self, faults: Sequence[FaultyFileError]) -> None:
        shown = [str(fault) for fault in faults[:SHOWN_FAULTS]]
        if len(faults) > SHOWN_FAULTS:
            shown.append(f"… and {len(faults) - SHOWN_FAULTS} more")
        super().__init__("\n".join((f"{len(faults)} things are wrong:", *shown)))
        self.faults = tuple(faults)


class Faults:
    """Gathers while the files are read, so that a person hears of everything in one go."""

    def __init__(self) -> None:
        self.found: list[FaultyFileError] = []
        self.notices: list[Notice] = []

    def add(self, file: str, line: int, what: str, expected: str = "") -> None:
        """Something is wrong."""
        self.found.append(FaultyFileError(file, line, what, expected))

    def notice(self, file: str, line: int, what: str) -> None:
        """Something is odd."""
        self.notices.append(Notice(file, line, what))

    def in_order(self, files: Sequence[str]) -> list[FaultyFileError]:
        """By file, in the order given, then by line."""
        place = {name: index for index, name in enumerate(files)}
        return sorted(self.found, key=lambda fault: (place.get(fault.file, len(place)), fault.line))

    def settle(self, files: Sequence[str]) -> None:
        """Raise FaultyFileError for one fault and FaultySiteError for several; return when there is none."""
        found = self.in_order(files)
        if len(found) == 1:
            raise found[0]
        if found:
            raise FaultySiteError(found)


def faults_of(error: TidewalkError) -> tuple[FaultyFileError, ...]:
    """Every fault that an error of the site's files speaks of; empty where it speaks of something else."""
    match error:
        case FaultySiteError():
            return error.faults
        case FaultyFileError():
            return (error,)
        case _:
            return ()


def one_of(choices: Iterable[str], given: str = "") -> str:
    """What was expected where only these will do, with the one that was probably meant."""
    known = [str(choice) for choice in choices]
    if not known:
        return "nothing: there is none to choose from"
    listed = ", ".join(known[:SHOWN_CHOICES]) + (f" … ({len(known)} in all)" if len(known) > SHOWN_CHOICES else "")
    text = f"one of {listed}" if len(known) > 1 else listed
    meant = get_close_matches(given, known, n=1) if len(known) <= COMPARED_CHOICES else ()
    return f"{text} (did you mean {meant[0]}?)" if meant else text
