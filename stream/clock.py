"""Where the stream reads the time, so that tests can hand it one."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """A monotonic clock for intervals and a wall clock for people."""

    def monotonic_ns(self) -> int:
        """Return nanoseconds of a clock that never goes back; the one of ``arrived_ns``."""

    def now(self) -> datetime:
        """Return the time of day, aware UTC."""


class SystemClock:
    """The machine's clocks."""

    def monotonic_ns(self) -> int:
        """Return time.monotonic_ns()."""
        return time.monotonic_ns()

    def now(self) -> datetime:
        """Return the time of day, aware UTC."""
        return datetime.now(UTC)
