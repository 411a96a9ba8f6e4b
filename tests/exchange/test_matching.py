"""How one order trades against one quote."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from exchange.matching import LEAST_SHARES, Depth, Execution, execution, is_triggered
from exchange.orders import Order
from exchange.ticks import Quote
from tests.exchange.desk import START

ORDER = Order(
    id="o",
    key_id="K",
    client_order_id="c",
    symbol="AAPL",
    asset_id="a",
    asset_class="us_equity",
    side="buy",
    type="market",
    time_in_force="day",
    status="new",
    created_at=1,
    updated_at=1,
    qty=Decimal(150),
)


def depth(
    bid: object = 99, ask: object = 101, size: object = 1000, *, crypto: bool = False
) -> Depth:
    """Return the depth of a quote."""
    shown = Decimal(str(size))
    quote = Quote("AAPL", Decimal(str(bid)), shown, Decimal(str(ask)), shown, START)
    return Depth(quote, is_crypto=crypto)


def changed(**changes: Any) -> Order:
    """Return the order with changes."""
    return replace(ORDER, **changes)


def test_buy_takes_at_the_ask_and_sell_at_the_bid() -> None:
    """A market order pays the spread."""
    assert Execution(Decimal(150), Decimal(101)) == execution(ORDER, depth())
    assert Execution(Decimal(150), Decimal(99)) == execution(changed(side="sell"), depth())


def test_no_more_than_shown_is_taken() -> None:
    """One quote fills no more than its size."""
    found = execution(ORDER, depth(size=120))
    assert found is not None
    assert Decimal(120) == found.qty


def test_what_is_taken_is_gone() -> None:
    """A second order gets only what the first has left of a quote."""
    quoted = depth(size=200)
    quoted.take("buy", Decimal(150))
    found = execution(ORDER, quoted)
    assert found is not None
    assert Decimal(50) == found.qty


def test_thin_quote_is_good_for_a_round_lot() -> None:
    """However little a quote shows, a hundred shares can be had of it."""
    found = execution(ORDER, depth(size=1))
    assert found is not None
    assert LEAST_SHARES == found.qty


def test_thin_crypto_quote_is_good_for_its_least_value() -> None:
    """A coin's thin quote is good for $25,000."""
    assert Decimal("0.5") == depth(ask=50_000, size="0.01", crypto=True).available("buy")


@pytest.mark.parametrize(
    ("side", "limit", "price"),
    [("buy", 101, 101), ("buy", 105, 101), ("sell", 99, 99), ("sell", 90, 99)],
)
def test_limit_fills_at_limit_or_better(side: str, limit: int, price: int) -> None:
    """A marketable limit trades at the quote, not at its own price."""
    order = changed(side=side, type="limit", limit_price=Decimal(limit))
    assert Execution(Decimal(150), Decimal(price)) == execution(order, depth())


@pytest.mark.parametrize(("side", "limit"), [("buy", "100.99"), ("sell", "99.01")])
def test_limit_is_never_crossed(side: str, limit: str) -> None:
    """A limit beyond the quote waits."""
    assert execution(changed(side=side, limit_price=Decimal(limit)), depth()) is None


def test_waiting_stop_trades_nothing() -> None:
    """A stop trades only once it is triggered."""
    stop = changed(type="stop", stop_price=Decimal(110))
    assert execution(stop, depth()) is None
    assert execution(replace(stop, triggered=True), depth()) is not None


@pytest.mark.parametrize(
    ("side", "last", "reached"),
    [
        ("buy", 109, False), ("buy", 110, True), ("buy", 111, True),
        ("sell", 111, False), ("sell", 110, True), ("sell", 109, True),
    ],
)  # fmt: skip
def test_stop_is_triggered_by_the_last_trade(side: str, last: int, *, reached: bool) -> None:
    """A buy stop is reached from below, a sell stop from above."""
    stop = changed(side=side, type="stop", stop_price=Decimal(110))
    assert reached == is_triggered(stop, Decimal(last))


def test_notional_buys_what_the_money_is_good_for() -> None:
    """A notional order's quantity is cut to nine decimals, never above the money."""
    found = execution(changed(qty=None, notional=Decimal(100)), depth(ask=3))
    assert Execution(Decimal("33.333333333"), Decimal(3)) == found


def test_fill_or_kill_takes_all_or_nothing() -> None:
    """An order that must fill whole leaves a quote that is too small alone."""
    assert execution(changed(time_in_force="fok"), depth(size=149)) is None
    assert execution(changed(time_in_force="fok"), depth(size=150)) is not None


def test_nothing_trades_where_nobody_quotes() -> None:
    """A side without a price gives no trade."""
    assert execution(ORDER, depth(ask=0)) is None
