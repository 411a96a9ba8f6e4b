"""The order ticket: what it says, costs, refuses and sends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assets.conftest import Run

FORM = {
    "symbol": "AAPL", "side": "buy", "type": "limit", "timeInForce": "day", "unit": "shares",
    "size": "10", "limitPrice": "188.4", "stopPrice": "",
}  # fmt: skip


def form(**changes: Any) -> dict[str, Any]:
    return {**FORM, **changes}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Buy 10 AAPL at 188.40 limit"),
        ({"side": "sell", "type": "market"}, "Sell 10 AAPL at market"),
        ({"type": "stop", "stopPrice": "182"}, "Buy 10 AAPL at 182.00 stop"),
        ({"type": "stop_limit", "stopPrice": "182"}, "Buy 10 AAPL at 182.00 stop, 188.40 limit"),
        ({"unit": "usd", "size": "500", "type": "market"}, "Buy $500.00 of AAPL at market"),
        ({"size": ""}, "Buy AAPL: enter a quantity"),
        ({"symbol": ""}, "Buy: choose a symbol"),
        ({"limitPrice": ""}, "Buy 10 AAPL at … limit"),
    ],
)
def test_the_button_says_what_it_will_do(js: Run, changes: dict[str, Any], words: str) -> None:
    """The words name side, size, symbol and price."""
    assert words == js("alphaflow.ticket_rules.verb(f)", f=form(**changes))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, []),
        ({"symbol": "AA PL"}, ["symbol"]),
        ({"symbol": "BTC/USD"}, []),
        ({"size": "0"}, ["qty"]),
        ({"size": "ten"}, ["qty"]),
        ({"limitPrice": "-1"}, ["limitPrice"]),
        ({"type": "market", "limitPrice": ""}, []),
        ({"type": "stop", "stopPrice": ""}, ["stopPrice"]),
        ({"type": "stop", "stopPrice": "5", "unit": "usd"}, ["qty"]),
    ],
)
def test_problems_are_named_by_field(js: Run, changes: dict[str, Any], fields: list[str]) -> None:
    """Each problem belongs to the field that has it."""
    found = js("alphaflow.ticket_rules.problems(f)", f=form(**changes))
    assert fields == [one["field"] for one in found]


def test_a_limit_order_costs_its_limit(js: Run) -> None:
    """The estimate is exact, and so is the buying power after it."""
    estimate = js('alphaflow.ticket_rules.estimate(f, {}, "2000.10")', f=form())
    assert {"cost": "1884.0", "after": "116.10", "short": None} == estimate


@pytest.mark.parametrize(("side", "cost"), [("buy", "10.20"), ("sell", "10.00")])
def test_a_market_order_meets_the_other_side(js: Run, side: str, cost: str) -> None:
    """A buy is estimated at the ask, a sell at the bid."""
    market = {"bid": "1.000", "ask": "1.020", "last": "1.010"}
    ticket = form(type="market", side=side)
    estimate = js("alphaflow.ticket_rules.estimate(f, m, null)", f=ticket, m=market)
    assert cost == js("alphaflow.decimal.fixed(v, 2)", v=estimate["cost"])


def test_more_than_the_buying_power_is_named(js: Run) -> None:
    """The ticket says how much is lacking."""
    estimate = js('alphaflow.ticket_rules.estimate(f, {}, "1000")', f=form())
    assert "884.0" == estimate["short"]


def test_the_request_has_only_the_fields_of_its_type(js: Run) -> None:
    """A market order carries no limit price, an order by value no quantity."""
    body = js(
        'alphaflow.ticket_rules.request(f, "acc", "web-1")',
        f=form(type="market", unit="usd", size="500"),
    )
    assert {
        "accountId": "acc", "clientOrderId": "web-1", "symbol": "AAPL", "side": "buy",
        "type": "market", "timeInForce": "day", "notional": "500",
    } == body  # fmt: skip


def test_the_servers_field_errors_reach_their_fields(js: Run) -> None:
    """problem+json errors are shown at the field; notional shares the size's."""
    problem = {"errors": [{"field": "notional", "got": "1", "allowed": "at least 5"}]}
    expected = [{"field": "qty", "text": "Expected at least 5"}]
    assert expected == js("alphaflow.ticket_rules.fieldErrors(p)", p=problem)


def test_thousands_separators_may_be_typed(js: Run) -> None:
    """What people paste is understood."""
    assert ["1000.50", "25"] == js('["1,000.50", " $25 "].map(alphaflow.ticket_rules.clean)')
