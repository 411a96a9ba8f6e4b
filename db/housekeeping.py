"""What the database needs done now and then: sessions that ran out, samples that are too many."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import structlog

from db.records import Records
from db.sessions import SessionStore

log = structlog.get_logger("db")

INTERVAL_S = 10.0
THIN_EVERY = timedelta(hours=1)


class Housekeeping:
    """A thread that ends expired sessions and thins old equity samples.

    An expired session's open connections close within one interval: they make
    no request by which anybody else would notice.

    Args:
        sessions: swept at every turn.
        records: thinned once an hour.
        interval_s: between turns.
        clock: returns now, aware UTC.
    """

    def __init__(
        self,
        sessions: SessionStore,
        records: Records,
        *,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sessions = sessions
        self._records = records
        self._interval_s = interval_s
        self._clock = clock
        self._thinned_at: datetime | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="db-housekeeping", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def tidy(self) -> None:
        """Do what is due now."""
        now = self._clock()
        self._sessions.sweep(now)
        if self._thinned_at is None or now - self._thinned_at >= THIN_EVERY:
            self._records.thin_equity(now)
            self._thinned_at = now

    def _run(self) -> None:
        while not self._stopping.wait(self._interval_s):
            try:
                self.tidy()
            except Exception:
                log.exception("housekeeping failed")
