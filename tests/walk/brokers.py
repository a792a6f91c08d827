"""Brokers for programs that are processes of their own."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from simulators.broker import PocketBroker
from tests.machines.mosquitto import Mosquitto

Where = Callable[[Path], AbstractContextManager[str]]


@contextmanager
def own_mosquitto(folder: Path) -> Iterator[str]:
    """A mosquitto with the shipped limits; HOST:PORT."""
    folder.mkdir(parents=True)
    broker = Mosquitto(folder)
    broker.start()
    try:
        yield f"127.0.0.1:{broker.port}"
    finally:
        broker.kill()


@contextmanager
def pocket_broker(_: Path | None = None) -> Iterator[str]:
    """A pocket broker in a thread of its own; HOST:PORT."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="pocket broker")
    thread.start()
    broker = PocketBroker()
    try:
        asyncio.run_coroutine_threadsafe(broker.open(), loop).result(10)
        yield f"127.0.0.1:{broker.port}"
    finally:
        asyncio.run_coroutine_threadsafe(broker.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


BROKERS: Final[dict[str, Where]] = {"mosquitto": own_mosquitto, "the pocket broker": pocket_broker}
