"""Bars: minutes as they pass, and the joint between history and the present."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from exchange.bars import MINUTE, Bar, BarBook, merged, minute_of
from exchange.hours import AlwaysOpen
from exchange.listing import default_universe, listings
from exchange.market import Market
from exchange.price_history import PriceHistory
from exchange.price_path import PricePath
from exchange.ticks import Print

NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)

sales = st.lists(
    st.tuples(
        st.integers(0, 600),
        st.decimals("0.01", "1000", places=2),
        st.decimals("0.001", "1000", places=3),
    ),
    min_size=1,
    max_size=40,
).map(
    lambda rows: [
        Print("AAPL", price, size, NOON + timedelta(seconds=second))
        for second, price, size in sorted(rows)
    ]
)


def booked(prints: Sequence[Print]) -> BarBook:
    book = BarBook()
    for tick in prints:
        book.add(tick)
    return book


@given(sales)
def test_bars_lose_nothing(prints: list[Print]) -> None:
    """Whatever is printed, the minutes' bars add up to it exactly."""
    bars = booked(prints).between("AAPL", NOON, NOON + timedelta(hours=1))
    whole = merged(bars, NOON)
    assert whole is not None
    assert (whole.open, whole.close) == (prints[0].price, prints[-1].price)
    assert whole.high == max(tick.price for tick in prints)
    assert whole.low == min(tick.price for tick in prints)
    assert whole.volume == sum(tick.size for tick in prints)
    assert whole.turnover == sum(tick.price * tick.size for tick in prints)
    assert whole.trades == len(prints)
    assert [bar.at for bar in bars] == sorted({minute_of(tick.at) for tick in prints})


@given(sales)
def test_every_minute_is_finished_once(prints: list[Print]) -> None:
    """Bars finished by later prints and by the timer are all bars, each once."""
    book = BarBook()
    finished: list[Bar] = [bar for tick in prints if (bar := book.add(tick)) is not None]
    finished += book.close_before(NOON + timedelta(hours=1))
    assert finished == book.between("AAPL", NOON, NOON + timedelta(hours=1))


def test_a_minute_is_closed_at_its_end_and_not_before() -> None:
    """The timer closes minutes that are over and leaves the present one open."""
    book = booked([Print("AAPL", Decimal(1), Decimal(1), NOON + timedelta(seconds=30))])
    assert book.close_before(NOON + timedelta(seconds=59)) == []
    assert [bar.at for bar in book.close_before(NOON + MINUTE)] == [NOON]
    assert book.close_before(NOON + MINUTE) == []
    latest = book.latest("AAPL")
    assert latest is not None
    assert latest.at == NOON


def test_old_minutes_are_forgotten() -> None:
    """A book holds so many minutes of a symbol and no more."""
    book = BarBook(kept_minutes=3)
    for minute in range(10):
        book.add(Print("AAPL", Decimal(1), Decimal(1), NOON + minute * MINUTE))
    book.close_before(NOON + 10 * MINUTE)
    kept = book.between("AAPL", NOON, NOON + timedelta(hours=1))
    assert [bar.at for bar in kept] == [NOON + minute * MINUTE for minute in (7, 8, 9)]


def test_nothing_traded_is_no_bar() -> None:
    """An empty span has no bar, rather than one of zeros."""
    assert merged([], NOON) is None
    assert Market(default_universe()).bar("AAPL", NOON, NOON + MINUTE) is None


def test_days_of_running_leave_no_hole() -> None:
    """Minutes too old to be remembered are told by the history, so no bar loses a part."""
    listed = listings()
    history = PriceHistory(PricePath(7, listed), listed, AlwaysOpen())
    now = NOON
    market = Market(default_universe(), history=history, clock=lambda: now)
    for minute in range(3000):
        now = NOON + minute * MINUTE
        market.publish(Print("AAPL", Decimal(200), Decimal(1), now))
    bar = market.bar("AAPL", NOON, NOON + 3000 * MINUTE)
    minutes = [market.bar("AAPL", NOON + m * MINUTE, NOON + (m + 1) * MINUTE) for m in range(3000)]
    assert bar is not None
    assert None not in minutes
    assert bar.volume == sum(part.volume for part in minutes if part)
    live = [part for part in minutes if part and part.close == 200 and part.volume == 1]
    assert len(live) >= 24 * 60
