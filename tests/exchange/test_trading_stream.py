"""The trade_updates stream, through Alpaca's own client and over a plain socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alpaca.trading.enums import OrderSide, OrderStatus
from alpaca.trading.models import TradeUpdate
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest, ReplaceOrderRequest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from exchange.announcer import Announcer, Listener
from tests.exchange.desk import PATIENCE_S, Live, heard
from tests.exchange.schema import check_component

MARKET = MarketOrderRequest(symbol="AAPL", qty=10, side="buy", time_in_force="day")
LIMIT = LimitOrderRequest(symbol="AAPL", qty=1, side="buy", time_in_force="gtc", limit_price=5)


@contextmanager
def plain(live: Live) -> Iterator[ClientConnection]:
    """Yield a plain socket to the stream."""
    with connect(live.url.replace("http", "ws") + "/stream", open_timeout=PATIENCE_S) as socket:
        yield socket


def ask(socket: ClientConnection, request: object) -> Any:
    """Send a request and return its answer, which comes in a binary frame."""
    socket.send(request if isinstance(request, (str, bytes)) else json.dumps(request))
    answer = socket.recv(timeout=PATIENCE_S)
    assert isinstance(answer, bytes)
    return json.loads(answer)


def authenticated(socket: ClientConnection, key_id: str = "K") -> None:
    """Say who is there, and listen."""
    ask(socket, {"action": "auth", "key": key_id, "secret": "paper"})
    ask(socket, {"action": "listen", "data": {"streams": ["trade_updates"]}})


def test_order_is_heard_from_new_to_fill(live: Live) -> None:
    """Each step of an order is heard in its order, with this execution's figures."""
    updates = live.listen()
    live.do(lambda: live.market.quoted("AAPL", 99, 100, 400))
    live.client().submit_order(MARKET.model_copy(update={"qty": 500}))
    new, part = heard(updates, 2)
    live.do(lambda: live.market.quoted("AAPL", 100, 101, 400))
    (last,) = heard(updates, 1)
    assert ["new", "partial_fill", "fill"] == [one["event"] for one in (new, part, last)]
    assert [("400", "100", "400"), ("100", "101", "500")] == [
        (one["qty"], one["price"], one["position_qty"]) for one in (part, last)
    ]
    assert {"price", "qty", "position_qty"}.isdisjoint(new)
    assert ["new", "partially_filled", "filled"] == [
        one["order"]["status"] for one in (new, part, last)
    ]
    assert 3 == len({one["execution_id"] for one in (new, part, last)})
    for one in (new, part, last):
        check_component(one["order"], "Order")


def test_client_reads_the_updates_as_its_own_models(live: Live) -> None:
    """The client's strict models accept what is sent."""
    updates = live.listen(raw=False)
    live.client().submit_order(MARKET)
    live.client().submit_order(
        MarketOrderRequest(symbol="BTC/USD", notional=100, side="buy", time_in_force="gtc")
    )
    got = [updates.get(timeout=PATIENCE_S) for _ in range(4)]
    assert all(isinstance(one, TradeUpdate) for one in got)
    assert (10.0, 100.0, OrderStatus.FILLED) == (got[1].qty, got[1].price, got[1].order.status)


def test_short_has_a_negative_position(live: Live) -> None:
    """The position after a short sale is negative."""
    updates = live.listen()
    live.client().submit_order(MARKET.model_copy(update={"side": OrderSide.SELL}))
    assert "-10" == heard(updates, 2)[1]["position_qty"]


def test_cancel_and_replacement_are_heard(live: Live) -> None:
    """Replaced, new and canceled are announced with the chain of ids."""
    updates = live.listen()
    client = live.client()
    old = client.submit_order(LIMIT)
    heard(updates, 1)
    new = client.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=6))
    replaced, renewed = heard(updates, 2)
    client.cancel_order_by_id(new.id)
    (canceled,) = heard(updates, 1)
    assert ["replaced", "new", "canceled"] == [
        one["event"] for one in (replaced, renewed, canceled)
    ]
    assert (str(new.id), str(old.id)) == (
        replaced["order"]["replaced_by"], renewed["order"]["replaces"],
    )  # fmt: skip
    assert canceled["order"]["canceled_at"]


