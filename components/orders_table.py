"""The orders blotter and the tape of fills, as narrow tables beside the ticket."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from components.attributes import attributes
from components.grid import function, panel, table

ORDERS_GRID = "orders-grid"
TRADES_GRID = "trades-grid"

_NEWEST_FIRST = {"field": "at", "hide": True, "sort": "desc"}
_SIDE = {"field": "side", "headerName": "Side", "cellRenderer": "SideCell", "width": 62}
_ORDER_COLUMNS = [
    _NEWEST_FIRST,
    {**_SIDE},
    {"field": "symbol", "headerName": "Order", "cellRenderer": "OrderCell", "flex": 1,
     "minWidth": 96},
    {"field": "statusText", "headerName": "Status", "cellRenderer": "StatusCell", "width": 90,
     "type": "rightAligned"},
    {"field": "cancellable", "headerName": "", "cellRenderer": "CancelCell", "width": 38,
     "cellClass": "cancel-cell", "sortable": False, "resizable": False},
]  # fmt: skip
_TRADE_COLUMNS = [
    _NEWEST_FIRST,
    {**_SIDE},
    {"field": "symbol", "headerName": "Fill", "cellRenderer": "FillCell", "flex": 1,
     "minWidth": 110},
    {"field": "price", "headerName": "Price", "valueFormatter": function("asFillPrice(params)"),
     "type": "rightAligned", "cellClass": "num", "width": 112},
]  # fmt: skip


def orders_panel() -> Component:
    """Return the blotter: working orders, or all."""
    grid = table(
        ORDERS_GRID,
        _ORDER_COLUMNS,
        test_id="orders-table",
        label="Orders",
        empty=_empty("No working orders", "An order stays here until it fills or is canceled."),
        domLayout="autoHeight",
        headerHeight=0,
        rowHeight=46,
    )
    count = html.Span(id="orders-count", className="count")
    return panel("Orders", [grid], note=count, tools=[_scope()], class_name="compact orders")


def trades_panel() -> Component:
    """Return the tape of fills."""
    grid = table(
        TRADES_GRID,
        _TRADE_COLUMNS,
        test_id="trades-table",
        label="Fills",
        empty=_empty("No fills yet", "Each execution appears here as it happens."),
        domLayout="normal",
        headerHeight=0,
        rowHeight=46,
    )
    return panel("Fills", [grid], class_name="compact fills")


def _scope() -> Component:
    tabs = (("working", "Working", "true"), ("all", "All", "false"))
    buttons = [
        html.Button(name, type="button", **attributes(data_scope=scope, aria_pressed=pressed))
        for scope, name, pressed in tabs
    ]
    return html.Div(
        buttons, className="segments small", role="group", **attributes(aria_label="Orders")
    )


def _empty(title: str, words: str) -> Component:
    return html.Div([html.B(title), html.P(words)])
