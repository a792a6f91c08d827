"""What the rules say, as dashboards are told it: they never read rules themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.site import Name


@dataclass(frozen=True, slots=True)
class Facts:
    """`numbers`: "bin-full.fill_level" is where that rule raises its alarm (services.grafana.facts names them all).
    `titles`: what people call a rule. `called`: what they call a "zone" and a "crew" of the site, by their ids.
    """

    numbers: Mapping[str, float]
    titles: Mapping[str, Name] = field(default_factory=dict)
    called: Mapping[str, Mapping[str, Name]] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float:
        """A number. Raises KeyError where no rule says it."""
        return self.numbers[name]
