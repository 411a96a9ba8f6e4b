"""The newest trade and quote of each symbol, conflated before they are parsed (R5).

A tick costs one dictionary write here; whoever drains pays for the conversion,
once per batch window instead of once per message.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import Any

from portfolio.errors import ConversionError
from portfolio.values import Mark, Quote

Tick = tuple[str, Mapping[str, Any], int, int]
"""Symbol, newest raw trade, trades since the last drain, arrival of the newest in monotonic ns."""


class TickBoard:
    """What one account's watched symbols last traded and were quoted at.

    Written by the feed's loop thread, drained by any other thread.
    """

    def put_trade(self, symbol: str, raw: Mapping[str, Any], arrived_ns: int) -> None:
        """Keep raw as the newest trade of symbol and count it."""
        raise NotImplementedError

    def put_quote(self, symbol: str, raw: Mapping[str, Any]) -> None:
        """Keep raw as the newest quote of symbol."""
        raise NotImplementedError

    def drain_trades(self) -> list[Tick]:
        """Return each symbol that traded since the last drain, newest trade only."""
        raise NotImplementedError

    def drain_marks(self) -> list[Mark]:
        """Return drain_trades() converted; a trade that can't be is counted and left out."""
        raise NotImplementedError

    def quote(self, symbol: str) -> Quote | None:
        """Return the newest quote of symbol, None where there is none (or no usable one)."""
        raise NotImplementedError

    def last_trade(self, symbol: str) -> Mark | None:
        """Return the newest trade of symbol, also when drained already; None before the first."""
        raise NotImplementedError

    def keep_only(self, symbols: frozenset[str]) -> None:
        """Forget everything about symbols that are not in ``symbols``."""
        raise NotImplementedError


__all__ = ["ConversionError", "Lock", "Tick", "TickBoard"]
