"""A phone's width: everything fits, and trading is one thumb away."""

from __future__ import annotations

import pytest

from tests.browser.page import Page, named
from tests.waiting import wait_for

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
LONG = {
    "span-change": "−$12,345,678.90",
    "span-percent": "+1,234.56%",
    "span-drawdown": "−98.76%",
    "span-now": "−98.76%",
    "span-high": "$12,345,678.90",
}
_WIDTHS = """
const inSight = (one) => !one.closest("details:not([open]) > :not(summary)");
const sticksOut = (one) => {
  const box = one.getBoundingClientRect();
  return box.width && box.right > innerWidth && inSight(one);
};
const found = [...document.querySelectorAll("body *")].filter(sticksOut);
return [document.scrollingElement.scrollWidth, innerWidth,
  found.map((one) => `${one.tagName}.${one.className} ${one.getBoundingClientRect().right}`)];
"""


@pytest.fixture
def phone(page: Page) -> Page:
    """A window as narrow as a phone."""
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    return page


def fits(page: Page) -> None:
    """Assert that nothing makes the page scroll sideways."""
    wide, window, culprits = page.js(_WIDTHS)
    assert wide <= window == 390, culprits


def test_the_login_fits_a_phone(phone: Page) -> None:
    """The way in fits into 390 pixels (section 3)."""
    phone.open("/login")
    phone.find(".demo-button")
    fits(phone)


@pytest.mark.parametrize(
    ("user", "path", "there"),
    [
        ("trader", "/portfolio", "#positions-grid .ag-row"),
        ("trader", "/analytics", "#analytics-equity .main-svg"),
        ("admin", "/admin/stream", "#stat-connections"),
    ],
)
def test_a_page_fits_a_phone(phone: Page, user: str, path: str, there: str) -> None:
    """Each page fits into 390 pixels, with the navigation at its bottom (section 3)."""
    phone.enter(user)
    if path == "/analytics":
        # two samples make a line; one is taken every five seconds
        wait_for(lambda: len(phone.get("/api/equity")["equity"]) >= 2)
    phone.open(path)
    phone.await_link("live")
    phone.find(there)
    fits(phone)
    bar = phone.js("return document.querySelector('nav.rail').getBoundingClientRect().toJSON()")
    assert (390, 844) == (bar["width"], round(bar["bottom"]))


def test_long_figures_fit_a_phone(phone: Page) -> None:
    """Figures of a large account and a bad month stay within 390 pixels (section 3)."""
    phone.enter_live("trader", "/analytics")
    phone.find("#span-drawdown")
    for name, words in LONG.items():
        phone.js("document.getElementById(arguments[0]).textContent = arguments[1]", name, words)
    fits(phone)


def test_the_ticket_opens_as_a_sheet(phone: Page) -> None:
    """On a phone the ticket comes up from the navigation, is usable, and goes again (U6)."""
    phone.enter_live("trader")
    phone.await_rows()
    phone.click("nav [data-action=sheet]")
    wait_for(lambda: sheet_top(phone) < 844)
    phone.fill("#ticket-symbol", "MSFT")
    phone.fill("#ticket-qty", "1")
    phone.await_text("#ticket-submit", "Buy 1 MSFT at market")
    fits(phone)
    phone.click(f"{named('order-ticket')} .sheet-close")
    wait_for(lambda: not phone.has("#ticket-submit") or sheet_top(phone) >= 844)


def sheet_top(page: Page) -> float:
    """Return where the ticket begins, in pixels from the top."""
    return float(page.js(
        f"return document.querySelector(\"{named('order-ticket')}\").getBoundingClientRect().top"
    ))  # fmt: skip
