"""Which symbols an account needs prices for."""

from __future__ import annotations

from threading import Lock

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
