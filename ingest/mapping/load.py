"""Profile files → checked profiles. A fault is refused with its file and line, and what would fit."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from domain.errors import FaultyFileError
from domain.naming import ATTRIBUTES, QUANTITIES, Kind
from domain.readings import Millis
from ingest.mapping.apply import OTHER
from ingest.mapping.marked import Marked
from ingest.mapping.marked import Path as Way
from ingest.mapping.paths import place
from ingest.mapping.profiles import Profile, Profiles, Vendor
from ingest.mapping.shape import Common, FieldSaid, ModelSaid, VendorSaid
from ingest.mapping.units import convertible, unit_of
from ingest.payloads.decoded import PayloadDecoder
from ingest.payloads.registry import DECODERS

SHIPPED: Final = Path(__file__).parent.parent / "profiles"
_KINDS: Final = tuple(str(kind) for kind in Kind)
_SPANS: Final = {"s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}


@cache
def shipped() -> Profiles:
    """The profiles that come with Tidewalk, read once: nothing changes them."""
    return load_profiles([SHIPPED])


def load_profiles(paths: Iterable[Path]) -> Profiles:
    """Every `*.yaml` of these folders but the `*.test.yaml`, and these files. Raises FaultyFileError."""
    return Profiles(
        read_vendor(str(file), file.read_text("utf-8", "replace")) for path in paths for file in profile_files(path)
    )


def profile_files(path: Path) -> list[Path]:
    """The profile files of a folder, or the one file that is named."""
    found = [path] if path.is_file() else sorted(path.glob("*.yaml"))
    return [file for file in found if not file.name.endswith(".test.yaml")]


def read_vendor(file: str, text: str, decoders: Mapping[str, PayloadDecoder] = DECODERS) -> Vendor:
    """One file. Raises FaultyFileError."""
    marked = Marked(file, text)
    if not isinstance(marked.content, dict):
        raise marked.fault((), "not a mapping", "`vendor:` and below it `fields:` and `models:`")
    content = dict(marked.content)
    models = content.get("models")
    if isinstance(models, dict):  # a model with nothing of its own is written `name:`
        content["models"] = {name: model or None for name, model in models.items()}
    try:
        said = VendorSaid.model_validate(content)
    except ValidationError as wrong:
        raise _misfit(marked, wrong) from None
    return _Checked(marked, said, decoders).vendor()


def _misfit(marked: Marked, wrong: ValidationError) -> FaultyFileError:
    error = wrong.errors(include_url=False)[0]
    way: list[str | int] = []
    where: Any = marked.content
    for step in error["loc"]:  # pydantic names its own choices in between; only what the file has is a place in it
        inside = step in where if isinstance(where, dict) else isinstance(where, list) and isinstance(step, int)
        if inside:
            where = where[step]
            way.append(step)
    name = ".".join(str(step) for step in way)
    match error["type"]:
        case "missing":
            missing = error["loc"][-1]
            return marked.fault(tuple(way), f"{missing} is missing{f' in {name}' if name else ''}")
        case "extra_forbidden":
            return marked.fault(tuple(way), f"{name} is not known", "a key that docs/devices.md names")
    return marked.fault(tuple(way), f"{name} is {str(error['input'])[:60]!r}", error["msg"])


class _Checked:
    """One file, looked at beyond its shape."""

    def __init__(self, marked: Marked, said: VendorSaid, decoders: Mapping[str, PayloadDecoder]) -> None:
        self._marked, self._said, self._decoders = marked, said, decoders

    def vendor(self) -> Vendor:
        said = self._said
        self._common(said, ())
        shared = self._profile("", said, ModelSaid(), ())
        profiles: dict[str, Profile] = {}
        for name, found in said.models.items():
            way: Way = ("models", name)
            model = found or ModelSaid()
            self._common(model, way)
            self._kinds(model.kinds, (*way, "kinds"))
            whole = self._like(name, model, way)
            for alias in (name, *model.aliases):
                if alias.lower() in profiles:
                    raise self._marked.fault((*way, "aliases"), f"{alias} twice", "each name for one model")
                profiles[alias.lower()] = self._profile(name.lower(), said, whole, way)
        aliases = tuple(alias.lower() for alias in said.aliases)
        return Vendor(self._marked.file, said.vendor, aliases, shared, profiles)

    def _like(self, name: str, model: ModelSaid, way: Way) -> ModelSaid:
        if not model.like:
            return model
        if model.like not in self._said.models or model.like == name:
            raise self._marked.fault((*way, "like"), f"no model {model.like}", "another model of this file")
        other = self._said.models[model.like] or ModelSaid()
        if other.like:
            raise self._marked.fault(
                (*way, "like"), f"{model.like} is itself like another", "the model that has it all"
            )
        own = {key: getattr(model, key) for key in model.model_fields_set}
        kept = {key: getattr(other, key) for key in other.model_fields_set if key != "aliases"}
        fields = _over(model.fields, other.fields)
        return ModelSaid.model_construct(**{**kept, **own, "fields": fields})

    def _profile(self, name: str, shared: Common, model: ModelSaid, way: Way) -> Profile:
        payload = model.payload if model.payload is not None else shared.payload
        fields = {key: saids for key, saids in _over(model.fields, shared.fields).items() if saids}
        late = model.late or shared.late
        return Profile(
            vendor=self._said.vendor,
            model=name,
            kinds=tuple(model.kinds),
            payload=payload or "",
            decode=self._decoders[payload] if payload else None,
            fields=fields,
            heartbeat=model.heartbeat or shared.heartbeat,
            history=model.history or shared.history,
            clock=model.clock or shared.clock,
            ports=frozenset(model.ports or shared.ports),
            ignore_ports=frozenset(model.ignore_ports or shared.ignore_ports),
            late=_millis(late) if late else 0,
            codec=model.codec or shared.codec,
            line=self._marked.line(way),
        )

    def _common(self, said: Common, way: Way) -> None:
        if said.payload and said.payload not in self._decoders:
            raise self._marked.fault((*way, "payload"), f"no payload decoder {said.payload}", _one_of(self._decoders))
        for key, saids in said.fields.items():
            self._name(key, (*way, "fields", key))
            for number, one in enumerate(saids):
                listed: Way = (*way, "fields", key, number)
                where = listed if len(saids) > 1 else (*way, "fields", key)
                self._field(one, where)
        for name in said.heartbeat.when if said.heartbeat else ():
            self._name(name, (*way, "heartbeat", "when", name))

    def _name(self, key: str, way: Way) -> None:
        try:
            place(key)
        except ValueError as wrong:
            raise self._marked.fault(
                way, str(wrong), "names, `a|b`, or a way such as `a.0.b` or `a.*[k=v].b`"
            ) from None

    def _field(self, said: FieldSaid, way: Way) -> None:
        fault = self._marked.fault
        if isinstance(said.to, dict):
            self._kinds([kind for kind in said.to if kind != OTHER], (*way, "to"))
        for name in said.when:
            self._name(name, (*way, "when", name))
        for name in said.needs:
            if name not in ATTRIBUTES:
                raise fault((*way, "needs", name), f"no attribute {name}", _one_of(ATTRIBUTES))
        if (said.empty is None) != (said.full is None) or (said.empty is not None and said.empty == said.full):
            raise fault(way, "a line needs two ends", "`empty:` and `full:`, and not the same")
        if said.unit and unit_of(said.unit) is None and said.empty is None:
            raise fault((*way, "unit"), f"no unit {said.unit}", "a unit of ingest/mapping/units.py")
        for name in [said.to] if isinstance(said.to, str) else said.to.values():
            self._target(said, name, way)

    def _target(self, said: FieldSaid, name: str, way: Way) -> None:
        fault, quantity = self._marked.fault, QUANTITIES.get(name)
        if quantity is None:
            raise fault((*way, "to"), f"no quantity {name}", _one_of(QUANTITIES, name))
        if said.empty is not None:
            if quantity.unit != "%":
                raise fault((*way, "empty"), f"{name} is in {quantity.unit or 'no unit'}", "a quantity in %")
        elif quantity.type == "float" and quantity.unit != said.unit and not convertible(said.unit, quantity.unit):
            told = f"{name} from {said.unit}" if said.unit else f"{name} without a unit"
            raise fault((*way, "unit"), told, f"a unit that can become {quantity.unit or 'a plain number (no unit)'}")
        wanted = {"float": float, "bool": bool, "text": str}[quantity.type]
        for word, meant in said.words.items():
            if not isinstance(meant, wanted) or (quantity.choices and meant not in quantity.choices):
                choices = {"float": "a number", "bool": "true or false", "text": ", ".join(quantity.choices)}
                raise fault((*way, "words", word), f"{word} means {meant}", choices[quantity.type])

    def _kinds(self, kinds: Iterable[str], way: Way) -> None:
        for kind in kinds:
            if kind not in _KINDS:
                raise self._marked.fault(way, f"no kind {kind}", _one_of(_KINDS, kind))


def _over(own: Mapping[str, list[FieldSaid]], shared: Mapping[str, list[FieldSaid]]) -> dict[str, list[FieldSaid]]:
    """A model's fields first; of the shared ones those that have no name in common with them."""
    names = {name for key in own for name in place(key).names}
    return {**own, **{key: saids for key, saids in shared.items() if names.isdisjoint(place(key).names)}}


def _millis(span: str) -> Millis:
    unit = span.lstrip("0123456789.")
    return round(float(span[: -len(unit)]) * _SPANS[unit])


def _one_of(names: Iterable[str], meant: str = "") -> str:
    known = sorted(names)
    near = get_close_matches(meant, known, 3) if meant else []
    return f"one of {', '.join(near or known)}{', …' if near else ''}" if known else "none is known yet"
