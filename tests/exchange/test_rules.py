"""Which orders are taken, and what a refusal says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from exchange.errors import ExchangeError
from exchange.tickets import Changes, read_ticket
from tests.exchange.desk import Bench

SUB_PENNY = "sub-penny increment does not fulfill minimum pricing criteria"


def refusal(bench: Bench, symbol: str, side: str, qty: object, **more: Any) -> ExchangeError:
    """Return the refusal of an order."""
    with pytest.raises(ExchangeError) as refused:
        bench.place(symbol, side, qty, **more)
    return refused.value


@pytest.mark.parametrize(
    ("symbol", "more", "message"),
    [
        ("NOPE", {}, 'asset "NOPE" not found'),
        ("GONE", {}, 'asset "GONE" is not tradable'),
        ("AAPL", {"qty": "0.5", "time_in_force": "gtc"}, "fractional orders must be DAY orders"),
        ("AAPL", {"type": "limit", "limit_price": "290.123"},
         f"invalid limit_price 290.123. {SUB_PENNY}"),
        ("AAPL", {"type": "limit", "limit_price": "22.279999999999998"},
         f"invalid limit_price 22.279999999999998. {SUB_PENNY}"),
        ("AAPL", {"type": "stop", "stop_price": "150.001"},
         f"invalid stop_price 150.001. {SUB_PENNY}"),
        ("PENY", {"type": "limit", "limit_price": "0.50001"},
         f"invalid limit_price 0.50001. {SUB_PENNY}"),
        ("AAPL", {"extended_hours": True}, "extended hours order must be DAY limit orders"),
        ("BTC/USD", {"time_in_force": "day"}, "invalid crypto time_in_force"),
        ("BTC/USD", {"type": "stop", "stop_price": "30000"},
         "invalid order type for crypto order"),
    ],
)  # fmt: skip
def test_order_that_does_not_fit_its_asset_is_refused(
    bench: Bench, symbol: str, more: dict[str, Any], message: str
) -> None:
    """Each misfit is answered 422 42210000 in Alpaca's words."""
    error = refusal(bench, symbol, "buy", more.pop("qty", 1), **more)
    assert (422, 42210000, message) == (error.status, error.code, error.message)


def test_price_below_a_dollar_may_have_four_decimals(bench: Bench) -> None:
    """A hundredth of a cent is the step below one dollar."""
    order_id = bench.place("PENY", "buy", 10, type="limit", limit_price="0.4999")
    assert "new" == bench.order(order_id).status


def test_too_much_is_refused_with_the_figures(bench: Bench) -> None:
    """More than the buying power is refused, with both sums."""
    error = refusal(bench, "AAPL", "buy", 2001)
    assert {
        "code": 40310000,
        "message": "insufficient buying power",
        "buying_power": "200000",
        "cost_basis": "200100",
    } == error.body
    assert 403 == error.status


def test_margin_doubles_what_can_be_bought_of_stocks_only(bench: Bench) -> None:
    """$100,000 buys stocks for $200,000, and coins for $100,000."""
    assert "insufficient buying power" == refusal(bench, "BTC/USD", "buy", "5.0001").message
    bench.place("BTC/USD", "buy", 5)
    assert "insufficient buying power" == refusal(bench, "AAPL", "buy", 1).message
    bench.place("AAPL", "buy", 2000, "OTHER")
    bench.market.quoted("AAPL", 100, 100)
    assert Decimal(-100_000) == bench.ledger("OTHER").cash


def test_open_orders_hold_buying_power(bench: Bench) -> None:
    """What a resting order would cost can't be spent again, until it is canceled."""
    resting = bench.place("AAPL", "buy", 1900, type="limit", limit_price="90")
    error = refusal(bench, "AAPL", "buy", 300)
    assert "29000" == error.body["buying_power"]
    bench.engine.cancel("K", resting)
    bench.run()
    bench.place("AAPL", "buy", 300)


def test_replacement_is_not_held_against_itself(bench: Bench) -> None:
    """An order may be replaced by one that the buying power covers without the old one."""
    old = bench.place("AAPL", "buy", 1900, type="limit", limit_price="90")
    bench.engine.replace("K", old, Changes(limit_price=Decimal(95)))
    with pytest.raises(ExchangeError, match="cannot replace"):
        bench.engine.replace("K", old, Changes(limit_price=Decimal(96)))


def test_replacement_beyond_the_buying_power_is_refused(bench: Bench) -> None:
    """A replacement is judged as a new order."""
    old = bench.place("AAPL", "buy", 1900, type="limit", limit_price="90")
    with pytest.raises(ExchangeError, match="insufficient buying power"):
        bench.engine.replace("K", old, Changes(qty=Decimal(3000)))
    assert "new" == bench.order(old).status


def test_less_than_a_dollar_is_refused(bench: Bench) -> None:
    """An order for less than one dollar is too small."""
    error = refusal(bench, "AAPL", "buy", None, notional="0.99")
    assert "cost basis must be >= minimal amount of order 1" == error.message


def test_more_than_is_held_is_refused_with_the_figures(bench: Bench) -> None:
    """A sale beyond the position doesn't cross zero; what other orders hold is named."""
    bench.place("AAPL", "buy", 10)
    resting = bench.place("AAPL", "sell", 4, type="limit", limit_price="200")
    error = refusal(bench, "AAPL", "sell", 7)
    assert {
        "code": 40310000,
        "message": "insufficient qty available for order (requested: 7, available: 6)",
        "symbol": "AAPL",
        "available": "6",
        "existing_qty": "10",
        "held_for_orders": "4",
        "related_orders": [resting],
    } == error.body


