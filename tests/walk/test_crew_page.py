"""The crew's page on a phone, in a real Chromium, over a service with its journal: with network, without, and again."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from services.dispatch.orders import OrderState
from tests.machines.axe import found_by
from tests.machines.chromium import Watched
from tests.walk.crewed import Crewed, crewed

pytestmark = pytest.mark.machine
CREW, PHONE = "collect-w1", {"width": 390, "height": 844}
SMALLEST = 48
TARGETS = """() => [...document.querySelectorAll("button, a, summary, .camera, .choices label, textarea")]
  .filter((one) => one.checkVisibility())
  .map((one) => [one.textContent, one.getBoundingClientRect().width, one.getBoundingClientRect().height])"""
# A picture of a camera: large, and with EXIF behind its first two bytes.
CAMERA = """async () => {
  const canvas = new OffscreenCanvas(3000, 2000);
  const pen = canvas.getContext("2d");
  for (let n = 0; n < 400; n += 1) {
    pen.fillStyle = `hsl(${n * 37} 70% ${30 + (n % 5) * 10}%)`;
    pen.fillRect((n * 331) % 2900, (n * 197) % 1900, 300, 200);
  }
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
  const bytes = new Uint8Array(await blob.arrayBuffer());
  return btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
}"""


@pytest.fixture(scope="module")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crewed]:
    with crewed(tmp_path_factory.mktemp("crewed") / "state") as served:
        yield served


@contextmanager
def phone(chromium: Browser, **more: Any) -> Iterator[BrowserContext]:
    with chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, **more) as context:
        yield context


def opened(context: BrowserContext, link: str) -> Page:
    page = context.new_page()
    page.goto(link)
    alive(page)
    return page


def alive(page: Page) -> None:
    page.wait_for_selector("html[data-alive=yes]")
    page.wait_for_selector("#net[data-net=on], #net[data-net=off]")


def card(page: Page, coast: Crewed, facility: str) -> Any:
    return page.locator(f"[id='{coast.order(facility).id}']")


def picture(page: Page) -> dict[str, Any]:
    plain = base64.b64decode(page.evaluate(CAMERA))
    about = b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"
    whole = plain[:2] + b"\xff\xe1" + (2 + len(about)).to_bytes(2) + about + plain[2:]
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": whole}


def test_accepted_then_done_without_network_with_a_photo_and_sent_once_when_it_is_back(
    chromium: Browser, coast: Crewed
):
    coast.says("bin-015", fill_level=97.0)
    with phone(chromium) as context:
        page = opened(context, coast.link(CREW))
        watched = Watched(page)
        shown = card(page, coast, "bin-015")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        shown.locator("[data-act=accept]").click()
        expect(shown.locator(".state")).to_have_text("已接单")
        coast.becomes("bin-015", OrderState.ACCEPTED)

        context.set_offline(True)
        expect(page.locator("#net")).to_have_attribute("data-net", "off")
        shown.locator("[data-act=done]").click()
        page.locator("#asking").get_by_text("已清运/清洁").click()
        page.locator("#asking-note").fill("桶旁也清了")
        page.locator("#asking-photo").set_input_files(picture(page))
        expect(page.locator(".photos canvas")).to_be_visible()
        page.get_by_role("button", name="提交").click()
        expect(shown.locator(".pending")).to_have_text("完成 · 待发送")
        expect(page.locator("#waiting strong")).to_have_text("1 条待发送")

        page.reload()  # the phone was put away, and the page is opened again out there
        alive(page)
        expect(shown.locator(".pending")).to_have_text("完成 · 待发送")
        expect(shown.locator(".acts button")).to_have_count(0)
        assert [one["action"] for one in coast.replies(CREW)] == ["accept"]

        context.set_offline(False)
        expect(page.locator("#answers li").first).to_have_attribute("data-standing", "ok", timeout=15_000)
        expect(page.locator("#waiting")).to_be_hidden()
        order = coast.becomes("bin-015", OrderState.DONE)
        assert [one["action"] for one in coast.replies(CREW)] == ["accept", "done"]
        found = re.fullmatch(r"已清运/清洁; 桶旁也清了; photo:([0-9a-f]{32})", order.history[-1].why)
        assert found, order.history[-1].why
        kept = Path(coast.settings.state / "photos" / order.id / f"{found[1]}.jpg").read_bytes()
        assert b"Exif" not in kept
        assert len(kept) < 300_000

        assert on_the_live_page(chromium, coast, order.case) == ("green", 1)
        coast.says("bin-015", fill_level=5.0)  # the sensor agrees
        expect(shown).to_have_count(0)
        assert watched.abroad == []
        assert [one for one in watched.complaints if "ERR_INTERNET_DISCONNECTED" not in one] == []


def on_the_live_page(chromium: Browser, coast: Crewed, case: str) -> tuple[str | None, int]:
    """The colour of an order's lamp, and how many of its photos are shown."""
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(coast.url)
        page.wait_for_selector("html[data-alive=yes]")
        row = page.locator("#orders .case", has_text=case)
        row.locator("button").click()
        expect(page.locator(".photos img")).to_have_js_property("naturalWidth", 1280)  # as the phone made it
        return row.locator(".lamp").get_attribute("data-lamp"), page.locator(".photos img").count()


