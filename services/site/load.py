"""Reading a folder of site files into `domain.site.Site`, or saying everything that is wrong with it."""

import json
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from domain.errors import NotFoundError, RejectedError
from domain.site import Site
from services.site.build import build
from services.site.check import check
from services.site.draft import FILES, SITE_FILE, read_draft
from services.site.faults import Faults, Notice

SAMPLES = Path(__file__).parent / "samples"
HASH_BYTES = 16


class Loaded(NamedTuple):
    """A site, and what is odd about its files without being wrong."""

    site: Site
    notices: tuple[Notice, ...]


def load_site(folder: Path) -> Site:
    """Read a site. Raises NotFoundError (no such folder), FaultyFileError (one fault) or FaultySiteError (several)."""
    return load(folder).site


def load(folder: Path) -> Loaded:
    """Read a site and what is odd about it. Raises like `load_site`."""
    return parse(read_files(folder), folder)


def parse(files: Mapping[str, bytes], folder: Path | None = None) -> Loaded:
    """The site of files that were read before. `folder` is only how a fault tells where they are."""
    names = {name: str(folder / name) if folder else name for name in FILES}
    faults = Faults()
    draft = read_draft(files, names, faults)
    check(draft, faults)
    faults.settle(list(names.values()))
    return Loaded(build(draft, content_hash(files)), tuple(faults.notices))


def read_files(folder: Path) -> dict[str, bytes]:
    """The bytes of a site's files by name. Raises NotFoundError where there is no such folder."""
    if not folder.is_dir():
        raise NotFoundError(f"there is no folder {folder}; expected one with {SITE_FILE}, or one of {_samples_told()}")
    return {name: (folder / name).read_bytes() for name in FILES if (folder / name).is_file()}


def find(place: str) -> Path:
    """The folder that a person means: a path, or else the name of a shipped sample. Raises NotFoundError."""
    folder = Path(place)
    if folder.is_dir():
        return folder
    if "/" not in place and (SAMPLES / place).is_dir():
        return SAMPLES / place
    raise NotFoundError(f"there is no folder {place}; expected one with {SITE_FILE}, or one of {_samples_told()}")


def sample(name: str = "shinan") -> Path:
    """The folder of a shipped sample. Raises NotFoundError."""
    if name not in samples():
        raise NotFoundError(f"there is no sample {name!r}; expected one of {_samples_told()}")
    return SAMPLES / name


def samples() -> tuple[str, ...]:
    """The names of the shipped samples."""
    return tuple(sorted(folder.name for folder in SAMPLES.iterdir() if (folder / SITE_FILE).is_file()))


def content_hash(files: Mapping[str, bytes]) -> str:
    """BLAKE2b over the names and bytes of the files, 32 hex digits: the same site files, the same hash."""
    digest = blake2b(digest_size=HASH_BYTES)
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def pack(files: Mapping[str, bytes]) -> str:
    """All files as one text, for the journal row that says which site is in force. UTF-8 only, as `parse` wants."""
    return json.dumps({name: files[name].decode() for name in sorted(files)}, ensure_ascii=False, separators=(",", ":"))


def unpack(text: str) -> dict[str, bytes]:
    """What `pack` packed, with the same content hash. Raises RejectedError."""
    try:
        return {str(name): str(body).encode() for name, body in json.loads(text).items()}
    except (ValueError, AttributeError) as wrong:
        raise RejectedError(f"not a packed site: {wrong}") from wrong


def _samples_told() -> str:
    return f"the samples {', '.join(samples())}"
