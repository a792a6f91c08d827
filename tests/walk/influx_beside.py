"""The forwarder before an InfluxDB of the 1.x line, in a thread of its own: the service is another process."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.machines.influx import InfluxMachine
from tests.machines.influx_forwarder import InfluxForwarder


@contextmanager
def forwarding(machine: InfluxMachine) -> Iterator[str]:
    """The URL of what speaks like a 2.x for as long as this lasts; without its engine it answers 500."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    forwarder = InfluxForwarder(machine.url)
    asyncio.run_coroutine_threadsafe(forwarder.__aenter__(), loop).result(10)
    try:
        yield forwarder.url
    finally:
        asyncio.run_coroutine_threadsafe(forwarder.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
