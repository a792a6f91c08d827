"""The page over HTTP: what it carries, who may, and that nothing of others becomes markup."""

import json
import re
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from domain.site import Name
from services.api.access import Access, Tokens
from services.api.guard import Guard
from services.console import words
from services.console.pages import OWN, Break, Console, router
from services.console.session import COOKIE, Sessions
from services.live.hub import Hub
from services.site.scenery import Scenery
from tests.fakes.hand_clock import HandClock
from tests.unit.dispatch.coast import T0, coast

HOST = "http://127.0.0.1:8090"
LONG = "a-token-that-is-long-enough"
STATIC = Path(words.__file__).parent / "static"


def client(*, access: Access | None = None, breaks: Break | None = None, name: str = "Coast") -> TestClient:
    site = replace(coast(), name=Name(name, "岸线"))
    hub = Hub(site, HandClock(T0), epoch="e1", status=lambda: {"status": "ready"})
    allowed = access or Access()
    beat = {"at": T0, "rate": 1.0, "speed": 1}
    console = Console(site, Scenery(), hub, Sessions(HandClock(T0)), lambda: beat, access=allowed, breaks=breaks)
    app = FastAPI()
    app.add_middleware(Guard, access=allowed, own=OWN)
    app.include_router(router(console))
    return TestClient(app, base_url=HOST)


def test_the_page_lets_nothing_in_from_elsewhere_and_no_script_in_its_lines():
    page = client().get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    for script in re.findall(r"<script([^>]*)>([^<]*)", page.text):
        assert "src=" in script[0] or 'type="application/json"' in script[0]
    assert not re.findall(r"\son\w+=|\sstyle=|javascript:|https?://", page.text)
    for header in ("x-content-type-options", "x-frame-options", "referrer-policy", "cross-origin-opener-policy"):
        assert page.headers[header]


def test_every_file_that_is_named_is_there_and_comes_from_here():
    asked = client()
    page = asked.get("/").text
    named = {one.removeprefix("/static/") for one in re.findall(r'(?:src|href)="(/static/[^"]+)"', page)}
    for file in STATIC.glob("*.js"):
        named |= set(re.findall(r'from "\./([^"]+)"', file.read_text("utf-8")))
    for name in named:
        answer = asked.get(f"/static/{name}")
        assert answer.status_code == 200, name
        again = asked.get(f"/static/{name}", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert asked.get("/static/..%2Fpages.py").status_code == 404
    assert {file.name for file in STATIC.iterdir()} == named | {"signin.js"}


def test_no_module_makes_markup_out_of_text():
    for file in STATIC.glob("*.js"):
        text = file.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text), (
            file
        )


def test_names_are_text_in_the_page_whatever_they_say():
    page = client(name='<img src=x onerror=alert(1)>"').get("/?lang=en").text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


@pytest.mark.parametrize(
    ("asked", "accepts", "spoken"),
    [("?lang=en", "zh-CN", "en"), ("?lang=zh", "en", "zh"), ("", "en-GB,en;q=0.9", "en"), ("", "fr", "zh")],
)
def test_it_speaks_the_language_of_the_address_or_of_the_browser(asked: str, accepts: str, spoken: str):
    visitor = client()
    page = visitor.get(f"/{asked}", headers={"Accept-Language": accepts}).text
    assert f'<html lang="{"zh-CN" if spoken == "zh" else "en"}"' in page
    if asked:  # and remembers it
        assert f'<html lang="{"zh-CN" if spoken == "zh" else "en"}"' in visitor.get("/").text


def test_every_word_is_there_in_both_tongues_and_every_key_that_is_used_is_a_word():
    for language in words.LANGUAGES:
        assert all(words.words(language).values())
    used = set()
    for file in STATIC.glob("*.js"):
        used |= set(re.findall(r'\bword\("([^"]+)"', file.read_text("utf-8")))
    assert used <= set(words.WORDS)
    for standing in ("alarm", "attended", "verifying", "held", "silent", "noted", "ok", "unknown"):
        assert standing in words.terms("en")["standing"]


def test_dark_is_the_same_dark_by_system_and_by_switch():
    tokens = (STATIC / "tokens.css").read_text("utf-8")
    by_system, by_switch = (
        re.findall(r"--[\w-]+: [^;]+;", tokens.split(mark, 1)[1].split("}")[0])
        for mark in (':root:not([data-theme="light"]) {', ':root[data-theme="dark"] {')
    )
    assert by_system == by_switch
    assert by_system


