"""Which history is meant: a store by name, the journal, a file; or what there is."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from domain.errors import ConflictError, NotFoundError
from domain.readings import Millis
from domain.site import Site
from services import wiring
from services.backtest.asked import Asked
from services.backtest.sources import History, OfColumns, OfJournal, OfPoints, OfRecording, Wanted, of_site
from services.replay.captured import read_captured
from services.replay.car_parks import read_car_parks
from services.replay.emptyings import read_emptyings
from services.replay.recording import Recording, read
from services.replay.relayed import read_relayed
from services.replay.site_files import site_id, write_site
from services.settings import Settings
from services.site import find

READERS: Final = (read_captured, read_relayed, read_emptyings, read_car_parks)
NAMED: Final = ("auto", "influx", "duckdb", "service", "journal")
Span = tuple[Millis | None, Millis | None]


def recorded(path: Path, settings: Settings, scratch: Path) -> tuple[Recording, Site]:
    """A recording, and the site that it was made of: a capture's is that of the settings; another's is written to
    `scratch`. Raises NotFoundError, FaultyFileError.
    """
    recording = read(path, READERS, find(settings.site))
    place = recording.site or write_site(recording, scratch / site_id(recording.name))
    return recording, wiring.site_of(settings.model_copy(update={"site": str(place)}))


def of_recording(recording: Recording, site: Site, span: Span) -> History:
    """Its messages, from the first or `since` to the last or `until`. Raises NotFoundError."""
    since, until = span
    first = recording.messages[0].at if since is None else since
    part = recording.between(first, None if until is None else max(0, until - first))
    return OfRecording(part, of_site(site)())


def chosen(source: str, settings: Settings, site: Site, span: Span, wanted: Wanted) -> History:
    """The history that is named. Raises ConflictError, NotFoundError, UnavailableError."""
    if source == "auto":
        source = _there(settings)
    made: dict[str, Callable[[], History]] = {
        "influx": lambda: _influx(settings, site, span),
        "service": lambda: _service(settings, span),
        "duckdb": lambda: _duckdb(settings, span, wanted),
        "journal": lambda: _journal(settings, site, span),
    }
    return made[source]()


def _there(settings: Settings) -> str:
    """InfluxDB where one is named; else the running service, which has the file of the embedded store; else the file;
    else the journal.
    """
    if settings.influx:
        return "influx"
    if settings.api and _asked(settings).answers():
        return "service"
    return "duckdb" if (settings.state / "readings.duckdb").exists() else "journal"


def _asked(settings: Settings) -> Asked:
    return Asked(settings.api_url(), settings.api_token.get_secret_value())


def _influx(settings: Settings, site: Site, span: Span) -> History:
    since, until = _said(span, "influx")
    return OfPoints("influx", wiring.history_of(settings, site), since, until)


def _service(settings: Settings, span: Span) -> History:
    since, until = _said(span, "service")
    return OfColumns("service", _asked(settings), since, until)


def _duckdb(settings: Settings, span: Span, wanted: Wanted) -> History:
    columns = wiring.columns_of(settings)
    there = columns.span()
    if there is None:
        raise NotFoundError(f"there is no reading in {settings.state}")
    since, until = span
    return OfColumns(
        "duckdb", columns, there[0] if since is None else since, there[1] if until is None else until, wanted
    )


def _journal(settings: Settings, site: Site, span: Span) -> History:
    if not (settings.state / "journal.sqlite").exists():
        raise NotFoundError(f"there is no journal in {settings.state}: name the state folder of a service with --state")
    journal = wiring.open_journal(settings)
    try:
        first, last = next(iter(journal.read(0, 1)), None), journal.last()
    finally:
        journal.close()
    if first is None or last is None:
        raise NotFoundError(f"nothing was heard yet in {settings.state}")
    since, until = span
    return OfJournal(
        lambda: wiring.open_journal(settings),
        of_site(site),
        first.at if since is None else since,
        last.at + 1 if until is None else until,
    )


def _said(span: Span, source: str) -> tuple[Millis, Millis]:
    since, until = span
    if since is None or until is None:
        raise ConflictError(f"--source {source}: say from when to when, with --from and --to")
    return since, until
