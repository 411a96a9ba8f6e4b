"""The trading endpoints, through Alpaca's own client and over plain HTTP."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
import requests
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetOrdersRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopOrderRequest,
)

from tests.exchange.desk import Live, until
from tests.exchange.schema import check, check_component

HEADERS = {"APCA-API-KEY-ID": "K", "APCA-API-SECRET-KEY": "paper"}


def buy(client: TradingClient, symbol: str, qty: float, **more: Any) -> Any:
    """Send a market order to buy and wait until it has ended."""
    tif = TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
    side = more.pop("side", OrderSide.BUY)
    request = MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif, **more)
    return settled(client, client.submit_order(request))


def settled(client: TradingClient, order: Any) -> Any:
    """Return an order once it is filled."""
    until(lambda: status(client, order) == OrderStatus.FILLED, "fill")
    return client.get_order_by_id(order.id)


def status(client: TradingClient, order: Any) -> OrderStatus:
    """Return an order's status."""
    found = client.get_order_by_id(order.id)
    assert isinstance(found, Order)
    return found.status


def resting(client: TradingClient, symbol: str = "AAPL", **more: Any) -> Any:
    """Send a limit order far below the market and wait until it rests."""
    request = LimitOrderRequest(
        symbol=symbol, qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=5,
        **more,
    )  # fmt: skip
    order = client.submit_order(request)
    until(lambda: status(client, order) == OrderStatus.NEW, "new")
    return order


def ask(live: Live, method: str, path: str, **more: Any) -> requests.Response:
    """Send a plain request with good credentials."""
    more.setdefault("headers", HEADERS)
    return requests.request(method, live.url + path, timeout=10, **more)


def test_account_is_opened_with_its_deposit(live: Live) -> None:
    """Any key id opens an account with $100,000, in the form Alpaca promises."""
    account = live.client().get_account()
    assert ("100000", "100000", "200000", "2") == (
        account.cash, account.equity, account.buying_power, account.multiplier,
    )  # fmt: skip
    check(live.client(raw=True).get_account(), "/v2/account")


def test_accounts_are_apart(live: Live) -> None:
    """One key id's orders and positions are not another's."""
    order = buy(live.client("A"), "AAPL", 5)
    assert [] == live.client("B").get_all_positions()
    with pytest.raises(APIError, match="order not found"):
        live.client("B").get_order_by_id(order.id)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"APCA-API-KEY-ID": "K"},
        {"APCA-API-KEY-ID": "K", "APCA-API-SECRET-KEY": "wrong"},
        {"APCA-API-KEY-ID": "no spaces", "APCA-API-SECRET-KEY": "paper"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Bearer paper"},
    ],
)
@pytest.mark.parametrize("path", ["/v2/account", "/v2/orders", "/v2/positions/AAPL"])
def test_wrong_credentials_are_refused(live: Live, headers: dict[str, str], path: str) -> None:
    """Without the right secret every endpoint answers 401 in Alpaca's words."""
    answer = ask(live, "GET", path, headers=headers)
    assert (401, {"message": "unauthorized"}) == (answer.status_code, answer.json())


@pytest.mark.parametrize("header", ["Basic SzpwYXBlcg==", "Bearer K:paper"])
def test_other_forms_of_credentials_are_taken(live: Live, header: str) -> None:
    """Basic and Bearer open the same account as the two headers."""
    number = ask(live, "GET", "/v2/account").json()["account_number"]
    answer = ask(live, "GET", "/v2/account", headers={"Authorization": header})
    assert number == answer.json()["account_number"]


def test_configurations_are_read_by_the_client(live: Live) -> None:
    """The account's settings have the form Alpaca promises."""
    assert live.client().get_account_configurations().fractional_trading
    raw = live.client(raw=True).get_account_configurations()
    check(raw, "/v2/account/configurations")


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


