"""The charts of the record, and what one takes away from them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dash.testing.browser import Browser

from tests.browser.page import Page
from tests.waiting import wait_for

CHARTS = ("analytics-equity", "analytics-drawdown", "analytics-symbols")
STAMP = re.compile(
    r"Equity · as of \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z · (.+) · Synthetic market"
)
_POINTS = """
const plot = document.querySelector(`#${arguments[0]} .js-plotly-plot`);
return Math.max(0, ...(plot?.data ?? []).map((trace) => (trace.x ?? []).length));
"""


@pytest.fixture
def charts(page: Page) -> Page:
    """The trader's analytics with their charts drawn from the samples kept so far."""
    page.enter("trader")
    # one sample is taken every five seconds: the line needs some
    wait_for(lambda: len(page.get("/api/equity")["equity"]) >= 3, 40)
    page.open("/analytics")
    wait_for(lambda: all(page.js(_POINTS, chart) >= 2 for chart in CHARTS))
    return page


def save(page: Page, browser: Browser, kind: str) -> Path:
    """Save the equity chart and return the file once it is complete."""
    folder = Path(browser.download_path)
    before = set(folder.iterdir())
    page.click("summary[aria-label='Save equity']")
    page.click(f"[data-export={kind}][data-graph=analytics-equity]")
    fresh = wait_for(
        lambda: [
            path
            for path in set(folder.iterdir()) - before
            if path.suffix == f".{kind}" and path.stat().st_size
        ]
    )
    return fresh[0]


def test_charts_are_drawn_from_the_record(charts: Page) -> None:
    """Equity, drawdown and P&L by symbol stand there, and the key figures with them (U10)."""
    assert all(charts.has(f"#{chart} .main-svg") for chart in CHARTS)
    figures = ("span-change", "span-percent", "span-drawdown", "span-high")
    assert [] == [name for name in figures if not re.search(r"\d", charts.text(f"#{name}"))]
    samples = [float(one["equity"]) for one in charts.get("/api/equity")["equity"]]
    drawn = charts.js(
        "return Array.from(document.querySelector('#analytics-equity .js-plotly-plot').data[0].y)"
    )
    assert drawn[0] == samples[0]
    assert set(drawn) <= set(samples)


def test_the_data_of_a_chart_are_saved_with_their_stamp(charts: Page, chromium: Browser) -> None:
    """The CSV names as-of time, masked account and feed before the rows (U10)."""
    notes, rows = [], []
    for line in save(charts, chromium, "csv").read_text().splitlines():
        (notes if line.startswith("#") else rows).append(line)
    said = dict(note.removeprefix("# ").split(": ", 1) for note in notes)
    assert ("Equity", "Synthetic market") == (said["chart"], said["feed"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", said["as of"])
    assert "•••" in said["account"]
    assert ("series,x,y", True) == (rows[0], len(rows) >= 3)


def test_a_drawing_of_a_chart_carries_its_stamp(charts: Page, chromium: Browser) -> None:
    """The SVG says what it is, of when, of whom and from which feed (U10)."""
    drawing = save(charts, chromium, "svg").read_text()
    found = STAMP.search(drawing)
    assert found
    assert "•••" in found[1]


def test_a_picture_of_a_chart_is_saved(charts: Page, chromium: Browser) -> None:
    """The PNG is a picture of twice 1280 by 640 points (U10)."""
    picture = save(charts, chromium, "png").read_bytes()
    assert b"\x89PNG\r\n" == picture[:6]
    size = tuple(int.from_bytes(picture[at : at + 4], "big") for at in (16, 20))
    assert (2560, 1280) == size
