"""`tidewalk simulate` for tests: lock-step that asks again soon, or a scaled clock shared with the service.

python -m tests.walk.coast --broker HOST:PORT --ledger FILE --faults PLAN --seed N --for MINUTES
                           (--from TIME [--again S] | --scaled START,ANCHOR,SPEED)
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from domain.readings import Millis
from services.clocks import WallClock
from services.site import find, load_site
from simulators.ledger import Ledger
from simulators.plans import plan_named
from simulators.play import Played, play_live, play_lockstep
from simulators.transport import Outgoing
from simulators.transports.mqtt import MqttTransport, MqttTransportSettings
from simulators.world import World
from tests.walk.clocks import shared_clock

MINUTE: Millis = 60_000
PAUSE_S = 0.01  # after each batch, so that a quick machine does not race through what is to be disturbed


class Unhurried(MqttTransport):
    """Waits a moment after each batch."""

    async def publish(self, messages: Sequence[Outgoing]) -> None:
        """See `MqttTransport.publish`."""
        await super().publish(messages)
        await asyncio.sleep(PAUSE_S)


async def play(said: argparse.Namespace) -> Played:
    site = load_site(find("shinan"))
    scaled = shared_clock(said.scaled, WallClock()) if said.scaled else None
    start = scaled.now() if scaled else round(datetime.fromisoformat(said.since).timestamp() * 1000)
    world = World(site, said.seed, start, plan_named(said.faults))
    host, _, port = said.broker.partition(":")
    transport = Unhurried(MqttTransportSettings(host, int(port), f"walk-coast-{said.seed}"))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    until = start + round(said.span * MINUTE)
    try:
        with Ledger(said.ledger) as ledger:
            if scaled:
                return await play_live(world, transport, scaled, stop=stop, until=until, slice_s=0.05, ledger=ledger)
            return await play_lockstep(world, transport, until, ledger=ledger, again_s=said.again)
    finally:
        await transport.close()


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--broker", required=True)
    asked.add_argument("--ledger", required=True, type=Path)
    asked.add_argument("--faults", default="demo")
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--for", dest="span", type=float, required=True)
    asked.add_argument("--from", dest="since", default="")
    asked.add_argument("--again", type=float, default=0.25)
    asked.add_argument("--scaled", default="")
    played = asyncio.run(play(asked.parse_args()))
    print(json.dumps({"published": played.published, "replies": played.replies, "at": played.at}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
