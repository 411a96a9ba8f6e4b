"""Charts' data: equity, drawdown, rates over time, and what is handed out (U10, U13)."""

from __future__ import annotations

from tests.assets.conftest import Run


def test_drawdown_is_measured_from_the_highest_so_far(js: Run) -> None:
    """Zero at a new high, percent below it after."""
    points = [{"x": str(i), "y": y} for i, y in enumerate([100, 120, 90, 130])]
    assert [0, 0, -25, 0] == [one["y"] for one in js("alphaflow.analytics.drawdown(p)", p=points)]


def test_accounts_are_added_up_over_time(js: Run) -> None:
    """Each account holds its last value until its next point; a gap in one is one in the sum."""
    gap = {"from": "2026-01-05T10:00:00Z", "to": "2026-01-05T12:00:00Z"}
    lines = [
        {
            "points": [
                {"x": "2026-01-05T10:00:00Z", "y": 1},
                {"x": "2026-01-05T12:00:00Z", "y": 2},
            ],
            "gaps": [gap],
        },
        {"points": [{"x": "2026-01-05T11:00:00Z", "y": 10}], "gaps": []},
    ]
    combined = js("alphaflow.charts.combine(l)", l=lines)
    assert ([11, 11, 12], [gap]) == ([one["y"] for one in combined["points"]], combined["gaps"])


HOURS = [{"x": f"2026-01-05T{hour}:00:00.000Z", "y": hour} for hour in (10, 11, 13, 14)]
LUNCH = [{"from": HOURS[1]["x"], "to": HOURS[2]["x"]}]


def test_a_line_is_cut_where_nothing_was_recorded(js: Run) -> None:
    """An outage is a hole in the line and lies flat in the area."""
    drawn = js(
        """(() => { const pieces = alphaflow.charts.cut(p, gaps);
          return [alphaflow.charts.line(pieces).y, alphaflow.charts.area(pieces, -1).y]; })()""",
        p=HOURS, gaps=LUNCH,
    )  # fmt: skip
    assert [[10, 11, None, 13, 14], [10, 11, -1, -1, 13, 14]] == drawn


def test_what_another_account_says_within_a_gap_is_no_sum(js: Run) -> None:
    """A point inside a gap is left out; a gap outside the line changes nothing."""
    gaps = [{"from": HOURS[0]["x"], "to": HOURS[2]["x"]},
            {"from": "2026-01-04T10:00:00Z", "to": "2026-01-04T11:00:00Z"}]  # fmt: skip
    pieces = js("alphaflow.charts.cut(p, gaps)", p=HOURS, gaps=gaps)
    assert [[10], [13, 14]] == [[one["y"] for one in piece] for piece in pieces]


def test_every_figure_of_equity_leaves_gaps_open(js: Run) -> None:
    """Equity, drawdown and the day's filled line."""
    script = """(() => {
      globalThis.getComputedStyle = () => ({ getPropertyValue: () => "#000" });
      const a = alphaflow.analytics, c = alphaflow.charts.colors();
      const day = alphaflow.equity_figure.figure(p, gaps, 5, "1D", c, alphaflow.charts.layout);
      return [a.equityFigure(p, gaps, c), a.drawdownFigure(p, gaps, c), day]
        .map((figure) => figure.data.find((trace) => trace.name).y);
    })()"""
    assert [[10, 11, None, 13, 14], [0, 0, None, 0, 0], [10, 11, None, 13, 14]] == js(
        script, p=HOURS, gaps=LUNCH
    )


def test_a_live_line_left_alone_is_fetched_anew(js: Run) -> None:
    """After a minute and a half without figures only the server knows what came between."""
    script = """["15:01:30", "15:01:31"].map((time) => alphaflow.equity_figure.torn(
      [{ x: "2026-01-05T15:00:00Z", y: 1, live: true }], `2026-01-05T${time}Z`))"""
    assert [False, True] == js(script)


