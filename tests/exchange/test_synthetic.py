"""The synthetic market: the same for the same seed, believable, without a seam in time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest

from exchange.bars import MINUTE, Bar, merged
from exchange.hours import AlwaysOpen, new_york_midnight
from exchange.listing import listings
from exchange.market import Market
from exchange.nyse_hours import NyseHours
from exchange.price_path import PricePath, day_number
from exchange.synthetic import SLICE_S, Synthetic, synthetic_market
from exchange.ticks import Print, Quote, Tick

LISTED = listings()
STEPS = {listing.symbol: listing.step for listing in LISTED}
NOON = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
SUNDAY = datetime(2026, 3, 8, 17, 0, tzinfo=UTC)


def source(seed: int = 7, rate: float = 100.0) -> Synthetic:
    return Synthetic(seed, LISTED, rate=rate, hours=AlwaysOpen())


def slice_at(at: datetime) -> int:
    return int(at.timestamp()) // SLICE_S


def minute_bars(market: Market, symbol: str, start: datetime, count: int) -> Iterator[Bar]:
    for step in range(count):
        at = start + step * MINUTE
        bar = market.bar(symbol, at, at + MINUTE)
        if bar is not None:
            yield bar


@pytest.fixture
def ticks() -> list[Tick]:
    made, first = source(), slice_at(NOON)
    return [tick for number in range(first, first + 24) for tick in made.slice_of(number)]


def test_at_least_forty_stocks_and_some_pairs_trade() -> None:
    """There is enough to build a portfolio of."""
    market = synthetic_market()
    pairs = [asset.symbol for asset in market.universe if asset.is_crypto]
    assert len(market.universe) - len(pairs) >= 40
    assert {"BTC/USD", "ETH/USD"} < set(pairs)


def test_equal_seeds_make_equal_ticks() -> None:
    """Any slice of any two runs with one seed is the same, whatever came before it."""
    first, second = source(seed=3), source(seed=3)
    second.slice_of(slice_at(NOON) - 500)
    number = slice_at(NOON)
    assert first.slice_of(number) == second.slice_of(number)
    assert first.slice_of(number) != source(seed=4).slice_of(number)


def test_ticks_are_in_time_order_inside_their_slice() -> None:
    """Slices follow one another without overlap."""
    number = slice_at(NOON)
    moments = [tick.at for tick in source().slice_of(number)]
    start = datetime.fromtimestamp(number * SLICE_S, UTC)
    assert moments == sorted(moments)
    assert start <= moments[0] <= moments[-1] < start + timedelta(seconds=SLICE_S)


def test_quotes_are_uncrossed_and_on_the_price_grid(ticks: list[Tick]) -> None:
    """A bid is below its ask, both are whole price steps, and sizes are positive."""
    for tick in ticks:
        prices = [tick.bid, tick.ask] if isinstance(tick, Quote) else [tick.price]
        assert all(price > 0 and price % STEPS[tick.symbol] == 0 for price in prices)
        assert tick.ask > tick.bid if isinstance(tick, Quote) else tick.size > 0


def test_spreads_are_a_cent_or_a_few_basis_points(ticks: list[Tick]) -> None:
    """Liquid names are a cent wide, and nothing is wider than half a percent."""
    quotes = [tick for tick in ticks if isinstance(tick, Quote)]
    assert all(tick.ask - tick.bid <= tick.bid / 200 for tick in quotes)
    spy = [tick.ask - tick.bid for tick in quotes if tick.symbol == "SPY"]
    assert sorted(spy)[len(spy) // 2] == Decimal("0.01")


def test_the_rate_is_the_one_asked_for_and_shared_unevenly(ticks: list[Tick]) -> None:
    """Two minutes at 100 ticks a second are about 12,000, far more in busy names."""
    count = dict.fromkeys(STEPS, 0)
    for tick in ticks:
        count[tick.symbol] += 1
    assert 11_000 < len(ticks) < 13_000
    assert count["AAPL"] > 5 * count["GS"] > 0


def test_prints_are_at_the_touch(ticks: list[Tick]) -> None:
    """Most trades happen within a spread of the newest quote."""
    quotes: dict[str, Quote] = {}
    inside, prints = 0, 0
    for tick in ticks:
        if isinstance(tick, Quote):
            quotes[tick.symbol] = tick
        elif tick.symbol in quotes:
            quote, prints = quotes[tick.symbol], prints + 1
            reach = 2 * (quote.ask - quote.bid)
            inside += quote.bid - reach <= tick.price <= quote.ask + reach
    assert inside > 0.9 * prints > 1000


def test_minutes_join_without_a_seam() -> None:
    """A minute opens where the last one closed, over midnight too."""
    start = datetime(2026, 3, 3, 23, 30, tzinfo=UTC)
    market = synthetic_market(seed=7)
    bars = list(minute_bars(market, "MSFT", start, 60))
    assert len(bars) == 60
    assert all(left.close == right.open for left, right in pairwise(bars))


def test_a_bar_holds_its_own_prices() -> None:
    """High and low enclose open, close and the average price."""
    for bar in minute_bars(synthetic_market(seed=7), "TSLA", NOON, 300):
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.low <= bar.vwap <= bar.high
        assert bar.volume > 0 < bar.trades


@pytest.mark.parametrize("symbol", ["AAPL", "BTC/USD"])
def test_a_longer_bar_is_the_sum_of_its_minutes(symbol: str) -> None:
    """However bars are asked for, they tell of the same prices and volume."""
    market, start = synthetic_market(seed=7), datetime(2026, 3, 3, 22, 0, tzinfo=UTC)
    hours = 4
    whole = market.bar(symbol, start, start + timedelta(hours=hours))
    summed = merged(minute_bars(market, symbol, start, hours * 60), start)
    assert whole is not None
    assert summed is not None
    assert (whole.open, whole.high, whole.low, whole.close) == (
        summed.open,
        summed.high,
        summed.low,
        summed.close,
    )
    assert (whole.volume, whole.trades) == (summed.volume, summed.trades)
    assert abs(whole.vwap - summed.vwap) < Decimal("0.01")


def test_live_ticks_continue_the_history() -> None:
    """A minute's first live ticks are near the close of the minute before."""
    market, made = synthetic_market(seed=7), source(rate=500)
    for symbol in ("AAPL", "KO", "ETH/USD"):
        before = market.bar(symbol, NOON - MINUTE, NOON)
        first = next(
            tick
            for number in range(slice_at(NOON), slice_at(NOON) + 12)
            for tick in made.slice_of(number)
            if tick.symbol == symbol and isinstance(tick, Print)
        )
        assert before is not None
        assert abs(first.price / before.close - 1) < Decimal("0.005")


