"""Orders on their way to the broker (S4): never doubled, never silently lost."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from broker.rest import BrokerRest
from portfolio.ids import BrokerOrderId, ClientOrderId
from portfolio.orders import Order
from portfolio.ticket import OrderTicket


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanges:
    """What a replacement changes; None keeps what the order has."""

    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    time_in_force: str | None = None


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
    """Sends orders of one account.

    Raises as BrokerRest does. BrokerUnreachable from submit means: the outcome is
    unknown even after looking the order up; the same call may be repeated with the
    same client order id without harm.

    Args:
        rest: the account's REST API.
    """

    def __init__(self, rest: BrokerRest) -> None:
        raise NotImplementedError

    def submit(self, ticket: OrderTicket, client_order_id: ClientOrderId) -> Order:
        """Send an order once, however often it takes.

        Args:
            ticket: the wish.
            client_order_id: unique per order; makes a repeat harmless.
        """
        raise NotImplementedError

    def cancel(self, broker_order_id: BrokerOrderId) -> None:
        """Ask for a cancel; the trade_updates stream says when it happened.

        Raises:
            UnknownOrder: the broker has no such order.
            OrderNotCancelable: it has reached a final status already.
        """
        raise NotImplementedError

    def replace(
        self,
        broker_order_id: BrokerOrderId,
        changes: OrderChanges,
        client_order_id: ClientOrderId | None = None,
    ) -> Order:
        """Replace an open order; the answer is the new order, under a new broker id.

        Args:
            broker_order_id: the order to replace.
            changes: what differs.
            client_order_id: id of the new order.

        Raises:
            UnknownOrder: the broker has no such order.
            OrderNotCancelable: it has reached a final status already.
        """
        raise NotImplementedError

    def close_position(self, symbol: str, quantity: Decimal | None = None) -> Order:
        """Close a position, or quantity of it, at the market; returns the closing order.

        Not repeated on an unknown outcome: it carries no client order id.
        """
        raise NotImplementedError

    def close_all(self, *, cancel_orders: bool = True) -> list[Outcome]:
        """Close every position, by default after cancelling all open orders."""
        raise NotImplementedError

    def cancel_all(self) -> list[Outcome]:
        """Ask for a cancel of every open order."""
        raise NotImplementedError
