"""Pictures of the crew's page for the documents: `python -m tests.walk.crew_pictures`."""

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests.machines.chromium import OPTIONS
from tests.walk.crewed import Crewed, crewed
from tests.walk.test_crew_page import CREW, alive, card, opened, picture

IMAGES = Path(__file__).parents[2] / "docs" / "images"
PHONE = {"width": 390, "height": 844}
MINUTE = 60_000


def staged(coast: Crewed) -> None:
    """One that is late, one that soon is, one on hold, and two that came just now."""
    coast.says("bin-012", fill_level=97.0)
    coast.later(54 * MINUTE)
    coast.says("bin-015", fill_level=98.0)
    coast.later(13 * MINUTE)
    coast.says("bin-020", fill_level=96.0)
    coast.says("light-q-005", leakage_current=42.0)
    coast.says("light-q-005", leakage_current=44.0)


def main() -> None:
    """Write them."""
    with tempfile.TemporaryDirectory() as folder, crewed(Path(folder) / "state") as coast, sync_playwright() as play:
        staged(coast)
        path = shutil.which("chromium")
        browser = play.chromium.launch(executable_path=path, args=OPTIONS)
        with browser.new_context(viewport=PHONE, device_scale_factor=1.5, is_mobile=True, has_touch=True) as context:
            _without_network(context, coast)
        english = {"color_scheme": "dark", "viewport": PHONE, "device_scale_factor": 1.5, "is_mobile": True}
        with browser.new_context(**english) as context:
            page = opened(context, coast.link("power-1"))
            page.locator("#language").click()
            page.wait_for_timeout(300)
            _shot(page, "crew-safety-dark.png")
        browser.close()


def _without_network(context: BrowserContext, coast: Crewed) -> None:
    page = opened(context, coast.link(CREW))
    page.wait_for_timeout(300)
    _shot(page, "crew-list.png")
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    shown = card(page, coast, "bin-012")
    shown.locator("[data-act=done]").click()
    page.locator("#asking").get_by_text("已清运/清洁").click()
    page.locator("#asking-note").fill("桶旁散落垃圾一并清理")
    page.locator("#asking-photo").set_input_files(picture(page))
    page.wait_for_selector(".photos canvas")
    _shot(page, "crew-done.png")
    page.get_by_role("button", name="提交").click()
    page.reload()
    alive(page)
    page.wait_for_timeout(300)
    page.evaluate("document.querySelector('[data-state=done]').scrollIntoView({ behavior: 'instant' })")
    page.wait_for_timeout(100)
    _shot(page, "crew-offline.png")


def _shot(page: Page, name: str) -> None:
    page.screenshot(path=IMAGES / name)


if __name__ == "__main__":
    main()
