"""Site files (YAML, CSV) → `domain.site.Site`, and the samples that are shipped."""

from services.site.faults import FaultySiteError, Notice, faults_of
from services.site.load import (
    Loaded,
    content_hash,
    find,
    load,
    load_site,
    pack,
    parse,
    read_files,
    sample,
    samples,
    unpack,
)
from services.site.notation import chainage_text, hours_text

__all__ = [
    "FaultySiteError",
    "Loaded",
    "Notice",
    "chainage_text",
    "content_hash",
    "faults_of",
    "find",
    "hours_text",
    "load",
    "load_site",
    "pack",
    "parse",
    "read_files",
    "sample",
    "samples",
    "unpack",
]
