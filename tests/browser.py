"""A real headless Chromium for the tests of the page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium; Debian: apt install chromium")

# So that the browser itself asks nobody anything, and no sandbox where the tests run as root.
_OPTIONS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_OPTIONS))
        yield browser
        browser.close()


class Opened:
    """The page of a report in a tab of its own, with all that it asked for and all that went wrong in it."""

    def __init__(self, browser: Browser, path: Path, fragment: str = "", **settings: Any) -> None:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **settings})
        self.page: Page = context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on(
            "console",
            lambda message: self.errors.append(message.text) if message.type in ("error", "warning") else None,
        )
        self.page.goto(f"{path.as_uri()}{fragment}")
        if settings.get("java_script_enabled", True):
            self.page.wait_for_selector("html.ready #plot svg", state="attached")

    def rows(self) -> list[str]:
        """The variants that are shown, in their order."""
        return self.page.locator("#variants tbody tr:not(.details):visible th").all_inner_texts()

    def close(self) -> None:
        self.page.context.close()
