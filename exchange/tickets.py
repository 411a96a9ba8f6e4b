"""What a client asks for, read from a request body field by field.

Only the body's own sense is judged here: types, ranges, which fields go
together. Whether the account and the asset allow it is for ``rules``.
Numbers may come as JSON numbers or as strings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from exchange.decimals import QUANTUM, floor_to
from exchange.errors import ExchangeError
from exchange.numbers import number
from exchange.orders import Side, TimeInForce, Type

LARGEST = Decimal(1_000_000_000)
"""No quantity, price or amount of money above this is taken."""

_SIDES = ("buy", "sell")
_TYPES = ("market", "limit", "stop", "stop_limit")
_TIMES_IN_FORCE = ("day", "gtc", "ioc", "fok")
_INTENTS = ("buy_to_open", "buy_to_close", "sell_to_open", "sell_to_close")
_PRICES = {
    "market": (),
    "limit": ("limit_price",),
    "stop": ("stop_price",),
    "stop_limit": ("limit_price", "stop_price"),
}
_NOT_OFFERED = (
    "legs", "take_profit", "stop_loss", "trail_price", "trail_percent", "advanced_instructions",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A new order as asked for; prices and notional in USD."""

    symbol: str
    side: Side
    type: Type
    time_in_force: TimeInForce
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    extended_hours: bool = False
    client_order_id: str | None = None
    position_intent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a replacement changes; None leaves the order's own value."""

    qty: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: TimeInForce | None = None
    client_order_id: str | None = None


