"""What stands in Grafana against what should: pure, so that what `publish` will do can be shown before it is done.

We know our own hand by the message of a version: it names the content that was published. A dashboard whose newest
version says anything else was saved by a person, and is theirs until they say otherwise. (What it holds says less: a
newer Grafana brings old dashboards up to date as it reads them.)
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final

Json = Mapping[str, Any]

MARK: Final = "tidewalk dashboards publish "
_THEIRS: Final = ("id", "version")  # Grafana's own counting


class Standing(StrEnum):
    """What becomes of a dashboard."""

    NEW = "new"  # it is not there yet
    SAME = "same"  # it is as it should be
    BEHIND = "behind"  # ours, from before
    EDITED = "edited"  # somebody changed it by hand
    PROVISIONED = "provisioned"  # Grafana has it from files, and lets nobody write it


@dataclass(frozen=True, slots=True)
class Found:
    """A dashboard in Grafana: what it holds, its version, its folder, and the message of its newest version."""

    model: Json
    version: int
    folder: str
    message: str
    provisioned: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One dashboard, compared. `differences` are from what is there to what should be."""

    uid: str
    title: str
    standing: Standing
    differences: tuple[str, ...] = ()
    version: int = 0


def compared(wanted: Json, folder: str, found: Found | None) -> Finding:
    """How a dashboard stands."""
    uid, title = wanted["uid"], wanted["title"]
    if found is None:
        return Finding(uid, title, Standing.NEW)
    changes = list(differences(_ours(found.model), _ours(wanted)))
    if found.folder != folder:
        changes.append(f"folder: {found.folder!r} → {folder!r}")
    if not changes or (found.message == message_of(wanted) and found.folder == folder):
        return Finding(uid, title, Standing.SAME, (), found.version)
    if found.provisioned:
        standing = Standing.PROVISIONED
    else:
        standing = Standing.BEHIND if found.message.startswith(MARK) else Standing.EDITED
    return Finding(uid, title, standing, tuple(changes), found.version)


def message_of(model: Json) -> str:
    """What a version that we publish says of itself."""
    return MARK + content_hash(model)


def content_hash(model: Json) -> str:
    """Of all that a dashboard holds, without Grafana's own counting."""
    text = json.dumps(_ours(model), sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=8).hexdigest()


def differences(there: Any, wanted: Any, path: str = "") -> Iterator[str]:
    """Where two differ, as a person reads it: `panels[Fullest].gridPos.w: 12 → 24`."""
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        for key in sorted({*there, *wanted}):
            at = f"{path}.{key}" if path else str(key)
            if key not in wanted:
                yield f"{at}: {_short(there[key])} → nothing"
            elif key not in there:
                yield f"{at}: nothing → {_short(wanted[key])}"
            else:
                yield from differences(there[key], wanted[key], at)
    elif isinstance(there, list) and isinstance(wanted, list):
        yield from _members(there, wanted, path)
    elif there != wanted:
        yield f"{path}: {_short(there)} → {_short(wanted)}"


def _members(there: list[Any], wanted: list[Any], path: str) -> Iterator[str]:
    """Of what has an id of its own, who is who; of other lists, one by one."""
    olds, news = ({_name(one, n): one for n, one in enumerate(them)} for them in (there, wanted))
    for name in [*olds, *(name for name in news if name not in olds)]:
        at = f"{path}[{_title(news.get(name, olds.get(name)), name)}]"
        if name not in news:
            yield f"{at}: {_short(olds[name])} → nothing"
        elif name not in olds:
            yield f"{at}: nothing → {_short(news[name])}"
        else:
            yield from differences(olds[name], news[name], at)


def _name(one: Any, n: int) -> str:
    return str(one["id"]) if isinstance(one, Mapping) and "id" in one and "gridPos" in one else str(n)


def _title(one: Any, name: str) -> str:
    return str(one.get("title") or one.get("name") or name) if isinstance(one, Mapping) else name


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


_LONGEST: Final = 80


def _ours(model: Json) -> dict[str, Any]:
    return {key: value for key, value in model.items() if key not in _THEIRS}
