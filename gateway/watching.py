"""Which symbols an account needs prices for."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Lock

from portfolio.orders import Order
from portfolio.values import Position

INTEREST_S = 120.0
"""A symbol somebody asked a quote for is followed this long after the last question."""


class Interests:
    """Symbols people looked at lately, each until it is forgotten. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._until: dict[str, float] = {}

    def look(self, symbol: str, now_s: float) -> bool:
        """Note that somebody looks at symbol; say whether that is new."""
        with self._lock:
            new = self._until.get(symbol, 0.0) <= now_s
            self._until[symbol] = now_s + INTEREST_S
            return new

    def current(self, now_s: float) -> frozenset[str]:
        """Return the symbols somebody looked at lately, dropping the others."""
        with self._lock:
            self._until = {s: until for s, until in self._until.items() if until > now_s}
            return frozenset(self._until)


def ranked(
    positions: Iterable[Position], orders: Iterable[Order], looked_at: Iterable[str]
) -> list[str]:
    """Return the symbols that need a price, the most important first, each once.

    Positions come first, the largest exposure at the top, then working orders,
    then what somebody looks at: a small symbol budget is spent on the money.
    """
    by_exposure = sorted(positions, key=lambda each: (-abs(each.market_value), each.symbol))
    held = [position.symbol for position in by_exposure]
    ordered = sorted(order.symbol for order in orders)
    return list(dict.fromkeys([*held, *ordered, *sorted(looked_at)]))
