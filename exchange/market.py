"""The market as everything else sees it: last ticks, listeners, session.

One Market serves matching, the data stream and REST alike. A source (synthetic
or a tape) publishes ticks into it; listeners are called synchronously, in
order, on the event loop, so a matching engine sees every tick before the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Protocol

from exchange.assets import Universe
from exchange.hours import AlwaysOpen, Hours, Session
from exchange.ticks import Print, Quote, Tick

Listener = Callable[[Tick], None]


def utc_now() -> datetime:
    """Return the present, aware UTC."""
    return datetime.now(UTC)


class Source(Protocol):
    """Where ticks come from."""

    async def run(self, market: Market) -> None:
        """Publish ticks into market until cancelled, or until the source ends."""
        ...


class Market:
    """The newest quote and print of every symbol, and who wants to hear of them.

    Args:
        universe: what can be traded.
        hours: when the market is open.
        source: what publishes ticks while ``run`` runs; None when a test publishes by hand.
        clock: returns the present, aware UTC.
    """

    def __init__(
        self,
        universe: Universe,
        *,
        hours: Hours | None = None,
        source: Source | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.universe = universe
        self.hours: Hours = hours or AlwaysOpen()
        self.now = clock
        self._source = source
        self._quotes: dict[str, Quote] = {}
        self._prints: dict[str, Print] = {}
        self._closes: dict[str, Decimal] = {}
        self._listeners: list[Listener] = []
        self._drains: list[Callable[[], Awaitable[None]]] = []
        self.watched = asyncio.Event()
        """Set once the first market-data subscriber has subscribed."""

    @property
    def session(self) -> Session:
        """Return whether the market is open now, and when that changes."""
        return self.hours.session(self.now())

    def quote(self, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol (``BTC/USD`` form), None before its first."""
        return self._quotes.get(symbol)

    def last(self, symbol: str) -> Print | None:
        """Return the newest print of a symbol, None before its first."""
        return self._prints.get(symbol)

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the close of the session before today's (New York date), None if unknown."""
        return self._closes.get(symbol)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call listener for each tick from now on, after the board shows it.

        Returns:
            A function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def publish(self, tick: Tick) -> None:
        """Put a tick on the board and tell all listeners; loop thread only."""
        if isinstance(tick, Quote):
            self._quotes[tick.symbol] = tick
        else:
            self._prints[tick.symbol] = tick
        for listener in self._listeners:
            listener(tick)

    def prime(self, ticks: Iterable[Tick], closes: dict[str, Decimal] | None = None) -> None:
        """Put ticks and previous closes on the board without telling anybody."""
        for tick in ticks:
            if isinstance(tick, Quote):
                self._quotes[tick.symbol] = tick
            else:
                self._prints[tick.symbol] = tick
        self._closes.update(closes or {})

    async def run(self) -> None:
        """Run the source until it ends or this task is cancelled."""
        if self._source is not None:
            await self._source.run(self)
