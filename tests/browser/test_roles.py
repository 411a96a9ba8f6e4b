"""Who sees what: the viewer, the trader and the admin, on the page and on the server."""

from __future__ import annotations

from tests.browser.page import Page, call, named, session_of
from tests.desk_server import DeskProcess
from tests.waiting import wait_for

ORDER = {"symbol": "AAPL", "side": "buy", "type": "market", "qty": "1"}


def test_a_viewer_sees_the_account_but_no_trading_control(page: Page, desk: DeskProcess) -> None:
    """A viewer's page has figures and a working order, but no ticket and no cancel (U6)."""
    cookie = session_of(desk.url, "trader")
    resting = {**ORDER, "type": "limit", "limitPrice": "11"}
    status, order = call(desk.url, "POST", "/api/orders", resting, cookie)
    assert 202 == status
    page.enter_live("analyst")
    assert len(page.await_rows()) >= 4
    rows = page.await_rows("orders")
    assert any("Limit 11.00" in row["symbol"] for row in rows.values())
    controls = [named("order-ticket"), "[data-action=cancel-order]", "[data-action=sheet]"]
    assert [0, 0, 0] == [
        page.js("return document.querySelectorAll(arguments[0]).length", one) for one in controls
    ]
    order_id = (order.get("order") or order)["orderId"]
    refusals = [
        page.api("POST", "/api/orders", ORDER),
        page.api("DELETE", f"/api/orders/{order_id}"),
    ]
    assert [403, 403] == [refused for refused, _ in refusals]
    call(desk.url, "DELETE", f"/api/orders/{order_id}", None, cookie)
    wait_for(lambda: order_id not in page.rows("orders"))


def test_only_admins_open_the_stream_page(page: Page) -> None:
    """Anyone else gets 403, in words, and no link leads there (O9, U13)."""
    page.forgive(r"/admin/stream.*status of 403")
    page.enter("trader", "/admin/stream")
    assert "This page is for administrators" == page.find(".refusal h1").text
    assert not page.has("a[href='/admin/stream']")
    assert [403, 403] == [
        page.api("GET", f"/api/admin/{name}")[0] for name in ("websocket-stats", "connections")
    ]


def test_an_admin_watches_the_stream_move(page: Page, desk: DeskProcess) -> None:
    """With a trader's page open, the admin sees its connection, and counters that rise (U13)."""
    page.enter_live("trader")
    page.driver.switch_to.new_window("tab")
    # cookies belong to a host name: this one is the admin's
    page.url = desk.url.replace("127.0.0.1", "localhost")
    page.enter("admin", "/admin/stream")
    wait_for(lambda: page.text("#stat-connections") not in ("", "0", "–"))
    assert int(page.text("#stat-connections")) >= 1
    wait_for(lambda: "trader" in {row["user"] for row in page.rows("connections").values()})
    total = page.text("#stat-messages-total")
    wait_for(lambda: page.text("#stat-messages-total") != total)
    drawn = "return document.querySelectorAll('#stream-graph .scatterlayer .trace').length"
    wait_for(lambda: page.js(drawn) >= 5)
    assert page.text("#stat-p95").endswith("ms")
