"""The alarms that are open, by id: what was decided of a subject, made into what the judge hears."""

from dataclasses import replace

from domain.alarms import AlarmChange, AlarmState
from domain.ids import alarm_id
from rules.core.state import Change, Opened
from rules.runners.records import Circle, Spot


class Alarms:
    """Opens and clears them; knows where each one's state is kept."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._where: dict[str, Circle | tuple[Spot, str]] = {}
        self._said: list[AlarmChange] = []
        self.open: dict[str, AlarmChange] = {}

    def of_facility(self, spot: Spot, key: str, change: Change) -> None:
        """Something was decided of a facility, or of a device on it."""
        self._say(key.partition("/")[0], spot.subject(key), spot.facility.id, change, (spot, key))

    def of_group(self, circle: Circle, change: Change) -> None:
        """Something was decided of a group; its members are told as facilities."""
        named = change._replace(members=circle.facilities(change.members))
        self._say(circle.program.rule.name, circle.subject, circle.hub, named, circle)

    def said(self) -> list[AlarmChange]:
        """The changes since the last call, sorted by (at, rule, subject)."""
        said, self._said = self._said, []
        said.sort(key=lambda change: (change.at, change.rule, change.subject))
        return said

    def is_wrong(self, alarm: str) -> bool | None:
        """Whether the condition of an open alarm holds on the newest readings; None where that cannot be told now."""
        match self._where.get(alarm):
            case Circle() as circle:
                return circle.group.clearing is None
            case (Spot() as spot, str(key)):
                return spot.states[key].wrong
        return None

    def take_up(self, spots: tuple[Spot, ...], circles: tuple[Circle, ...]) -> None:
        """Know again those that were open when the states were put away; nothing is said of them."""
        for circle in circles:
            if circle.group.open is not None:
                self.of_group(circle, _opening(circle.group.open))
        for spot in spots:
            for key, state in spot.states.items():
                if state.open is not None:
                    self.of_facility(spot, key, _opening(state.open))
        self._said.clear()

    def _say(self, rule: str, subject: str, facility: str, change: Change, where: Circle | tuple[Spot, str]) -> None:
        said = AlarmChange(
            alarm=alarm_id(self._site, rule, subject, change.cause),
            rule=rule,
            version=change.version,
            subject=subject,
            state=change.state,
            cause=change.cause,
            since=change.since,
            at=change.at,
            facility=facility,
            members=change.members,
            why=change.why,
            level=change.level,
        )
        if said.state is AlarmState.OPEN:
            known = self.open.get(said.alarm)
            self.open[said.alarm] = said if known is None else replace(said, at=known.at)
            self._where[said.alarm] = where
        else:
            self.open.pop(said.alarm, None)
            self._where.pop(said.alarm, None)
        self._said.append(said)


def _opening(opened: Opened) -> Change:
    return Change(
        AlarmState.OPEN,
        opened.cause,
        opened.since,
        opened.at,
        opened.version,
        opened.members,
        dict(opened.why),
        opened.level,
    )
