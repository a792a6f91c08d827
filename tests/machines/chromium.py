"""A real Chromium, driven by playwright: one for all tests of a file, a page of its own for each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.machines.needed import needed

INSTALL = "apt-get install chromium"
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


@dataclass
class Watched:
    """A page, and everything that it complained of or asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    abroad: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)

    def _asked(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", "localhost", None):
            self.abroad.append(request.url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser of Debian."""
    path = needed("chromium", INSTALL)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()
