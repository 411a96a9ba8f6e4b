"""The synthetic price of every symbol at every moment, a pure function of the seed.

Nothing here depends on when the exchange was started: the price at a given
moment is the same in every run with the same seed. So history and the present
join without a seam, and a restart finds the market where it would have been.

Three scales, each pinned to the coarser one by a Brownian bridge:

* days: a market factor whose variance clusters (GARCH(1,1)), and each symbol's
  own movement; both pulled back slowly, so that prices stay believable for years;
* minutes of a UTC day, with a volatility that wanders within the day;
* seconds of a minute, for live ticks.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from exchange.listing import Listing

Floats = NDArray[np.float64]

EPOCH = date(2016, 1, 1)
MINUTES = 1440
SECONDS = 60

_MARKET = "market factor"
_YEAR_DAYS = 365.0
_MARKET_VOLATILITY = 0.15
_OWN_SHARE = 0.35  # at least this share of a symbol's volatility is its own
_GARCH_ALPHA, _GARCH_BETA = 0.08, 0.90
_MARKET_PULL, _OWN_PULL = 0.998, 0.994
_KNOTS = 49  # half-hourly points of the intraday volatility
_KNOT_SPREAD = 0.4
_DAYS, _DAY, _MINUTE = 1, 2, 3  # separate random streams


def day_number(day: date) -> int:
    """Return days since EPOCH."""
    return (day - EPOCH).days


def minute_number(at: datetime) -> int:
    """Return whole minutes since EPOCH, UTC."""
    start = datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)
    return int((at - start).total_seconds() // SECONDS)


class PricePath:
    """Log prices of all listings for one seed.

    Args:
        seed: any integer ≥ 0.
        listings: whose prices to make; the path of one doesn't depend on the others.
    """

    def __init__(self, seed: int, listings: tuple[Listing, ...]) -> None:
        self._seed = seed
        self._listings = {listing.symbol: listing for listing in listings}
        self._daily: dict[str, tuple[Floats, Floats]] = {}
        # numpy arrays of one day each; 256 of them are 3 MB
        self._minutes = lru_cache(maxsize=256)(self._make_minutes)
        self._seconds = lru_cache(maxsize=256)(self._make_seconds)

    def rng(self, symbol: str, *stream: int) -> np.random.Generator:
        """Return a fresh generator for one purpose; equal arguments draw equal numbers."""
        return np.random.default_rng([self._seed, crc32(symbol.encode()), *stream])

    def minutes(self, symbol: str, day: int) -> Floats:
        """Return 1,441 log prices at the minute boundaries of a UTC day."""
        listing = self._listings[symbol]
        market, own = self._minutes(_MARKET, day)[0], self._minutes(symbol, day)[0]
        levels: Floats = np.log(listing.price) + listing.beta * market + own
        return levels

    def deviations(self, symbol: str, day: int) -> Floats:
        """Return 1,440 standard deviations of the log price, one per minute."""
        beta = self._listings[symbol].beta
        market, own = self._minutes(_MARKET, day)[1], self._minutes(symbol, day)[1]
        spread: Floats = np.hypot(beta * market, own)
        return spread

    def seconds(self, symbol: str, minute: int) -> Floats:
        """Return 61 log prices at the second boundaries of a minute since EPOCH."""
        return self._seconds(symbol, minute)

    def price(self, symbol: str, at: datetime) -> float:
        """Return the price in USD at a moment, interpolated within its second."""
        minute = minute_number(at)
        second = at.second + at.microsecond / 1e6
        levels = self.seconds(symbol, minute)
        return float(np.exp(np.interp(second, np.arange(SECONDS + 1), levels)))

    def _make_seconds(self, symbol: str, minute: int) -> Floats:
        day, within = divmod(minute, MINUTES)
        levels = self.minutes(symbol, day)
        deviation = self.deviations(symbol, day)[within]
        noise = self.rng(symbol, _MINUTE, minute).standard_normal(SECONDS)
        weights = np.full(SECONDS, 1 / SECONDS)
        return _bridge(levels[within], levels[within + 1], deviation, weights, noise)

    def _make_minutes(self, series: str, day: int) -> tuple[Floats, Floats]:
        """Return a series' levels and deviations by minute of one UTC day."""
        levels, deviations = self._days(series, day + 2)
        rng = self.rng(series, _DAY, day)
        knots = rng.normal(0, _KNOT_SPREAD, _KNOTS)
        wander = np.exp(np.interp(np.arange(MINUTES), np.linspace(0, MINUTES, _KNOTS), knots))
        weights = wander**2 / np.sum(wander**2)
        noise = rng.standard_normal(MINUTES)
        deviation = deviations[day]
        path = _bridge(levels[day], levels[day + 1], deviation, weights, noise)
        return path, deviation * np.sqrt(weights)

    def _days(self, series: str, count: int) -> tuple[Floats, Floats]:
        """Return at least count day-start levels and daily deviations of a series."""
        known = self._daily.get(series)
        if known is None or len(known[0]) < count:
            # a longer draw begins with the same numbers, so extending changes nothing
            noise = self.rng(series, _DAYS).standard_normal(count + 400)
            known = _market_days(noise) if series == _MARKET else self._own_days(series, noise)
            self._daily[series] = known
        return known

    def _own_days(self, symbol: str, noise: Floats) -> tuple[Floats, Floats]:
        listing = self._listings[symbol]
        shared = (listing.beta * _MARKET_VOLATILITY) ** 2
        own = max(listing.volatility**2 - shared, (_OWN_SHARE * listing.volatility) ** 2)
        deviations = np.full(len(noise), np.sqrt(own / _YEAR_DAYS))
        return _pulled(deviations * noise, _OWN_PULL), deviations


def _market_days(noise: Floats) -> tuple[Floats, Floats]:
    """Return the market factor: returns whose variance follows a GARCH(1,1)."""
    usual = _MARKET_VOLATILITY**2 / _YEAR_DAYS
    variance, moves, deviations = usual, np.empty_like(noise), np.empty_like(noise)
    for day, shock in enumerate(noise):
        deviations[day] = np.sqrt(variance)
        moves[day] = deviations[day] * shock
        calm = usual * (1 - _GARCH_ALPHA - _GARCH_BETA)
        variance = calm + _GARCH_ALPHA * moves[day] ** 2 + _GARCH_BETA * variance
    return _pulled(moves, _MARKET_PULL), deviations


def _pulled(moves: Floats, pull: float) -> Floats:
    """Return the sums of moves, drawn back towards zero by a factor per step."""
    levels, level = np.empty_like(moves), 0.0
    for step, move in enumerate(moves):
        level = pull * level + move
        levels[step] = level
    return levels


def _bridge(start: float, end: float, deviation: float, weights: Floats, noise: Floats) -> Floats:
    """Return a random walk from start to end; weights share out its variance, sum one."""
    walk = np.cumsum(deviation * np.sqrt(weights) * noise)
    drawn = start + walk + np.cumsum(weights) * (end - start - walk[-1])
    return np.concatenate(([start], drawn))
