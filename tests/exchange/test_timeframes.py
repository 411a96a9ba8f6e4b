"""The spans of bars: whole, without gaps, in New York's days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.hours import NEW_YORK
from exchange.timeframes import Timeframe

GOOD = ["1Min", "7T", "59Min", "1Hour", "5H", "23Hour", "1Day", "1D", "1Week", "1W", "1Month", "4M"]
moments = st.datetimes(datetime(2016, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def timeframe(text: str) -> Timeframe:
    read = Timeframe.parse(text)
    assert read is not None
    return read


@given(st.sampled_from(GOOD), moments)
def test_every_moment_is_in_exactly_one_span(text: str, at: datetime) -> None:
    """Spans follow one another without gap or overlap, forwards and backwards."""
    frame = timeframe(text)
    start = frame.start_of(at)
    end = frame.after(start)
    assert start <= at < end
    assert frame.start_of(start) == start
    assert frame.before(end) == start
    assert frame.first_from(start) == start
    assert frame.first_from(start + timedelta(microseconds=1)) == end


@given(st.sampled_from(["1Day", "1Week", "3Month"]), moments)
def test_long_spans_begin_at_new_york_midnight(text: str, at: datetime) -> None:
    """Days, weeks and months begin when New York's do, in summer and winter."""
    start = timeframe(text).start_of(at).astimezone(NEW_YORK)
    assert (start.hour, start.minute, start.second) == (0, 0, 0)
    assert text != "1Week" or start.weekday() == 0
    assert text != "3Month" or (start.day, start.month % 3) == (1, 1)


@given(moments)
def test_spans_within_a_day_end_with_it(at: datetime) -> None:
    """Seven minutes don't divide a day, so its last span is shorter."""
    frame = timeframe("7Min")
    start = frame.start_of(at)
    last = (frame.after(start) - timedelta(microseconds=1)).astimezone(NEW_YORK)
    assert last.date() == start.astimezone(NEW_YORK).date()


@pytest.mark.parametrize(
    "text",
    ["", "Min", "0Min", "60Min", "24Hour", "2Day", "2Week", "5Month", "1Year", "-1Min", "1min"],
)
def test_other_spans_are_not_known(text: str) -> None:
    """What Alpaca has no bars of is no timeframe."""
    assert Timeframe.parse(text) is None
