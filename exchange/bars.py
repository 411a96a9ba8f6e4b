"""Bars: prints summed up over a span of time.

Live bars are made from the prints as they pass; older ones come from the
market's history. ``BarBook`` keeps the live minutes, ``merged`` joins the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from exchange.ticks import Print

MINUTE = timedelta(minutes=1)
KEPT_MINUTES = 14_400
"""Live minutes kept per symbol, ten days, where nothing else knows them."""
_VWAP_STEP = Decimal("0.000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """All prints of one span: prices in USD, volume in shares or coins.

    Attributes:
        at: the span's start, aware UTC.
        trades: number of prints.
        turnover: sum of price × size, USD.
    """

    symbol: str
    at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int
    turnover: Decimal

    @property
    def vwap(self) -> Decimal:
        """Return turnover ÷ volume to six decimals; the close where nothing was traded."""
        if not self.volume:
            return self.close
        return (self.turnover / self.volume).quantize(_VWAP_STEP, ROUND_HALF_EVEN)


def merged(bars: Iterable[Bar], at: datetime) -> Bar | None:
    """Return one bar for the whole of bars.

    Args:
        bars: of one symbol, in time order.
        at: the start the result carries.
    """
    rows = [bar for bar in bars if bar.trades]
    if not rows:
        return None
    return Bar(
        symbol=rows[0].symbol,
        at=at,
        open=rows[0].open,
        high=max(bar.high for bar in rows),
        low=min(bar.low for bar in rows),
        close=rows[-1].close,
        volume=sum((bar.volume for bar in rows), Decimal(0)),
        trades=sum(bar.trades for bar in rows),
        turnover=sum((bar.turnover for bar in rows), Decimal(0)),
    )


def minute_of(at: datetime) -> datetime:
    """Return the start of the minute that holds ``at``."""
    return at.replace(second=0, microsecond=0)


class _Growing:
    """The bar of a minute that isn't over; plain attributes, as it changes with every print."""

    __slots__ = ("at", "close", "high", "low", "open", "symbol", "trades", "turnover", "volume")

    def __init__(self, first: Print) -> None:
        self.symbol = first.symbol
        self.at = minute_of(first.at)
        self.open = self.high = self.low = self.close = first.price
        self.volume = first.size
        self.turnover = first.price * first.size
        self.trades = 1

    def add(self, tick: Print) -> None:
        """Take in one more print."""
        price = tick.price
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.close = price
        self.volume += tick.size
        self.turnover += price * tick.size
        self.trades += 1

    def bar(self) -> Bar:
        """Return the bar as it stands."""
        return Bar(
            symbol=self.symbol,
            at=self.at,
            open=self.open,
            high=self.high,
            low=self.low,
            close=self.close,
            volume=self.volume,
            trades=self.trades,
            turnover=self.turnover,
        )


class BarBook:
    """The minute bars of all symbols since the market started.

    A minute is closed by ``close_before``, which a timer calls at minute ends,
    or by the first print of a later minute. A print older than the open minute
    (a tape may hold one) is counted into the open minute.

    Args:
        kept_minutes: finished bars kept per symbol.
    """

    def __init__(self, kept_minutes: int = KEPT_MINUTES) -> None:
        self._kept = kept_minutes
        self._growing: dict[str, _Growing] = {}
        self._closed: dict[str, dict[datetime, Bar]] = {}

    def add(self, tick: Print) -> Bar | None:
        """Take in a print; return the bar it closed, if it began a later minute."""
        growing = self._growing.get(tick.symbol)
        if growing is None:
            self._growing[tick.symbol] = _Growing(tick)
            return None
        if tick.at - growing.at < MINUTE:
            growing.add(tick)
            return None
        self._growing[tick.symbol] = _Growing(tick)
        return self._keep(growing)

    def close_before(self, moment: datetime) -> list[Bar]:
        """Close and return every open bar whose minute ended at or before moment."""
        due = [bar for bar in self._growing.values() if bar.at + MINUTE <= moment]
        for growing in due:
            del self._growing[growing.symbol]
        return [self._keep(growing) for growing in due]

    def between(self, symbol: str, start: datetime, end: datetime) -> list[Bar]:
        """Return the minute bars with start ≤ at < end, the unfinished one included.

        Args:
            symbol: ``BTC/USD`` form.
            start: aware UTC, a whole minute.
            end: aware UTC.
        """
        if end <= start:
            return []
        closed = self._closed.get(symbol, {})
        if end - start <= MINUTE:
            bars = [closed[start]] if start in closed else []
        else:
            bars = [bar for bar in closed.values() if start <= bar.at < end]
        growing = self._growing.get(symbol)
        if growing is not None and start <= growing.at < end:
            bars.append(growing.bar())
        return bars

    def latest(self, symbol: str) -> Bar | None:
        """Return the newest minute bar, the unfinished one if there is one."""
        growing = self._growing.get(symbol)
        if growing is not None:
            return growing.bar()
        closed = self._closed.get(symbol)
        return next(reversed(closed.values())) if closed else None

    def _keep(self, growing: _Growing) -> Bar:
        """Keep a finished bar; prints that came after its minute was closed are added to it."""
        bar = growing.bar()
        closed = self._closed.setdefault(bar.symbol, {})
        if bar.at in closed:
            bar = merged((closed[bar.at], bar), bar.at) or bar
        closed[bar.at] = bar
        if len(closed) > self._kept:
            del closed[next(iter(closed))]
        return bar
