"""An order as the broker wants it: JSON with decimal strings, every digit kept.

alpaca-py's request models would turn quantities and prices into floats, and
take whole numbers only in a replacement (facts: alpaca.md, section 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portfolio.ids import ClientOrderId
from portfolio.money import text
from portfolio.orders import Order
from portfolio.ticket import OrderTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanges:
    """What a replacement changes; None keeps what the order has.

    Attributes:
        quantity: in shares or coins, fractions allowed.
        limit_price: USD.
        stop_price: USD.
        trail: USD or percent, as the order's own trail is.
        time_in_force: the broker's word.
    """

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    time_in_force: str | None = None


def submission(ticket: OrderTicket, client_order_id: ClientOrderId) -> dict[str, object]:
    """Return the body of POST /v2/orders.

    Source: Alpaca OpenAPI ``CreateOrderRequest``.
    """
    body: dict[str, object] = {
        "symbol": ticket.symbol,
        "side": ticket.side.value,
        "type": ticket.type,
        "time_in_force": ticket.time_in_force,
        "client_order_id": client_order_id,
    }
    if ticket.extended_hours:
        body["extended_hours"] = True
    return body | _decimals(
        qty=ticket.quantity,
        notional=ticket.notional,
        limit_price=ticket.limit_price,
        stop_price=ticket.stop_price,
    )


def replacement(changes: OrderChanges, client_order_id: ClientOrderId | None) -> dict[str, object]:
    """Return the body of PATCH /v2/orders/{id}.

    Source: Alpaca OpenAPI ``PatchOrderRequest``.
    """
    body: dict[str, object] = {}
    if changes.time_in_force is not None:
        body["time_in_force"] = changes.time_in_force
    if client_order_id is not None:
        body["client_order_id"] = client_order_id
    return body | _decimals(
        qty=changes.quantity,
        limit_price=changes.limit_price,
        stop_price=changes.stop_price,
        trail=changes.trail,
    )


def is_of(order: Order, ticket: OrderTicket) -> bool:
    """Say whether order is what ticket asks for: an id can have been used before."""
    return (
        order.symbol == ticket.symbol
        and order.side is ticket.side
        and order.type == ticket.type
        and order.limit_price == ticket.limit_price
        and order.stop_price == ticket.stop_price
        and _same_size(order, ticket)
    )


def _same_size(order: Order, ticket: OrderTicket) -> bool:
    """Compare sizes; the broker may have turned a notional into a quantity."""
    if ticket.notional is not None:
        return order.notional in (None, ticket.notional)
    return order.quantity == ticket.quantity


def _decimals(**values: Decimal | None) -> dict[str, object]:
    return {name: text(value) for name, value in values.items() if value is not None}
