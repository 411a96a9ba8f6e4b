"""The headline of the portfolio: equity, the day's P&L, and what they are made of."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.attributes import attributes

_FIGURES = (
    ("Unrealised", "unrealized"),
    ("Realised today", "realized"),
    ("Cash", "cash"),
    ("Buying power", "buying-power"),
)


def headline() -> Component:
    """Return the headline; account_header.js writes the figures."""
    equity = html.Div(
        [
            html.H1("Equity", className="figure-label"),
            html.Div(
                [
                    _value("equity", "equity-value", test_id="equity"),
                    _value("day-pnl", "pill", test_id="day-pnl"),
                ],
                className="equity-line",
            ),
        ],
        className="equity-block",
    )
    figures = [
        html.Div([html.Dt(label), html.Dd(_value(key, "figure-value"))], className="figure")
        for label, key in _FIGURES
    ]
    return html.Div([equity, html.Dl(figures, className="figures")], className="headline")


def _value(key: str, class_name: str, test_id: str | None = None) -> Component:
    named = attributes(data_loading="true")
    if test_id:
        named |= attributes(data_testid=test_id)
    return html.Span(id=key, className=class_name, **named)
