"""The names that a condition asks for: checked against what its kind has, and each with the code that looks it up."""

from collections.abc import Mapping
from difflib import get_close_matches

from domain.naming import Kind
from rules.core.params import key_of, seasons_of
from rules.core.rule import Param
from rules.core.vocabulary import CONTEXT, HAS, kinds_that_say, quantities_of


class ExpressionError(ValueError):
    """The text is no condition. `what` is wrong with it, `expected` would have been right."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(f"{what}; expected {expected}")
        self.what, self.expected = what, expected


class Names:
    """All names of one condition. What looks one up, notes that it was asked for, and gives the local it stands in."""

    def __init__(self, kind: Kind | None, params: Mapping[str, Param], rule: str) -> None:
        self.kind, self.params, self.rule = kind, params, rule
        self.quantities: dict[str, None] = {}
        self.attributes: dict[str, None] = {}
        self.context: dict[str, None] = {}
        self.asked_params: dict[str, None] = {}
        self.compared: dict[str, None] = {}
        self.near: dict[str, None] = {}
        self.instrument: dict[str, None] = {}
        self.loads: dict[str, None] = {}

    def check(self, name: str) -> None:
        """Refuse a name that nothing of this kind has."""
        here = (*self.params, *quantities_of(self.kind), *(HAS[self.kind] if self.kind is not None else ()), *CONTEXT)
        if name in here:
            return
        whose = f"a {self.kind}" if self.kind is not None else "every kind"
        if elsewhere := kinds_that_say(name):
            raise ExpressionError(f"{name} is not of {whose}", f"a rule for {elsewhere}, or one of {', '.join(here)}")
        near = get_close_matches(name, here, n=1)
        raise ExpressionError(f"unknown name {name!r}", f"{near[0]!r}" if near else f"one of {', '.join(here)}")

    def is_context(self, name: str) -> bool:
        """Whether the name means the surroundings: what facilities of this kind measure themselves goes before."""
        return name in CONTEXT and name not in quantities_of(self.kind)

    def quantity(self, name: str) -> str:
        """What the reading says."""
        self.quantities[name] = None
        return self._loaded("q", name, f"get({name!r})")

    def attribute(self, name: str) -> str:
        """What the facility is."""
        self.attributes[name] = None
        return self._loaded("a", name, f"attribute({name!r})")

    def around(self, name: str) -> str:
        """What surrounds it."""
        self.context[name] = None
        return self._loaded("c", name, f"around({name!r})")

    def of_instrument(self, name: str) -> str:
        """What is known of the device that speaks."""
        self.instrument[name] = None
        return self._loaded("i", name, f"get({name!r})")

    def compared_with(self, which: str, name: str) -> str:
        """What the device said of a quantity `before`, or what others say of it that are `near`."""
        self.quantities[name] = self.compared[name] = None
        if which == "near":
            self.near[name] = None
        return self._loaded(which[0], name, f"get({f'{name} {which}'!r})")

    def param(self, param: Param) -> str:
        """Its number at this facility, and in this season: what fits to a facility is made `fit` with it."""
        seasons = seasons_of(param)
        code = "".join(
            f"attribute({key_of(self.rule, param.name, season)!r}) if around('season_{season}') is True else "
            for season in seasons
        )
        self.context.update(dict.fromkeys(f"season_{season}" for season in seasons))
        self.asked_params[param.name] = None
        named = f"{self.rule.replace('-', '_')}__{param.name}"
        return self._loaded("p", named, f"{code}attribute({key_of(self.rule, param.name)!r})")

    def _loaded(self, sort: str, name: str, code: str) -> str:
        local = f"{sort}_{name}"
        self.loads[f"{local} = {code}"] = None
        return local
