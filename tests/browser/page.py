"""A page of AlphaFlow as a person sees it: what stands in its cells, and what one can do there."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from typing import Any

from dash.testing.browser import Browser
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.desk_server import PASSWORD
from tests.waiting import wait_for

COOKIE = "alphaflow_session"
WAIT_S = 20.0
_CELLS = """
const read = (cell) => [cell.getAttribute("col-id"), cell.innerText];
const row = (one) => [one.getAttribute("row-id"),
  Object.fromEntries([...one.querySelectorAll("[col-id]")].map(read))];
return Object.fromEntries([...document.querySelectorAll(`#${arguments[0]} .ag-row[row-id]`)]
  .filter((one) => !one.classList.contains("ag-row-pinned")).map(row));
"""  # fmt: skip
_PADDING = re.compile("[\u2007\u2008]")

Rows = dict[str, dict[str, str]]


class Page:
    """One browser window on one desk.

    Args:
        browser: dash's own.
        url: base URL of the desk.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self.driver = browser.driver
        self.url = url
        self.cookie = ""
        self._forgiven: list[str] = []

    # moving about

    def open(self, path: str) -> None:
        """Load a path of the desk."""
        self.driver.get(self.url + path)

    def enter(self, user: str, path: str = "/portfolio", password: str = PASSWORD) -> None:
        """Sign in without the form, then load a path."""
        self.cookie = session_of(self.url, user, password)
        where = {"name": COOKIE, "value": self.cookie, "url": self.url, "httpOnly": True}
        self.driver.execute_cdp_cmd("Network.setCookie", {**where, "sameSite": "Lax"})
        self.open(path)

    def enter_live(self, user: str, path: str = "/portfolio", password: str = PASSWORD) -> None:
        """Sign in, load a path and wait for the stream."""
        self.enter(user, path, password)
        self.await_link("live")

    @property
    def path(self) -> str:
        """The address without the desk's own part."""
        return str(self.driver.current_url).removeprefix(self.url)

    # reading

    def js(self, script: str, *args: object) -> Any:
        """Run a script in the page and return its result."""
        return self.driver.execute_script(script, *args)

    def find(self, selector: str) -> WebElement:
        """Return the first element that matches and is shown, waiting for it."""
        found: WebElement = wait_for(lambda: self._shown(selector), WAIT_S)
        return found

    def has(self, selector: str) -> bool:
        """Say whether anything matches and is shown."""
        return self._shown(selector) is not None

    def text(self, selector: str) -> str:
        """Return the text of the first match, empty when there is none."""
        return str(self.js(
            "return document.querySelector(arguments[0])?.innerText ?? ''", selector
        ))  # fmt: skip

    def attribute(self, selector: str, name: str) -> str | None:
        """Return an attribute of the first match, None when there is none."""
        found: str | None = self.js(
            "return document.querySelector(arguments[0])?.getAttribute(arguments[1])",
            selector, name,
        )  # fmt: skip
        return found

    @property
    def link(self) -> str | None:
        """The connection indicator's state."""
        return self.attribute(named("connection-status"), "data-state")

    def rows(self, grid: str) -> Rows:
        """Return a table's rows: by symbol where that names them, cells as read by a person."""
        found = self.js(_CELLS, f"{grid}-grid")
        return {
            name.partition(":")[2] or name: {
                column: _PADDING.sub("", cell).strip() for column, cell in cells.items()
            }
            for name, cells in found.items()
        }

    def toasts(self) -> list[str]:
        """Return the headlines of the notices on the page."""
        return list(self.js(
            "return [...document.querySelectorAll('[data-testid=toast] b')].map((t) => t.innerText)"
        ))  # fmt: skip

    # waiting and doing

    def await_link(self, state: str, timeout_s: float = WAIT_S) -> None:
        """Wait for a state of the connection indicator."""
        wait_for(lambda: self.link == state, timeout_s)

    def await_text(self, selector: str, words: str, timeout_s: float = WAIT_S) -> str:
        """Wait until the first match says words; return all it says."""
        wait_for(lambda: words in self.text(selector), timeout_s)
        return self.text(selector)

    def await_rows(self, grid: str = "positions") -> Rows:
        """Wait until a table has rows."""
        found: Rows = wait_for(lambda: self.rows(grid), WAIT_S)
        return found

    def await_toast(self, words: str) -> str:
        """Wait for a notice that starts with words."""
        found = wait_for(lambda: [t for t in self.toasts() if t.startswith(words)], WAIT_S)
        return found[0]

    def click(self, selector: str) -> None:
        """Click what matches, once it is there."""
        self.find(selector).click()

    def fill(self, selector: str, words: str) -> None:
        """Replace what a field holds."""
        # by keys: React doesn't hear of a value that was merely set
        self.find(selector).send_keys(Keys.CONTROL + "a", Keys.NULL, Keys.DELETE, words)

    def choose(self, selector: str, value: str) -> None:
        """Choose an option of a select."""
        self.find(f"{selector} option[value='{value}']").click()

    # the desk behind it

    def api(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the desk as the person on the page; return status and JSON."""
        return call(self.url, method, path, body, self.cookie)

    def get(self, path: str) -> Any:
        """Return the JSON at a path, as the person on the page."""
        status, answer = self.api("GET", path)
        assert 200 == status, answer
        return answer

    # what the console said

    def forgive(self, *patterns: str) -> None:
        """Let console errors pass that match: the test causes them."""
        self._forgiven += patterns

    def complaints(self) -> list[str]:
        """Return the errors on the console that nobody forgave."""
        said = [
            entry["message"]
            for handle in self.driver.window_handles
            for entry in self._console(handle)
        ]
        return [one for one in said if not any(re.search(known, one) for known in self._forgiven)]

    def _console(self, handle: str) -> list[dict[str, Any]]:
        self.driver.switch_to.window(handle)
        return list(self.driver.get_log("browser"))

    def _shown(self, selector: str) -> WebElement | None:
        try:
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            return next((one for one in found if one.is_displayed()), None)
        except WebDriverException:
            # the page was just replaced: look again
            return None


def named(name: str) -> str:
    """Return the selector of an element that scripts rely on (spec section 6)."""
    return f"[data-testid='{name}']"


def call(
    url: str, method: str, path: str, body: object = None, cookie: str = ""
) -> tuple[int, Any]:
    """Call a desk as a script does; return status and JSON."""
    request = urllib.request.Request(
        url + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Cookie": f"{COOKIE}={cookie}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
            return answer.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.loads(refusal.read())


def session_of(url: str, user: str, password: str = PASSWORD) -> str:
    """Sign in as a script does and return the session cookie's value."""
    request = urllib.request.Request(
        url + "/login",
        data=json.dumps({"username": user, "password": password}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        cookie = answer.headers["Set-Cookie"]
    return str(cookie.partition("=")[2].partition(";")[0])