def test_the_lines_end_moves_and_then_stays(js: Run) -> None:
    """Within five seconds the last point moves; after that a new one is added."""
    script = """[100, 2000, 4000, 6000].reduce((points, ms) =>
      alphaflow.equity_figure.extend(points, new Date(ms).toISOString(), ms),
      [{x: "1970-01-01T00:00:00Z", y: 0}])"""
    assert [0, 4000, 6000] == [one["y"] for one in js(script)]


def test_thinning_keeps_the_extremes(js: Run) -> None:
    """A spike is still there when only a tenth of the points is drawn."""
    points = [{"x": i, "y": 1000 if i == 577 else i % 7} for i in range(6000)]
    thin = js("alphaflow.charts.thin(p, 600)", p=points)
    assert (True, 1000) == (len(thin) <= 602, max(one["y"] for one in thin))


def test_rates_come_from_two_readings(js: Run) -> None:
    """Totals become messages per second; a restarted server gives no negative rate."""
    script = """[[0, 100], [2, 140], [4, 5]].map(([s, n]) => ({
        timestamp: new Date(s * 1000).toISOString(), totalMessagesDelivered: n,
        totalEventsEmitted: 0 }))
      .map((stats, i, all) => alphaflow.stream_samples.fromStats(stats, all[i - 1]).messages)"""
    assert [None, 20, None] == js(script)


def test_own_readings_continue_the_servers_history(js: Run) -> None:
    """Each moment is shown once."""
    script = """alphaflow.stream_samples.joined(
      ["2026-01-05T10:00:00Z", "2026-01-05T10:00:02Z"].map((x) => ({ x })),
      ["2026-01-05T10:00:02Z", "2026-01-05T10:00:04Z"].map((x) => ({ x }))).map((one) => one.x)"""
    assert 3 == len(js(script))


def test_figures_are_judged_by_their_limits(js: Run) -> None:
    """p95 over 1 s is bad, connections near the limit are a warning."""
    script = """[["p95", 400], ["p95", 600], ["p95", 1200],
        ["connections", 75], ["connections", 95]]
      .map(([name, value]) =>
        alphaflow.stream_samples.tone(name, value, { limits: { maxTotalConnections: 100 } }))"""
    assert ["good", "warning", "bad", "warning", "bad"] == js(script)


def test_exported_data_say_what_they_are(js: Run) -> None:
    """A CSV names chart, moment, account (masked) and feed, and quotes what needs it."""
    script = """(() => {
      const e = alphaflow.figure_export;
      const session = { feedLabel: "Synthetic market",
        accounts: [{ accountId: "a", name: "Momentum", number: "PA3•••7Q" }] };
      const mark = e.stamp("Equity", session, "all", Date.now());
      return e.csv(mark, ["series", "x", "y"], [["Equity, all", "2026", -1.5]]);
    })()"""
    assert [
        "# chart: Equity", "# as of: 2026-01-05T15:00:00.000Z", "# account: Momentum PA3•••7Q",
        "# feed: Synthetic market", "# times: UTC+00:00", "series,x,y",
        '"Equity, all",2026,-1.5', "",
    ] == js(script).split("\r\n")  # fmt: skip


def test_a_cell_cannot_become_a_formula(js: Run) -> None:
    """Text that a spreadsheet would run is written as text; numbers stay numbers."""
    script = """alphaflow.figure_export.csv({}, [], [["=1+1", "@x", "-5"]]).split("\\r\\n")[6]"""
    assert "'=1+1,'@x,-5" == js(script)


def test_a_file_is_named_for_its_chart_and_moment(js: Run) -> None:
    """Exports sort by time and don't overwrite one another."""
    script = """alphaflow.figure_export.fileName(
      { title: "P&L by symbol", asOf: "2026-01-05T15:00:00.000Z" }, "svg")"""
    assert "alphaflow-p-l-by-symbol-2026-01-05T15-00-00.svg" == js(script)
