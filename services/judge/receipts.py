"""What became of everything that was said, and the receipts that tell it: a second time is answered, not judged."""

from collections.abc import Iterable

from domain.naming import COMMAND, Priority, receipts_topic
from domain.readings import Millis
from domain.site import Site
from services.dispatch.orders import Addressed, Result
from services.dispatch.wording import receipt
from services.judge.notes import Unreadable
from services.judge.outcome import MEMORY_MS


class Receipts:
    """Each reply and command by who said it and under which id, for `MEMORY_MS`; and what this row adds."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._known: dict[tuple[str, str], Result] = {}
        self.turn_page()

    def turn_page(self) -> None:
        """Begin a row: nothing has been said yet."""
        self.receipts: dict[str, Addressed] = {}
        self.results: dict[tuple[str, str], Result] = {}

    def load(self, results: Iterable[Result]) -> None:
        """Start from what was committed."""
        self._known = {(r.source, r.id): r for r in results}

    def remembered(self, source: str, given: str, tick: Millis) -> Result | None:
        """What became of it when it was said before."""
        found = self._known.get((source, given))
        return None if found is None or tick - found.at > MEMORY_MS else found

    def remember(self, result: Result) -> None:
        """Know what became of it."""
        self._known[(result.source, result.id)] = self.results[(result.source, result.id)] = result

    def forget(self, tick: Millis) -> None:
        """Let go of what was said too long ago to come again."""
        self._known = {key: r for key, r in self._known.items() if tick - r.at <= MEMORY_MS}

    def answer(self, result: Result) -> None:
        """Tell a crew what became of their reply, as often as they ask."""
        self._tell(f"reply:{result.source}:{result.id}", result)

    def refuse(self, unreadable: Unreadable, row: int, tick: Millis) -> None:
        """What could not be read is refused to whoever waits for an answer. It is not remembered: an id that may have
        been read wrongly stands in nobody's way.
        """
        source, given, why, place = unreadable
        result = Result(source, given, row, tick, "", "", ok=False, why=why)
        if source == COMMAND and given:
            self.results[(source, given)] = result
        elif source != COMMAND:
            self._tell(f"reply:{source}:?{row}.{place}", result)

    def _tell(self, key: str, result: Result) -> None:
        payload = receipt(result.id, ok=result.ok, why=result.why)
        topic = receipts_topic(self._site.id, result.source)
        self.receipts[key] = Addressed(key, result.order, 0, topic, payload, retain=False, priority=Priority.P4)
