"""The portfolio: what is held, what it makes, and trading it."""

from __future__ import annotations

import dash
from dash import ClientsideFunction, Input, clientside_callback, html
from dash.development.base_component import Component

from components import account_header, positions_table

dash.register_page(__name__, path="/portfolio", title="Portfolio · AlphaFlow")

_ROOT = "portfolio-page"


def layout(**_: str) -> Component:
    """Build the page for the person signed in."""
    return html.Div(
        [
            account_header.headline(),
            html.Div(positions_table.positions_panel(), className="column"),
        ],
        id=_ROOT,
        className="page portfolio",
    )


clientside_callback(ClientsideFunction("account_header", "mount"), Input(_ROOT, "id"))
clientside_callback(ClientsideFunction("positions_table", "mount"), Input(positions_table.GRID, "id"))
