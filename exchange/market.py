"""The market as everything else sees it: last ticks, bars, listeners, session.

One Market serves matching, the data stream and REST alike. A source (synthetic
or a tape) publishes ticks into it; listeners are called synchronously, in
order, on the event loop, so a matching engine sees every tick before the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

from exchange.assets import Universe
from exchange.bars import MINUTE, Bar, BarBook, merged, minute_of
from exchange.hours import AlwaysOpen, Hours, Session, new_york_day
from exchange.ticks import Print, Quote, Tick

_REMEMBERED = timedelta(hours=25)
"""Live minutes that are kept although there is a history: today's bar is always whole."""

_LONGEST_CLOSURE = timedelta(days=10)

Listener = Callable[[Tick], None]
BarListener = Callable[[Bar], None]
Drain = Callable[[], Awaitable[None]]

_BAR_DELAY = timedelta(milliseconds=20)
"""Ticks of a minute's last moment are published before its bar is closed."""


def utc_now() -> datetime:
    """Return the present, aware UTC."""
    return datetime.now(UTC)


class Source(Protocol):
    """Where ticks come from."""

    async def run(self, market: Market) -> None:
        """Publish ticks into market until cancelled, or until the source ends."""
        ...


class History(Protocol):
    """Bars of the time before the exchange was started."""

    @property
    def begins(self) -> datetime:
        """Return the start of all history, aware UTC."""
        ...

    def bar(self, symbol: str, start: datetime, end: datetime) -> Bar | None:
        """Return the bar over start ≤ minute < end, None where nothing was traded."""
        ...

    def previous_close(self, symbol: str, now: datetime) -> Decimal | None:
        """Return the close of the session before today's, None if unknown."""
        ...


