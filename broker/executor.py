"""Orders on their way to the broker (S4): never doubled, never silently lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import quote as url_quote

from broker import convert, order_json
from broker.backoff import delay_s
from broker.fields import Fields
from broker.order_json import OrderChanges
from broker.rest import BrokerRest
from broker.symbols import canonical, in_path
from portfolio.errors import (
    BrokerError,
    BrokerUnreachable,
    ConversionError,
    CredentialsRefused,
    OrderNotCancelable,
    UnknownOrder,
)
from portfolio.ids import BrokerOrderId, ClientOrderId
from portfolio.money import text
from portfolio.orders import Order
from portfolio.ticket import OrderTicket

__all__ = ["OrderChanges", "OrderExecutor", "Outcome"]

_ATTEMPTS = 3
_PAUSE_CEILING_S = 0.5
_NOT_FOUND = 404
_UNPROCESSABLE = 422
_NOT_UNIQUE = "client_order_id must be unique"
_ON_ITS_WAY_OUT = ("pending_cancel", "canceled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one item of a close-all or cancel-all.

    Attributes:
        subject: the symbol (close all) or the broker's order id (cancel all).
        done: whether the broker took it.
        order: the closing order, where there is one.
        message: the broker's words when it refused, else empty.
    """

    subject: str
    done: bool
    order: Order | None = None
    message: str = ""


