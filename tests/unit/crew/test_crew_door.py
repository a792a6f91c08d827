"""What a crew's link opens, and what nothing else does: over the app, with everything behind it made up."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.api.access import Access
from services.crew.door import A_MINUTE
from services.crew.links import DAY
from services.dispatch.orders import OrderState
from services.people.policy import POLICY, Reach
from services.people.roles import Role
from tests.fakes.memory_photos import picture
from tests.unit.api.gate import Gate
from tests.unit.dispatch.coast import T0
from tests.unit.people.folk import Folk

GIVEN = "00000000-0000-4000-8000-{:012d}"


class Pages:
    """A coast with a lamp out (lamps-w) and a leak (lamps-w2), where people have to say who they are."""

    def __init__(self) -> None:
        self.folk = Folk()
        self.admin = self.folk.token(Role.ADMIN)
        self.gate = Gate(access=Access(reception=self.folk.reception))
        self.number = 0

    def link(self, crew: str) -> str:
        return self.gate.links.given(crew).url.removeprefix("https://coast.example")

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.gate.client.get(path, headers=headers)

    async def says(self, link: str, action: str, order: str, given: str = "", **more: Any) -> httpx.Response:
        self.number += 1
        said = {"id": given or GIVEN.format(self.number), "order": order, "action": action, "revision": 1, **more}
        return await self.gate.client.post(f"{link}/replies", json=said)

    async def photographed(self, link: str, order: str, body: bytes) -> httpx.Response:
        headers = {"Content-Type": "image/jpeg"}
        return await self.gate.client.put(f"{link}/orders/{order}/photos", content=body, headers=headers)


@pytest_asyncio.fixture
async def pages() -> AsyncIterator[Pages]:
    made = Pages()
    async with made.gate.client:
        yield made


def crew_of(pages: Pages, rule: str) -> tuple[str, str]:
    order = pages.gate.books.order(pages.gate.order(rule))
    return order.crew, order.id


@pytest.mark.asyncio
async def test_a_link_opens_the_orders_of_its_crew_and_of_no_other(pages: Pages):
    lamps, lamp = crew_of(pages, "lamp-out")
    power, leak = crew_of(pages, "leak")
    assert lamps != power
    for crew, order, other in ((lamps, lamp, leak), (power, leak, lamp)):
        answer = await pages.get(f"{pages.link(crew)}/orders")
        found = [row["order"]["order"] for row in answer.json()["orders"]]
        assert order in found
        assert other not in found
    refused = await pages.says(pages.link(lamps), "accept", leak)
    assert refused.json()["standing"] == "refused"
    assert pages.gate.books.order(leak).state is OrderState.DISPATCHED
    assert (await pages.photographed(pages.link(lamps), leak, picture())).status_code == 404


@pytest.mark.asyncio
async def test_every_route_below_a_link_is_shut_to_whoever_has_none_whatever_token_they_show(pages: Pages):
    signed = {route for route, deed in POLICY.items() if deed.reach is Reach.SIGNED}
    told = {"link": "x" * 60, "given": GIVEN.format(0), "order": pages.gate.order("leak")}
    for route in signed:
        verb, path = route.split()
        body = {"id": GIVEN.format(1), "order": "a", "action": "accept"} if verb == "POST" else None
        for token in ("", pages.admin):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = await pages.gate.client.request(verb, path.format(**told), json=body, headers=headers)
            assert answer.status_code == 403, (route, answer.text)
    assert pages.gate.journal == []


@pytest.mark.asyncio
async def test_a_link_opens_nothing_once_it_expired_was_revoked_or_was_changed(pages: Pages):
    link = pages.link("lamps-w")
    assert (await pages.get(link)).status_code == 200
    assert (await pages.get(link[:-1] + ("A" if link[-1] != "A" else "B"))).status_code == 403
    headers = {"Authorization": f"Bearer {pages.admin}"}
    answer = await pages.gate.client.post("/api/v1/crews/lamps-w/links/revoke", json={}, headers=headers)
    assert answer.json() == {"crew": "lamps-w", "revoked": True}
    no = await pages.get(link)
    assert no.status_code == 403
    assert "值班席" in no.text
    assert "duty desk" in no.text
    fresh = pages.link("lamps-w")
    assert (await pages.get(fresh)).status_code == 200
    pages.folk.later(31 * DAY)
    assert (await pages.get(fresh)).status_code == 403


@pytest.mark.asyncio
async def test_who_guesses_has_to_wait_and_keeps_no_crew_out(pages: Pages):
    answers = [await pages.get(f"/crew/guess-{n}") for n in range(25)]
    late = [one for one in answers if one.status_code == 429]
    assert late
    assert int(late[0].headers["retry-after"]) >= 1
    assert (await pages.get(pages.link("lamps-w"))).status_code == 200


@pytest.mark.asyncio
async def test_the_same_answer_again_is_one_row_of_the_journal_and_answered_the_same(pages: Pages):
    crew, order = crew_of(pages, "lamp-out")
    first = await pages.says(pages.link(crew), "accept", order, GIVEN.format(77))
    again = await pages.says(pages.link(crew), "accept", order, GIVEN.format(77))
    assert first.json() == again.json()
    assert first.json()["standing"] == "ok"
    assert len(pages.gate.journal) == 1
    other = await pages.says(pages.link(crew), "arrive", order, GIVEN.format(77))
    assert other.status_code == 409
    became = await pages.get(f"{pages.link(crew)}/replies/{GIVEN.format(77)}")
    assert became.json()["standing"] == "ok"
    assert (await pages.get(f"{pages.link('lamps-e')}/replies/{GIVEN.format(77)}")).status_code == 404


@pytest.mark.asyncio
async def test_an_answer_that_is_not_judged_yet_waits_and_is_written_once(pages: Pages):
    crew, order = crew_of(pages, "lamp-out")
    pages.gate.judging = False
    for _ in range(2):
        assert (await pages.says(pages.link(crew), "accept", order, GIVEN.format(5))).json()["standing"] == "waiting"
    assert len(pages.gate.journal) == 1
    pages.gate.judge()
    assert (await pages.get(f"{pages.link(crew)}/replies/{GIVEN.format(5)}")).json()["standing"] == "ok"


@pytest.mark.asyncio
async def test_a_full_disk_is_told_and_the_answer_may_come_again(pages: Pages):
    crew, order = crew_of(pages, "lamp-out")
    pages.gate.full = True
    assert (await pages.says(pages.link(crew), "accept", order, GIVEN.format(6))).status_code == 503
    pages.gate.full = False
    assert (await pages.says(pages.link(crew), "accept", order, GIVEN.format(6))).json()["standing"] == "ok"


@pytest.mark.asyncio
async def test_done_with_a_photo_names_it_in_the_history_and_whose_zone_it_is_may_see_it(pages: Pages):
    crew, order = crew_of(pages, "leak")
    link = pages.link(crew)
    photo = (await pages.photographed(link, order, picture())).json()["photo"]
    assert (await pages.photographed(link, order, picture())).json()["photo"] == photo
    said = {"reason": "Mended", "note": "cable", "photos": [photo]}
    assert (await pages.says(link, "done", order, **said)).json()["standing"] == "ok"
    assert pages.gate.books.order(order).history[-1].why == f"Mended; cable; photo:{photo}"
    path = f"/api/v1/photos/{photo}"
    assert (await pages.get(path)).status_code == 401
    tokens = {zone: pages.folk.token(Role.VIEWER, zone) for zone in ("west", "east")}
    pages.folk.later(2_000)
    for zone, status in (("west", 200), ("east", 403)):
        answer = await pages.get(path, Authorization=f"Bearer {tokens[zone]}")
        assert answer.status_code == status
    shown = await pages.get(path, Authorization=f"Bearer {pages.admin}")
    assert shown.content == picture()
    assert shown.headers["content-type"] == "image/jpeg"
    assert "sandbox" in shown.headers["content-security-policy"]
    unknown = await pages.says(link, "done", order, photos=["0" * 32])
    assert unknown.status_code == 422


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"GIF89a",
        picture(exif=True),
        picture(xmp=True),
        picture(5000, 3),
        picture()[:-2],
        picture(more=b"x" * 10**6),
    ],
)
async def test_what_is_no_photo_is_not_kept(pages: Pages, body: bytes):
    crew, order = crew_of(pages, "leak")
    assert (await pages.photographed(pages.link(crew), order, body)).status_code == 422
    assert pages.gate.photos.of(order) == ()


@pytest.mark.asyncio
async def test_an_order_has_so_many_photos_and_a_crew_says_so_much_in_a_minute(pages: Pages):
    crew, order = crew_of(pages, "leak")
    link = pages.link(crew)
    answers = [(await pages.photographed(link, order, picture(more=b"%d" % n))).status_code for n in range(13)]
    assert answers == [200] * 12 + [409]
    await pages.get(link)  # looking is not saying
    await pages.says(link, "note", order)  # nor is what is no answer
    for _ in range(A_MINUTE - 13):
        assert (await pages.says(link, "accept", "none", GIVEN.format(1))).status_code == 200
    assert (await pages.says(link, "accept", order)).status_code == 429
    pages.gate.clock.at += 61_000
    assert (await pages.says(link, "accept", order)).status_code == 200


@pytest.mark.asyncio
async def test_the_list_is_answered_again_only_when_it_is_another_one(pages: Pages):
    crew, order = crew_of(pages, "lamp-out")
    link = pages.link(crew)
    first = await pages.get(f"{link}/orders")
    same = await pages.get(f"{link}/orders", **{"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304
    assert int(same.headers["tidewalk-now"]) == T0
    await pages.says(link, "accept", order)
    other = await pages.get(f"{link}/orders?wait=20", **{"If-None-Match": first.headers["etag"]})
    row = next(row for row in other.json()["orders"] if row["order"]["order"] == order)
    assert row["order"]["state"] == "accepted"
    assert "accept" not in row["may"]
    assert row["map"]["zh"].startswith("https://uri.amap.com/")


@pytest.mark.asyncio
async def test_a_dispatcher_gives_out_links_of_crews_that_work_in_their_zones_alone(pages: Pages):
    pages.gate.play.site.crews["lamps-w"] = replace(pages.gate.play.site.crews["lamps-w"], zones=("west", "east"))
    token = pages.folk.token(Role.DISPATCHER, "west")
    headers = {"Authorization": f"Bearer {token}"}
    for crew, status in (("lamps-w2", 200), ("lamps-w", 403), ("lamps-e", 403), ("nobody", 404)):
        answer = await pages.gate.client.post(f"/api/v1/crews/{crew}/links", json={"days": 2}, headers=headers)
        assert answer.status_code == status, crew
    made = await pages.gate.client.post("/api/v1/crews/lamps-w2/links", json={"days": 2}, headers=headers)
    assert made.json()["url"].startswith("https://coast.example/crew/")
    trail = pages.folk.reception.entries(newest=1)[0].entry
    assert trail.after == "a link of lamps-w2, for 2 days"