def read_body(raw: bytes) -> Mapping[str, object]:
    """Return a request body's JSON object; its numbers are the text that was sent.

    Raises:
        ExchangeError: 400 when the body is not a JSON object.
    """
    try:
        body = json.loads(raw, parse_float=str, parse_int=str, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ExchangeError(400, 40010000, "request body format is invalid")
    return body


def read_ticket(body: Mapping[str, object]) -> Ticket:
    """Return the order that a body asks for.

    Raises:
        ExchangeError: 422 with the first thing that is wrong; 403 for less than one dollar.

    Source: Alpaca OpenAPI ``POST /v2/orders``.
    """
    _refuse_what_is_not_offered(body)
    order_type = cast("Type", _choice(body, "type", _TYPES))
    ticket = Ticket(
        symbol=_text(body, "symbol", 64),
        side=cast("Side", _choice(body, "side", _SIDES)),
        type=order_type,
        time_in_force=cast("TimeInForce", _choice(body, "time_in_force", _TIMES_IN_FORCE)),
        qty=_amount(body, "qty"),
        notional=_amount(body, "notional"),
        limit_price=_price(body, "limit_price"),
        stop_price=_price(body, "stop_price"),
        extended_hours=_flag(body, "extended_hours"),
        client_order_id=_client_order_id(body),
        position_intent=_optional_choice(body, "position_intent", _INTENTS),
    )
    _check_prices_fit_type(ticket)
    _check_size(ticket)
    return ticket


def read_changes(body: Mapping[str, object]) -> Changes:
    """Return what a replacement asks for.

    Raises:
        ExchangeError: 422 with the first thing that is wrong.

    Source: Alpaca OpenAPI ``PATCH /v2/orders/{order_id}``.
    """
    for field in ("notional", "trail", "advanced_instructions"):
        if body.get(field) is not None:
            raise ExchangeError(422, 42210000, f"{field} cannot be replaced")
    time_in_force = _optional_choice(body, "time_in_force", _TIMES_IN_FORCE)
    return Changes(
        qty=_amount(body, "qty"),
        limit_price=_price(body, "limit_price"),
        stop_price=_price(body, "stop_price"),
        time_in_force=cast("TimeInForce | None", time_in_force),
        client_order_id=_client_order_id(body),
    )


def _refuse_constant(name: str) -> object:
    """Refuse NaN and Infinity, which Python reads but JSON does not have."""
    raise ValueError(name)


def _refuse_what_is_not_offered(body: Mapping[str, object]) -> None:
    """Refuse order classes and fields that this exchange does not have."""
    order_class = body.get("order_class")
    if order_class not in (None, "", "simple"):
        raise invalid("order_class", order_class, "only simple orders are supported")
    for field in _NOT_OFFERED:
        if body.get(field):
            raise ExchangeError(422, 40010001, f"{field} is not supported")


def invalid(field: str, got: object, why: str = "") -> ExchangeError:
    """Return the refusal of one field's value, which is shown shortened."""
    shown = str(got)
    shown = shown if len(shown) <= 40 else f"{shown[:40]}…"
    reason = f": {why}" if why else ""
    return ExchangeError(422, 40010001, f"invalid {field} {shown}{reason}")


def _text(body: Mapping[str, object], field: str, longest: int) -> str:
    """Return a required text of 1 to ``longest`` characters."""
    got = body.get(field)
    if got is None or got == "":
        raise ExchangeError(422, 40010001, f"{field} is required")
    if not isinstance(got, str) or len(got) > longest or not got.isprintable():
        raise invalid(field, got)
    return got


def _client_order_id(body: Mapping[str, object]) -> str | None:
    """Return the client's own id for the order, None when it gives none."""
    if body.get("client_order_id") in (None, ""):
        return None
    got = body["client_order_id"]
    if isinstance(got, str) and len(got) > 128:
        raise ExchangeError(422, 40010001, "client_order_id must be no more than 128 characters")
    return _text(body, "client_order_id", 128)


def _choice(body: Mapping[str, object], field: str, allowed: Sequence[str]) -> str:
    """Return a required word out of those allowed."""
    got = _text(body, field, 64)
    if got not in allowed:
        raise invalid(field, got, f"must be one of {', '.join(allowed)}")
    return got


def _optional_choice(body: Mapping[str, object], field: str, allowed: Sequence[str]) -> str | None:
    """Return a word out of those allowed, None when there is none."""
    return None if body.get(field) in (None, "") else _choice(body, field, allowed)


def _flag(body: Mapping[str, object], field: str) -> bool:
    """Return a boolean, false when there is none."""
    got = body.get(field)
    if got is not None and not isinstance(got, bool):
        raise invalid(field, got, "must be true or false")
    return bool(got)


def _price(body: Mapping[str, object], field: str) -> Decimal | None:
    """Return a positive number, None when there is none; its step depends on the asset."""
    got = body.get(field)
    if got is None or got == "":
        return None
    value = number(got)
    if value is None:
        raise invalid(field, got, "must be a number")
    if value <= 0:
        raise ExchangeError(422, 40010001, f"{field} must be > 0")
    if value > LARGEST:
        raise ExchangeError(422, 40010001, f"{field} must be <= {LARGEST}")
    return value


def _amount(body: Mapping[str, object], field: str) -> Decimal | None:
    """Return a positive number of at most nine decimals, None when there is none."""
    value = _price(body, field)
    if value is not None and (value < QUANTUM or floor_to(value, QUANTUM) != value):
        raise ExchangeError(422, 40010001, f"{field} must have no more than 9 decimals")
    return value


def _check_prices_fit_type(ticket: Ticket) -> None:
    """Refuse a price that the order type has no use for, and the lack of one it needs."""
    needed = _PRICES[ticket.type]
    if ticket.type == "market" and (ticket.limit_price or ticket.stop_price):
        raise ExchangeError(422, 40010001, "market orders require no stop or limit price")
    for field in ("limit_price", "stop_price"):
        given = getattr(ticket, field) is not None
        if field in needed and not given:
            raise ExchangeError(422, 40010001, f"{ticket.type} orders require {field}")
        if given and field not in needed:
            raise ExchangeError(422, 40010001, f"{ticket.type} orders require no {field}")


def _check_size(ticket: Ticket) -> None:
    """Refuse an order that has not exactly one of quantity and notional."""
    if ticket.qty is None and ticket.notional is None:
        raise ExchangeError(422, 40010001, "qty or notional is required")
    if ticket.qty is not None and ticket.notional is not None:
        raise ExchangeError(422, 40010001, "only one of qty or notional is accepted")
    if ticket.notional is not None and ticket.type != "market":
        raise ExchangeError(422, 42210000, "notional orders must be market orders")
