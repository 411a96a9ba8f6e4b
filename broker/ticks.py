"""The newest trade and quote of each symbol, conflated before they are parsed (R5).

A tick costs one dictionary write here; whoever drains pays for the conversion,
once per batch window instead of once per message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from broker import convert
from portfolio.errors import ConversionError
from portfolio.values import Mark, Quote

log = logging.getLogger(__name__)

Tick = tuple[str, Mapping[str, Any], int, int]
"""Symbol, newest raw trade, trades since the last drain, arrival of the first of those.

The arrival is time.monotonic_ns() of the oldest trade that the tick stands for, so that
latency counts from when there was something new to show.
"""


class TickBoard:
    """What one account's watched symbols last traded and were quoted at.

    Written by the feed's loop thread, drained by any other. One lock guards all
    of it and is held for a dictionary operation, never for a conversion.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._fresh: dict[str, Tick] = {}
        self._trades: dict[str, Tick] = {}
        self._quotes: dict[str, Mapping[str, Any]] = {}
        self._malformed = 0
        self._on_fresh: Callable[[], object] = _nobody

    def on_fresh(self, listener: Callable[[], object]) -> None:
        """Have listener called when a trade arrives after a drain; it must return at once."""
        self._on_fresh = listener
        if self._fresh:
            listener()

    @property
    def malformed(self) -> int:
        """Return how many drained trades and asked-for quotes could not be converted."""
        return self._malformed

    def put_trade(self, symbol: str, raw: Mapping[str, Any], arrived_ns: int) -> None:
        """Keep raw as the newest trade of symbol and count it."""
        with self._lock:
            before = self._fresh.get(symbol)
            wakes = not self._fresh
            count, first_ns = (1, arrived_ns) if before is None else (before[2] + 1, before[3])
            self._fresh[symbol] = self._trades[symbol] = (symbol, raw, count, first_ns)
        if wakes:
            self._on_fresh()

    def put_quote(self, symbol: str, raw: Mapping[str, Any]) -> None:
        """Keep raw as the newest quote of symbol."""
        with self._lock:
            self._quotes[symbol] = raw

    def drain_trades(self) -> list[Tick]:
        """Return each symbol that traded since the last drain, newest trade only."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        return list(fresh.values())

    def drain_marks(self) -> list[Mark]:
        """Return drain_trades() converted; a trade that can't be is counted and left out."""
        marks = (self._mark(tick) for tick in self.drain_trades())
        return [mark for mark in marks if mark is not None]

    def quote(self, symbol: str) -> Quote | None:
        """Return the newest quote of symbol, None where there is none (or no usable one)."""
        with self._lock:
            raw = self._quotes.get(symbol)
        if raw is None:
            return None
        try:
            return convert.quote(raw, symbol)
        except ConversionError as error:
            self._count(error)
            return None

    def last_trade(self, symbol: str) -> Mark | None:
        """Return the newest trade of symbol, also when drained already; None before the first."""
        with self._lock:
            tick = self._trades.get(symbol)
        return None if tick is None else self._mark(tick)

    def keep_only(self, symbols: frozenset[str]) -> None:
        """Forget everything about symbols that are not in ``symbols``."""
        with self._lock:
            for kept in (self._fresh, self._trades, self._quotes):
                for symbol in kept.keys() - symbols:
                    del kept[symbol]

    def _mark(self, tick: Tick) -> Mark | None:
        symbol, raw, count, arrived_ns = tick
        try:
            return convert.mark(raw, symbol, count, arrived_ns)
        except ConversionError as error:
            self._count(error)
            return None

    def _count(self, error: ConversionError) -> None:
        self._malformed += 1
        if self._malformed == 1:
            log.warning("market data not understood (counted from here on): %s", error)


def _nobody() -> None:
    """Stand in until somebody listens."""
