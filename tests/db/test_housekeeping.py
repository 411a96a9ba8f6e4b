"""What runs now and then."""

from __future__ import annotations

from datetime import datetime, timedelta
from threading import Event

from db.engine import Database
from db.housekeeping import Housekeeping
from db.records import Records
from db.sessions import SessionStore
from db.users import User
from tests.db.conftest import NOW


def test_a_session_that_ran_out_is_ended_without_any_request(
    database: Database, trader: User
) -> None:
    """R1: the thread notices an expired session by itself."""
    sessions = SessionStore(database, idle=timedelta(minutes=1))
    ended = Event()
    sessions.on_end(lambda _: ended.set())
    sessions.open(trader.user_id, NOW)
    keeper = Housekeeping(
        sessions, Records(database), interval_s=0.01, clock=lambda: NOW + timedelta(minutes=2)
    )
    keeper.start()
    noticed = ended.wait(20)
    keeper.stop()
    assert noticed


def test_equity_is_thinned_once_an_hour(database: Database, records: Records) -> None:
    """Turns between do not read the samples."""
    now = NOW
    thinned: list[datetime] = []

    class Counting(Records):
        def thin_equity(self, now: datetime) -> int:
            thinned.append(now)
            return super().thin_equity(now)

    keeper = Housekeeping(SessionStore(database), Counting(database), clock=lambda: now)
    for minutes in (0, 30, 59, 60):
        now = NOW + timedelta(minutes=minutes)
        keeper.tidy()
    assert [NOW, NOW + timedelta(minutes=60)] == thinned
