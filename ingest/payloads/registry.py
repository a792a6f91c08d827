"""The payload decoders by name, as profiles call them. A vendor's file adds its lines here."""

from collections.abc import Mapping
from typing import Final

from ingest.payloads.decoded import PayloadDecoder

DECODERS: Final[Mapping[str, PayloadDecoder]] = {}
