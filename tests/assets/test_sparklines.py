"""The session's line: past prices, continued live."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assets.conftest import Run
from tests.assets.messages import position

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 1_767_625_200_000
"""2026-01-05T15:00Z, the page's own time in these tests."""


def points(*times: int) -> list[dict[str, int]]:
    return [{"x": x, "y": i} for i, x in enumerate(times)]


def test_a_flat_sparkline_stays_in_its_box(js: Run) -> None:
    """Equal prices draw a line, one price none."""
    assert ["M0.0 20.0L72.0 20.0", ""] == js("[[1, 1], [1]].map(alphaflow.sparklines.path)")


def test_the_end_moves_within_a_step_and_goes_on_after_it(js: Run) -> None:
    """The last point is replaced until its interval is over; an older price changes nothing."""
    script = """[[100, 1], [299, 2], [310, 3], [290, 9], [620, 4]].reduce((one, [at, price]) => {
      alphaflow.sparklines.add(one, at, price);
      return one;
    }, { step: 300, points: [] }).points"""
    assert [{"x": 0, "y": 2}, {"x": 300, "y": 3}, {"x": 600, "y": 4}] == js(script)


def test_a_line_never_grows_without_bound(js: Run) -> None:
    """A day of ticks keeps its whole span in a bounded number of points."""
    script = """(() => {
      const one = { step: 1000, points: [] };
      for (let at = 0; at < 86400000; at += 1000) alphaflow.sparklines.add(one, at, at);
      return [one.points.length <= 120, one.points[0].x, one.points.at(-1).y];
    })()"""
    assert [True, 0, 86_399_000] == js(script)


@pytest.mark.parametrize(
    ("times", "kept"),
    [
        ([0, HOUR, 20 * HOUR, 21 * HOUR], [20 * HOUR, 21 * HOUR]),
        ([0, HOUR, 2 * HOUR], [0, HOUR, 2 * HOUR]),
        ([i * 2 * HOUR for i in range(16)], [i * 2 * HOUR for i in range(3, 16)]),
        ([], []),
    ],
)
def test_a_session_begins_after_the_night(js: Run, times: list[int], kept: list[int]) -> None:
    """What came before a pause of hours is another day's; without pauses a day back counts."""
    session = js("alphaflow.sparklines.session(p)", p=points(*times))
    assert kept == [one["x"] for one in session]


CLOSE = "2026-01-05T21:00:00Z"
MONDAY = {"isOpen": True, "nextClose": CLOSE, "nextOpen": "2026-01-06T14:30:00Z"}
NIGHT = {"isOpen": False, "nextClose": CLOSE, "nextOpen": "2026-01-05T16:30:00Z"}
ALWAYS = {"isOpen": True, "nextClose": "2026-02-05T21:00:00Z", "nextOpen": "2026-02-05T21:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "clock", "back", "timeframe"),
    [
        ("us_equity", MONDAY, 6 * HOUR, "5Min"),
        ("us_equity", NIGHT, 4 * DAY, "15Min"),
        ("us_equity", ALWAYS, DAY, "15Min"),
        ("us_equity", None, DAY, "15Min"),
        ("crypto", MONDAY, DAY, "15Min"),
    ],
)
def test_how_far_back_a_session_reaches(
    js: Run, kind: str, clock: Any, back: int, timeframe: str
) -> None:
    """Today's hours while open, the last session when closed, a day where it never closes."""
    found = js("alphaflow.sparklines.reach(kind, clock, now)", kind=kind, clock=clock, now=NOW)
    assert (NOW - back, timeframe) == (found["since"], found["timeframe"])


def test_the_past_comes_before_what_was_seen(js: Run) -> None:
    """History that arrives late doesn't undo the newest price."""
    script = """(() => {
      const one = { step: 2000, points: [{ x: 298000, y: 7 }, { x: 302000, y: 8 }] };
      alphaflow.sparklines.join(one, 300000, [{ x: 0, y: 1 }, { x: 300000, y: 2 }]);
      return one.points;
    })()"""
    assert [{"x": 0, "y": 1}, {"x": 300_000, "y": 8}] == js(script)


@pytest.mark.parametrize(
    ("feed", "symbol", "asked"),
    [("synthetic", "AAPL", 1), ("tape", "AAPL", 0), ("synthetic", "AAPL260116C00150000", 0)],
)
def test_the_past_is_asked_for_once(js: Run, feed: str, symbol: str, asked: int) -> None:
    """A tape has no past, and neither have options."""
    script = """(() => {
      alphaflow.shell.session = () => ({ feed });
      const context = { now: Date.now(), clock: null };
      for (let i = 0; i < 3; i += 1) alphaflow.sparklines.see({ ...p, accountId: "acc" }, context);
      page.pass(100);
      return page.fetched.map(([, url]) => url.split("?")[0]);
    })()"""
    assert ["/api/bars"] * asked == js(script, feed=feed, p=position(symbol))
