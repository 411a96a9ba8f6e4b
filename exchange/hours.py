"""When the market is open: a session's state, and the calendar's days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")


@dataclass(frozen=True, slots=True)
class Session:
    """The market's state at one moment; all times are aware UTC.

    Attributes:
        next_open: the next opening after ``at`` (while open: the one after this session).
        next_close: the next close after ``at``; day orders expire there.
    """

    at: datetime
    is_open: bool
    next_open: datetime
    next_close: datetime


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One session of the calendar; opens and closes are aware UTC."""

    day: date
    opens: datetime
    closes: datetime


class Hours(Protocol):
    """What knows when the market is open."""

    def session(self, now: datetime) -> Session:
        """Return the market's state at ``now``, aware UTC."""
        ...

    def days(self, first: date, last: date) -> list[TradingDay]:
        """Return the sessions from first to last, both included, in New York dates."""
        ...


def new_york_day(at: datetime) -> date:
    """Return the New York date of an aware time; market days are counted in it."""
    return at.astimezone(NEW_YORK).date()


def new_york_midnight(day: date) -> datetime:
    """Return the first moment of a New York date, in UTC."""
    return datetime.combine(day, time(), NEW_YORK).astimezone(UTC)


class AlwaysOpen:
    """A market that never closes; its sessions turn over at New York midnight."""

    def session(self, now: datetime) -> Session:
        """Return an open session that ends at the next New York midnight."""
        turn = new_york_midnight(new_york_day(now) + timedelta(days=1))
        return Session(now, is_open=True, next_open=turn, next_close=turn)

    def days(self, first: date, last: date) -> list[TradingDay]:
        """Return every date as a session from midnight to midnight."""
        span = range((last - first).days + 1)
        dates = [first + timedelta(days=step) for step in span]
        return [
            TradingDay(day, new_york_midnight(day), new_york_midnight(day + timedelta(days=1)))
            for day in dates
        ]
