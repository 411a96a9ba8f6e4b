"""Trading from the page: ticket, notices, blotter, tape and position, as a trader sees them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.browser.page import Page, named
from tests.waiting import wait_for

TICKET = named("order-ticket")
SUBMIT = "#ticket-submit"


@pytest.fixture
def trader(page: Page) -> Page:
    """The trader's portfolio, live and with its rows."""
    page.enter_live("trader")
    page.await_rows()
    return page


def write_ticket(page: Page, side: str, symbol: str, qty: str, **more: str) -> None:
    """Fill the ticket in; more: type, and limit or stop price."""
    page.click(f"[data-ticket-side={side}]")
    page.fill("#ticket-symbol", symbol)
    page.choose("#ticket-type", more.pop("type", "market"))
    for name, price in more.items():
        page.fill(f"#ticket-{name}", price)
    page.fill("#ticket-qty", qty)


def held(page: Page, symbol: str) -> Decimal:
    """Return the quantity that a row shows, zero where there is none."""
    shown = page.rows("positions").get(symbol, {}).get("quantity", "0")
    return Decimal(shown.replace("\u2212", "-").replace(",", ""))


def test_a_market_order_fills_in_every_place(trader: Page) -> None:
    """An order's button says what it will do; its fill is in notice, tape and position (U5, U6)."""
    before = held(trader, "KO")
    write_ticket(trader, "buy", "KO", "10")
    assert "Buy 10 KO at market" == trader.text(SUBMIT)
    trader.click(SUBMIT)
    assert trader.await_toast("Order Filled: BUY 10 KO @ $")
    wait_for(lambda: held(trader, "KO") == before + 10)
    newest = next(iter(trader.get("/api/trades")["trades"]))
    fill = trader.await_rows("trades")[newest["tradeId"]]
    price = f"@ {Decimal(newest['price']):,.2f}"
    what = fill["symbol"].splitlines()[0]
    assert ("BUY", "10 KO", price) == (fill["side"], what, fill["price"])


def test_selling_part_of_a_position_leaves_the_rest(trader: Page) -> None:
    """A sell takes exactly its quantity out of the row (U6)."""
    before = held(trader, "MSFT")
    write_ticket(trader, "sell", "MSFT", "3")
    assert "Sell 3 MSFT at market" == trader.text(SUBMIT)
    trader.click(SUBMIT)
    trader.await_toast("Order Filled: SELL 3 MSFT @ $")
    wait_for(lambda: held(trader, "MSFT") == before - 3)
    there = {one["symbol"]: one for one in trader.get("/api/positions")["positions"]}
    assert before - 3 == Decimal(there["MSFT"]["quantity"])


def test_a_limit_order_rests_until_it_is_canceled(trader: Page) -> None:
    """A limit order away from the market works in the blotter; its button cancels it (U6, S4)."""
    write_ticket(trader, "buy", "JNJ", "2", type="limit", limit="12.50")
    assert "Buy 2 JNJ at 12.50 limit" == trader.text(SUBMIT)
    trader.click(SUBMIT)
    wait_for(lambda: [row["statusText"] for row in trader.rows("orders").values()])
    ((order_id, row),) = trader.rows("orders").items()
    wait_for(lambda: "Working" in trader.rows("orders")[order_id]["statusText"])
    assert ("BUY", "2 JNJ\nLimit 12.50 · day") == (row["side"], row["symbol"])
    trader.click(f"[data-action=cancel-order][data-order='{order_id}']")
    assert "Order Canceled: BUY 2 JNJ" == trader.await_toast("Order Canceled: ")
    wait_for(lambda: order_id not in trader.rows("orders"))
    trader.click("[data-scope=all]")
    wait_for(lambda: "Canceled" in trader.rows("orders").get(order_id, {}).get("statusText", ""))


def test_a_refused_order_shows_the_brokers_words(trader: Page) -> None:
    """What the broker refuses is told with the broker's reason (U5)."""
    write_ticket(trader, "buy", "AAPL", "1000000")
    trader.click(SUBMIT)
    assert "Order Rejected: BUY 1,000,000 AAPL" == trader.await_toast("Order Rejected: ")
    assert "insufficient buying power" in trader.text(f"{named('toast')} span")


def test_bad_input_is_told_at_its_field(trader: Page) -> None:
    """Input that can't be sent is explained at its field, by the page or by the server (U6)."""
    write_ticket(trader, "buy", "AAPL", "-5")
    trader.find("#ticket-symbol").click()
    assert "A number above 0" == trader.await_text("#ticket-qty-error", "number")
    assert trader.find(SUBMIT).get_attribute("disabled")
    # the page lets this pass, the server doesn't: no tick has three decimals
    write_ticket(trader, "buy", "AAPL", "1", type="limit", limit="12.505")
    trader.forgive(r"api/orders.*status of 4")
    trader.click(SUBMIT)
    trader.await_text("#ticket-limit-error", "at most 2 decimals")
    assert "true" == trader.attribute("#ticket-limit", "aria-invalid")
    trader.fill("#ticket-limit", "12.50")
    assert "" == trader.text("#ticket-limit-error")