def test_all_listeners_of_an_account_hear_the_same(live: Live) -> None:
    """Two connections of one account get the same messages in the same order."""
    first, second = live.listen(), live.listen()
    for _ in range(5):
        live.client().submit_order(MARKET)
    assert heard(first, 10) == heard(second, 10)


def test_other_accounts_hear_nothing(live: Live) -> None:
    """An account's events reach nobody else."""
    others, mine = live.listen("B"), live.listen("A")
    live.client("A").submit_order(MARKET)
    heard(mine, 2)
    live.client("B").submit_order(MARKET)
    assert ["new", "fill"] == [one["event"] for one in heard(others, 2)]
    assert others.empty()


@pytest.mark.parametrize(
    "request_",
    [
        {"action": "authenticate", "data": {"key_id": "K", "secret_key": "paper"}},
        {"action": "auth", "key": "K", "secret": "paper"},
    ],
)
def test_both_ways_to_authenticate_are_taken(live: Live, request_: dict[str, Any]) -> None:
    """The two spellings that clients use are both answered in binary frames."""
    with plain(live) as socket:
        answer = ask(socket, request_)
        assert {
            "stream": "authorization",
            "data": {"status": "authorized", "action": request_["action"]},
        } == answer
        listening = ask(socket, {"action": "listen", "data": {"streams": ["trade_updates", "x"]}})
        assert {"stream": "listening", "data": {"streams": ["trade_updates"]}} == listening


@pytest.mark.parametrize("data", [{"key_id": "K", "secret_key": "no"}, {}, {"key_id": 1}, None])
def test_wrong_credentials_are_told_and_closed(live: Live, data: object) -> None:
    """A client with wrong credentials is told so, then closed."""
    with plain(live) as socket:
        answer = ask(socket, {"action": "authenticate", "data": data})
        assert "unauthorized" == answer["data"]["status"]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=PATIENCE_S)


def test_listening_needs_authentication(live: Live) -> None:
    """Who hasn't said who they are hears nothing."""
    with plain(live) as socket:
        answer = ask(socket, {"action": "listen", "data": {"streams": ["trade_updates"]}})
        assert {"action": "listen", "status": "unauthorized"} == answer["data"]


@pytest.mark.parametrize(
    "request_", ["", "{", "[]", "null", b"\x00\xff", '{"action": 5}', '{"action": {}}']
)
def test_nonsense_is_answered_and_the_connection_stays(live: Live, request_: str | bytes) -> None:
    """What is no request gets an error, and the stream goes on."""
    with plain(live) as socket:
        assert "error" == ask(socket, request_)["stream"]
        authenticated(socket)
        live.client().submit_order(MARKET)
        assert "new" == json.loads(socket.recv(timeout=PATIENCE_S))["data"]["event"]


def test_listening_can_be_ended(live: Live) -> None:
    """An empty list of streams stops the updates."""
    with plain(live) as socket:
        authenticated(socket)
        assert [] == ask(socket, {"action": "listen", "data": {"streams": []}})["data"]["streams"]
        live.client().submit_order(MARKET)
        assert "authorization" == ask(
            socket, {"action": "auth", "key": "K", "secret": "paper"}
        )["stream"]  # fmt: skip


def test_streams_are_closed_when_the_exchange_stops(live: Live) -> None:
    """A stopping exchange says that it is going away."""
    with plain(live) as socket:
        authenticated(socket)
        live.stop()
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=PATIENCE_S)
        assert closed.value.rcvd is not None
        assert 1001 == closed.value.rcvd.code


def test_listener_that_does_not_keep_up_is_dropped() -> None:
    """A full listener is dropped, and the others go on."""
    announcer, slow, quick = Announcer(), Listener(2), Listener(3)
    for listener in (slow, quick):
        announcer.add("K", listener)
    for number in range(3):
        announcer.announce("K", {"number": number})
    assert {quick} == announcer._listeners["K"]