def test_colours_and_measures_are_said_in_one_file_alone():
    for file in (*STATIC.glob("*.js"), STATIC / "page.css"):
        assert not re.search(r"#[0-9a-f]{3,8}\b(?!\()|\brgba?\(", re.sub(r"#\w+\(", "(", file.read_text("utf-8"))), file


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_marks_can_be_told_from_their_ground(theme: str):
    tokens = (STATIC / "tokens.css").read_text("utf-8")
    light, dark = tokens.split(':root[data-theme="dark"] {')[0].split("@media")[0], tokens.split("@media")[1]
    colour = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    if theme == "dark":
        colour |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark))
    for ink in ("ink", "ink-soft", "alarm", "attended", "verifying", "held", "silent", "ok", "accent"):
        assert contrast(colour[ink], colour["panel"]) >= 4.5, ink
    for fill in ("alarm", "attended", "verifying", "ok"):
        assert contrast(colour[fill], colour["on-standing"]) >= 3, fill
        assert contrast(colour[fill], colour["land"]) >= 3, fill
    assert contrast(colour["accent-ink"], colour["accent"]) >= 4.5
    assert contrast(colour["map-ink"], colour["land"]) >= 4.5


def contrast(one: str, other: str) -> float:
    """As WCAG 2 counts it."""

    def light(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_the_socket_gives_a_snapshot_to_a_page_of_ours():
    visitor = client()
    visitor.get("/")
    headers = {"Origin": HOST, "Host": "127.0.0.1:8090", "Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"}
    # the test client cancels whoever still serves the socket that it leaves
    with suppress(CancelledError), visitor.websocket_connect("/live", headers=headers) as socket:
        frames = [json.loads(socket.receive_text()) for _ in range(2)]
    snapshot = next(frame["snapshot"] for frame in frames if "snapshot" in frame)
    assert set(snapshot) == {"epoch", "number", "facilities", "alarms", "orders", "elements", "status"}
    assert next(frame["beat"] for frame in frames if "beat" in frame)["at"] == T0


@pytest.mark.parametrize(
    ("origin", "cookie", "host"),
    [
        ("https://elsewhere.example", True, "127.0.0.1:8090"),
        ("", True, "127.0.0.1:8090"),
        ("null", True, "127.0.0.1:8090"),
        ("http://127.0.0.1:9999", True, "127.0.0.1:8090"),
        (HOST, False, "127.0.0.1:8090"),
        ("http://evil.example", True, "evil.example"),
    ],
)
def test_the_socket_is_refused_to_anybody_else(origin: str, cookie: bool, host: str):
    visitor = client()
    visitor.get("/")
    headers = {"Host": host} | ({"Origin": origin} if origin else {})
    headers |= {"Cookie": f"{COOKIE}={visitor.cookies[COOKIE]}"} if cookie else {}
    with pytest.raises(WebSocketDisconnect) as refused, visitor.websocket_connect("/live", headers=headers):
        pass
    assert refused.value.code == 1008


def test_a_cookie_runs_out_and_cannot_be_made_up():
    clock = HandClock(T0)
    sessions = Sessions(clock)
    cookie = sessions.fresh()
    assert sessions.knows(cookie)
    assert not Sessions(clock).knows(cookie)
    for wrong in ("", ".", "x.y.z", cookie[:-1], cookie + "0", "f" + cookie, "é.é.é"):
        assert not sessions.knows(wrong)
    clock.at += 13 * 3_600_000
    assert not sessions.knows(cookie)


def beyond() -> Access:
    return Access(Tokens([("li", sha256(LONG.encode()).digest())]), frozenset({"127.0.0.1"}), beyond=True)


def test_beyond_this_machine_the_page_asks_for_a_token_before_it_shows_anything():
    visitor = client(access=beyond())
    assert "signin.js" in visitor.get("/").text
    assert COOKIE not in visitor.cookies
    assert visitor.get("/live/chart").status_code == 403
    assert visitor.get("/live/session").status_code == 403
    same = {"Origin": HOST}
    assert visitor.post("/live/session", json={"token": "wrong"}, headers=same).status_code == 403
    for strange in ("http://x", "http://[::1", "null", ""):
        assert visitor.post("/live/session", json={"token": LONG}, headers={"Origin": strange}).status_code == 403
    assert visitor.post("/live/session", json={"token": LONG}, headers=same).status_code == 204
    assert "main.js" in visitor.get("/").text
    assert visitor.get("/live/chart").status_code == 200


def test_only_a_demo_can_be_broken_and_only_from_its_page():
    broken: list[str] = []

    async def breaks(what: str) -> str | None:
        broken.append(what)
        return "bin-1" if what == "bin" else None

    plain, demo, same = client(), client(breaks=breaks), {"Origin": HOST}
    assert plain.post("/live/break", json={"what": "bin"}, headers=same).status_code in (404, 405)
    assert "data-break" not in plain.get("/").text
    assert demo.post("/live/break", json={"what": "bin"}, headers=same).status_code == 403
    assert "data-break" in demo.get("/").text
    assert demo.post("/live/break", json={"what": "bin"}).status_code == 403
    assert demo.post("/live/break", json={"what": "bin"}, headers=same).json() == {"facility": "bin-1"}
    assert demo.post("/live/break", json={"what": "toilet"}, headers=same).status_code == 409
    assert demo.post("/live/break", json={"what": "the bank"}, headers=same).status_code == 422
    assert broken == ["bin", "toilet"]
