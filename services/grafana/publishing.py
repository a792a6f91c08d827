"""Dashboards into a running Grafana: folders, data sources, dashboards; nobody's own work is overwritten unasked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from domain.errors import ConflictError
from services.grafana.comparing import Finding, Found, Json, Standing, compared, differences, message_of

FOLDERS: Final = {"en": ("tidewalk", "Tidewalk"), "zh": ("tidewalk-zh", "Tidewalk 中文")}
FILES: Final = "comes from files of Grafana's own, and cannot be written: "


class Grafana(Protocol):
    """What is asked of a Grafana. Blocking. Raises ConflictError where it refuses, UnavailableError where none is."""

    def folders(self) -> Mapping[str, str]:
        """Uid → title."""
        ...

    def make_folder(self, uid: str, title: str) -> None:
        """Make one."""
        ...

    def source(self, uid: str) -> Json | None:
        """A data source, without its secrets."""
        ...

    def make_source(self, source: Json) -> None:
        """Make one, or change the one with its uid."""
        ...

    def dashboard(self, uid: str) -> Found | None:
        """A dashboard as it stands."""
        ...

    def save(self, model: Json, folder: str, message: str, version: int) -> None:
        """Save it over that version and no other: raises ConflictError where somebody was quicker."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What should be there."""

    dashboards: Sequence[tuple[str, Json]]  # tongue and model
    sources: Sequence[Json] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What was found, and what was done of it."""

    findings: tuple[Finding, ...]
    folders: tuple[str, ...] = ()  # missing, or made
    sources: tuple[str, ...] = ()  # what is missing or differs, or was made
    saved: tuple[str, ...] = ()
    left: tuple[str, ...] = ()  # edited by hand, or Grafana's own files: dashboards, and data sources
    clashes: tuple[str, ...] = ()  # somebody saved while we did


def looked(grafana: Grafana, wanted: Wanted) -> Told:
    """Compare all of it; change nothing."""
    there = grafana.folders()
    findings = tuple(
        compared(model, FOLDERS[tongue][0], grafana.dashboard(model["uid"])) for tongue, model in wanted.dashboards
    )
    missing = tuple(uid for uid, _ in _folders(wanted) if uid not in there)
    return Told(findings, missing, tuple(_sources(grafana, wanted.sources)))


def published(grafana: Grafana, wanted: Wanted, *, force: bool = False) -> Told:
    """Make what is missing, bring up to date what is ours; with `force`, also what somebody has edited."""
    told = looked(grafana, wanted)
    writable = {Standing.NEW, Standing.BEHIND} | ({Standing.EDITED} if force else set())
    filled = {
        FOLDERS[tongue][0]
        for finding, (tongue, _) in zip(told.findings, wanted.dashboards, strict=True)
        if finding.standing in writable
    }
    for uid, title in _folders(wanted):
        if uid in told.folders and uid in filled:
            grafana.make_folder(uid, title)
    saved, left, clashes = [], _left_sources(grafana, wanted.sources, told.sources), []
    for finding, (tongue, model) in zip(told.findings, wanted.dashboards, strict=True):
        if finding.standing in writable:
            try:
                grafana.save(model, FOLDERS[tongue][0], message_of(model), finding.version)
            except ConflictError as quicker:
                clashes.append(f"{finding.uid}: {quicker}")
            else:
                saved.append(finding.uid)
        elif finding.standing is not Standing.SAME:
            left.append(finding.uid)
    return Told(told.findings, told.folders, told.sources, tuple(saved), tuple(left), tuple(clashes))


def _left_sources(grafana: Grafana, sources: Sequence[Json], said: Sequence[str]) -> list[str]:
    """Make those that are missing or differ; the uids of those that Grafana has from files."""
    left = []
    for source in sources:
        of = [one for one in said if one.startswith(f"{source['uid']}: ")]
        if any(FILES in one for one in of):
            left.append(source["uid"])
        elif of:
            grafana.make_source(source)
    return left


def _folders(wanted: Wanted) -> list[tuple[str, str]]:
    return [FOLDERS[tongue] for tongue in sorted({tongue for tongue, _ in wanted.dashboards})]


def _sources(grafana: Grafana, sources: Sequence[Json]) -> list[str]:
    """What is missing or other than it should be, `uid: what`."""
    said: list[str] = []
    for source in sources:
        there = grafana.source(source["uid"])
        if there is None:
            said.append(f"{source['uid']}: is not there")
            continue
        shown: dict[str, Any] = {key: value for key, value in source.items() if key != "secureJsonData"}
        known = {key: there.get(key) for key in shown if key != "jsonData"}
        known["jsonData"] = {key: there.get("jsonData", {}).get(key) for key in shown["jsonData"]}
        files = FILES if there.get("readOnly") else ""
        said += [f"{source['uid']}: {files}{change}" for change in differences(known, shown)]
    return said
