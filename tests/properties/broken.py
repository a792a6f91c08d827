"""The core of the rules, broken on purpose in five ways: `pytest -p tests.properties.broken` with TIDEWALK_BREAK=NAME.

What nobody would notice if it were broken, no test holds: `test_broken_cores.py` shows that each is noticed, and by
which test. The product knows nothing of this; it is a plug-in of pytest, which breaks modules before they are used.
"""

import os
from collections.abc import Callable
from typing import Any, Final

from hypothesis import Phase, settings

from rules.core import groups, step


def _for_is_one_ms_longer() -> None:
    coming = step._coming

    def late(*args: Any) -> Any:
        found = coming(*args)
        return None if found is None else (found[0] + 1, found[1])

    step._coming = late  # type: ignore[assignment] # that is the point


def _clear_is_ignored() -> None:
    step._Turn._judge_clear = lambda *_: None  # type: ignore[method-assign] # that is the point


def _members_count_twice() -> None:
    fresh = groups._Turn._fresh
    groups._Turn._fresh = lambda turn, since: fresh(turn, since) * 2  # type: ignore[method-assign] # that is the point


def _nothing_falls_due() -> None:
    """Timers run out only where something is heard."""
    step.due = lambda *_: None  # type: ignore[assignment] # that is the point


def _a_restart_forgets_what_was_pending() -> None:
    from rules.runners import live

    load = live.Live.load

    def forgetful(engine: live.Live, *args: Any, **more: Any) -> Any:
        said = load(engine, *args, **more)
        for spot in engine._fitted.spots:
            spot.states = {key: one for key, one in spot.states.items() if one.open is not None}
        return said

    live.Live.load = forgetful  # type: ignore[method-assign] # that is the point


BREAKS: Final[dict[str, Callable[[], None]]] = {
    "for is one millisecond longer": _for_is_one_ms_longer,
    "clear is ignored": _clear_is_ignored,
    "members count twice": _members_count_twice,
    "nothing falls due by itself": _nothing_falls_due,
    "a restart forgets what was pending": _a_restart_forgets_what_was_pending,
}


def pytest_configure() -> None:
    """Break it. The first thing that is noticed will do, and need not be made small."""
    settings.register_profile("broken", phases=[Phase.explicit, Phase.generate], database=None)
    settings.load_profile("broken")
    BREAKS[os.environ["TIDEWALK_BREAK"]]()
