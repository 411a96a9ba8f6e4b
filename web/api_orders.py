"""Orders over REST: list, place, look at, replace, cancel; and closing a position."""

from __future__ import annotations

import structlog
from flask import Blueprint, Response, request

from db.records import OrderEvent
from portfolio.errors import InvalidValue, UnknownOrder
from portfolio.ids import AccountId, OrderId
from portfolio.money import text
from portfolio.orders import Order
from portfolio.ticket import read_ticket
from portfolio.values import Position
from stream.wire import Json, order_json, time_text
from web.access import seen_account, traded_account
from web.answers import answer, read_object
from web.guard import require_session
from web.order_changes import read_changes
from web.query import checked_symbol, cursor, cursor_text, integer, is_id, symbol
from web.services import services
from web.session import current_user_id

log = structlog.get_logger("web")

_FILTERS = ("status", "symbol", "limit", "before")
_GROUPS: dict[str, bool | None] = {"all": None, "open": True, "closed": False}
STATUSES = frozenset(
    {
        "pending_submit", "new", "accepted", "pending_new", "accepted_for_bidding", "held",
        "partially_filled", "filled", "done_for_day", "canceled", "expired", "replaced",
        "pending_cancel", "pending_replace", "stopped", "rejected", "suspended", "calculated",
    }
)  # fmt: skip
"""Source: Alpaca OpenAPI ``OrderStatus``, and our own pending_submit."""


def blueprint() -> Blueprint:
    """Return the routes under /api/orders, and DELETE /api/positions/{symbol}."""
    routes = Blueprint("orders", __name__, url_prefix="/api")
    routes.before_request(require_session)
    routes.add_url_rule("/orders", view_func=list_orders, methods=["GET"])
    routes.add_url_rule("/orders", view_func=place_order, methods=["POST"])
    routes.add_url_rule("/orders/<order_id>", view_func=show_order, methods=["GET"])
    routes.add_url_rule("/orders/<order_id>", view_func=replace_order, methods=["PATCH"])
    routes.add_url_rule("/orders/<order_id>", view_func=cancel_order, methods=["DELETE"])
    routes.add_url_rule("/positions/<path:name>", view_func=close_position, methods=["DELETE"])
    return routes


def list_orders() -> Response:
    """List orders, newest first.

    Without a filter: all open orders, then the last 50 closed, as the stream's
    snapshot has them. With one: a page of the record, and ``next`` for the page after it.
    """
    parts = services()
    account_id = seen_account().account_id
    if not any(name in request.args for name in _FILTERS):
        return _listed(account_id, parts.gateway.snapshot(account_id).orders, None)
    limit = integer("limit", 50, 1, 500)
    statuses, is_open = _status_filter()
    found = parts.records.orders_page(
        account_id,
        statuses=statuses,
        is_open=is_open,
        symbol=symbol(),
        limit=limit + 1,
        before=cursor(),
    )
    page, more = found[:limit], found[limit:]
    after = cursor_text(page[-1].submitted_at, page[-1].order_id) if more else None
    return _listed(account_id, tuple(page), after)


def place_order() -> Response:
    """Store an order and send it; 202 with the order as stored."""
    payload = read_object()
    account_id = traded_account(payload.get("accountId")).account_id
    order = services().gateway.submit(account_id, read_ticket(payload))
    log.info("order placed", user_id=current_user_id(), order_id=order.order_id)
    return _accepted(account_id, order)


def show_order(order_id: str) -> Response:
    """Return an order with its timeline."""
    account_id = seen_account().account_id
    order = _known(account_id, order_id)
    events = services().records.order_events(account_id, order.order_id)
    body = {"accountId": account_id, **order_json(order), "events": [_event(e) for e in events]}
    return answer(body)


def replace_order(order_id: str) -> Response:
    """Replace a working order; 202 with the order that takes its place."""
    payload = read_object()
    account_id = traded_account(payload.get("accountId")).account_id
    changes = read_changes(payload)
    known = _known(account_id, order_id)
    order = services().gateway.replace(account_id, known.order_id, changes)
    log.info("order replaced", user_id=current_user_id(), order_id=order_id)
    return _accepted(account_id, order)


def cancel_order(order_id: str) -> Response:
    """Ask for a cancel; 202 with the order as it stands. The stream says when it is done."""
    account_id = traded_account().account_id
    known = _known(account_id, order_id)
    order = services().gateway.cancel(account_id, known.order_id)
    log.info("cancel asked for", user_id=current_user_id(), order_id=order_id)
    return _accepted(account_id, order)


def close_position(name: str) -> Response:
    """Close a position at the market; 202 with the closing order."""
    account_id = traded_account().account_id
    wanted = checked_symbol("symbol", name)
    held = services().gateway.snapshot(account_id).positions
    position = next((each for each in held if each.symbol == wanted), None)
    if position is None:
        raise InvalidValue("symbol", name, f"a symbol that is held: {_symbols(held)}")
    order = services().gateway.close_position(account_id, wanted)
    log.info("close asked for", user_id=current_user_id(), symbol=wanted)
    return _accepted(account_id, order)


def _known(account_id: AccountId, order_id: str) -> Order:
    """Return an order of this account from memory, else from the record.

    Raises:
        UnknownOrder: this account has no such order; another one's counts as none.
    """
    if not is_id(order_id):
        raise UnknownOrder(order_id)
    parts = services()
    order = parts.gateway.order(account_id, OrderId(order_id))
    order = order or parts.records.order(account_id, OrderId(order_id))
    if order is None:
        raise UnknownOrder(order_id)
    return order


def _status_filter() -> tuple[frozenset[str] | None, bool | None]:
    """Return the statuses wanted, and whether open or final ones; None for any."""
    given = request.args.get("status", "all")
    if given in _GROUPS:
        return None, _GROUPS[given]
    wanted = frozenset(given.split(","))
    if not wanted <= STATUSES:
        allowed = f"all, open, closed, or statuses with commas between them: {_names(STATUSES)}"
        raise InvalidValue("status", given, allowed)
    return wanted, None


def _listed(account_id: AccountId, orders: tuple[Order, ...], after: str | None) -> Response:
    body: Json = {
        "accountId": account_id,
        "asOf": time_text(services().clock()),
        "orders": [order_json(order) for order in orders],
        "next": after,
    }
    return answer(body)


def _accepted(account_id: AccountId, order: Order) -> Response:
    return answer({"accountId": account_id, **order_json(order)}, 202)


def _event(event: OrderEvent) -> Json:
    numbers = {
        "quantity": event.quantity,
        "price": event.price,
        "positionQuantity": event.position_quantity,
    }
    return {
        "event": event.event,
        "status": event.status,
        "at": time_text(event.at),
        "filledQty": text(event.filled_quantity),
        **{name: text(number) for name, number in numbers.items() if number is not None},
    }


def _symbols(held: tuple[Position, ...]) -> str:
    return ", ".join(position.symbol for position in held) or "none is held"


def _names(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))
