"""Settings that cannot work are refused where they are written."""

from typing import Any

import pytest

from ingest.sources.paho import PahoSettings
from ingest.sources.settings import MqttSettings, site_filters

GOOD: dict[str, Any] = {"site": "coast", "client_id": "tidewalk", "filters": ("a/#",)}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"receive_maximum": 65535}, "65534"),
        ({"receive_maximum": 0}, "receive_maximum"),
        ({"keep_alive": 0}, "keep_alive"),
        ({"filters": ()}, "filters is empty"),
        ({"batch_messages": 0}, "at least 1"),
    ],
)
def test_a_setting_that_cannot_work_is_named(wrong: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        MqttSettings(**{**GOOD, **wrong})


def test_paho_needs_the_name_of_a_session():
    with pytest.raises(ValueError, match="client_id"):
        PahoSettings(**{**GOOD, "client_id": ""})


def test_a_password_is_not_printed():
    assert "hidden" not in repr(MqttSettings(**GOOD, username="me", password="hidden"))  # noqa: S106 (of nobody)


def test_the_clock_is_heard_on_simulated_sites_only():
    assert set(site_filters("coast", simulated=True)) - set(site_filters("coast")) == {"tidewalk/coast/clock"}


def test_network_servers_are_heard_only_where_the_site_has_their_devices():
    assert set(site_filters("coast", relayed=True)) - set(site_filters("coast")) == {
        "tidewalk/coast/uplink/+",
        "tidewalk/coast/uplink/+/+",
        "application/+/device/+/event/up",
        "v3/+/devices/+/up",
    }


def test_the_service_never_hears_its_own_orders_and_receipts():
    assert not any(
        "orders" in pattern or "receipts" in pattern or pattern.endswith("#") for pattern in site_filters("s")
    )


def test_nothing_is_asked_for_that_nobody_can_read():
    assert all(pattern.startswith("tidewalk/coast/") for pattern in site_filters("coast", simulated=True))
