"""One headless Chromium for all tests of pages, with no way out, and a place where pictures of them are kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.worlds import ROOT

ARTEFACTS = Path(os.environ.get("TEST_ARTEFACTS", ROOT / "var" / "test-artefacts"))
"""Where pictures are kept; git ignores it."""
WIDTHS = {"desktop": (1280, 800), "phone": (390, 844)}


@dataclass
class Visit:
    """A page in the browser, and what it did that it should not: words on its console, and what it asked for."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, file: Path) -> None:
        """Opens a page from its file."""
        self.page.goto(file.as_uri())

    def seen(self, scheme: str, width: str) -> None:
        """Shows it in ``light`` or ``dark``, on a ``desktop`` or a ``phone``."""
        wide, high = WIDTHS[width]
        self.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        self.page.set_viewport_size({"width": wide, "height": high})

    def kept(self, name: str) -> None:
        """Keeps a picture of the whole page."""
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser that the system has; none is ever downloaded."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no browser: install chromium (Debian: apt install chromium)")
    sandboxed = () if os.geteuid() else ("--no-sandbox",)  # Chromium has no sandbox for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--disable-gpu", *sandboxed])
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Visit]:
    """A page that has not been opened; it reaches nothing but its own file."""
    page = chromium.new_page()
    made = Visit(page)

    def only_itself(route: Route) -> None:
        made.asked.append(route.request.url)
        if route.request.url.startswith("file://") and route.request.is_navigation_request():
            route.continue_()
        else:
            route.abort()

    page.route("**/*", only_itself)
    page.on("console", lambda message: made.said.append(message.text))
    page.on("pageerror", lambda error: made.said.append(str(error)))
    page.on("dialog", lambda dialog: made.said.append(dialog.message))
    yield made
    page.close()
