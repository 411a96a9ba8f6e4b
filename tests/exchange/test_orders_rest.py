"""The orders endpoints, through Alpaca's own client and over plain HTTP."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.requests import (
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopOrderRequest,
)

from tests.exchange.desk import Live, until
from tests.exchange.rest_calls import HEADERS, ask, buy, resting, status
from tests.exchange.schema import check


def test_order_is_placed_and_filled(live: Live) -> None:
    """A market order is answered pending, fills, and has the form Alpaca promises throughout."""
    client = live.client(raw=True)
    request = MarketOrderRequest(
        symbol="AAPL", qty=1.5, side=OrderSide.BUY, time_in_force=TimeInForce.DAY
    )
    placed = client.submit_order(request)
    assert isinstance(placed, dict)
    assert ("pending_new", "1.5", "") == (placed["status"], placed["qty"], placed["order_class"])
    check(placed, "/v2/orders", "post")
    until(lambda: client.get_order_by_id(placed["id"])["status"] == "filled", "fill")
    filled = client.get_order_by_id(placed["id"])
    assert ("1.5", "100") == (filled["filled_qty"], filled["filled_avg_price"])
    check(filled, "/v2/orders/{order_id}")


@pytest.mark.parametrize(
    "request_type", ["limit", "stop", "stop_limit", "notional", "coin", "extended"]
)
def test_every_kind_of_order_is_taken(live: Live, request_type: str) -> None:
    """All order types that are offered come back as they were sent."""
    base: dict[str, Any] = {"symbol": "AAPL", "side": "buy", "time_in_force": "day"}
    sent = {
        "limit": LimitOrderRequest(**base, qty=1, limit_price=90.25),
        "stop": StopOrderRequest(**base, qty=1, stop_price=120),
        "stop_limit": StopLimitOrderRequest(**base, qty=1, stop_price=120, limit_price=121),
        "notional": MarketOrderRequest(**base, notional=250.5),
        "coin": LimitOrderRequest(
            symbol="BTCUSD", side="buy", time_in_force="gtc", qty=0.001, limit_price=15000
        ),
        "extended": LimitOrderRequest(**base, qty=1, limit_price=90, extended_hours=True),
    }[request_type]
    order = live.client(raw=True).submit_order(sent)
    assert isinstance(order, dict)
    fields = sent.to_request_fields()
    for name in ("qty", "notional", "limit_price", "stop_price"):
        wanted = fields.get(name)
        assert (None if wanted is None else Decimal(str(wanted))) == (
            None if order[name] is None else Decimal(order[name])
        )
    assert "BTC/USD" == order["symbol"] or request_type != "coin"
    check(order, "/v2/orders", "post")


def test_numbers_may_be_strings(live: Live) -> None:
    """What other clients send as strings is read as the same numbers."""
    body = {"symbol": "AAPL", "side": "buy", "type": "limit", "time_in_force": "day"}
    answer = ask(live, "POST", "/v2/orders", json={**body, "qty": "2", "limit_price": "9.50"})
    assert (200, "2", "9.5") == (
        answer.status_code, answer.json()["qty"], answer.json()["limit_price"],
    )  # fmt: skip


def test_order_is_found_by_the_clients_own_id(live: Live) -> None:
    """A client order id finds its order; an unknown one is 404."""
    client = live.client()
    mine = str(uuid4())
    order = resting(client, client_order_id=mine)
    assert order.id == client.get_order_by_client_id(mine).id
    answer = ask(live, "GET", "/v2/orders:by_client_order_id?client_order_id=nobody")
    assert (404, 40410000) == (answer.status_code, answer.json()["code"])


def test_repeated_order_is_refused_so_a_retry_is_harmless(live: Live) -> None:
    """The same client order id is taken once."""
    client = live.client()
    resting(client, client_order_id="once")
    with pytest.raises(APIError) as refused:
        resting(client, client_order_id="once")
    assert (422, 40010001) == (refused.value.status_code, refused.value.code)


def test_orders_are_listed_by_status_symbol_and_side(live: Live) -> None:
    """The list is filtered as asked; open orders are the default."""
    client = live.client()
    filled = buy(client, "MSFT", 1)
    waiting = resting(client)
    coin = resting(client, "BTC/USD")

    def ids(**query: Any) -> list[Any]:
        orders = client.get_orders(GetOrdersRequest(**query))
        return [order.id for order in orders]

    assert [coin.id, waiting.id] == [order.id for order in client.get_orders()]
    assert [filled.id] == ids(status=QueryOrderStatus.CLOSED, nested=True)
    assert [filled.id, waiting.id, coin.id] == ids(status=QueryOrderStatus.ALL, direction="asc")
    assert [coin.id] == ids(symbols=["BTC/USD"])
    assert [coin.id] == ids(symbols=["BTCUSD", "NOPE"])
    assert [] == ids(side=OrderSide.SELL)
    check(ask(live, "GET", "/v2/orders?status=all").json(), "/v2/orders")


def test_orders_are_paged_by_time_and_by_id(live: Live) -> None:
    """After and until are exclusive, so a page starts where the last one ended."""
    client = live.client()
    orders = [resting(client) for _ in range(5)]
    query = {"direction": "asc", "limit": "2", "status": "all"}

    def page(**more: str) -> list[dict[str, Any]]:
        answer = ask(live, "GET", "/v2/orders", params={**query, **more})
        return list(answer.json())

    first = page()
    second = page(after=first[-1]["submitted_at"])
    third = page(after_order_id=second[-1]["id"])
    got = [order["id"] for order in (*first, *second, *third)]
    assert [str(order.id) for order in orders] == got
    assert first == page(until=second[0]["submitted_at"], limit="500")
    assert first == page(before_order_id=second[0]["id"], limit="500")


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "status=odd", "direction=up", "after=noon", "side=both",
     "nested=perhaps", "until=2026-99-99"],
)  # fmt: skip
def test_query_that_makes_no_sense_is_refused(live: Live, query: str) -> None:
    """A list that can't be understood is refused, naming the parameter."""
    answer = ask(live, "GET", f"/v2/orders?{query}")
    assert 422 == answer.status_code
    assert query.partition("=")[0] in answer.json()["message"]


