"""The equity curve's source: the account figures, stored at a steady pace.

Figures that moved are stored every few seconds, figures that stand still once a
minute: so a longer pause in the record always means that nothing was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import structlog

from db.records import Records
from portfolio.ids import AccountId
from portfolio.values import AccountFigures

log = structlog.get_logger("gateway")

INTERVAL_S = 5.0
AT_LEAST_EVERY = timedelta(seconds=60)
"""Figures that stand still are stored this often."""


class EquitySampler:
    """A thread that stores every account's figures.

    The time of figures that moved is their own; of figures that stand still,
    the moment that they were seen to.

    Args:
        records: where samples go.
        figures: every account's figures as of now, None where not known yet.
        stopping: ends the thread.
        interval_s: between samples.
        clock: returns now, aware UTC.
    """

    def __init__(
        self,
        records: Records,
        figures: Callable[[], Iterable[tuple[AccountId, AccountFigures | None]]],
        stopping: Event,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._records = records
        self._figures = figures
        self._stopping = stopping
        self._interval_s = interval_s
        self._clock = clock
        self._last: dict[AccountId, tuple[datetime, AccountFigures]] = {}
        self._thread = Thread(target=self._run, name="equity-sampler", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for the end after ``stopping`` was set."""
        self._thread.join(timeout_s)

    def sample(self) -> None:
        """Store a sample of each account whose figures moved, or stood still for a minute."""
        # before the figures are read: none of them is then older than it will be said to be
        now = self._clock()
        for account_id, figures in self._figures():
            if figures is not None:
                self._sample(account_id, figures, now)

    def _sample(self, account_id: AccountId, figures: AccountFigures, now: datetime) -> None:
        stored_at, stored = self._last.get(account_id, (None, None))
        at = figures.at
        if stored_at is not None and stored == figures:
            if now - stored_at < AT_LEAST_EVERY:
                return
            at = now
        self._records.add_equity_sample(account_id, at, figures)
        self._last[account_id] = (at, figures)

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.sample()
            except Exception:
                log.exception("equity could not be sampled")