def test_an_answer_whose_receipt_was_lost_goes_out_again_and_stays_one(chromium: Browser, coast: Crewed):
    coast.says("bin-012", fill_level=97.0)
    before = len(coast.replies(CREW))
    lost: list[str] = []

    def loses(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch().text())
            route.abort()

    with phone(chromium, service_workers="block") as context:
        page = opened(context, coast.link(CREW))
        page.route("**/replies", loses)
        card(page, coast, "bin-012").locator("[data-act=accept]").click()
        expect(page.locator("#answers li").first).to_have_attribute("data-standing", "ok", timeout=15_000)
        assert '"standing":"ok"' in lost[0]
        assert len(coast.replies(CREW)) == before + 1


def test_given_back_held_and_more_time_go_with_a_reason_and_a_time(chromium: Browser, coast: Crewed):
    coast.says("bin-020", fill_level=97.0)
    with phone(chromium, service_workers="block") as context:
        page = opened(context, coast.link(CREW))
        page.locator("#language").click()
        shown = card(page, coast, "bin-020")
        shown.locator("[data-act=accept]").click()
        expect(shown.locator(".state")).to_have_text("accepted")
        shown.locator("[data-act=extend]").click()
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#asking-wrong")).to_have_text("Choose or write a reason.")
        page.locator("#asking").get_by_text("Too many people").click()
        page.get_by_role("button", name="Send").click()
        expect(shown).to_contain_text("More time until")
        asked = coast.order("bin-020").asked
        assert asked is not None
        assert asked.until - (coast.order("bin-020").limits.finish or 0) == 3_600_000
        shown.locator("[data-act=hold]").click()
        page.locator("#asking").get_by_text("Waiting for parts").click()
        page.locator("#asking").get_by_text("in 1 day").click()
        page.get_by_role("button", name="Send").click()
        expect(shown).to_contain_text("On hold until")
        coast.becomes("bin-020", OrderState.ON_HOLD)
        shown.locator("[data-act=resume]").click()
        expect(shown.locator("[data-act=decline]")).to_be_visible()
        shown.locator("[data-act=decline]").click()
        page.locator("#asking-note").fill("road closed")
        page.get_by_role("button", name="Send").click()
        expect(shown).to_have_count(0)
        assert coast.order("bin-020").declined == (CREW,)


@pytest.mark.parametrize(("scheme", "tongue"), [("light", "zh"), ("dark", "en")])
def test_nobody_is_kept_out_by_small_targets_or_pale_words(
    chromium: Browser, coast: Crewed, axe: str, scheme: str, tongue: str
):
    coast.says("bin-003", fill_level=97.0)
    with phone(chromium, color_scheme=scheme, service_workers="block") as context:
        page = opened(context, coast.link(CREW))
        if tongue == "en":
            page.locator("#language").click()
        page.locator("summary").first.click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-CN" if tongue == "zh" else "en")
        fits(page, axe)
        page.locator("[data-act=done]").first.click()
        page.locator("#asking-photo").set_input_files(picture(page))
        expect(page.locator(".photos canvas")).to_be_visible()
        fits(page, axe)
        if scheme == "dark":
            fits(opened_wrong(context, coast), axe)


def fits(page: Page, axe: str) -> None:
    assert found_by(axe, page) == []
    assert [one for one in page.evaluate(TARGETS) if min(one[1], one[2]) < SMALLEST] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def opened_wrong(context: BrowserContext, coast: Crewed) -> Page:
    page = context.new_page()
    page.goto(f"{coast.url}/crew/none")
    expect(page.locator("main")).to_contain_text("请联系值班席重新获取")
    return page


def test_a_page_whose_link_is_revoked_says_so_and_keeps_what_waits_for_the_next_link(chromium: Browser, coast: Crewed):
    coast.says("bin-017", fill_level=97.0)
    with phone(chromium) as context:
        page = opened(context, coast.link(CREW))
        context.set_offline(True)
        shown = card(page, coast, "bin-017")
        shown.locator("[data-act=accept]").click()
        expect(shown.locator(".pending")).to_be_visible()
        coast.revoke(CREW)
        context.set_offline(False)
        expect(page.locator("#net")).to_have_attribute("data-net", "void", timeout=15_000)
        expect(page.locator("#waiting")).to_be_visible()
        page.close()
        again = opened(context, coast.link(CREW))
        expect(again.locator("#answers li").first).to_have_attribute("data-standing", "ok", timeout=15_000)
        coast.becomes("bin-017", OrderState.ACCEPTED)