class Market:
    """The newest quote and print of every symbol, and who wants to hear of them.

    Args:
        universe: what can be traded.
        hours: when the market is open; None is always.
        source: what publishes ticks while ``run`` runs; None when a test publishes by hand.
        history: bars of the time before; None is none.
        clock: returns the present, aware UTC.
    """

    def __init__(
        self,
        universe: Universe,
        *,
        hours: Hours | None = None,
        source: Source | None = None,
        history: History | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.universe = universe
        self.hours: Hours = hours or AlwaysOpen()
        self.now = clock
        self.watched = asyncio.Event()
        """Set once the first market-data subscriber has subscribed."""
        self.bars = BarBook(_REMEMBERED // MINUTE) if history else BarBook()
        self._source = source
        self._history = history
        self._live_from = minute_of(clock())
        self._quotes: dict[str, Quote] = {}
        self._prints: dict[str, Print] = {}
        self._print_numbers: dict[str, int] = {}
        self._closes: dict[str, Decimal] = {}
        self._listeners: list[Listener] = []
        self._bar_listeners: list[BarListener] = []
        self._drains: list[Drain] = []

    @property
    def session(self) -> Session:
        """Return whether the market is open now, and when that changes."""
        return self.hours.session(self.now())

    @property
    def begins(self) -> datetime:
        """Return the earliest moment that bars may exist for."""
        return self._history.begins if self._history else self._live_from

    def quote(self, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol (``BTC/USD`` form), None before its first."""
        return self._quotes.get(symbol)

    def last(self, symbol: str) -> Print | None:
        """Return the newest print of a symbol, None before its first."""
        return self._prints.get(symbol)

    def print_number(self, symbol: str) -> int:
        """Return how many prints of a symbol there were; the newest one's id."""
        return self._print_numbers.get(symbol, 0)

    def previous_close(self, symbol: str) -> Decimal | None:
        """Return the close of the session before today's (New York date), None if unknown."""
        known = self._closes.get(symbol)
        if known is None and self._history is not None:
            return self._history.previous_close(symbol, self.now())
        return known

    def bar(self, symbol: str, start: datetime, end: datetime) -> Bar | None:
        """Return the bar over start ≤ minute < end, past and live minutes together.

        Args:
            symbol: ``BTC/USD`` form.
            start: aware UTC, a whole minute.
            end: aware UTC, a whole minute; a future one means until now.
        """
        joint = self._joint
        parts = self.bars.between(symbol, max(start, joint), end)
        if self._history is not None and start < joint:
            past = self._history.bar(symbol, start, min(end, joint))
            parts = [past, *parts] if past else parts
        return merged(parts, start)

    def latest_bar(self, symbol: str) -> Bar | None:
        """Return the newest minute bar of a symbol; out of hours the last session's last."""
        live = self.bars.latest(symbol)
        if live is not None or self._history is None:
            return live
        past = self._history.bar(symbol, self._joint - MINUTE, self._joint)
        if past is not None:
            return past
        today = new_york_day(self._joint)
        days = self.hours.days(today - _LONGEST_CLOSURE, today)
        closes = [day.closes for day in days if day.closes <= self._joint]
        return self._history.bar(symbol, closes[-1] - MINUTE, closes[-1]) if closes else None

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call listener for each tick from now on, after the board shows it.

        Returns:
            A function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def listen_bars(self, listener: BarListener) -> Callable[[], None]:
        """Call listener for each finished minute bar; returns a function that ends it."""
        self._bar_listeners.append(listener)
        return lambda: self._bar_listeners.remove(listener)

    def publish(self, tick: Tick) -> None:
        """Put a tick on the board and tell all listeners; loop thread only."""
        finished = self._show(tick)
        for listener in self._listeners:
            listener(tick)
        if finished is not None:
            self._tell(finished)

    def prime(self, ticks: Iterable[Tick], closes: dict[str, Decimal] | None = None) -> None:
        """Put ticks and previous closes on the board; tell nobody, count them in no bar."""
        for tick in ticks:
            self._put(tick)
        self._closes.update(closes or {})

    def begin(self, at: datetime, so_far: Iterable[Tick]) -> None:
        """Start the live bars with the minute of ``at``; before it history answers.

        Args:
            at: aware UTC.
            so_far: that minute's ticks until now; shown, counted and told to nobody.
        """
        self._live_from = minute_of(at)
        for tick in so_far:
            self._show(tick)

    def quote_from_print(self, tick: Print) -> None:
        """Show a print as both sides of the quote, for a symbol that is never quoted."""
        self._quotes[tick.symbol] = Quote(
            tick.symbol, tick.price, tick.size, tick.price, tick.size, tick.at
        )

    def on_drain(self, drain: Drain) -> Callable[[], None]:
        """Let sources wait for drain to return; gives back a function that ends it."""
        self._drains.append(drain)
        return lambda: self._drains.remove(drain)

    async def drained(self) -> None:
        """Wait until the subscribers have taken in what was published."""
        for drain in tuple(self._drains):
            await drain()

    def close_minutes(self, moment: datetime) -> None:
        """Finish every minute bar that ended at or before moment, and tell of it."""
        for bar in self.bars.close_before(moment):
            self._tell(bar)

    async def run(self) -> None:
        """Run the source until it ends or this task is cancelled."""
        timer = asyncio.create_task(self._time_minutes(), name="minute bars")
        try:
            if self._source is not None:
                await self._source.run(self)
        finally:
            timer.cancel()
            self.close_minutes(self.now() + MINUTE)

    async def _time_minutes(self) -> None:
        while True:
            now = self.now()
            due = minute_of(now) + MINUTE + _BAR_DELAY
            await asyncio.sleep((due - now).total_seconds())
            self.close_minutes(self.now())

    @property
    def _joint(self) -> datetime:
        """Return where history ends and live bars begin."""
        if self._history is None:
            return self._live_from
        return max(self._live_from, minute_of(self.now()) - _REMEMBERED + MINUTE)

    def _show(self, tick: Tick) -> Bar | None:
        """Put a tick on the board and into the bars; return the minute bar it finished."""
        self._put(tick)
        return None if isinstance(tick, Quote) else self.bars.add(tick)

    def _put(self, tick: Tick) -> None:
        if isinstance(tick, Quote):
            self._quotes[tick.symbol] = tick
        else:
            self._prints[tick.symbol] = tick
            self._print_numbers[tick.symbol] = self._print_numbers.get(tick.symbol, 0) + 1

    def _tell(self, bar: Bar) -> None:
        for listener in self._bar_listeners:
            listener(bar)
