"""Orders from AlphaFlow's own doors to the broker: stored first, then sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from datetime import UTC, datetime
from functools import partial
from threading import Event
from uuid import uuid4

import structlog

from broker.executor import OrderChanges, OrderExecutor
from broker.rest import BrokerRest
from gateway.desk import AccountDesk
from gateway.facts import Fact, OrderRefused, OrderReported
from portfolio.errors import (
    BrokerError,
    BrokerUnreachable,
    ConversionError,
    OrderNotCancelable,
    UnknownOrder,
)
from portfolio.ids import BrokerOrderId, ClientOrderId, OrderId
from portfolio.orders import PENDING_SUBMIT, Order
from portfolio.ticket import OrderTicket

log = structlog.get_logger("gateway")

SEND_FOR_S = 60.0
"""An order that the broker could not be reached for is not sent after this long: the trader's
price is gone. From then on it is only looked up, to say truly what became of it."""
RETRY_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


class OrderDesk:
    """One account's way out to the broker.

    Args:
        desk: the account's desk; told what the broker answered.
        rest: used to look an order up.
        executor: sends.
        pool: runs the sending.
        stopping: set when the process ends; unsent orders stay stored.
    """

    def __init__(
        self,
        desk: AccountDesk,
        rest: BrokerRest,
        executor: OrderExecutor,
        pool: Executor,
        stopping: Event,
    ) -> None:
        self._desk = desk
        self._rest = rest
        self._executor = executor
        self._pool = pool
        self._stopping = stopping

    def submit(self, ticket: OrderTicket) -> Order:
        """Store an order and send it in the background; returns it as stored.

        A ticket whose client order id is known already returns that order and sends nothing.
        """
        order = pending_order(ticket, datetime.now(UTC))
        stored = self._desk.live.place(order)
        if stored is order:
            self._pool.submit(self._send, order, partial(self._sent, ticket, order))
        return stored

    def resume(self, unsent: Iterable[Order]) -> None:
        """After a restart: find out what became of orders that were stored but not answered."""
        for order in unsent:
            self._pool.submit(self._send, order, partial(self._found, order))

    def cancel(self, order_id: OrderId) -> Order:
        """Ask the broker to cancel; the stream tells when it has.

        Raises:
            UnknownOrder: this account has no such order.
            OrderNotCancelable: it is over, or not with the broker yet.
            BrokerError: the broker's refusal.
        """
        order, broker_id = self._working(order_id)
        self._executor.cancel(broker_id)
        return order

    def replace(self, order_id: OrderId, changes: OrderChanges) -> Order:
        """Replace a working order; returns the new one. Raises as cancel does."""
        _, broker_id = self._working(order_id)
        return self._desk.live.report(self._executor.replace(broker_id, changes))

    def close_position(self, symbol: str) -> Order:
        """Close a position at the market; returns the closing order."""
        return self._desk.live.report(self._executor.close_position(symbol))

    def _working(self, order_id: OrderId) -> tuple[Order, BrokerOrderId]:
        order = self._desk.live.order(order_id)
        if order is None:
            raise UnknownOrder(order_id)
        if order.is_final or order.broker_order_id is None:
            raise OrderNotCancelable(order_id, order.status)
        return order, order.broker_order_id

    def _send(self, order: Order, attempt: Callable[[], Fact]) -> None:
        """Try until the broker answered, first sending, after SEND_FOR_S only looking up."""
        give_up_at = time.monotonic() + SEND_FOR_S
        tries = 0
        while not self._stopping.is_set():
            try:
                late = time.monotonic() > give_up_at
                self._desk.post(self._found(order) if late else attempt())
            except BrokerUnreachable as error:
                wait_s = RETRY_S[min(tries, len(RETRY_S) - 1)]
                log.warning(
                    "order not answered, trying again", order=order.order_id, why=str(error)
                )
                tries += 1
                self._stopping.wait(wait_s)
            except ConversionError as error:
                # the broker has it, but its answer can't be read: the stream tells the rest
                log.warning("order answer not understood", order=order.order_id, why=str(error))
                return
            else:
                return

    def _sent(self, ticket: OrderTicket, order: Order) -> Fact:
        try:
            return OrderReported(self._executor.submit(ticket, order.client_order_id))
        except BrokerUnreachable:
            raise
        except BrokerError as refusal:
            return OrderRefused(order.order_id, refusal.message)

    def _found(self, order: Order) -> Fact:
        try:
            report = self._rest.order_by_client_id(order.client_order_id)
        except BrokerUnreachable:
            raise
        except BrokerError as refusal:
            return OrderRefused(order.order_id, refusal.message)
        if report is not None:
            return OrderReported(report)
        return OrderRefused(order.order_id, "not placed: the broker could not be reached in time")


def pending_order(ticket: OrderTicket, now: datetime) -> Order:
    """Return the order that a ticket becomes, as it is stored before it is sent."""
    order_id = OrderId(str(uuid4()))
    return Order(
        order_id=order_id,
        client_order_id=ticket.client_order_id or ClientOrderId(order_id),
        broker_order_id=None,
        symbol=ticket.symbol,
        side=ticket.side,
        type=ticket.type,
        time_in_force=ticket.time_in_force,
        status=PENDING_SUBMIT,
        submitted_at=now,
        updated_at=now,
        quantity=ticket.quantity,
        notional=ticket.notional,
        limit_price=ticket.limit_price,
        stop_price=ticket.stop_price,
        extended_hours=ticket.extended_hours,
        asset_class=ticket.asset_class,
        strategy_id=ticket.strategy_id,
    )
