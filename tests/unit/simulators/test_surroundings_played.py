"""What the make-believe coast publishes suffices for every name of the context that is heard."""

from domain.messages import Message, Row
from ingest.pipeline import Pipeline
from rules.context.heard import COAST, CROWD, HeardContext
from rules.core.surroundings import Place
from services.site import find, load_site
from simulators.plans import plan_named
from simulators.world import World
from tests.unit.simulators.toy_coast import MINUTE, START

HOURS = 2


def test_tide_wind_rain_sight_and_crowd_are_known_in_every_zone_within_two_hours():
    site = load_site(find("shinan"))
    world, pipeline, heard = World(site, 7, START, plan_named("demo")), Pipeline(site), HeardContext(site)
    for n in range(1, HOURS * 6 + 1):
        at = START + n * 10 * MINUTE
        coast = [p for p in world.step(at) if "/coast/" in p.topic or "/crowd/" in p.topic]
        for reading in pipeline.read(Row(n, at, tuple(Message(p.topic, p.payload, at) for p in coast))).readings:
            heard.hear(reading._replace(received=reading.at))  # in lock-step each is heard when it was taken
    counted = {f.zone for f in site.facilities.values() if f.kind == "crowd"}
    for zone in site.zones:
        moments = range(START, START + HOURS * 60 * MINUTE, 10 * MINUTE)  # some counter falls silent on the way
        known = {name for moment in moments for name in heard.at(Place(zone, {}), moment).values}
        assert {*COAST, *(CROWD if zone in counted else ())} <= known, zone
    assert len(heard.save()) < 20_000
