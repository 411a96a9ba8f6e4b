"""A real Chromium through dash[testing], and the desks it looks at."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from dash.testing.browser import Browser
from selenium.webdriver import ChromeOptions

from tests.browser.page import Page
from tests.desk_server import DeskProcess, running_desk

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip
DESKTOP = (1440, 1000)
NEEDED = ("chromium", "chromedriver")
MISSING = "no chromium or chromedriver: apt-get install chromium chromium-driver"
# dash[testing] asks for a selenium that calls urllib3 the old way
SELENIUM_IS_OLD = "ignore:HTTPResponse.getheader:DeprecationWarning"
FOLDER = Path(__file__).parent


def pytest_setup_options() -> ChromeOptions:
    """Return Chromium's options; dash[testing] asks for them by this name."""
    options = ChromeOptions()
    for flag in FLAGS:
        options.add_argument(flag)
    options.binary_location = shutil.which("chromium") or ""
    return options


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder; skip it where there is no browser, except in CI."""
    ours = [item for item in items if FOLDER in item.path.parents]
    missing = not all(shutil.which(program) for program in NEEDED)
    for item in ours:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.filterwarnings(SELENIUM_IS_OLD))
        if missing and os.environ.get("CI") != "true":
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests; its driver is the installed one, never a downloaded one."""
    driver = shutil.which("chromedriver")
    assert driver, MISSING
    assert shutil.which("chromium"), MISSING
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SE_CHROMEDRIVER", driver)
        environment.setenv("SE_OFFLINE", "true")
        with Browser(
            "chrome",
            headless=True,
            options=[pytest_setup_options()],
            download_path=str(tmp_path_factory.mktemp("downloads")),
            percy_run=False,
        ) as browser:
            # everything here waits for a condition of its own
            browser.driver.implicitly_wait(0)
            yield browser


@pytest.fixture(scope="session")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """A desk with the demo's people, for tests that leave it running."""
    with running_desk(tmp_path_factory.mktemp("desk")) as desk:
        yield desk


@pytest.fixture
def page(window: Page, desk: DeskProcess) -> Page:
    """A fresh window on the demo desk, nobody signed in."""
    window.url = desk.url
    return window


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """A fresh window; at the end no page may have put an error on the console."""
    chromium.driver.set_window_size(*DESKTOP)
    page = Page(chromium, "")
    try:
        yield page
        assert [] == page.complaints()
    finally:
        _forget(chromium)


def _forget(browser: Browser) -> None:
    """Close further tabs, sign out, and drop what the browser stored and logged."""
    driver = browser.driver
    first, *others = driver.window_handles
    for other in others:
        driver.switch_to.window(other)
        driver.close()
    driver.switch_to.window(first)
    if driver.current_url.startswith("http"):
        driver.execute_script("localStorage.clear()")
    driver.get("about:blank")
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    driver.get_log("browser")
