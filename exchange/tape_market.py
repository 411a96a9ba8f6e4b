"""A market that replays a tape, now.

Each row keeps its distance from the first one, divided by the speed: what was
recorded at t is published at start + (t − t0) ÷ speed and carries that time.
At full speed rows follow one another as fast as the subscribers take them in,
and carry the moment of their publication. The tape starts when the first
market-data subscriber has subscribed, so nobody connects to a market that is
already over. When it ends the market closes, and its last prices remain.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from exchange.assets import Asset
from exchange.errors import InvalidSetting
from exchange.hours import AlwaysOpen, Session, TradingDay
from exchange.listing import default_universe, pair_asset, stock_asset
from exchange.market import Market
from exchange.tape import Tape
from exchange.tape_rows import QuoteRow, Row
from exchange.ticks import Print, Quote, Tick

_CHUNK = 128
"""Rows published at full speed before anything else on the event loop gets its turn."""
_SPEED = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)x?", re.ASCII)
_OPENING_SIZE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a tape is replayed.

    Attributes:
        factor: tape seconds per second; None is as fast as the subscribers take it.
    """

    factor: float | None = 1.0

    @classmethod
    def parse(cls, text: str) -> Speed:
        """Return the speed that a text means.

        Args:
            text: ``1``, ``60x``, ``0.5`` or ``max``.

        Raises:
            InvalidSetting: it means none.
        """
        found = _SPEED.fullmatch(text.strip())
        if text.strip() == "max":
            return cls(None)
        if found is None or not float(found.group(1)):
            raise InvalidSetting("speed", text, "allowed: a number above zero, or max")
        return cls(float(found.group(1)))


class TapeHours:
    """Open while the tape plays or waits to, closed for good once it has ended."""

    def __init__(self) -> None:
        self._always = AlwaysOpen()
        self.has_ended = False

    def session(self, now: datetime) -> Session:
        """Return the state at ``now``; after the end the next open is a day that won't come."""
        session = self._always.session(now)
        if not self.has_ended:
            return session
        reopens = session.next_open
        return Session(
            now, is_open=False, next_open=reopens, next_close=reopens + timedelta(days=1)
        )

    def days(self, first: date, last: date) -> list[TradingDay]:
        """Return every date, as a tape may be replayed on any."""
        return self._always.days(first, last)


def tape_market(path: Path, *, speed: Speed | None = None) -> Market:
    """Return a market that replays a tape.

    Before its first row a symbol shows its opening price: the first row's, for
    a quote the middle. The same is its previous close, as a tape has no
    yesterday.

    Args:
        path: a CSV file, plain or gzip.
        speed: None is 1x.

    Raises:
        TapeRefused: the file can't be replayed.
    """
    tape, hours = Tape(path), TapeHours()
    universe = default_universe()
    for symbol in tape.symbols:
        if symbol not in universe:
            universe.add(_asset(symbol))
    market = Market(universe, hours=hours, source=Replay(tape, speed or Speed(), hours))
    closes = {symbol: known.first_price for symbol, known in tape.symbols.items()}
    market.prime(_opening(tape, market.now()), closes)
    return market


class Replay:
    """The source that publishes a tape's rows.

    Args:
        tape: a checked tape.
        speed: how fast.
        hours: told when the tape has ended.
    """

    def __init__(self, tape: Tape, speed: Speed, hours: TapeHours) -> None:
        self._tape = tape
        self._speed = speed
        self._hours = hours
        self._unquoted = {name for name, known in tape.symbols.items() if not known.is_quoted}

    async def run(self, market: Market) -> None:
        """Wait for the first subscriber, publish every row, close the market."""
        await market.watched.wait()
        if self._speed.factor is None:
            await self._at_full_speed(market)
        else:
            await self._in_time(market, self._speed.factor)
        await market.drained()
        self._hours.has_ended = True

    async def _at_full_speed(self, market: Market) -> None:
        for count, row in enumerate(self._tape.rows(), start=1):
            self._publish(market, _tick(row, market.now()))
            if count % _CHUNK == 0:
                await market.drained()
                await asyncio.sleep(0)

    async def _in_time(self, market: Market, factor: float) -> None:
        start, first_ms = market.now(), self._tape.first_ms
        for count, row in enumerate(self._tape.rows()):
            at = start + timedelta(milliseconds=(row.ms - first_ms) / factor)
            wait_s = (at - market.now()).total_seconds()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            elif count % _CHUNK == 0:
                await asyncio.sleep(0)
            if factor > 1 and count % _CHUNK == 0:
                await market.drained()
            self._publish(market, _tick(row, at))

    def _publish(self, market: Market, tick: Tick) -> None:
        if isinstance(tick, Print) and tick.symbol in self._unquoted:
            market.quote_from_print(tick)
        market.publish(tick)


def _tick(row: Row, at: datetime) -> Tick:
    if isinstance(row, QuoteRow):
        return Quote(row.symbol, row.bid, row.bid_size, row.ask, row.ask_size, at)
    return Print(row.symbol, row.price, row.size, at)


def _opening(tape: Tape, at: datetime) -> Iterator[Tick]:
    """Yield what each symbol shows before its first row."""
    for symbol, known in tape.symbols.items():
        price, first = known.first_price, known.first
        yield Print(symbol, price, _OPENING_SIZE, at)
        if isinstance(first, QuoteRow):
            yield _tick(first, at)
        else:
            yield Quote(symbol, price, first.size, price, first.size, at)


def _asset(symbol: str) -> Asset:
    return pair_asset(symbol) if "/" in symbol else stock_asset(symbol)
