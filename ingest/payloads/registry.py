"""The payload decoders by name, as profiles call them. A vendor's file adds its lines here."""

from collections.abc import Mapping
from typing import Final

from ingest.payloads import (
    bosch,
    decentlab,
    dingtek,
    dragino,
    enginko,
    milesight,
    netvox,
    nwave,
    teneo,
    terabee,
    vega,
    wilsen,
    yobiiq,
)
from ingest.payloads.decoded import PayloadDecoder

DECODERS: Final[Mapping[str, PayloadDecoder]] = {
    "bosch": bosch.decode,
    **decentlab.BY_MODEL,
    "dingtek-dc410": dingtek.dc410,
    "dingtek-df530": dingtek.df530,
    "dingtek-df702": dingtek.df702,
    "dragino-air-quality": dragino.air_quality,
    "dragino-climate": dragino.climate,
    "dragino-door-or-leak": dragino.door_or_leak,
    "dragino-inputs": dragino.inputs,
    "dragino-leaf": dragino.leaf,
    "dragino-lidar": dragino.lidar,
    "dragino-node": dragino.node,
    "dragino-soil": dragino.soil,
    "dragino-soil-ph": dragino.soil_ph,
    "dragino-ultrasonic": dragino.ultrasonic,
    "dragino-ultrasonic-four": dragino.ultrasonic_four,
    "enginko-level": enginko.decode,
    **milesight.BY_MODEL,
    "netvox": netvox.decode,
    "nwave-g4-counter": nwave.g4_counter,
    "nwave-g4-parking": nwave.g4_parking,
    "nwave-nps310": nwave.nps310,
    "teneo-filling-degree": teneo.filling_degree,
    "teneo-soil-moisture": teneo.soil_moisture,
    "terabee-counter": terabee.counter,
    "terabee-level": terabee.level,
    "terabee-zones": terabee.zones,
    "vegapuls-air": vega.decode,
    "wilsen": wilsen.decode,
    "yobiiq-relay": yobiiq.relay,
    "yobiiq-single-phase": yobiiq.single_phase_meter,
    "yobiiq-smoke": yobiiq.smoke_detector,
    "yobiiq-three-phase": yobiiq.three_phase_meter,
}
