"""The pocket broker: MQTT 3.1.1 and 5 in memory, for the demo and for tests where no mosquitto is at hand."""

from simulators.broker.broker import PocketBroker
from simulators.broker.connection import Limits

__all__ = ["Limits", "PocketBroker"]
