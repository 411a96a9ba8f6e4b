"""The stream's health page: key figures with limits, charts on one time axis, connections."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.attributes import attributes
from components.chart import chart_panel
from components.grid import function, number_column, panel, table

GRID = "connections-grid"
GRAPH = "stream-graph"
_TILES = (
    ("Status", "stat-status", "stat-uptime"),
    ("Connections", "stat-connections", "stat-connections-limit"),
    ("Messages/s", "stat-messages", "stat-messages-total"),
    ("Events/s", "stat-events", "stat-events-total"),
    ("Batch efficiency", "stat-efficiency", "stat-efficiency-note"),
    ("Latency p95", "stat-p95", "stat-p95-note"),
    ("Disconnects", "stat-disconnects", "stat-disconnects-note"),
    ("Drift corrections", "stat-drift", "stat-drift-note"),
)
_NOTES = {"stat-drift-note": "zero is normal"}
_COLUMNS = [
    {"field": "user", "headerName": "User", "flex": 2, "minWidth": 90},
    {"field": "since", "headerName": "Connected", "flex": 2, "minWidth": 100,
     "valueFormatter": function("asTime(params)"), "sort": "desc"},
    {"field": "accounts", "headerName": "Accounts", "flex": 2, "minWidth": 90},
    {"field": "channels", "headerName": "Channels", "flex": 3, "minWidth": 110},
    number_column("events", "Events", "asCount", flex=2, minWidth=84),
    number_column("messages", "Messages", "asCount", flex=2, minWidth=90),
    number_column("latency", "Last ms", "asCount", flex=1, minWidth=80),
    number_column("backlog", "Backlog B", "asCount", flex=1, minWidth=90),
]  # fmt: skip


def page() -> Component:
    """Return the page; admin_stream.js reads the figures every two seconds."""
    tiles = [_tile(label, value, note) for label, value, note in _TILES]
    charts = chart_panel(
        "Stream over time", GRAPH, empty="Waiting for readings.", class_name="stream-chart"
    )
    return html.Div(
        [
            html.Div(html.H1("Stream", className="page-title"), className="page-head"),
            html.Div(tiles, className="tiles"),
            charts,
            html.Div([_connections(), _hops()], className="stream-tables"),
        ],
        id="stream-page",
        className="page stream",
    )


def _tile(label: str, value: str, note: str) -> Component:
    return html.Div(
        [
            html.Span(label, className="figure-label"),
            html.Span(id=value, className="tile-value", **attributes(data_loading="true")),
            html.Span(_NOTES.get(note, ""), id=note, className="tile-note"),
        ],
        className="tile panel",
    )


def _connections() -> Component:
    grid = table(
        GRID,
        _COLUMNS,
        test_id="connections-table",
        label="Connections",
        empty=html.Div([html.B("Nobody is connected"), html.P("Open pages appear here.")]),
        domLayout="autoHeight",
        rowHeight=38,
    )
    return panel("Connections", [grid])


def _hops() -> Component:
    body = html.Table(html.Tbody(id="latency-hops"), className="hops")
    return html.Section(
        [html.Header(html.H2("Latency by hop"), className="panel-head"), body],
        className="panel",
        hidden=True,
    )
