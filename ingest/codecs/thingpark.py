"""Actility ThingPark's uplinks, as its tunnel interface and its connectors give them."""

from collections.abc import Mapping
from typing import Any

from domain.errors import RejectedError
from ingest import quarantine
from ingest.codecs import picking
from ingest.codecs.loriot import battery_level
from ingest.codecs.picking import Object
from ingest.codecs.uplink import Uplink


def decode(payload: bytes) -> tuple[Uplink, ...]:
    """The uplink; nothing of a downlink, a location or a notification. Raises RejectedError."""
    said = picking.parsed_object(payload)
    report = said.get("DevEUI_uplink")
    if not isinstance(report, dict):
        if any(name.startswith("DevEUI_") for name in said):
            return ()
        report = said
    if "DevEUI" not in report or not ("payload_hex" in report or "FCntUp" in report or "payload" in report):
        raise RejectedError(quarantine.not_an_envelope("ThingPark", "it has no DevEUI_uplink"))
    heard = picking.objects(picking.inner(report, "Lrrs"), "Lrr")
    uplink = Uplink(
        eui=picking.known(picking.text(report, "DevEUI"), "ThingPark"),
        at=picking.instant(report.get("Time")),
        port=picking.whole(report, "FPort", absent=0),
        counter=picking.whole(report, "FCntUp", absent=-1),
        payload=picking.from_hex(report.get("payload_hex") or "", "payload_hex"),
        fields=_fields(report),
        **_radio([report, *heard]),
        battery=battery_level(picking.number(report, "BatteryLevel")),
        model=_model(report),
    )
    return (uplink,)


def _radio(heard: list[Object]) -> dict[str, float | None]:
    rssi, snr = picking.best(heard, "LrrRSSI", "LrrSNR")
    return {"rssi": rssi, "snr": snr}


def _fields(report: Object) -> Mapping[str, Any] | None:
    found = report.get("payload")
    return found if isinstance(found, dict) and found else None


def _model(report: Object) -> str:
    driver = picking.inner(picking.inner(report, "DriverCfg"), "mod")
    maker, model = picking.text(driver, "pId"), picking.text(driver, "mId")
    if not (maker and model):
        maker, _, model = picking.text(picking.inner(picking.inner(report, "CustomerData"), "alr"), "pro").partition(
            "/"
        )
    return f"{maker}/{model}".lower() if maker and model else ""
