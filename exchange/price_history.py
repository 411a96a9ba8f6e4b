"""Bars of the synthetic market's past, computed from its price path when asked for.

Nothing is stored: a minute's open and close lie on the path, and its high and
low are drawn from the law of a Brownian bridge's extremes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from exchange.bars import Bar
from exchange.hours import Hours, new_york_day
from exchange.listing import Listing
from exchange.price_path import EPOCH, MINUTES, Floats, PricePath, minute_number

Ints = NDArray[np.int64]

PRINTS_PER_MINUTE = 18.0
"""Prints a minute of a listing with activity 10 in the past; quieter ones have fewer."""
_HISTORY = 4  # random stream
_LOOK_BACK_DAYS = 10


@dataclass(frozen=True, slots=True)
class _DayArrays:
    """One UTC day by minute; prices in price steps."""

    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    trades: Ints


class PriceHistory:
    """The past of the synthetic market.

    Args:
        path: the prices.
        listings: whose past.
        hours: when stocks trade; crypto pairs always do.
    """

    def __init__(self, path: PricePath, listings: tuple[Listing, ...], hours: Hours) -> None:
        self._path = path
        self._hours = hours
        self._listings = {listing.symbol: listing for listing in listings}
        # 70 KB per day and symbol
        self._day = lru_cache(maxsize=128)(self._make_day)

    @property
    def begins(self) -> datetime:
        """Return the start of all history, aware UTC."""
        return datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)

    def bar(self, symbol: str, start: datetime, end: datetime) -> Bar | None:
        """Return the bar over start ≤ minute < end, None where nothing was traded.

        Args:
            symbol: a listed symbol.
            start: aware UTC, a whole minute.
            end: aware UTC, a whole minute, not in the future.
        """
        listing = self._listings.get(symbol)
        if listing is None:
            return None
        spans = list(self._trading_spans(listing, start, end))
        parts = [(self._day(symbol, day), first, last) for day, first, last in spans]
        return _summed(listing, start, parts)

    def previous_close(self, symbol: str, now: datetime) -> Decimal | None:
        """Return the last price of the last session before today's (New York date)."""
        listing = self._listings.get(symbol)
        if listing is None:
            return None
        today = new_york_day(now)
        sessions = self._hours.days(today - timedelta(days=_LOOK_BACK_DAYS), today)
        closes = [session.closes for session in sessions if session.day < today]
        return self.price_at(symbol, closes[-1]) if closes else None

    def price_at(self, symbol: str, minute: datetime) -> Decimal:
        """Return the price at a minute boundary, as the close of the bar before it."""
        listing = self._listings[symbol]
        day, within = divmod(minute_number(minute) - 1, MINUTES)
        return _decimal(int(self._day(symbol, day).close[within]), listing)

    def _trading_spans(
        self, listing: Listing, start: datetime, end: datetime
    ) -> Iterator[tuple[int, int, int]]:
        """Yield (UTC day, first minute, minute after the last) while the listing trades."""
        for opens, closes in self._open_between(listing, max(start, self.begins), end):
            first, last = minute_number(opens), minute_number(closes)
            while first < last:
                day, within = divmod(first, MINUTES)
                stop = min(within + last - first, MINUTES)
                yield day, within, stop
                first += stop - within

    def _open_between(
        self, listing: Listing, start: datetime, end: datetime
    ) -> list[tuple[datetime, datetime]]:
        if listing.asset.is_crypto or start >= end:
            return [(start, end)]
        days = self._hours.days(new_york_day(start), new_york_day(end))
        spans = [(max(day.opens, start), min(day.closes, end)) for day in days]
        return [span for span in spans if span[0] < span[1]]

    def _make_day(self, symbol: str, day: int) -> _DayArrays:
        listing = self._listings[symbol]
        levels = self._path.minutes(symbol, day)
        spread = self._path.deviations(symbol, day)
        rng = self._path.rng(symbol, _HISTORY, day)
        high, low = _extremes(levels, spread, rng)
        step = float(listing.step)
        prices = np.rint(np.exp(levels) / step).astype(np.int64)
        opens, closes = prices[:-1], prices[1:]
        trades = _trades(listing, spread, rng)
        size = rng.lognormal(np.log(_print_size(listing)), 0.5, MINUTES)
        return _DayArrays(
            opens,
            np.maximum(np.rint(np.exp(high) / step).astype(np.int64), np.maximum(opens, closes)),
            np.minimum(np.rint(np.exp(low) / step).astype(np.int64), np.minimum(opens, closes)),
            closes,
            np.maximum(np.rint(trades * size).astype(np.int64), 1),
            trades,
        )


def _trades(listing: Listing, spread: Floats, rng: np.random.Generator) -> Ints:
    """Return prints per minute: more where prices move more, at least one."""
    usual = PRINTS_PER_MINUTE * listing.activity / 10
    lively = spread / np.mean(spread)
    return np.maximum(rng.poisson(usual * lively), 1).astype(np.int64)


def _print_size(listing: Listing) -> float:
    """Return the typical size of a print, in shares, or in millionths of a coin."""
    return listing.lot / 4 * (1e6 if listing.asset.is_crypto else 1)


def _extremes(levels: Floats, spread: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the highest and lowest log price of each minute.

    Source: for a Brownian bridge from a to b with variance v, the maximum is
    (a + b + √((b − a)² − 2 v ln U)) / 2 with U uniform on (0, 1].
    """
    start, end = levels[:-1], levels[1:]
    chance = 1 - rng.random((2, MINUTES))
    reach = np.sqrt((end - start) ** 2 - 2 * spread**2 * np.log(chance))
    return (start + end + reach[0]) / 2, (start + end - reach[1]) / 2


def _decimal(steps: int, listing: Listing) -> Decimal:
    """Return a price from its number of steps; steps are powers of ten."""
    return Decimal(steps).scaleb(int(listing.step.as_tuple().exponent))


def _summed(
    listing: Listing, start: datetime, parts: list[tuple[_DayArrays, int, int]]
) -> Bar | None:
    if not parts:
        return None
    first, last = parts[0], parts[-1]
    volume = sum(int(day.volume[a:b].sum()) for day, a, b in parts)
    turnover = sum(int(_middle(day, a, b)) for day, a, b in parts)
    size_step = -6 if listing.asset.is_crypto else 0
    return Bar(
        symbol=listing.symbol,
        at=start,
        open=_decimal(int(first[0].open[first[1]]), listing),
        high=_decimal(max(int(day.high[a:b].max()) for day, a, b in parts), listing),
        low=_decimal(min(int(day.low[a:b].min()) for day, a, b in parts), listing),
        close=_decimal(int(last[0].close[last[2] - 1]), listing),
        volume=Decimal(volume).scaleb(size_step),
        trades=sum(int(day.trades[a:b].sum()) for day, a, b in parts),
        turnover=_decimal(turnover, listing).scaleb(size_step),
    )


def _middle(day: _DayArrays, first: int, last: int) -> int:
    """Return volume × the middle of each minute's four prices, summed, in steps.

    In floats, as a day of a busy coin in millionths overflows 64 bits; it is a figure only.
    """
    four = day.open[first:last] + day.high[first:last] + day.low[first:last] + day.close[first:last]
    return int(np.dot(four.astype(np.float64), day.volume[first:last].astype(np.float64))) // 4
