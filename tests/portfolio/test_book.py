"""The book of one account under the events a broker really sends."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from portfolio.book import Book
from portfolio.changes import (
    AccountUpdated,
    OrderUpdated,
    PositionClosed,
    PositionUpdated,
    TradeExecuted,
)
from portfolio.ids import AccountId
from portfolio.orders import Side, TradeUpdate
from portfolio.values import Mark
from tests.portfolio.builders import T0, a_fill, an_order, at


def a_book(cash: str = "100000") -> Book:
    book = Book(AccountId("acc"))
    book.cash = Decimal(cash)
    book.start_day(T0)
    return book


def a_mark(symbol: str, price: str, seconds: float, count: int = 1) -> Mark:
    return Mark(symbol=symbol, price=Decimal(price), at=at(seconds), count=count)


def test_a_fill_changes_order_trade_position_and_account() -> None:
    """One fill says everything it did, order first, so that one batch shows all of it."""
    applied = a_book().apply(a_fill("o1", Side.BUY, "10", "100"))
    kinds = [type(change) for change in applied.changes]
    assert [OrderUpdated, TradeExecuted, PositionUpdated, AccountUpdated] == kinds


def test_a_fill_moves_cash() -> None:
    """Cash falls by what was bought and rises by what was sold."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100.25"))
    book.apply(a_fill("o2", Side.SELL, "4", "101"))
    assert Decimal("99401.5") == book.cash


def test_the_same_fill_twice_is_one_trade() -> None:
    """A repeated execution is dropped, whether the id or the filled quantity gives it away."""
    book = a_book()
    fill = a_fill("o1", Side.BUY, "10", "100")
    book.apply(fill)
    again = book.apply(fill)
    renamed = book.apply(replace(fill, execution_id="other"))
    assert ((), (), 2, Decimal(10)) == (
        again.changes,
        renamed.changes,
        book.duplicates,
        book.quantity("AAPL"),
    )


def test_new_after_fill_changes_nothing() -> None:
    """The broker may announce ``new`` after the fill; the order stays filled."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    late = TradeUpdate(event="new", at=at(0), order=an_order("o1"))
    applied = book.apply(late)
    assert ("filled", ()) == (applied.order.status, applied.changes)


def test_partial_fills_out_of_order_are_both_booked() -> None:
    """Two executions in the wrong order end at the right quantity and filled figure."""
    book = a_book()
    first = a_fill("o1", Side.BUY, "4", "100", filled="4", seconds=1)
    first = replace(
        first, event="partial_fill", order=replace(first.order, status="partially_filled")
    )
    second = a_fill("o1", Side.BUY, "6", "101", filled="10", seconds=2)
    book.apply(second)
    applied = book.apply(first)
    assert (Decimal(10), Decimal(10), "filled") == (
        book.quantity("AAPL"),
        applied.order.filled_quantity,
        applied.order.status,
    )


def test_unknown_event_names_pass() -> None:
    """An event name the broker invents tomorrow still updates the order."""
    book = a_book()
    update = TradeUpdate(event="quantum", at=at(1), order=an_order("o1", status="entangled"))
    assert "entangled" == book.apply(update).order.status


def test_a_position_quantity_that_differs_is_doubted() -> None:
    """A fill whose position quantity is not ours asks for a reconciliation."""
    applied = a_book().apply(a_fill("o1", Side.BUY, "10", "100", position="12"))
    assert applied.in_doubt


def test_closing_announces_a_closed_position() -> None:
    """A position that reaches zero is announced with quantity zero and leaves the snapshot."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    applied = book.apply(a_fill("o2", Side.SELL, "10", "110"))
    closed = [change for change in applied.changes if isinstance(change, PositionClosed)]
    assert ([Decimal(0)], ()) == (
        [change.position.quantity for change in closed],
        book.snapshot().positions,
    )


def test_an_older_price_never_replaces_a_newer_one() -> None:
    """Prices that arrive late are dropped."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    book.mark([a_mark("AAPL", "105", 5)])
    late = book.mark([a_mark("AAPL", "90", 4)])
    assert ([], Decimal(105)) == (late, book.positions["AAPL"].price)


def test_a_mark_counts_every_message_it_stands_for() -> None:
    """A conflated price counts once for the position and once for the account per message."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    changes = book.mark([a_mark("AAPL", "105", 5, count=40)])
    assert [40, 40] == [change.count for change in changes]


def test_equity_is_cash_and_values() -> None:
    """Longs add to equity and shorts take from it."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    book.apply(a_fill("o2", Side.SELL, "5", "50", symbol="TSLA"))
    book.mark([a_mark("AAPL", "110", 5), a_mark("TSLA", "60", 5)])
    figures = book.figures()
    assert figures is not None
    assert (Decimal(1100), Decimal(-300), Decimal(100050)) == (
        figures.long_market_value,
        figures.short_market_value,
        figures.equity,
    )


def test_a_new_day_starts_with_nothing_realised() -> None:
    """What was realised yesterday (New York) is not realised today."""
    book = a_book()
    book.apply(a_fill("o1", Side.BUY, "10", "100"))
    book.apply(a_fill("o2", Side.SELL, "10", "110"))
    before = book.realized_today
    book.start_day(at(24 * 3600))
    assert (Decimal(100), Decimal(0)) == (before, book.realized_today)


steps = st.lists(
    st.tuples(
        st.sampled_from(["AAPL", "TSLA", "BTC/USD"]),
        st.sampled_from(list(Side)),
        st.decimals(min_value=Decimal("0.000000001"), max_value=Decimal(9999), places=9),
        st.decimals(min_value=Decimal("0.01"), max_value=Decimal(9999), places=4),
        st.booleans(),
    ),
    max_size=25,
)


@given(steps)
def test_day_pnl_equals_cash_flows(
    steps: list[tuple[str, Side, Decimal, Decimal, bool]],
) -> None:
    """Any mix of fills, repeats and prices: equity moved by exactly flows + values held."""
    book = a_book()
    book.last_equity = Decimal(100000)
    flows, held, last = Fraction(0), {}, {}
    for number, (symbol, side, quantity, price, repeat) in enumerate(steps):
        fill = a_fill(f"o{number}", side, str(quantity), str(price), symbol=symbol, seconds=number)
        for _ in range(2 if repeat else 1):
            book.apply(fill)
        mark = price + Decimal("0.37")
        book.mark([Mark(symbol=symbol, price=mark, at=at(number))])
        flows -= Fraction(quantity) * side.sign * Fraction(price)
        held[symbol] = held.get(symbol, Fraction(0)) + Fraction(quantity) * side.sign
        last[symbol] = Fraction(mark)
    figures = book.figures()
    assert figures is not None
    value = sum((held[symbol] * last[symbol] for symbol in held), Fraction(0))
    unrealized = sum((Fraction(p.unrealized_pnl) for p in book.positions.values()), Fraction(0))
    assert (flows + value, flows + value) == (
        Fraction(figures.day_pnl),
        unrealized + Fraction(book.realized_today),
    )


def test_the_brokers_word_overrules_our_own_rejection() -> None:
    """An order we gave up on, that the broker took after all, follows the broker."""
    book = a_book()
    ours = an_order("o1", broker_order_id=None, status="rejected", reject_reason="not placed")
    book.orders.put(ours)
    applied = book.apply(a_fill("o1", Side.BUY, "10", "100"))
    assert ("filled", None, Decimal(10)) == (
        applied.order.status,
        applied.order.reject_reason,
        book.quantity("AAPL"),
    )
