"""The analytics page's parts: key figures of a span and its charts."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.attributes import attributes
from components.chart import chart_panel
from components.equity_figure import range_tabs

_SPANS = ("1D", "1W", "1M", "3M", "YTD", "All")
_FIGURES = (
    ("Change", "span-change"),
    ("Return", "span-percent"),
    ("Deepest drawdown", "span-drawdown"),
    ("Below the high now", "span-now"),
    ("High", "span-high"),
)


def page() -> Component:
    """Return the page."""
    charts = [
        chart_panel("Equity", "analytics-equity", empty="No history in this span yet."),
        chart_panel(
            "Drawdown", "analytics-drawdown", empty="No history in this span yet.", class_name="low"
        ),
        chart_panel(
            "P&L by symbol",
            "analytics-symbols",
            empty="No position and no fill in this span.",
            class_name="tall",
        ),
    ]
    return html.Div([_head(), *charts], className="page analytics")


def _head() -> Component:
    figures = [
        html.Div(
            [
                html.Dt(label),
                html.Dd(
                    html.Span(id=key, className="figure-value", **attributes(data_loading="true"))
                ),
            ],
            className="figure",
        )
        for label, key in _FIGURES
    ]
    title = html.Div(
        [html.H1("Analytics", className="page-title"), range_tabs("data-span", _SPANS, "1M")],
        className="page-head",
    )
    return html.Div([title, html.Dl(figures, className="figures")], className="analytics-head")
