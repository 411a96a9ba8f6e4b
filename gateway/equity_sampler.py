"""The equity curve's source: the account figures, stored at a steady pace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Event, Thread

import structlog

from db.records import Records
from portfolio.ids import AccountId
from portfolio.values import AccountFigures

log = structlog.get_logger("gateway")

INTERVAL_S = 5.0


class EquitySampler:
    """A thread that stores every account's figures.

    A sample's time is the figures' own, so an account that nothing happens to
    adds no samples.

    Args:
        records: where samples go.
        figures: every account's figures as of now, None where not known yet.
        stopping: ends the thread.
        interval_s: between samples.
    """

    def __init__(
        self,
        records: Records,
        figures: Callable[[], Iterable[tuple[AccountId, AccountFigures | None]]],
        stopping: Event,
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._records = records
        self._figures = figures
        self._stopping = stopping
        self._interval_s = interval_s
        self._last: dict[AccountId, AccountFigures] = {}
        self._thread = Thread(target=self._run, name="equity-sampler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end after ``stopping`` was set."""
        self._thread.join(timeout_s)

    def sample(self) -> None:
        """Store one sample of each account whose figures moved since its last one."""
        for account_id, figures in self._figures():
            if figures is None or self._last.get(account_id) == figures:
                continue
            self._records.add_equity_sample(account_id, figures.at, figures)
            self._last[account_id] = figures

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.sample()
            except Exception:
                log.exception("equity could not be sampled")
