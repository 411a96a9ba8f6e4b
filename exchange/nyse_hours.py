"""The New York Stock Exchange's real sessions, holidays and early closes included."""

from __future__ import annotations

import warnings
from bisect import bisect_left, bisect_right
from datetime import date, datetime
from importlib import import_module
from typing import Any

from exchange.hours import Session, TradingDay


class NyseHours:
    """Hours of the New York Stock Exchange, about a year ahead of today.

    Source: the ``XNYS`` calendar of exchange-calendars.
    """

    def __init__(self) -> None:
        # half a second and 60 MB that a market without hours needn't pay
        library = import_module("exchange_calendars")
        # the calendar's library does not yet follow the newest pandas' advice
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            schedule = library.get_calendar("XNYS", start="2015-01-01").schedule
        self._days = [_trading_day(label, row) for label, row in schedule.iterrows()]
        self._dates = [day.day for day in self._days]
        self._opens = [day.opens for day in self._days]
        self._closes = [day.closes for day in self._days]

    def session(self, now: datetime) -> Session:
        """Return the state at ``now``; a session includes its open and not its close."""
        next_open = bisect_right(self._opens, now)
        next_close = bisect_right(self._closes, now)
        return Session(
            now,
            is_open=next_close < next_open,
            next_open=self._opens[next_open],
            next_close=self._closes[next_close],
        )

    def days(self, first: date, last: date) -> list[TradingDay]:
        """Return the sessions from first to last, both included."""
        return self._days[bisect_left(self._dates, first) : bisect_right(self._dates, last)]


def _trading_day(label: Any, row: Any) -> TradingDay:  # pandas is untyped
    return TradingDay(label.date(), row["open"].to_pydatetime(), row["close"].to_pydatetime())