def test_positions_have_exact_figures(live: Live) -> None:
    """A position's figures follow from its fills, the last trade and the last close."""
    client = live.client(raw=True)
    buy(live.client(), "AAPL", 10)
    buy(live.client(), "MSFT", 4, side=OrderSide.SELL)
    buy(live.client(), "BTC/USD", 0.5)
    live.do(lambda: live.market.traded("AAPL", "103.5"))
    live.do(lambda: live.market.traded("MSFT", 51))
    positions = client.get_all_positions()
    check(positions, "/v2/positions")
    apple, coin, short = positions
    assert isinstance(apple, dict)
    assert ("10", "100", "1000", "1035", "35", "0.035", "0.035", "103.5", "100") == tuple(
        apple[name]
        for name in (
            "qty", "avg_entry_price", "cost_basis", "market_value", "unrealized_pl",
            "unrealized_plpc", "change_today", "current_price", "lastday_price",
        )
    )  # fmt: skip
    assert ("-4", "short", "-200", "-204", "-4") == tuple(
        short[name] for name in ("qty", "side", "cost_basis", "market_value", "unrealized_pl")
    )
    assert ("BTCUSD", "0.5", "crypto") == (coin["symbol"], coin["qty"], coin["asset_class"])


@pytest.mark.parametrize("name", ["BTC/USD", "BTCUSD", "BTC%2FUSD", "id"])
def test_coin_position_is_found_in_every_spelling(live: Live, name: str) -> None:
    """A coin's position answers to both spellings, escaped or not, and to its asset id."""
    client = live.client()
    buy(client, "BTC/USD", 0.5)
    if name == "id":
        name = str(client.get_all_positions()[0].asset_id)
    answer = ask(live, "GET", f"/v2/positions/{name}")
    assert (200, "BTCUSD") == (answer.status_code, answer.json()["symbol"])
    check(answer.json(), "/v2/positions/{symbol_or_asset_id}")
    assert "0.5" == client.get_open_position("BTC/USD").qty


