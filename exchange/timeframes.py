"""The spans that bars are asked for in: 1Min to 59Min, hours, days, weeks, months.

Spans of minutes and hours are counted from New York midnight, the last one of
a day ending with it; weeks begin on Monday, months on the first.

Source: Alpaca market-data OpenAPI, parameter ``timeframe``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from exchange.hours import new_york_day, new_york_midnight

Unit = Literal["Min", "Hour", "Day", "Week", "Month"]

_TEXT = re.compile(r"([1-9]\d?)(Min|T|Hour|H|Day|D|Week|W|Month|M)", re.ASCII)
_SHORT: dict[str, Unit] = {"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}
_MONTHS = (1, 2, 3, 4, 6, 12)
_MOST = {"Min": 59, "Hour": 23, "Day": 1, "Week": 1, "Month": 12}
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Timeframe:
    """How long the span of one bar is."""

    amount: int
    unit: Unit

    @classmethod
    def parse(cls, text: str) -> Timeframe | None:
        """Return the timeframe that a text such as ``5Min`` or ``1D`` means, None for none."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        amount, name = int(found.group(1)), found.group(2)
        unit = _SHORT.get(name) or name
        is_odd_month = unit == "Month" and amount not in _MONTHS
        return None if amount > _MOST[unit] or is_odd_month else cls(amount, unit)  # type: ignore[arg-type]

    def start_of(self, at: datetime) -> datetime:
        """Return the start of the span that holds an aware time, in UTC."""
        day = new_york_day(at)
        if self._step is None:
            return new_york_midnight(self._first_day(day))
        midnight = new_york_midnight(day)
        return midnight + (at - midnight) // self._step * self._step

    def after(self, start: datetime) -> datetime:
        """Return the start of the next span, which is the end of the one at ``start``."""
        day = new_york_day(start)
        if self._step is not None:
            return min(start + self._step, new_york_midnight(day + timedelta(days=1)))
        if self.unit == "Month":
            months = day.year * 12 + day.month - 1 + self.amount
            return new_york_midnight(date(months // 12, months % 12 + 1, 1))
        return new_york_midnight(day + timedelta(days=7 if self.unit == "Week" else 1))

    def before(self, start: datetime) -> datetime:
        """Return the start of the span that ends at ``start``."""
        return self.start_of(start - _INSTANT)

    def first_from(self, at: datetime) -> datetime:
        """Return the start of the first span that begins at or after an aware time."""
        start = self.start_of(at)
        return start if start == at else self.after(start)

    @property
    def _step(self) -> timedelta | None:
        """Return the length of spans within a day, None for longer ones."""
        if self.unit == "Min":
            return timedelta(minutes=self.amount)
        return timedelta(hours=self.amount) if self.unit == "Hour" else None

    def _first_day(self, day: date) -> date:
        if self.unit == "Week":
            return day - timedelta(days=day.weekday())
        if self.unit == "Month":
            return date(day.year, (day.month - 1) // self.amount * self.amount + 1, 1)
        return day
