"""The positions endpoints, through Alpaca's own client and over plain HTTP."""

from __future__ import annotations

import pytest
from alpaca.trading.enums import OrderSide
from alpaca.trading.requests import (
    ClosePositionRequest,
    LimitOrderRequest,
)

from tests.exchange.desk import Live, until
from tests.exchange.rest_calls import ask, buy, settled
from tests.exchange.schema import check


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