@pytest.mark.parametrize("name", ["AAPL", "NOPE", "BTC/USD", "a/b/c"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_position_that_is_not_there_is_404(live: Live, method: str, name: str) -> None:
    """What isn't held has no position."""
    answer = ask(live, method, f"/v2/positions/{name}")
    assert (404, {"code": 40410000, "message": "position does not exist"}) == (
        answer.status_code, answer.json(),
    )  # fmt: skip


def test_position_is_closed_in_part_and_whole(live: Live) -> None:
    """A quantity or a percentage closes part of a position, neither closes it."""
    client = live.client()
    buy(client, "AAPL", 10)
    for options, left in (
        (ClosePositionRequest(qty="3"), "7"),
        (ClosePositionRequest(percentage="50"), "4"),
    ):
        settled(client, client.close_position("AAPL", options))
        assert left == client.get_open_position("AAPL").qty
    settled(client, client.close_position("AAPL"))
    assert [] == client.get_all_positions()


@pytest.mark.parametrize(
    "query", ["qty=-1", "qty=x", "percentage=0", "percentage=100.1", "qty=1&percentage=1",
              "percentage=1", "qty=1e-10"],
)  # fmt: skip
def test_impossible_part_of_a_position_is_refused(live: Live, query: str) -> None:
    """A part that isn't one is refused and nothing is sold."""
    buy(live.client(), "AAPL", 10)
    answer = ask(live, "DELETE", f"/v2/positions/AAPL?{query}")
    assert 422 == answer.status_code
    assert [] == live.client().get_orders()


def test_everything_is_closed(live: Live) -> None:
    """Closing all cancels orders first when asked, and answers for each position."""
    client = live.client()
    buy(client, "AAPL", 10)
    buy(client, "MSFT", 5, side=OrderSide.SELL)
    buy(client, "BTC/USD", 1)
    client.submit_order(
        LimitOrderRequest(symbol="AAPL", qty=10, side="sell", time_in_force="gtc", limit_price=500)
    )
    answers = live.client(raw=True).close_all_positions(cancel_orders=True)
    check(answers, "/v2/positions", "delete", "207")
    assert [("AAPL", 200), ("BTCUSD", 200), ("MSFT", 200)] == [
        (one["symbol"], one["status"]) for one in answers
    ]
    until(lambda: client.get_all_positions() == [], "flat")
    assert "100000" == client.get_account().cash


def test_what_orders_hold_is_not_closed(live: Live) -> None:
    """Without cancelling orders, a position held by one is answered 403 with the reason."""
    client = live.client()
    buy(client, "AAPL", 10)
    sell = LimitOrderRequest(
        symbol="AAPL", qty=10, side="sell", time_in_force="gtc", limit_price=500
    )
    client.submit_order(sell)
    assert "0" == client.get_open_position("AAPL").qty_available
    answer = ask(live, "DELETE", "/v2/positions")
    assert (207, 403, "10") == (
        answer.status_code, answer.json()[0]["status"], answer.json()[0]["body"]["held_for_orders"],
    )  # fmt: skip
    assert 40310000 == client.close_all_positions()[0].body.code


def test_activities_tell_every_execution(live: Live) -> None:
    """Each execution is a FILL activity with what is done and left of its order."""
    client = live.client()
    live.do(lambda: live.market.quoted("AAPL", 99, 100, 400))
    order = client.submit_order(
        MarketOrderRequest(symbol="AAPL", qty=900, side="buy", time_in_force="day")
    )
    for price in (101, 102):
        until(lambda: live.served.engine.market.quote("AAPL"), "quote")
        live.do(lambda price=price: live.market.quoted("AAPL", 99, price, 400))
    settled(client, order)
    fills = ask(live, "GET", "/v2/account/activities/FILL?direction=asc").json()
    check(fills, "/v2/account/activities")
    for fill in fills:
        check_component(fill, "TradingActivities")
    assert [
        ("partial_fill", "400", "100", "400", "500"),
        ("partial_fill", "400", "101", "800", "100"),
        ("fill", "100", "102", "900", "0"),
    ] == [
        (one["type"], one["qty"], one["price"], one["cum_qty"], one["leaves_qty"]) for one in fills
    ]
    assert {str(order.id)} == {one["order_id"] for one in fills}


def test_activities_are_paged(live: Live) -> None:
    """The last id of a page is the token of the next, in both directions."""
    client = live.client()
    for _ in range(5):
        buy(client, "AAPL", 1)

    def pages(direction: str) -> list[str]:
        ids: list[str] = []
        token = ""
        while True:
            page = client.get(
                "/account/activities",
                {"page_size": 2, "page_token": token, "direction": direction},
            )
            ids += [one["id"] for one in page]
            if len(page) < 2:
                return ids
            token = ids[-1]

    forward = pages("asc")
    assert 5 == len(set(forward))
    assert forward[::-1] == pages("desc")


def test_activities_are_filtered(live: Live) -> None:
    """Only the types and the time that are asked for are answered."""
    buy(live.client(), "AAPL", 1)
    (fill,) = ask(live, "GET", "/v2/account/activities").json()
    at = fill["transaction_time"]
    counts = {
        query: len(ask(live, "GET", f"/v2/account/activities?{query}").json())
        for query in (
            "activity_types=FILL,DIV", "activity_types=DIV", "category=trade_activity",
            "category=non_trade_activity", f"after={at}", f"until={at}", "after=2026-01-05",
            "date=2026-01-05", "date=2026-01-04",
        )
    }  # fmt: skip
    assert [1, 0, 1, 0, 0, 0, 1, 1, 0] == list(counts.values())


def test_equity_history_has_its_samples(live: Live) -> None:
    """The equity that was sampled comes back as parallel arrays."""
    live.client().get_account()
    live.do(live.served.engine.sample_equity)
    history = live.client().get_portfolio_history()
    assert ([100_000.0], [0.0], 100_000.0) == (
        history.equity, history.profit_loss, history.base_value,
    )  # fmt: skip
    raw = ask(live, "GET", "/v2/account/portfolio/history?period=1D&timeframe=1Min").json()
    check(raw, "/v2/account/portfolio/history")
    assert 422 == ask(live, "GET", "/v2/account/portfolio/history?period=x").status_code


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


def test_unknown_path_is_answered_in_json(live: Live) -> None:
    """What isn't there is 404 in Alpaca's form."""
    answer = ask(live, "GET", "/v2/nothing")
    assert (404, {"code": 40410000, "message": "endpoint not found."}) == (
        answer.status_code, answer.json(),
    )  # fmt: skip
