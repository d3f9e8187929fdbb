"""Headless Chromium, as Debian packages it, for tests of pages."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ops.stack.apt import apt_install, can_apt_install
from playwright.async_api import Browser, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Installs Debian's chromium where that is possible; elsewhere the error says what to install."""
    sandbox = ("--no-sandbox",) if os.getuid() == 0 else ()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=await _program(), args=[*QUIET, *sandbox], headless=True
        )
        try:
            yield browser
        finally:
            await browser.close()


async def _program() -> str:
    if not _installed() and can_apt_install():
        await apt_install("chromium")
    program = _installed()
    if program is None:
        raise RuntimeError("no Chromium: install it (`apt-get install chromium`) or name it in CHROMIUM")
    return program


def _installed() -> str | None:
    candidates = [os.environ.get("CHROMIUM", ""), *NAMES]
    return next((found for name in candidates if name and (found := shutil.which(name))), None)
