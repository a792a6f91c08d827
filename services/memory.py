"""Python's garbage collector in a process that serves: what stays for ever is not looked at again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# Readings are tuples that come and go without cycles; by the default (700, 10, 10) each is looked at again and again.
_SELDOM: Final = (50_000, 20, 50)


@contextmanager
def settled() -> Iterator[None]:
    """Enter once everything that lives as long as the process is made: site, rules, state."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
