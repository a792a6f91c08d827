"""Whether a folder could be written, without writing anything that stays."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

_NO_SUCH_WAY: Final = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)
_NAMELESS: Final = getattr(os, "O_TMPFILE", None)  # a file without a name, on Linux


def unwritable(folder: Path) -> str:
    """Why `folder` could not be made, or a file in it, or what lies in it could not be written; "" where it could."""
    there = next(one for one in (folder, *folder.parents) if os.path.lexists(one))
    if not there.is_dir():
        return f"{there} is no folder"
    if there != folder and (why := _kept_from_folders(there)):
        return why
    if why := _kept_from_files(there):
        return why
    try:
        inside = sorted(there.iterdir()) if there == folder else []
    except OSError as wrong:
        return f"{there}: {wrong.strerror}"
    return next(filter(None, map(_kept_from, inside)), "")


def _kept_from_folders(there: Path) -> str:
    """Such as below /proc: files may be made nowhere, whatever the rights say."""
    try:
        with tempfile.TemporaryDirectory(prefix=".tidewalk-", dir=there):
            return ""
    except OSError as wrong:
        return f"{there}: {wrong.strerror}"


def _kept_from_files(there: Path) -> str:
    try:
        if _NAMELESS is not None:
            try:
                os.close(os.open(there, _NAMELESS | os.O_RDWR, 0o600))
            except OSError as wrong:
                if wrong.errno not in _NO_SUCH_WAY:
                    raise
            else:
                return ""
        with tempfile.NamedTemporaryFile(prefix=".tidewalk-", dir=there):
            return ""
    except OSError as wrong:
        return f"{there}: {wrong.strerror}"


def _kept_from(file: Path) -> str:
    """Opened for writing, and nothing written."""
    if not file.is_file():
        return ""
    try:
        os.close(os.open(file, os.O_RDWR))
    except OSError as wrong:
        return f"{file}: {wrong.strerror}"
    return ""
