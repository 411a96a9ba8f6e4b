"""The exact ledger."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from exchange.decimals import add, multiply, subtract, total
from exchange.ledger import DEPOSIT, Ledger
from exchange.orders import Fill, Side

QUANTITIES = st.integers(1, 10**15).map(lambda units: Decimal(units).scaleb(-9))
PRICES = st.integers(1, 10**12).map(lambda units: Decimal(units).scaleb(-4))
TRADES = st.tuples(
    st.sampled_from(["A", "B/USD"]), st.sampled_from(["buy", "sell"]), QUANTITIES, PRICES
)


def fill(symbol: str, side: Side, qty: object, price: object) -> Fill:
    """Return an execution."""
    amount = Decimal(str(qty))
    return Fill(
        execution_id="e",
        order_id="o",
        key_id="K",
        symbol=symbol,
        side=side,
        qty=amount,
        price=Decimal(str(price)),
        cum_qty=amount,
        leaves_qty=Decimal(0),
        position_qty=Decimal(0),
        at=1,
        is_last=True,
    )


def after(*trades: tuple[str, Side, object, object]) -> Ledger:
    """Return the books after trades of symbol, side, quantity and price."""
    ledger = Ledger()
    for trade in trades:
        ledger = ledger.apply(fill(*trade))
    return ledger


@given(st.lists(TRADES, max_size=30))
def test_money_is_neither_made_nor_lost(trades: list[tuple[str, Side, Decimal, Decimal]]) -> None:
    """Cash is the deposit − Σ signed fills, and cash + cost − realised is the deposit."""
    fills = [fill(*trade) for trade in trades]
    ledger = after(*trades)
    assert subtract(DEPOSIT, total(one.cost for one in fills)) == ledger.cash
    costs = total(held.cost for held in ledger.holdings.values())
    assert add(ledger.cash, costs, -ledger.realized) == DEPOSIT


@given(st.lists(TRADES, max_size=30))
def test_positions_are_the_sum_of_fills(trades: list[tuple[str, Side, Decimal, Decimal]]) -> None:
    """A position is the sum of its signed fills, and a flat one leaves nothing behind."""
    ledger = after(*trades)
    for symbol in ("A", "B/USD"):
        fills = [fill(*trade) for trade in trades if trade[0] == symbol]
        assert total(one.signed_qty for one in fills) == ledger.position(symbol)
    assert all(held.qty for held in ledger.holdings.values())


@given(st.lists(TRADES, max_size=20))
def test_cost_has_the_sign_of_the_quantity(
    trades: list[tuple[str, Side, Decimal, Decimal]],
) -> None:
    """What is held long has cost money, what is held short has brought some."""
    for held in after(*trades).holdings.values():
        assert (held.qty > 0) == (held.cost > 0) or not held.cost


@given(st.lists(TRADES, max_size=20), st.lists(PRICES, min_size=4, max_size=4))
def test_day_gain_is_equity_since_the_close(
    trades: list[tuple[str, Side, Decimal, Decimal]], prices: list[Decimal]
) -> None:
    """Equity − last equity is what is held at now − close, for books turned over at the close."""
    close, now = (
        dict(zip(("A", "B/USD"), prices, strict=False)),
        dict(zip(("A", "B/USD"), prices[2:], strict=False)),
    )
    ledger = after(*trades).turned_over(close.__getitem__)
    values = [multiply(held.qty, now[name]) for name, held in ledger.holdings.items()]
    gains = [
        subtract(multiply(held.qty, now[name]), held.intraday_cost)
        for name, held in ledger.holdings.items()
    ]
    assert total(gains) == subtract(add(ledger.cash, *values), ledger.last_equity)


def test_partial_close_gives_up_its_share_of_the_cost() -> None:
    """A partial close gives up cost × closed ÷ quantity, half-even to nine decimals."""
    held = after(("A", "buy", 3, 10), ("A", "buy", 4, "10.01"), ("A", "sell", 1, 12)).holding("A")
    given_up = Decimal("70.04") - held.cost
    assert Decimal("10.005714286") == given_up
    assert abs(Fraction(given_up) - Fraction(7004, 700)) <= Fraction(1, 2 * 10**9)


def test_full_close_gives_up_the_whole_cost() -> None:
    """Closing in thirds leaves exactly nothing, and the realised profit is exact."""
    ledger = after(
        ("A", "buy", 3, "33.333333333"),
        ("A", "sell", 1, 40),
        ("A", "sell", 1, 40),
        ("A", "sell", 1, 40),
    )
    assert {} == dict(ledger.holdings)
    assert Decimal("20.000000001") == ledger.realized


def test_short_has_negative_cost_and_positive_average() -> None:
    """A short's cost basis is negative, its average price positive."""
    held = after(("A", "sell", 10, 20), ("A", "sell", 10, 30)).holding("A")
    assert (Decimal(-20), Decimal(-500), Decimal(25)) == (held.qty, held.cost, held.average_price)


def test_covering_a_short_realises_its_gain() -> None:
    """Buying back below the sale earns the difference."""
    ledger = after(("A", "sell", 10, 20), ("A", "buy", 4, 15))
    assert (Decimal(20), Decimal(-120)) == (ledger.realized, ledger.holding("A").cost)


def test_crossing_zero_closes_then_opens() -> None:
    """A fill beyond the position closes it at its cost and opens the rest at the fill's price."""
    ledger = after(("A", "buy", 10, 20), ("A", "sell", 15, 30))
    assert (Decimal(100), Decimal(-150)) == (ledger.realized, ledger.holding("A").cost)