class OrderExecutor:
    """Sends orders of one account. Any thread may call it.

    Raises as BrokerRest does. BrokerUnreachable from submit means: the outcome is
    unknown even after looking the order up; the same call may be repeated with the
    same client order id without harm.

    Args:
        rest: the account's REST API.
        pause: waits between attempts, in seconds.
    """

    def __init__(self, rest: BrokerRest, pause: Callable[[float], None] = time.sleep) -> None:
        self._rest = rest
        self._pause = pause

    def submit(self, ticket: OrderTicket, client_order_id: ClientOrderId) -> Order:
        """Send an order once, however often it takes.

        After an unknown outcome (time-out, 5xx) the order is looked up by its client
        order id, and sent again only when the broker has not got it; should the lost
        request arrive after all, the broker refuses the repeat as not unique.

        Args:
            ticket: the wish.
            client_order_id: unique per order; makes a repeat harmless.

        Raises:
            BrokerError: the broker's refusal; also when the id belongs to another order.
            BrokerUnreachable: the outcome is still unknown.
        """
        body = order_json.submission(ticket, client_order_id)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return convert.order(self._rest.request("POST", "/orders", body))
            except CredentialsRefused:
                raise
            except BrokerUnreachable:
                found = self._rest.order_by_client_id(client_order_id)
                if found is not None:
                    return found
                if attempt == _ATTEMPTS:
                    raise
            except BrokerError as refusal:
                return self._already_there(ticket, client_order_id, refusal)
            self._wait(attempt)
        raise AssertionError("unreachable")  # the last attempt returns or raises

    def cancel(self, broker_order_id: BrokerOrderId) -> None:
        """Ask for a cancel; the trade_updates stream says when it happened.

        Args:
            broker_order_id: of an open order. A cancel already under way is no error.

        Raises:
            UnknownOrder: the broker has no such order.
            OrderNotCancelable: it has reached a final status already.
        """
        path = f"/orders/{url_quote(broker_order_id, safe='')}"
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._rest.request("DELETE", path)
            except BrokerUnreachable:  # asking again is harmless
                if attempt == _ATTEMPTS:
                    raise
                self._wait(attempt)
            except BrokerError as refusal:
                self._unless_cancelled(broker_order_id, refusal)
                return
            else:
                return

    def replace(
        self,
        broker_order_id: BrokerOrderId,
        changes: OrderChanges,
        client_order_id: ClientOrderId | None = None,
    ) -> Order:
        """Replace an open order; the answer is the new order, under a new broker id.

        The broker's 200 does not guarantee the replacement; the stream tells.

        Args:
            broker_order_id: the order to replace.
            changes: what differs.
            client_order_id: id of the new order.

        Raises:
            UnknownOrder: the broker has no such order.
            OrderNotCancelable: it has reached a final status already.
            BrokerUnreachable: the outcome is unknown and the order not (yet) replaced.
        """
        path = f"/orders/{url_quote(broker_order_id, safe='')}"
        body = order_json.replacement(changes, client_order_id)
        try:
            return convert.order(self._rest.request("PATCH", path, body))
        except BrokerUnreachable:
            successor = self._rest.order(broker_order_id).replaced_by
            if successor is None:
                raise
            return self._rest.order(successor)
        except BrokerError as refusal:
            raise self._explained(broker_order_id, refusal) from None

    def close_position(self, symbol: str, quantity: Decimal | None = None) -> Order:
        """Close a position at the market; returns the closing order.

        Not repeated on an unknown outcome: it carries no client order id.

        Args:
            symbol: as everywhere, BTC/USD for a pair.
            quantity: shares or coins to close, all when None.
        """
        path = f"/positions/{url_quote(in_path(symbol), safe='')}"
        query = {} if quantity is None else {"qty": text(quantity)}
        return convert.order(self._rest.request("DELETE", path, query))

    def close_all(self, *, cancel_orders: bool = True) -> list[Outcome]:
        """Close every position.

        Args:
            cancel_orders: cancel all open orders first, which may hold the shares.

        Returns:
            One outcome per position, ``subject`` its symbol.
        """
        query = {"cancel_orders": "true"} if cancel_orders else {}
        answer = self._rest.request("DELETE", "/positions", query)
        return [_outcome(item, "symbol") for item in _items("DELETE /positions", answer)]

    def cancel_all(self) -> list[Outcome]:
        """Ask for a cancel of every open order.

        Returns:
            One outcome per order, ``subject`` its broker id.
        """
        answer = self._rest.request("DELETE", "/orders")
        return [_outcome(item, "id") for item in _items("DELETE /orders", answer)]

    def _already_there(
        self, ticket: OrderTicket, client_order_id: ClientOrderId, refusal: BrokerError
    ) -> Order:
        """Return the order that an earlier attempt placed, or raise the refusal."""
        if _NOT_UNIQUE not in refusal.message:
            raise refusal
        found = self._rest.order_by_client_id(client_order_id)
        if found is None or not order_json.is_of(found, ticket):
            raise refusal
        return found

    def _unless_cancelled(self, broker_order_id: BrokerOrderId, refusal: BrokerError) -> None:
        """Pass when the order is being cancelled already, by us or by anyone; else raise."""
        if refusal.status == _UNPROCESSABLE:
            status = self._rest.order(broker_order_id).status
            if status in _ON_ITS_WAY_OUT:
                return
        raise self._explained(broker_order_id, refusal) from None

    def _explained(self, broker_order_id: BrokerOrderId, refusal: BrokerError) -> Exception:
        """Return a named error for a refusal about one order, the refusal itself otherwise."""
        if isinstance(refusal, CredentialsRefused):
            return refusal
        if refusal.status == _NOT_FOUND:
            return UnknownOrder(broker_order_id)
        if refusal.status == _UNPROCESSABLE:
            order = self._rest.order(broker_order_id)
            if order.is_final:
                return OrderNotCancelable(broker_order_id, order.status)
        return refusal

    def _wait(self, attempt: int) -> None:
        self._pause(delay_s(attempt, ceiling_s=_PAUSE_CEILING_S))


def _items(source: str, answer: object) -> list[object]:
    if answer is None:
        return []
    if not isinstance(answer, list):
        raise ConversionError(source, "(whole)", answer, "a JSON array")
    return answer


def _outcome(item: object, subject: str) -> Outcome:
    """Read one entry of a 207 answer: {symbol or id, status, body}."""
    fields = Fields("multi-status", item)
    done = 200 <= fields.number("status") < 300
    body = fields.get("body")
    order = _order_in(body) if done else None
    name = fields.text(subject)
    if subject == "symbol":
        name = order.symbol if order is not None else canonical(name)
    return Outcome(subject=name, done=done, order=order, message="" if done else _words(body))


def _order_in(body: object) -> Order | None:
    """Return the closing order; one that can't be read was placed all the same."""
    try:
        return convert.order(body)
    except ConversionError:
        return None


def _words(body: object) -> str:
    message = body.get("message") if isinstance(body, dict) else None
    return message if isinstance(message, str) else "refused"
