"""Keeps the broker's bars for a short while: every page that opens asks for the same ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from broker.bars import Bar

Bars = dict[str, list[Bar]]
Key = tuple[object, ...]

KEPT_S = 20.0
MOST_KEPT = 200


class BarCache:
    """Answers by question, each for KEPT_S seconds. Thread-safe.

    Args:
        clock: seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._kept: dict[Key, tuple[float, Bars]] = {}

    def get(self, key: Key, fetch: Callable[[], Bars]) -> Bars:
        """Return the answer kept under key, else fetch and keep it; an error is not kept."""
        now = self._clock()
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None and kept[0] > now:
            return kept[1]
        found = fetch()
        with self._lock:
            live = {old: each for old, each in self._kept.items() if each[0] > now}
            # oldest first, as dicts keep the order of insertion
            self._kept = dict([*live.items()][-MOST_KEPT + 1 :])
            self._kept[key] = (now + KEPT_S, found)
        return found
