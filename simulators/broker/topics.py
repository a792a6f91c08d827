"""Topic names and topic filters (MQTT 5, section 4.7)."""

from collections.abc import Callable


def valid_name(topic: str) -> bool:
    """May be published to."""
    return bool(topic) and "+" not in topic and "#" not in topic


def valid_filter(pattern: str) -> bool:
    """May be subscribed to: `+` and `#` fill a whole level, and `#` is the last."""
    if not pattern:
        return False
    *body, last = pattern.split("/")
    return all(level == "+" or ("+" not in level and "#" not in level) for level in body) and (
        last in ("+", "#") or ("+" not in last and "#" not in last)
    )


def matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a topic falls under this (valid) filter. Wildcards never match a first level that begins with `$`."""
    if "+" not in pattern and "#" not in pattern:
        return pattern.__eq__
    if pattern == "#":
        return lambda topic: not topic.startswith("$")
    wild_first = pattern[0] == "+"
    if "+" not in pattern:
        parent = pattern[:-2]
        below = parent + "/"
        return lambda topic: topic == parent or topic.startswith(below)
    wanted = pattern.split("/")
    return lambda topic: not (wild_first and topic.startswith("$")) and _levels_match(wanted, topic.split("/"))


def _levels_match(wanted: list[str], levels: list[str]) -> bool:
    if wanted[-1] == "#":
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(wanted) == len(levels) and all(want in ("+", level) for want, level in zip(wanted, levels, strict=True))
