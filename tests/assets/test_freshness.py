"""How old a number is and which clock is late (U3, U4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.assets.conftest import Run


def judged(js: Run, age: int | None, **more: Any) -> tuple[str, str]:
    clocks = {"ageMs": age, "open": True, "link": "live", **more}
    verdict = js("alphaflow.freshness.judge(c)", c=clocks)
    return verdict["state"], verdict["late"]


@pytest.mark.parametrize(
    ("age", "state"),
    [(0, "live"), (4999, "live"), (5000, "delayed"), (30000, "delayed"), (30001, "stale"),
     (None, "stale")],
)  # fmt: skip
def test_the_badge_ages(js: Run, age: int | None, state: str) -> None:
    """Live below 5 s, delayed to 30 s, stale after."""
    assert state == judged(js, age)[0]


def test_a_closed_market_is_closed_not_stale(js: Run) -> None:
    """An old price is as it should be while its market is shut."""
    assert ("closed", "") == judged(js, 3_600_000, open=False)


def test_the_late_clock_is_named(js: Run) -> None:
    """The price, the broker link or the browser's own link."""
    assert [
        "the price", "the broker link", "the market data link", "the browser's connection",
    ] == [
        judged(js, 9000)[1], judged(js, 9000, silent=["broker"])[1],
        judged(js, 9000, silent=["market_data"])[1], judged(js, 9000, link="connecting")[1],
    ]  # fmt: skip


def test_offline_wins(js: Run) -> None:
    """Without any connection nothing is live."""
    assert "offline" == judged(js, 0, link="offline")[0]


def test_coins_trade_when_the_stock_market_is_shut(js: Run) -> None:
    """A closed exchange doesn't close crypto."""
    clock = {"isOpen": False, "nextOpen": "2026-01-06T14:30:00Z", "nextClose": None}
    assert [False, True] == js(
        """["us_equity", "crypto"].map((kind) =>
          alphaflow.freshness.isOpen(clock, kind, Date.now()))""",
        clock=clock,
    )


def test_the_clock_opens_and_closes_by_itself(js: Run) -> None:
    """Between two readings the market opens or closes at the time that was told."""
    shut = {"isOpen": False, "nextOpen": "2026-01-05T14:30:00Z", "nextClose": None}
    open_ = {"isOpen": True, "nextOpen": None, "nextClose": "2026-01-05T14:59:00Z"}
    assert [True, False] == js(
        """[shut, open].map((clock) =>
          alphaflow.freshness.isOpen(clock, "us_equity", Date.now()))""",
        shut=shut, open=open_,
    )  # fmt: skip


def test_the_market_clock_in_words(js: Run) -> None:
    """It says how long until the market closes."""
    clock = {"isOpen": True, "nextClose": "2026-01-05T17:17:00Z", "nextOpen": None}
    assert "Market open · closes in 2 h 17 min" == js(
        "alphaflow.shell.clockText(clock, Date.now())", clock=clock
    )


def test_age_is_measured_by_the_servers_clock(js: Run) -> None:
    """A browser clock that runs ahead doesn't age prices."""
    script = """(() => {
      const s = alphaflow.portfolio_store, store = s.create(), now = Date.now() + 60000;
      s.learnOffset(store, new Date(Date.now()).toISOString(), now);
      return alphaflow.freshness.age(store, new Date(Date.now() - 3000).toISOString(), now);
    })()"""
    assert 3000 == js(script)


@pytest.mark.parametrize(
    ("late", "link", "words"),
    [
        ("the price", "live", "No new prices. The newest price came 1 min ago."),
        ("the broker link", "live", "The broker link is silent. The newest price came 1 min ago."),
        ("", "offline", "No connection to the server. The newest price came 1 min ago."),
    ],
)
def test_the_banner_says_what_is_late(js: Run, late: str, link: str, words: str) -> None:
    """The staleness banner names the cause and the age."""
    verdict = {"ageMs": 75000, "late": late}
    assert words == js("alphaflow.freshness.bannerText(v, l)", v=verdict, l=link)