def test_the_previous_close_is_the_close_of_the_day_before() -> None:
    """Positions' day P&L and the daily chart agree."""
    market = synthetic_market(seed=7)
    market.now = lambda: NOON
    today = new_york_midnight(date(2026, 3, 4))
    for symbol in ("AAPL", "BTC/USD"):
        yesterday = market.bar(symbol, today - timedelta(days=1), today)
        assert yesterday is not None
        assert market.previous_close(symbol) == yesterday.close


def test_symbols_follow_the_market() -> None:
    """Daily moves of shares correlate with the index, those of a quiet asset hardly."""
    path, last = PricePath(7, LISTED), day_number(NOON.date())

    def moves(symbol: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        closes = [path.minutes(symbol, last - back)[-1] for back in range(400)]
        moved: np.ndarray[tuple[int], np.dtype[np.float64]] = np.diff(closes)
        return moved

    index = moves("SPY")
    assert np.corrcoef(index, moves("AAPL"))[0, 1] > 0.35
    assert abs(np.corrcoef(index, moves("GLD"))[0, 1]) < 0.3


def test_volatility_comes_in_clusters() -> None:
    """Large minute moves are followed by large ones: their sizes correlate over time."""
    path, last = PricePath(7, LISTED), day_number(NOON.date())
    sizes = np.abs(np.concatenate([np.diff(path.minutes("TSLA", last - n)) for n in range(20)]))
    assert np.corrcoef(sizes[:-5], sizes[5:])[0, 1] > 0.05


def test_prices_stay_believable_for_years() -> None:
    """In ten years no price goes to zero or to the sky."""
    path = PricePath(11, LISTED)
    for listing in LISTED:
        for day in range(0, 4000, 200):
            price = float(np.exp(path.minutes(listing.symbol, day)[0]))
            assert listing.price / 12 < price < listing.price * 12


def test_outside_exchange_hours_only_pairs_trade() -> None:
    """With real hours a Sunday has crypto ticks and no stock's, and no stock bars."""
    made = Synthetic(7, LISTED, rate=100.0, hours=NyseHours())
    ticks = made.slice_of(slice_at(SUNDAY))
    assert ticks
    assert all("/" in tick.symbol for tick in ticks)
    market = made.market()
    assert market.bar("AAPL", SUNDAY, SUNDAY + timedelta(hours=1)) is None
    assert market.bar("BTC/USD", SUNDAY, SUNDAY + timedelta(hours=1)) is not None


def test_in_exchange_hours_a_day_is_its_session() -> None:
    """With real hours the day's bar opens at 9:30 and closes at 16:00 New York."""
    market = Synthetic(7, LISTED, rate=100.0, hours=NyseHours()).market()
    always = synthetic_market(seed=7)
    start = new_york_midnight(date(2026, 3, 4))
    opens, closes = start + timedelta(hours=9.5), start + timedelta(hours=16)
    day = market.bar("AAPL", start, start + timedelta(days=1))
    session = always.bar("AAPL", opens, closes)
    assert day is not None
    assert session is not None
    assert (day.open, day.high, day.close) == (session.open, session.high, session.close)
    market.now = lambda: SUNDAY
    friday = market.bar("AAPL", start + timedelta(days=2), start + timedelta(days=3))
    assert friday is not None
    assert market.previous_close("AAPL") == friday.close


def test_out_of_hours_the_last_session_is_shown() -> None:
    """On a Sunday the newest stock bar is Friday's last minute; a pair's is now."""
    made = Synthetic(7, LISTED, rate=100.0, hours=NyseHours())
    market = made.market(clock=lambda: SUNDAY)
    stock, pair = market.latest_bar("AAPL"), market.latest_bar("BTC/USD")
    quote = market.quote("AAPL")
    assert stock is not None
    assert pair is not None
    assert quote is not None
    friday_close = datetime(2026, 3, 6, 21, 0, tzinfo=UTC)
    assert (stock.at, pair.at) == (friday_close - MINUTE, SUNDAY - MINUTE)
    assert quote.at == friday_close
    assert abs(stock.close - quote.bid) < Decimal("0.2")


def test_every_symbol_has_a_price_before_the_first_tick() -> None:
    """A quote, a print and a previous close are there at once, for orders and positions."""
    market = synthetic_market(seed=7)
    for listing in LISTED:
        assert market.quote(listing.symbol) is not None
        assert market.last(listing.symbol) is not None
        assert market.previous_close(listing.symbol) is not None


def test_running_publishes_ticks_of_the_present() -> None:
    """Each tick is published at its moment, not before it, and the board shows it."""

    async def run() -> list[tuple[Tick, float]]:
        market = source(rate=2000).market()
        seen: list[tuple[Tick, float]] = []
        enough = asyncio.Event()

        def note(tick: Tick) -> None:
            seen.append((tick, (market.now() - tick.at).total_seconds()))
            if len(seen) >= 200:
                enough.set()

        market.listen(note)
        running = asyncio.create_task(market.run())
        await asyncio.wait_for(enough.wait(), 30)
        running.cancel()
        assert market.quote("AAPL") is not None
        return seen

    seen = asyncio.run(run())
    moments = [tick.at for tick, _ in seen]
    assert moments == sorted(moments)
    assert all(late_s >= 0 for _, late_s in seen)