def test_order_is_replaced(live: Live) -> None:
    """A replacement has a new id; the chain is on both orders."""
    client = live.client()
    old = resting(client)
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(qty=3, limit_price=6))
    until(lambda: status(client, old) == OrderStatus.REPLACED, "replacement")
    assert (new.id, old.id) == (client.get_order_by_id(old.id).replaced_by, new.replaces)
    assert ("3", "6") == (new.qty, new.limit_price)
    check(ask(live, "GET", f"/v2/orders/{new.id}").json(), "/v2/orders/{order_id}", "patch")


def test_order_is_canceled_once(live: Live) -> None:
    """A cancel is 204; of an ended order 422, of an unknown one 404."""
    client = live.client()
    order = resting(client)
    assert 204 == ask(live, "DELETE", f"/v2/orders/{order.id}").status_code
    until(lambda: status(client, order) == OrderStatus.CANCELED, "cancel")
    again = ask(live, "DELETE", f"/v2/orders/{order.id}")
    assert (422, "order is not cancelable") == (again.status_code, again.json()["message"])
    assert 404 == ask(live, "DELETE", f"/v2/orders/{uuid4()}").status_code


def test_all_orders_are_canceled(live: Live) -> None:
    """Cancelling all answers a status for each order."""
    client = live.client()
    orders = [resting(client), resting(client, "MSFT")]
    answers = client.cancel_orders()
    assert {order.id: 200 for order in orders} == {one.id: one.status for one in answers}
    until(lambda: client.get_orders() == [], "no open orders")
    answer = ask(live, "DELETE", "/v2/orders")
    assert (207, []) == (answer.status_code, answer.json())


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"qty": NaN}', b'{"qty": Infinity}',
     b"[" * 50_000],
)  # fmt: skip
@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_body_that_is_no_object_is_refused(live: Live, body: bytes, content_type: str) -> None:
    """A body that holds no JSON object is 400, whatever it calls itself."""
    headers = {**HEADERS, "Content-Type": content_type}
    answer = ask(live, "POST", "/v2/orders", data=body, headers=headers)
    assert (400, "request body format is invalid") == (
        answer.status_code, answer.json()["message"],
    )  # fmt: skip


def test_body_that_is_too_long_is_refused(live: Live) -> None:
    """A body beyond the limit is 413, in JSON."""
    answer = ask(live, "POST", "/v2/orders", data=json.dumps({"symbol": "A" * 100_000}))
    assert 413 == answer.status_code
    assert "message" in answer.json()
