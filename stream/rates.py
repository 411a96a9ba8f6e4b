"""How often something happened lately."""

from __future__ import annotations

from collections import deque

_S = 1_000_000_000


class Rate:
    """Counts over the last ``seconds`` seconds in buckets of one. Not thread-safe.

    Args:
        seconds: how far back it looks.
    """

    def __init__(self, seconds: int = 60) -> None:
        self._seconds = seconds
        self._counts = [0] * (seconds + 1)
        self._newest = 0

    def add(self, count: int, now_ns: int) -> None:
        """Count ``count`` more at monotonic time now_ns."""
        self._turn(now_ns)
        self._counts[self._newest % len(self._counts)] += count

    def total(self, now_ns: int, seconds: int | None = None) -> int:
        """Return the count of the last full seconds and the running one.

        Args:
            now_ns: monotonic time.
            seconds: look back no further than this; the default is all.
        """
        self._turn(now_ns)
        span = self._seconds if seconds is None else min(seconds, self._seconds)
        size = len(self._counts)
        return sum(self._counts[(self._newest - back) % size] for back in range(span))

    def _turn(self, now_ns: int) -> None:
        second = now_ns // _S
        size = len(self._counts)
        for step in range(min(second - self._newest, size)):
            self._counts[(second - step) % size] = 0
        self._newest = max(second, self._newest)


class MessageRate:
    """Admits so many messages in any one second, exactly. Not thread-safe.

    Args:
        per_second: the most that are admitted.
    """

    def __init__(self, per_second: int) -> None:
        self._admitted: deque[int] = deque(maxlen=per_second)

    def admit(self, now_ns: int) -> bool:
        """Say whether one more is within the rate, and count it if so."""
        if len(self._admitted) == self._admitted.maxlen and now_ns - self._admitted[0] < _S:
            return False
        self._admitted.append(now_ns)
        return True
