"""The equity line."""

from __future__ import annotations

from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from components.attributes import attributes
from components.export_menu import export_menu
from components.grid import panel

GRAPH = "equity-graph"
_RANGES = ("1D", "1W", "1M", "3M", "YTD", "All")
CONFIG: Any = {"displayModeBar": False, "responsive": True, "displaylogo": False}


def empty_figure() -> dict[str, object]:
    """Return a figure with nothing in it, so that nothing moves when the line arrives."""
    hidden = {"visible": False}
    return {
        "data": [],
        "layout": {
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": hidden,
            "yaxis": hidden,
            "margin": {"l": 12, "r": 68, "t": 12, "b": 28},
        },
    }


def equity_panel() -> Component:
    """Return the panel of the equity line; equity_figure.js draws it."""
    graph = dcc.Graph(
        id=GRAPH,
        figure=empty_figure(),
        config=CONFIG,
        className="chart equity-chart",
        responsive=True,
    )
    failed = html.Div("The history can't be read right now.", className="empty-note")
    frame = html.Div(
        [graph, failed],
        id="equity-frame",
        className="chart-frame",
        **attributes(data_phase="loading"),
    )
    note = html.Span("against the last close", id="equity-note", className="panel-note wide-only")
    return panel(
        "Equity",
        [frame],
        note=note,
        tools=[range_tabs("data-range", _RANGES, "1D"), export_menu("Equity", GRAPH)],
    )


def range_tabs(attribute: str, ranges: tuple[str, ...], chosen: str) -> Component:
    """Return buttons that choose a span of time."""
    buttons = [
        html.Button(
            name,
            type="button",
            **attributes(**{attribute: name, "aria-pressed": str(name == chosen).lower()}),
        )
        for name in ranges
    ]
    return html.Div(
        buttons, className="segments small", role="group", **attributes(aria_label="Span")
    )
