"""The synthetic market: ticks for every listing, day and night, from a seed.

Ticks are made in slices of five seconds, each a pure function of seed, symbol
and slice, and published when their moment comes. Two runs with the same seed
publish the same ticks at the same moments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from exchange.assets import Universe
from exchange.bars import minute_of
from exchange.hours import AlwaysOpen, Hours
from exchange.listing import Listing, listings
from exchange.market import Market, utc_now
from exchange.price_history import PriceHistory
from exchange.price_path import SECONDS, Floats, PricePath, minute_number
from exchange.tick_maker import make_ticks
from exchange.ticks import Tick

SLICE_S = 5
DEFAULT_RATE = 60.0
_LATE_S = 2.0
_TURN = 64  # overdue ticks published before anything else on the event loop gets its turn
_TICKS = 5  # random stream
_PRINT_SHARE = 0.3
_MILLION = 1_000_000


def synthetic_market(
    *, seed: int = 1, rate: float = DEFAULT_RATE, hours: Hours | None = None
) -> Market:
    """Return a market of all listings.

    Args:
        seed: equal seeds make equal markets.
        rate: ticks per second of all symbols together, on average.
        hours: when stocks trade; None is day and night.
    """
    source = Synthetic(seed, listings(), rate=rate, hours=hours or AlwaysOpen())
    return source.market()


class Synthetic:
    """The source of synthetic ticks.

    Args:
        seed: any integer ≥ 0.
        listed: what trades.
        rate: ticks per second of all symbols together, on average.
        hours: when stocks trade; crypto pairs always do.
    """

    def __init__(
        self, seed: int, listed: tuple[Listing, ...], *, rate: float, hours: Hours
    ) -> None:
        self._listed = listed
        self._hours = hours
        self._path = PricePath(seed, listed)
        self._history = PriceHistory(self._path, listed, hours)
        activity = sum(listing.activity for listing in listed)
        self._rates = {item.symbol: rate * item.activity / activity for item in listed}

    def market(self, clock: Callable[[], datetime] = utc_now) -> Market:
        """Return a market fed by this source, with its past.

        Args:
            clock: returns the present, aware UTC.
        """
        market = Market(
            Universe(listing.asset for listing in self._listed),
            hours=self._hours,
            source=self,
            history=self._history,
            clock=clock,
        )
        market.prime(self.opening(market.now()))
        return market

    def slice_of(self, number: int) -> list[Tick]:
        """Return the ticks of one slice in time order.

        Args:
            number: Unix time ÷ SLICE_S, whole.
        """
        ticks = [tick for item in self._trading(number) for tick in self._ticks_of(item, number)]
        ticks.sort(key=lambda tick: tick.at)
        return ticks

    def opening(self, at: datetime) -> list[Tick]:
        """Return a print and a quote of every listing as they stood at a moment."""
        moment = at if self._hours.session(at).is_open else self._last_close(at)
        ticks: list[Tick] = []
        for listing in self._listed:
            seen = at if listing.asset.is_crypto else moment
            ticks.extend(self._standing(listing, seen))
        return ticks

    async def run(self, market: Market) -> None:
        """Publish for ever; a slice that is overdue by seconds is dropped, not caught up."""
        now = market.now()
        number = int(now.timestamp()) // SLICE_S
        market.begin(now, self._so_far(now))
        ahead = asyncio.create_task(self._prepare(number))
        try:
            while True:
                ticks = [tick for tick in await ahead if tick.at > now]
                ahead = asyncio.create_task(self._prepare(number + 1))
                await _publish(market, ticks)
                latest = int(market.now().timestamp() - _LATE_S) // SLICE_S
                if latest > number + 1:
                    ahead.cancel()
                    ahead = asyncio.create_task(self._prepare(latest))
                number = max(number + 1, latest)
                await _until(market, datetime.fromtimestamp(number * SLICE_S, UTC))
        finally:
            ahead.cancel()

    async def _prepare(self, number: int) -> list[Tick]:
        """Return a slice's ticks, giving way to others between symbols."""
        ticks: list[Tick] = []
        for listing in self._trading(number):
            ticks.extend(self._ticks_of(listing, number))
            await asyncio.sleep(0)
        ticks.sort(key=lambda tick: tick.at)
        return ticks

    def _so_far(self, now: datetime) -> Iterator[Tick]:
        """Yield the ticks of this minute until now, the standing market first."""
        minute = minute_of(now)
        if self._hours.session(minute).is_open:
            yield from self.opening(minute)
        for number in range(
            int(minute.timestamp()) // SLICE_S, int(now.timestamp()) // SLICE_S + 1
        ):
            yield from (tick for tick in self.slice_of(number) if tick.at <= now)

    def _trading(self, number: int) -> list[Listing]:
        """Return the listings that trade in a slice."""
        is_open = self._hours.session(datetime.fromtimestamp(number * SLICE_S, UTC)).is_open
        return [listing for listing in self._listed if is_open or listing.asset.is_crypto]

    def _last_close(self, at: datetime) -> datetime:
        days = self._hours.days((at - timedelta(days=10)).date(), at.date())
        return [day.closes for day in days if day.closes <= at][-1]

    def _standing(self, listing: Listing, at: datetime) -> list[Tick]:
        rng = self._path.rng(listing.symbol, _TICKS, 0, minute_number(at))
        prices = np.full(2, self._path.price(listing.symbol, at))
        return make_ticks(listing, prices, (at, at), (True, False), rng)

    def _ticks_of(self, listing: Listing, number: int) -> list[Tick]:
        rng = self._path.rng(listing.symbol, _TICKS, 1, number)
        count = int(rng.poisson(self._rates[listing.symbol] * SLICE_S))
        if not count:
            return []
        start = datetime.fromtimestamp(number * SLICE_S, UTC)
        offsets = np.sort(rng.integers(0, SLICE_S * _MILLION, count))
        prints = (rng.random(count) < _PRINT_SHARE).tolist()
        prices = self._prices(listing, start, offsets)
        moments = [start + timedelta(microseconds=offset) for offset in offsets.tolist()]
        return make_ticks(listing, prices, moments, prints, rng)

    def _prices(self, listing: Listing, start: datetime, offsets: NDArray[np.int64]) -> Floats:
        """Return the path's prices at microseconds after start; slices don't span minutes."""
        levels = self._path.seconds(listing.symbol, minute_number(start))
        seconds = start.second + offsets / _MILLION
        prices: Floats = np.exp(np.interp(seconds, np.arange(SECONDS + 1), levels))
        return prices


async def _publish(market: Market, ticks: list[Tick]) -> None:
    """Publish each tick at its moment; overdue ones at once, giving way to others between."""
    for count, tick in enumerate(ticks):
        if count % _TURN == 0:
            await asyncio.sleep(0)
        await _until(market, tick.at)
        market.publish(tick)


async def _until(market: Market, moment: datetime) -> None:
    """Sleep until a moment, not at all when it has passed."""
    wait_s = (moment - market.now()).total_seconds()
    if wait_s > 0:
        await asyncio.sleep(wait_s)
