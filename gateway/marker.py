"""Pricing all books, once per batch window (R5): prices are conflated before they are parsed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Thread

import structlog

from broker.ticks import TickBoard
from gateway.live_book import LiveBook

log = structlog.get_logger("gateway")


class Marker:
    """A thread that drains every account's board into its book.

    Args:
        interval_s: between two rounds, the batch window.
        boards: each account's book with the board of its prices, asked each round.
        stopping: ends the thread.
    """

    def __init__(
        self,
        interval_s: float,
        boards: Callable[[], Iterable[tuple[LiveBook, TickBoard]]],
        stopping: Event,
    ) -> None:
        self._interval_s = interval_s
        self._boards = boards
        self._stopping = stopping
        self._thread = Thread(target=self._run, name="marker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end after ``stopping`` was set."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            for live, board in self._boards():
                try:
                    marks = board.drain_marks()
                    if marks:
                        live.mark(marks)
                except Exception:
                    log.exception("an account could not be priced")
