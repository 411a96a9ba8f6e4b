"""The order ticket: order_ticket.js reads it, prices it and sends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from components.attributes import attributes
from components.grid import panel

FORM = "ticket-form"
_KEYS: Mapping[bool, Any] = {False: "text", True: "decimal"}
"""Keyboards of a phone; Dash's own list of them lacks these two."""
_TYPES = (("market", "Market"), ("limit", "Limit"), ("stop", "Stop"), ("stop_limit", "Stop limit"))
_TIMES = (("day", "Day"), ("gtc", "Until canceled"), ("ioc", "Immediate"))


def ticket_panel() -> Component:
    """Return the ticket."""
    parts = [
        _sides(),
        _text("symbol", "Symbol", "AAPL", after=html.Span(id="ticket-name", className="unit name")),
        html.Div(
            [_choice("type", "Type", _TYPES), _choice("tif", "In force", _TIMES)], className="pair"
        ),
        html.Div(_prices(), className="pair"),
        _estimate(),
        html.P(id="ticket-lacks", className="ticket-lacks", hidden=True),
        html.P(id="ticket-error", className="ticket-error", role="alert"),
        html.Button("Buy", id="ticket-submit", type="submit", className="button wide submit"),
        html.P(id="ticket-sent", className="ticket-sent", role="status"),
        html.P(id="ticket-account", className="ticket-account"),
    ]
    body = html.Form(parts, id=FORM, className="ticket", autoComplete="off")
    quote = html.Span(id="ticket-quote", className="panel-note")
    close = html.Button(
        html.I(className="icon icon-close"), type="button", className="icon-button sheet-close",
        **attributes(data_action="sheet", aria_label="Close the ticket"),
    )  # fmt: skip
    frame = panel("Order", [body], note=quote, tools=[close])
    return html.Div(frame, className="ticket-sheet", **attributes(data_testid="order-ticket"))


def _sides() -> Component:
    buttons = [
        html.Button(
            name,
            type="button",
            role="radio",
            tabIndex="0" if side == "buy" else "-1",  # the group is one stop; arrows go on
            **attributes(data_ticket_side=side, aria_checked="true" if side == "buy" else "false"),
        )
        for side, name in (("buy", "Buy"), ("sell", "Sell"))
    ]
    return html.Div(
        buttons, className="segments sides", role="radiogroup", **attributes(aria_label="Side")
    )


def _prices() -> list[Component]:
    unit = html.Button(
        "shares",
        id="ticket-unit",
        type="button",
        className="unit",
        title="Shares or dollars",
        **attributes(aria_label="Switch between shares and dollars"),
    )
    return [
        _text("qty", "Quantity", "0", number=True, after=unit),
        _text(
            "limit", "Limit price", "0.00", number=True, after=html.Span("USD", className="unit")
        ),
        _text("stop", "Stop price", "0.00", number=True, after=html.Span("USD", className="unit")),
    ]


def _text(
    name: str, label: str, hint: str, *, number: bool = False, after: Component | None = None
) -> Component:
    field_id = f"ticket-{name}"
    box = dcc.Input(
        id=field_id, type="text", placeholder=hint, className="field", autoComplete="off",
        inputMode=_KEYS[number], spellCheck=False, maxLength=24,
    )  # fmt: skip
    field = html.Div([box, *([after] if after is not None else [])], className="with-unit")
    return _row(name, label, field)


def _choice(name: str, label: str, options: Sequence[tuple[str, str]]) -> Component:
    choices = [html.Option(text, value=value) for value, text in options]
    select = html.Select(choices, id=f"ticket-{name}", className="field")
    return _row(name, label, html.Div(select, className="select-wrap"))


def _row(name: str, label: str, field: Component) -> Component:
    return html.Div(
        [
            html.Label(label, htmlFor=f"ticket-{name}"),
            field,
            html.P(id=f"ticket-{name}-error", className="field-error"),
        ],
        id=f"ticket-{name}-row",
        className="ticket-row",
    )


def _estimate() -> Component:
    rows = [
        part
        for key, label in (("cost", "Estimated cost"), ("after", "Buying power after"))
        for part in (
            html.Dt(label, id=f"ticket-{key}-label"),
            html.Dd("–", id=f"ticket-{key}", className="num"),
        )
    ]
    return html.Dl(rows, className="estimate")
