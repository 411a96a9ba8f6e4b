"""The peer: a page as one writes it in plain Dash, polling with ``dcc.Interval``.

It shows what ``/portfolio`` shows: account figures, positions, orders, trades and the
equity line. Every second one callback returns all of it, as the Dash documentation
does it: whole rows for the tables, texts for the figures, a ``go.Figure`` for the
line. One callback with many outputs is the cheapest form; a callback per component
would cost a request each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from dash import Dash, Input, Output, dcc, html
from dash_ag_grid import AgGrid
from flask import Flask
from plotly import graph_objects

from portfolio.values import AccountFigures, BookSnapshot
from stream.wire import account_json, order_json, position_json, time_text, trade_json

TABLES = ("positions", "orders", "trades")
FIGURES = ("equity", "dayPnl", "dayPnlPercent", "cash", "buyingPower")
EVERY_MS = 1000
POINTS = 500
"""Of the equity line, as many as ``/portfolio`` fetches; it begins with a day behind it."""
_DAY = timedelta(hours=6, minutes=30)


def create_page(snapshot: Callable[[], BookSnapshot], mount: str) -> Flask:
    """Return the page as a WSGI app of its own.

    Args:
        snapshot: the account whole, from memory.
        mount: the path that it is mounted under.
    """
    server = Flask("polling_page")
    page = Dash(
        "polling_page",
        server=server,  # type: ignore[arg-type]  # its annotation leaves Flask out
        routes_pathname_prefix="/",
        requests_pathname_prefix=f"{mount}/",
    )
    page.layout = _layout
    line: deque[tuple[str, str]] = deque(maxlen=POINTS)
    outputs = [Output(each["id"], each["property"]) for each in polled(with_line=True)]
    tables_only = [
        Output(f"only-{each['id']}", each["property"]) for each in polled(with_line=False)
    ]

    @page.callback(*outputs, Input("tick", "n_intervals"))
    def show_all(_: int) -> tuple[object, ...]:
        """Return everything that the page shows."""
        book = snapshot()
        return (*_tables(book), _equity_line(book.account, line))

    @page.callback(*tables_only, Input("tick-tables", "n_intervals"))
    def show_tables(_: int) -> tuple[object, ...]:
        """Return the page without its chart, to weigh it."""
        return _tables(snapshot())

    return server


def polled(*, with_line: bool) -> list[dict[str, str]]:
    """Return the outputs that a tick asks for, as the browser names them."""
    tables = [{"id": name, "property": "rowData"} for name in TABLES]
    texts = [{"id": name, "property": "children"} for name in FIGURES]
    return [*tables, *texts, *([{"id": "line", "property": "figure"}] if with_line else [])]


def _layout() -> html.Div:
    parts: list[Any] = [dcc.Interval("tick", EVERY_MS), dcc.Interval("tick-tables", EVERY_MS)]
    for prefix in ("", "only-"):
        parts += [html.Span(id=f"{prefix}{name}") for name in FIGURES]
        parts += [AgGrid(id=f"{prefix}{name}") for name in TABLES]
    return html.Div([*parts, dcc.Graph("line")])


def _tables(book: BookSnapshot) -> tuple[object, ...]:
    account = {} if book.account is None else account_json(book.account)
    return (
        [position_json(each) for each in book.positions],
        [{**order_json(each), "legs": None} for each in book.orders],
        [trade_json(each) for each in book.trades],
        *(account.get(name) for name in FIGURES),
    )


def _equity_line(
    account: AccountFigures | None, line: deque[tuple[str, str]]
) -> graph_objects.Figure:
    if account is not None:
        equity = account_json(account)["equity"]
        if not line:
            ago = [_DAY * (POINTS - number) / POINTS for number in range(POINTS)]
            line.extend((time_text(account.at - each), equity) for each in ago)
        line.append((time_text(account.at), equity))
    points = list(line)
    trace = graph_objects.Scatter(x=[x for x, _ in points], y=[float(y) for _, y in points])
    return graph_objects.Figure(trace)
