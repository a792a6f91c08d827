"""The payload decoders by name, as profiles call them. A vendor's file adds its lines here."""

from collections.abc import Mapping
from typing import Final

from ingest.payloads import bosch, decentlab, milesight, netvox, nwave, yobiiq
from ingest.payloads.decoded import PayloadDecoder

DECODERS: Final[Mapping[str, PayloadDecoder]] = {
    "bosch": bosch.decode,
    **decentlab.BY_MODEL,
    **milesight.BY_MODEL,
    "netvox": netvox.decode,
    "nwave-g4-counter": nwave.g4_counter,
    "nwave-g4-parking": nwave.g4_parking,
    "nwave-nps310": nwave.nps310,
    "yobiiq-relay": yobiiq.relay,
    "yobiiq-single-phase": yobiiq.single_phase_meter,
    "yobiiq-smoke": yobiiq.smoke_detector,
    "yobiiq-three-phase": yobiiq.three_phase_meter,
}
