"""Memory of a process that serves: what stays for ever is not looked at again, and lies in large pages.

A coast of 50,000 devices is touched all over, a little at each message, and a processor that finds its memory in pages
of 4 KiB spends a tenth of its time on finding it (docs/performance.md).
"""

import ctypes
import gc
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

# Readings are tuples that come and go without cycles; by the default (700, 10, 10) each is looked at again and again.
_SELDOM: Final = (250_000, 20, 50)
_LARGE: Final = 1 << 21
_LEAST: Final = 64 << 20  # of memory; a small process finds all of it anyway
_ADVISE: Final = 14  # MADV_HUGEPAGE
_NOW: Final = 25  # MADV_COLLAPSE, from Linux 6.1 on; before, the kernel does it in its own time
_AFTER_S: Final = (10.0, 60.0)  # as memory grows; then every ten minutes
_EVERY_S: Final = 600.0
_OURS: Final = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0 *(?:\[heap\]|\[anon.*\])?$", re.MULTILINE)


@contextmanager
def settled() -> Iterator[None]:
    """Enter once everything that lives as long as the process is made: site, rules, state."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    over = threading.Event()
    threading.Thread(target=_in_large_pages, args=(over,), name="memory", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        gc.set_threshold(*usual)
        gc.unfreeze()


def ask_for_large_pages() -> int:
    """Have the memory of this process in pages of 2 MiB, as far as the system gives them. Bytes asked for; 0 where that
    cannot be asked, or is not worth it.
    """
    with suppress(OSError, AttributeError):
        spans = [
            (-(-int(start, 16) // _LARGE) * _LARGE, int(end, 16) // _LARGE * _LARGE)
            for start, end in _OURS.findall(Path("/proc/self/maps").read_text())
        ]
        spans = [(start, end) for start, end in spans if start < end]
        if sum(end - start for start, end in spans) < _LEAST:
            return 0
        advise = ctypes.CDLL(None).madvise
        for start, end in spans:
            for how in (_ADVISE, _NOW):
                advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), how)  # a refusal changes nothing
        return sum(end - start for start, end in spans)
    return 0


def _in_large_pages(over: threading.Event) -> None:
    if sys.platform != "linux":
        return
    for pause in _AFTER_S:
        if over.wait(pause):
            return
        ask_for_large_pages()
    while not over.wait(_EVERY_S):
        ask_for_large_pages()