def test_buying_back_more_than_the_short_is_refused(bench: Bench) -> None:
    """A buy beyond a short position doesn't cross zero either."""
    bench.place("AAPL", "sell", 10)
    assert "(requested: 11, available: 10)" in refusal(bench, "AAPL", "buy", 11).message


def test_selling_what_is_not_held_is_a_short_sale(bench: Bench) -> None:
    """A sale without a position opens a short one."""
    bench.place("AAPL", "sell", 10)
    assert Decimal(-10) == bench.ledger().position("AAPL")


@pytest.mark.parametrize(
    ("symbol", "qty", "more", "message"),
    [
        ("AAPL", "0.5", {}, "fractional orders cannot be sold short"),
        ("AAPL", None, {"notional": "100"}, "fractional orders cannot be sold short"),
        ("HARD", 1, {}, 'asset "HARD" cannot be sold short'),
        ("BTC/USD", 1, {}, "insufficient balance for BTC (requested: 1, available: 0)"),
    ],
)
def test_short_sale_that_cannot_be_is_refused(
    bench: Bench, symbol: str, qty: object, more: dict[str, Any], message: str
) -> None:
    """No fractions, nothing that can't be borrowed, and no coins are sold short."""
    assert message == refusal(bench, symbol, "sell", qty, **more).message


def test_short_sale_holds_buying_power(bench: Bench) -> None:
    """A short sale is held at 103 % of the ask."""
    error = refusal(bench, "AAPL", "sell", 1950)
    assert "200850" == error.body["cost_basis"]


def test_small_account_may_not_borrow(bench: Bench) -> None:
    """Below $2,000 of equity there is neither margin nor short selling."""
    bench.place("BTC/USD", "buy", "4.95")
    bench.market.traded("BTC/USD", 100)
    assert "account is not allowed to short" == refusal(bench, "AAPL", "sell", 1).message
    assert "insufficient buying power" == refusal(bench, "AAPL", "buy", 15).message
    bench.place("AAPL", "buy", 9)


def test_opening_both_sides_at_once_is_refused(bench: Bench) -> None:
    """With nothing held, a buy and a short sale of one symbol can't both wait."""
    resting = bench.place("AAPL", "buy", 1, type="limit", limit_price="50")
    error = refusal(bench, "AAPL", "sell", 1)
    assert "cannot open a short sell while a long buy order is open" == error.message
    assert resting == error.body["existing_order_id"]


def test_coin_below_its_least_quantity_is_refused(bench: Bench) -> None:
    """Each coin has a smallest quantity."""
    error = refusal(bench, "BTC/USD", "buy", "0.00009")
    assert "qty must be >= minimal qty of order 0.0001" == error.message


def test_client_order_id_is_unique_in_an_account(bench: Bench) -> None:
    """An id that was used before is refused, also after its order has ended; others may use it."""
    bench.place("AAPL", "buy", 1, client_order_id="mine")
    error = refusal(bench, "AAPL", "buy", 1, client_order_id="mine")
    assert (422, 40010001, "client_order_id must be unique") == (
        error.status, error.code, error.message,
    )  # fmt: skip
    bench.place("AAPL", "buy", 1, "OTHER", client_order_id="mine")


BODY = {"symbol": "AAPL", "side": "buy", "type": "market", "time_in_force": "day", "qty": "1"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbol": None}, "symbol is required"),
        ({"side": "hold"}, "invalid side hold: must be one of buy, sell"),
        ({"qty": None}, "qty or notional is required"),
        ({"notional": "5"}, "only one of qty or notional is accepted"),
        ({"qty": "-1"}, "qty must be > 0"),
        ({"qty": "0"}, "qty must be > 0"),
        ({"qty": True}, "invalid qty True: must be a number"),
        ({"qty": "1e400"}, "qty must be <= 1000000000"),
        ({"qty": "0.0000000001"}, "qty must have no more than 9 decimals"),
        ({"qty": ["1"]}, "invalid qty ['1']: must be a number"),
        ({"time_in_force": "opg"},
         "invalid time_in_force opg: must be one of day, gtc, ioc, fok"),
        ({"type": "trailing_stop"},
         "invalid type trailing_stop: must be one of market, limit, stop, stop_limit"),
        ({"order_class": "bracket"},
         "invalid order_class bracket: only simple orders are supported"),
        ({"limit_price": "5"}, "market orders require no stop or limit price"),
        ({"type": "limit"}, "limit orders require limit_price"),
        ({"type": "limit", "limit_price": "1", "stop_price": "1"},
         "limit orders require no stop_price"),
        ({"extended_hours": "yes"}, "invalid extended_hours yes: must be true or false"),
        ({"client_order_id": "x" * 129},
         "client_order_id must be no more than 128 characters"),
    ],
)  # fmt: skip
def test_body_that_makes_no_sense_is_refused(change: dict[str, object], message: str) -> None:
    """The first thing wrong with a body is named."""
    with pytest.raises(ExchangeError) as refused:
        read_ticket({**BODY, **change})
    assert (422, message) == (refused.value.status, refused.value.message)
