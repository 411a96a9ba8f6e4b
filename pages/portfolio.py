"""The portfolio: what is held, what it makes, and trading it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components import (
    account_header,
    equity_figure,
    mounting,
    order_ticket,
    orders_table,
    positions_table,
)
from components.page import register_page
from components.refusal import no_account
from components.visitor import current_visitor

register_page(__name__, "Portfolio", "/portfolio")

_SCRIPTS = (
    "account_header", "equity_figure", "positions_table", "orders_table", "trades_table",
    "order_ticket",
)  # fmt: skip


def layout(**_: str) -> Component:
    """Build the page for the person signed in; who may not trade gets no ticket."""
    visitor = current_visitor()
    if visitor is None or not visitor.accounts:
        return no_account(is_admin=visitor is not None and visitor.is_admin)
    main = [equity_figure.equity_panel(), positions_table.positions_panel()]
    side = [orders_table.orders_panel(), orders_table.trades_panel()]
    if visitor.may_trade:
        side.insert(0, order_ticket.ticket_panel())
    return html.Div(
        [
            account_header.headline(),
            html.Div(main, className="column"),
            html.Div(side, className="column side-column"),
            *(mounting.point(name) for name in _SCRIPTS),
        ],
        className="page portfolio",
    )


for _namespace in _SCRIPTS:
    mounting.bind(_namespace)
