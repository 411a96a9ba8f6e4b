"""One thread that calls things when their time has come: windows, holds, heartbeats."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

import structlog

from stream.clock import Clock

_log = structlog.get_logger(__name__)
_S = 1_000_000_000


class Schedule:
    """Calls each entry once, at its time or soon after; entries must be quick.

    Args:
        name: of the thread.
        clock: where to read the time.
    """

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._entries: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End the thread; entries that are left are never called."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def at(self, due_ns: int, call: Callable[[], None]) -> None:
        """Call ``call`` at monotonic time due_ns."""
        with self._changed:
            first = not self._entries or due_ns < self._entries[0][0]
            heapq.heappush(self._entries, (due_ns, next(self._numbers), call))
            if first:
                self._changed.notify()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call ``call`` in so many seconds."""
        self.at(self._clock.monotonic_ns() + int(seconds * _S), call)

    def run_due(self) -> None:
        """Call what is due now. The thread does; a test with its own clock may."""
        while (call := self._take()) is not None:
            self._guarded(call)

    def _take(self) -> Callable[[], None] | None:
        with self._changed:
            if self._entries and self._entries[0][0] <= self._clock.monotonic_ns():
                return heapq.heappop(self._entries)[2]
            return None

    def _run(self) -> None:
        while not self._stopping:
            self.run_due()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(self._pause_s())

    def _pause_s(self) -> float | None:
        if not self._entries:
            return None
        return max(0.0, (self._entries[0][0] - self._clock.monotonic_ns()) / _S)

    def _guarded(self, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception:  # noqa: BLE001 - top of a thread: one entry must not stop the others
            _log.exception("stream schedule failed", schedule=self._name)
