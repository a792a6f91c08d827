"""Checking a site's clocks, rosters and crews against each other: whoever is named is there, nothing says nothing."""

from collections.abc import Iterable

from domain.naming import TRADES
from services.site.clock_shapes import FitsShape
from services.site.draft import CLOCKS, ROSTERS, Draft
from services.site.faults import Faults, one_of

Path = tuple[str | int, ...]


def check_clocks(draft: Draft, faults: Faults) -> None:
    """Add a fault for everything that does not fit together."""
    _stand_ins(draft, faults)
    _rosters(draft, faults)
    _entries(draft, faults)
    _limits(draft, faults)
    _chains(draft, faults)


def _stand_ins(draft: Draft, faults: Faults) -> None:
    leads: dict[str, str] = {}
    for key, crew in draft.crews.items():
        here = ("crews", key)
        if crew.deputy:
            _named(draft, (*here, "deputy"), crew.deputy, "crews", faults)
            if crew.deputy in (key, draft.desk):
                what = f"crews.{key} has {crew.deputy} for a deputy"
                faults.add(draft.file, draft.line(*here, "deputy"), what, "another crew, and not the duty desk")
        if crew.lead and crew.party in leads:
            what = f"crews.{key} and crews.{leads[crew.party]} both speak for {crew.party}"
            faults.add(draft.file, draft.line(*here, "lead"), what, "one lead a party")
        if crew.lead:
            leads.setdefault(crew.party, key)
        since, until = crew.contract.since, crew.contract.until
        if since and until and until < since:
            what = f"crews.{key}.contract ends before it begins"
            faults.add(draft.file, draft.line(*here, "contract"), what, "`to` on or after `from`")


def _rosters(draft: Draft, faults: Faults) -> None:
    for key, roster in draft.rosters.items():
        here = (ROSTERS, key)
        if not roster.on and not roster.days:
            what = f"rosters.{key} says no days"
            faults.add(draft.file, draft.line(*here), what, "`on: holiday`, or `days: 2026-10-01..2026-10-07`")
        for crew, duty in roster.crews.items():
            _named(draft, (*here, "crews", crew), crew, "crews", faults)
            for index, shift in enumerate(duty.shifts or ()):
                _named(draft, (*here, "crews", crew, "shifts", index), shift, "shifts", faults)
            if crew == draft.desk:
                what = f"rosters.{key} changes the duty desk"
                faults.add(draft.file, draft.line(*here, "crews", crew), what, "other crews: the desk is always there")


def _entries(draft: Draft, faults: Faults) -> None:
    clocks = draft.clocks
    lists: Iterable[tuple[str, list[FitsShape]]] = (
        ("limits", [one.about for one in clocks.limits]),
        ("factors", [one.about for one in clocks.factors]),
        ("escalation", [one.about for one in clocks.escalation]),
        ("windows", [one.about for one in clocks.windows]),
    )
    for name, entries in lists:
        for index, about in enumerate(entries):
            here = (CLOCKS, name, index, "if")
            for zone in about.zone:
                _named(draft, (*here, "zone"), zone, "zones", faults)
            for trade in about.trade:
                if trade not in TRADES:
                    what = f"no crew has the trade {trade!r}"
                    faults.add(draft.file, draft.line(*here, "trade"), what, one_of(TRADES, trade))


def _limits(draft: Draft, faults: Faults) -> None:
    clocks = draft.clocks
    for index, limit in enumerate(clocks.limits):
        here = (CLOCKS, "limits", index)
        if limit.accept is limit.arrive is limit.finish is None and limit.counted is None:
            what = f"clocks.limits.{index} says nothing"
            faults.add(draft.file, draft.line(*here), what, "accept, arrive, finish or in")
        if limit.counted == "working" and not clocks.working:
            what = f"clocks.limits.{index} counts working hours, and nobody says which these are"
            faults.add(draft.file, draft.line(*here), what, "`working: 08:30-17:30` in clocks")
    for index, window in enumerate(clocks.windows):
        if (window.tide_below, window.wind_below, window.crowd_below, window.hours) == (None,) * 4:
            what = f"clocks.windows.{index} is never shut"
            faults.add(
                draft.file, draft.line(CLOCKS, "windows", index), what, "tide_below, wind_below, crowd_below, hours"
            )


def _chains(draft: Draft, faults: Faults) -> None:
    leads = {crew.party for crew in draft.crews.values() if crew.lead}
    reached = leads | {key for key, party in draft.parties.items() if party.contacts}
    levels = {draft.parties[party].level for party in reached if party in draft.parties} | {"district"}
    for index, chain in enumerate(draft.clocks.escalation):
        here = (CLOCKS, "escalation", index)
        if chain.about.season or chain.about.holiday is not None or chain.about.crowd:
            what = f"clocks.escalation.{index} asks for what changes with the day"
            faults.add(
                draft.file, draft.line(*here, "if"), what, "priority, element, kind, rule, trade, zone, grade, deck"
            )
        after = [tell.after for tell in chain.tell]
        if after != sorted(after):
            what = f"clocks.escalation.{index} goes back in time"
            faults.add(draft.file, draft.line(*here, "tell"), what, "`after` that never becomes shorter")
        for told in chain.tell:
            if told.level in ("community", "subdistrict") and told.level not in levels:
                what = f"nobody speaks for any {told.level}: the next one is told in its place"
                faults.notice(draft.file, draft.line(*here, "tell"), what)


def _named(draft: Draft, path: Path, given: str, section: str, faults: Faults) -> None:
    known = draft.declared.get(section)
    if known is not None and given not in known:
        what = f"{'.'.join(map(str, path))} names {given}, which is not among the {section}"
        faults.add(draft.file, draft.line(*path), what, one_of(known, given))
