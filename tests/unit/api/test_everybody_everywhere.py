"""Every route × every role × own and other zone, against the table of `services.people.policy`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest
import pytest_asyncio

from domain.messages import Quarantined
from services.api.access import Access
from services.live.changes import What
from services.people.policy import ACTIONS, DISPATCHERS, POLICY, UNKNOWN, Reach, deed_of
from services.people.roles import Role
from tests.fakes.memory_photos import picture
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import T0, wrong
from tests.unit.people.folk import Folk

ZONES: dict[str, tuple[str, ...]] = {"own": ("west",), "other": ("east",), "whole": ()}
UNTIL = "2026-10-02T00:00:00Z"
NUMBERS = count(1)


@dataclass
class Coast:
    gate: Gate
    folk: Folk
    tokens: dict[tuple[Role, str], str]

    async def ask(self, role: Role, zones: str, verb: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[role, zones]}"}
        return await self.gate.client.request(verb, path, json=body, headers=headers)


def made() -> Coast:
    """One alarm and one order in each bay, work announced and a message kept aside; a token of each role and zones."""
    folk = Folk()
    tokens = {(role, name): folk.token(role, *zones) for role in Role for name, zones in ZONES.items()}
    gate = Gate(access=Access(reception=folk.reception))
    gate.play.hear(T0, wrong("lamp-3", T0))
    gate.commit()
    gate.measured("lamp-1", T0, active_power=61.0)
    gate.measured("lamp-3", T0, active_power=61.0)
    gate.photos.keep(gate.order("leak"), picture())
    gate.aside.keep([Quarantined(17, 0, "", "not JSON: x", "t", b"{", T0, b"12345678")])
    return Coast(gate, folk, tokens)


@pytest.fixture
def built() -> Coast:
    return made()


@pytest_asyncio.fixture
async def coast(built: Coast) -> Any:
    async with built.gate.client:
        await announced(built)
        yield built


async def announced(coast: Coast) -> str:
    plan = f"00000000-0000-4000-b000-{next(NUMBERS):012d}"
    said = {"id": plan, "facility": "lamp-1", "until": UNTIL, "reason": "painted"}
    answer = await coast.ask(Role.ADMIN, "whole", "POST", "/api/v1/maintenance", said)
    assert answer.status_code == 200, answer.text
    return plan


def routes(coast: Coast) -> Iterator[tuple[str, str]]:
    for path, verbs in coast.gate.app.openapi()["paths"].items():
        yield from ((verb.upper(), path) for verb in verbs)


def request(coast: Coast, verb: str, path: str, plan: str = "") -> tuple[str, Any]:
    """A thing of the west, for each route."""
    fresh = f"00000000-0000-4000-8000-{next(NUMBERS):012d}"
    said = {"id": fresh, "by": "li", "reason": "seen"}
    named = {
        "order": coast.gate.order("leak"),
        "facility": "lamp-1",
        "zone": "west",
        "crew": "lamps-w",
        "rule": "bin-full",
        "key": "letter-1",
        "row": 17,
        "place": 0,
        "given": fresh,
        "plan": plan,
        "photo": coast.gate.photos.of(coast.gate.order("leak"))[0],
    }
    bodies = {
        "/api/v1/orders/{order}/actions": said | {"action": "note"},
        "/api/v1/maintenance": {**said, "facility": "lamp-1", "until": UNTIL},
        "/api/v1/stops": {**said, "action": "resume_work", "zone": "west"},
        "/api/v1/crews/{crew}/links": {"days": 1},
        "/api/v1/crews/{crew}/links/revoke": {},
    }
    query = "?of=lamp-1" if path == "/api/v1/explain" else ""
    return path.format(**named) + query, bodies.get(path, said) if verb == "POST" else None


def expected(verb: str, path: str, role: Role, zones: str) -> bool:
    deed = deed_of(verb, path)
    if deed.reach is Reach.OPEN:
        return True
    limited, away = zones != "whole", zones == "other"
    too_far = (deed.reach is Reach.WHOLE and limited) or (deed.reach is Reach.PLACED and away)
    return role in deed.roles and not too_far


@pytest.mark.asyncio
async def test_every_route_lets_in_whom_the_table_names_and_nobody_else(coast: Coast):
    wrong_ones = []
    for verb, path in routes(coast):
        for role in Role:
            for zones in ZONES:
                plan = await announced(coast) if "{plan}" in path else ""
                where, body = request(coast, verb, path, plan)
                answer = await coast.ask(role, zones, verb, where, body)
                let_in = answer.status_code not in (401, 403)
                if let_in is not expected(verb, path, role, zones) or answer.status_code >= 500:
                    wrong_ones.append(f"{verb} {path} as {role} of {zones}: {answer.status_code} {answer.text[:200]}")
                if answer.status_code == 403:
                    needs = answer.json()["needs"]
                    assert needs["roles"] or needs["zones"] or needs["whole"], answer.text
        where, body = request(coast, verb, path)
        open_to_all = (await coast.gate.client.request(verb, where, json=body)).status_code != 401
        assert open_to_all is (deed_of(verb, path).reach is Reach.OPEN), path
    assert wrong_ones == []


@pytest.mark.asyncio
async def test_every_route_stands_in_the_table_and_every_line_of_the_table_is_a_route(coast: Coast):
    there = {f"{verb} {path}" for verb, path in routes(coast)} | {"GET /openapi.json"}
    assert {route for route in there if deed_of(*route.split()) is UNKNOWN} == set()
    signed = {route for route, deed in POLICY.items() if deed.reach is Reach.SIGNED}  # tests/unit/crew walks those
    assert set(POLICY) - there == signed


@pytest.mark.asyncio
async def test_a_list_shows_what_is_in_their_zones_and_nothing_else(coast: Coast):
    west, east = ("lamp-1", "lamps-w", "west"), ("lamp-3", "lamps-e", "east")
    shown = {
        "/api/v1/zones": ('"id":"west"', '"id":"east"'),
        "/api/v1/facilities": ("lamp-1", "lamp-3"),
        "/api/v1/alarms": ("lamp-1", "lamp-3"),
        "/api/v1/orders": ("lamp-1", "lamp-3"),
        "/api/v1/crews": ("lamps-w", "lamps-e"),
        "/api/v1/readings?from=2026-09-30T00:00:00Z": ("lamp-1", "lamp-3"),
        "/api/v1/maintenance": ("lamp-1", None),
        "/api/v1/stops": (None, None),  # none is in force
        "/api/v1/events": (None, None),  # below
    }
    listed = {path for route, deed in POLICY.items() if deed.reach is Reach.LISTED for path in route.split()[1:]}
    assert listed == {path.partition("?")[0] for path in shown}, (west, east)
    for path, (of_west, of_east) in shown.items():
        for zones, mine, others in (("own", of_west, of_east), ("other", of_east, of_west)):
            text = (await coast.ask(Role.VIEWER, zones, "GET", path)).text
            assert mine is None or mine in text, (path, zones, text)
            assert others is None or others not in text, (path, zones, text)
        whole = (await coast.ask(Role.VIEWER, "whole", "GET", path)).text
        assert all(one is None or one in whole for one in (of_west, of_east)), path


@pytest.mark.asyncio
@pytest.mark.parametrize("asked", ["alarms?facility=lamp-1", "orders?zone=west", "facilities?zone=west"])
async def test_asking_for_another_zone_by_name_shows_nothing(coast: Coast, asked: str):
    name = asked.partition("?")[0]
    assert (await coast.ask(Role.VIEWER, "own", "GET", f"/api/v1/{asked}")).json()[name]
    assert (await coast.ask(Role.VIEWER, "other", "GET", f"/api/v1/{asked}")).json()[name] == []


@pytest.mark.asyncio
async def test_what_changes_is_told_to_those_whose_zone_it_is(coast: Coast):
    before = coast.gate.hub._log[0].changes[0].number - 1

    async def events(zones: str) -> list[dict[str, Any]]:
        token = coast.tokens[Role.VIEWER, zones]
        headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": f"e0-{before}"}
        text = (await coast.gate.client.get("/api/v1/events", headers=headers)).text
        frames = [dict(line.split(": ", 1) for line in one.split("\n")) for one in text.strip().split("\n\n")]
        return [one | {"data": json.loads(one["data"])} for one in frames]

    def told(found: list[dict[str, Any]], what: What) -> set[str]:
        return {one["data"]["body"].get("zone") or one["data"]["id"] for one in found if one["event"] == what}

    own, other, whole = [await events(zones) for zones in ZONES]
    assert told(own, What.ORDER) == {"west"}
    assert told(other, What.ORDER) == {"east"}
    assert told(whole, What.ORDER) == {"west", "east"}
    assert "lamp-3" not in told(own, What.FACILITY)
    assert "lamp-3" in told(other, What.FACILITY)
    assert len(told(own, What.ALARM)) + len(told(other, What.ALARM)) == len(told(whole, What.ALARM))
    counted = {one["data"]["id"]: one["data"]["body"]["facilities"] for one in other if one["event"] == What.ELEMENT}
    assert all(number <= 1 for number in counted.values())  # one lamp stands in the east


@pytest.mark.asyncio
@pytest.mark.parametrize("action", ["close", "confirm", "reassign", "note"])
async def test_an_action_is_for_the_roles_that_its_table_names(coast: Coast, action: str):
    for role in Role:
        path = f"/api/v1/orders/{coast.gate.order('leak')}/actions"
        said = {"id": f"00000000-0000-4000-9000-{next(NUMBERS):012d}", "action": action, "reason": "seen"}
        answer = await coast.ask(role, "own", "POST", path, said)
        assert (answer.status_code == 403) is (role not in ACTIONS.get(action, DISPATCHERS)), (role, answer.text)


@pytest.mark.asyncio
async def test_what_changes_something_is_in_the_trail_with_what_came_of_it(coast: Coast):
    path = f"/api/v1/orders/{coast.gate.order('leak')}/actions"
    said = {"id": f"00000000-0000-4000-a000-{next(NUMBERS):012d}", "action": "note", "reason": "seen"}
    await coast.ask(Role.OPERATOR, "own", "POST", path, said)
    await coast.ask(Role.VIEWER, "own", "POST", path, said)
    await coast.gate.client.post(path, json=said)
    answer = await coast.ask(Role.ADMIN, "whole", "GET", "/api/v1/audit?limit=3")
    first, second, third = answer.json()["entries"]
    assert (first["who"], first["result"]) == ("", "401 Unauthorized")
    assert (second["who"], second["result"]) == ("viewer west", "403 Forbidden")
    assert (third["who"], third["result"], third["about"]) == ("operator west", "200 OK", path)
    assert third["what"] == "POST /api/v1/orders/{order}/actions"
    assert third["before"].startswith("note SN-")
    assert third["after"].startswith("note SN-")
    assert third["address"] == "127.0.0.1"
    rest = await coast.ask(Role.ADMIN, "whole", "GET", f"/api/v1/audit?limit=1&cursor={answer.json()['next']}")
    assert rest.json()["entries"][0]["number"] == third["number"] - 1


@pytest.mark.asyncio
async def test_what_is_revoked_is_refused_within_two_seconds(coast: Coast):
    made, text = coast.folk.registry.add_token("short", Role.VIEWER, [], 86_400_000)
    headers = {"Authorization": f"Bearer {text}"}
    coast.folk.later(2_000)
    assert (await coast.gate.client.get("/api/v1/me", headers=headers)).json()["name"] == "short"
    coast.folk.registry.revoke_token(made.id)
    coast.folk.later(2_000)
    assert (await coast.gate.client.get("/api/v1/me", headers=headers)).status_code == 401


@pytest.mark.asyncio
async def test_nobody_is_let_in_while_nobody_can_be_told_who_they_are(coast: Coast):
    coast.folk.kept.away = True
    coast.folk.later(60_000)
    answer = await coast.ask(Role.ADMIN, "whole", "GET", "/api/v1/orders")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await coast.gate.client.get("/healthz")).status_code == 200
