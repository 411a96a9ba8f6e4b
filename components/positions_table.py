"""The live positions table."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from components.attributes import attributes
from components.grid import function, number_column, panel, table

GRID = "positions-grid"
COUNT = "positions-count"


def _cell(field: str, name: str, renderer: str, **more: object) -> dict[str, object]:
    return {"field": field, "headerName": name, "cellRenderer": renderer, **more}


_COLUMNS = [
    _cell("symbol", "Symbol", "SymbolCell", minWidth=96, flex=4,
          getQuickFilterText=function("symbolAndName(params)")),
    {"field": "account", "headerName": "Account", "flex": 2, "minWidth": 90, "hide": True},
    number_column("quantity", "Qty", "asQuantity", flex=2, minWidth=100),
    number_column("entry", "Entry", "asPrice", flex=2, minWidth=84, hide=True),
    number_column("price", "Price", "asPrice", flex=2, minWidth=88),
    number_column("dayPnl", "Day", flex=2, minWidth=102, cellRenderer="DayCell"),
    number_column("value", "Value", "asMoney", flex=2, minWidth=116),
    number_column("weight", "Weight", flex=2, minWidth=104, cellRenderer="WeightCell"),
    number_column(
        "pnl", "P&L", flex=3, minWidth=112, cellRenderer="PnlCell", cellClass="num pnl-cell"
    ),
    _cell("spark", "1D", "SparkCell", minWidth=96, maxWidth=110, flex=2, sortable=False,
          cellClass="spark-cell"),
    _cell("badge", "Data", "BadgeCell", minWidth=96, flex=2, type="rightAligned",
          cellClass="num badge-cell"),
]  # fmt: skip


def positions_panel() -> Component:
    """Return the panel of live positions."""
    grid = table(
        GRID,
        _COLUMNS,
        test_id="positions-table",
        label="Positions",
        empty=_empty(),
        domLayout="autoHeight",
        pinnedBottomRowData=[],
        rowClassRules={"total-row": "params.data.total"},
        getRowHeight=function("positionRowHeight(params)"),
    )
    count = html.Span(id=COUNT, className="count")
    return panel("Positions", [grid], note=count, tools=[_filter(), _columns_menu()])


def _filter() -> Component:
    box = dcc.Input(
        id="positions-filter",
        type="text",
        placeholder="Filter",
        className="field small",
        autoComplete="off",
    )
    label = html.Label("Filter positions", htmlFor="positions-filter", className="unseen")
    return html.Div([label, box])


def _columns_menu() -> Component:
    choices = (
        ("entry", "Entry"), ("dayPnl", "Day"), ("value", "Value"), ("weight", "Weight"),
        ("spark", "1D"), ("badge", "Data"),
    )  # fmt: skip
    items = [
        html.Button(
            [html.Span(name), html.I(className="switch")],
            type="button",
            role="switch",
            className="menu-item",
            **attributes(data_column=field, aria_checked="false" if field == "entry" else "true"),
        )
        for field, name in choices
    ]
    return html.Details(
        [
            html.Summary("Columns", className="button small quiet"),
            html.Div(items, className="menu-body"),
        ],
        className="menu columns-menu",
    )


def _empty() -> Component:
    return html.Div(
        [
            html.B("No open positions"),
            html.P("Positions appear here the moment an order fills."),
        ]
    )
