"""Pricing all books, once per batch window (R5): prices are conflated before they are parsed."""

from __future__ import annotations

import time
from threading import Event, Thread

import structlog

from broker.ticks import TickBoard
from gateway.live_book import LiveBook

log = structlog.get_logger("gateway")


class Marker:
    """A thread that drains every account's board into its book.

    The first price after a quiet interval reaches the books at once, later ones
    once per interval.

    Args:
        interval_s: between two rounds, the batch window.
        stopping: ends the thread.
    """

    def __init__(self, interval_s: float, stopping: Event) -> None:
        self._interval_s = interval_s
        self._stopping = stopping
        self._arrived = Event()
        self._priced: tuple[tuple[LiveBook, TickBoard], ...] = ()
        self._thread = Thread(target=self._run, name="marker", daemon=True)

    def add(self, live: LiveBook, board: TickBoard) -> None:
        """Price one more book from its board; before or after ``start``."""
        self._priced = (*self._priced, (live, board))
        board.on_fresh(self._arrived.set)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Wait for the end after ``stopping`` was set."""
        self._arrived.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        last_s = 0.0
        while not self._stopping.is_set():
            self._arrived.wait()
            if self._stopping.wait(max(0.0, last_s + self._interval_s - time.monotonic())):
                return
            self._arrived.clear()
            last_s = time.monotonic()
            for live, board in self._priced:
                self._price(live, board)

    def _price(self, live: LiveBook, board: TickBoard) -> None:
        try:
            marks = board.drain_marks()
            if marks:
                live.mark(marks)
        except Exception:
            log.exception("an account could not be priced")
