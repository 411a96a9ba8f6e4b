"""The way in and out, in a real browser."""

from __future__ import annotations

from tests.browser.page import Page, named
from tests.desk_server import PASSWORD
from tests.waiting import wait_for


def sign_in(page: Page, user: str, password: str) -> None:
    """Fill the form in and send it."""
    page.fill("#login-username", user)
    page.fill("#login-password", password)
    page.click(".login-card button[type=submit].primary")


def test_the_form_leads_to_moving_figures(page: Page) -> None:
    """Signing in with the form opens the portfolio, live, and its P&L cells move (U2, R4)."""
    page.open("/login")
    sign_in(page, "trader", PASSWORD)
    page.await_link("live")
    assert "/portfolio" == page.path
    before = {symbol: row["pnl"] for symbol, row in page.await_rows().items()}
    assert len(before) >= 4
    wait_for(
        lambda: sum(row["pnl"] != before.get(s) for s, row in page.rows("positions").items()) >= 3
    )
    equity = page.text(named("equity"))
    wait_for(lambda: page.text(named("equity")) != equity)
    assert "live" == page.attribute(named("live-badge"), "data-state")


def test_a_wrong_password_is_said_plainly(page: Page) -> None:
    """A wrong password leads back to the form, which says what is wrong and keeps the target."""
    page.open("/analytics")
    sign_in(page, "trader", "not the password")
    assert "User name or password is wrong." == page.find(".form-error").text
    assert "" == page.js("return document.querySelector('#login-password').value")
    sign_in(page, "trader", PASSWORD)
    page.await_link("live")
    assert "/analytics" == page.path


def test_one_click_opens_the_demo(page: Page) -> None:
    """On the machine itself, one click enters the demo (spec section 6)."""
    page.open("/login")
    page.find(".demo-button")
    names = page.js(
        "return [...document.querySelectorAll('.demo-button b')].map((b) => b.innerText)"
    )
    assert ["trader", "trader2", "analyst", "admin"] == names
    page.click(".demo-button")
    page.await_link("live")
    assert ("/portfolio", True) == (page.path, len(page.await_rows()) >= 4)


def test_a_stranger_is_led_to_the_login_and_back(page: Page) -> None:
    """An anonymous visit leads to the login page, and signing in leads back (R1, O9)."""
    page.open("/portfolio")
    page.find("#login-username")
    assert page.path.startswith("/login")
    sign_in(page, "trader", PASSWORD)
    page.await_link("live")
    assert "/portfolio" == page.path
    page.driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    page.open("/analytics")
    page.find("#login-username")
    assert "/login?next=/analytics" == page.path
    sign_in(page, "trader", PASSWORD)
    page.await_link("live")
    assert "/analytics" == page.path


def test_signing_out_ends_every_tab(page: Page) -> None:
    """Signing out ends the stream with 1008: this tab and the other one are at the login (R1)."""
    page.enter_live("trader")
    first = page.driver.current_window_handle
    page.driver.switch_to.new_window("tab")
    page.open("/analytics")
    page.await_link("live")
    second = page.driver.current_window_handle
    page.driver.switch_to.window(first)
    # an ack may be on its way at the moment that the server hangs up
    page.forgive(r"status of 401", r"already in CLOSING or CLOSED state")
    page.click(".user-menu summary")
    page.click(".user-menu form button[type=submit]")
    page.find("#login-username")
    page.driver.switch_to.window(second)
    page.find("#login-username")
    assert page.path.startswith("/login?next=")
    assert 401 == page.api("GET", "/api/positions")[0]
