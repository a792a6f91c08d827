"""The profiles that a service knows: found by vendor and model, bound to a facility."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors import FaultyFileError, NotFoundError
from domain.readings import Millis
from ingest.mapping.apply import Application, Beats, Times, conditions, rules_of
from ingest.mapping.paths import place
from ingest.mapping.shape import ClockSaid, FieldSaid, HeartbeatSaid, HistorySaid
from ingest.payloads.decoded import PayloadDecoder

_HISTORY: Final = HistorySaid()


@dataclass(frozen=True)
class Profile:
    """One model: how its bytes are read, and what its fields mean."""

    vendor: str
    model: str  # "" for whatever the vendor makes
    kinds: tuple[str, ...]
    payload: str
    decode: PayloadDecoder | None
    fields: Mapping[str, list[FieldSaid]] = field(repr=False)
    heartbeat: HeartbeatSaid | None = None
    history: HistorySaid | None = None
    clock: ClockSaid | None = None
    ports: frozenset[int] = frozenset()
    ignore_ports: frozenset[int] = frozenset()
    late: Millis = 0  # how long it may keep what it measured; 0: as long as it likes
    codec: str = ""
    line: int = 1

    @property
    def name(self) -> str:
        """As in a site's devices.csv."""
        return f"{self.vendor}/{self.model}" if self.model else self.vendor

    def on(self, kind: str, attributes: Mapping[str, float]) -> Application:
        """Ready for a facility of this kind with these attributes."""
        history, clock, beats = self.history or _HISTORY, self.clock, self.heartbeat
        times = Times(
            place(history.list),
            place(history.time),
            history.unit,
            place(clock.field) if clock else None,
            clock.unit if clock else "",
        )
        ports = frozenset(beats.ports) if beats else frozenset[int]()
        when = conditions(beats.when) if beats else None
        rules = rules_of(self.fields, kind, attributes)
        return Application(rules, Beats(ports, when), times, kind, attributes.get("depth_mm", 0.0))

    def quantities(self, kind: str, attributes: Mapping[str, float]) -> frozenset[str]:
        """What it can tell of such a facility."""
        return frozenset(rule.quantity for rule in rules_of(self.fields, kind, attributes))


@dataclass(frozen=True)
class Vendor:
    """One file: a vendor and its models by every name they have, lower case."""

    file: str
    name: str
    aliases: tuple[str, ...]
    shared: Profile
    models: Mapping[str, Profile]


class Profiles:
    """All of them."""

    def __init__(self, vendors: Iterable[Vendor]) -> None:
        """Raises FaultyFileError where two files say they are one vendor."""
        self._vendors: dict[str, Vendor] = {}
        for vendor in vendors:
            for name in (vendor.name, *vendor.aliases):
                other = self._vendors.get(name)
                if other is not None and other is not vendor:
                    raise FaultyFileError(vendor.file, 1, f"{name} is also in {other.file}", "one file for a vendor")
                self._vendors[name] = vendor

    def __iter__(self) -> Iterator[Profile]:
        """Every model once, by name."""
        every = {profile.name: profile for vendor in self._vendors.values() for profile in vendor.models.values()}
        return iter([profile for _, profile in sorted(every.items())])

    def vendors(self) -> tuple[Vendor, ...]:
        """Every vendor once, by name."""
        return tuple(vendor for name, vendor in sorted(self._vendors.items()) if name == vendor.name)

    def find(self, name: str) -> Profile:
        """The profile of `vendor/model`. A model unknown to the file of a known vendor has the vendor's shared fields.

        Raises NotFoundError, which says what is known.
        """
        maker, _, model = name.strip().lower().partition("/")
        vendor = self._vendors.get(maker)
        if vendor is None:
            known = ", ".join(vendor.name for vendor in self.vendors())
            raise NotFoundError(f"no vendor {maker or name!r} among the profiles; known: {known or 'none'}")
        profile = vendor.models.get(model)
        if profile is not None:
            return profile
        if not model or not vendor.shared.fields:
            known = ", ".join(sorted({profile.model for profile in vendor.models.values()}))
            raise NotFoundError(f"no model {model!r} of {vendor.name} among the profiles; known: {known or 'none'}")
        return vendor.shared
