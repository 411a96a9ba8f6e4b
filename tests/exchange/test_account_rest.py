"""The account endpoints, credentials and what isn't there."""

from __future__ import annotations

import pytest
from alpaca.common.exceptions import APIError
from alpaca.trading.requests import (
    MarketOrderRequest,
)

from tests.exchange.desk import Live, until
from tests.exchange.rest_calls import ask, buy, settled
from tests.exchange.schema import check, check_component


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


def test_unknown_path_is_answered_in_json(live: Live) -> None:
    """What isn't there is 404 in Alpaca's form."""
    answer = ask(live, "GET", "/v2/nothing")
    assert (404, {"code": 40410000, "message": "endpoint not found."}) == (
        answer.status_code, answer.json(),
    )  # fmt: skip
