"""The orders of one account: whose id is whose, and which report of an order is the newest.

The broker promises no order of events and repeats itself, so every report is
merged: filled quantity never falls, a final status is never left, and an older
report never overwrites a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portfolio.ids import BrokerOrderId, ClientOrderId, OrderId
from portfolio.orders import Order, may_follow

CLOSED_KEPT = 500
"""Closed orders held in memory; older ones are in the record only."""


def merged(known: Order, report: Order) -> Order:
    """Return what is true of an order after one more report of it.

    The result keeps the known order's own id, client order id, strategy and
    first submission time. It equals ``known`` when the report says nothing new.
    """
    report = replace(
        report,
        order_id=known.order_id,
        strategy_id=known.strategy_id or report.strategy_id,
        submitted_at=min(known.submitted_at, report.submitted_at),
        reject_reason=report.reject_reason
        or (known.reject_reason if known.broker_order_id is not None else None),
        replaced_by=report.replaced_by or known.replaced_by,
        replaces=report.replaces or known.replaces,
    )
    if _supersedes(known, report):
        return report
    if report.filled_quantity > known.filled_quantity:
        return replace(
            known,
            filled_quantity=report.filled_quantity,
            filled_average_price=report.filled_average_price,
            filled_at=report.filled_at or known.filled_at,
        )
    return known


def _supersedes(known: Order, report: Order) -> bool:
    """Say whether the whole report is at least as new as what is known."""
    if known.broker_order_id is None:
        # until the broker has spoken, what we hold is our own guess, a rejection included
        return True
    if not may_follow(known.status, report.status):
        return False
    if report.filled_quantity != known.filled_quantity:
        return report.filled_quantity > known.filled_quantity
    return report.is_final or report.updated_at >= known.updated_at


class OrderBook:
    """Orders by our id, found by the broker's id and the client order id too."""

    def __init__(self) -> None:
        self._orders: dict[OrderId, Order] = {}
        self._by_broker: dict[BrokerOrderId, OrderId] = {}
        self._by_client: dict[ClientOrderId, OrderId] = {}

    def __iter__(self) -> Iterator[Order]:
        return iter(tuple(self._orders.values()))

    def get(self, order_id: OrderId) -> Order | None:
        """Return the order of our id, None when there is none."""
        return self._orders.get(order_id)

    def find(self, report: Order) -> Order | None:
        """Return the known order that a broker's report is about."""
        known = None
        if report.broker_order_id is not None:
            known = self._by_broker.get(report.broker_order_id)
        if known is None:
            known = self._by_client.get(report.client_order_id)
        return None if known is None else self._orders.get(known)

    def record(self, report: Order) -> tuple[Order, bool]:
        """Merge a report in; return the order as now known and whether that is news."""
        known = self.find(report)
        order = report if known is None else merged(known, report)
        if order == known:
            return order, False
        self.put(order)
        return order, True

    def put(self, order: Order) -> None:
        """Hold the order as it is, under all its ids."""
        self._orders.pop(order.order_id, None)
        self._orders[order.order_id] = order
        self._by_client[order.client_order_id] = order.order_id
        if order.broker_order_id is not None:
            self._by_broker[order.broker_order_id] = order.order_id
        for leg in order.legs:
            if self.find(leg) is None:
                self.put(leg)
        self._forget_oldest_closed()

    def open_orders(self) -> tuple[Order, ...]:
        """Return all orders that can still trade, newest first."""
        return _newest_first(order for order in self._orders.values() if not order.is_final)

    def closed_orders(self, limit: int) -> tuple[Order, ...]:
        """Return up to limit orders that are over, newest first."""
        return _newest_first(order for order in self._orders.values() if order.is_final)[:limit]

    def _forget_oldest_closed(self) -> None:
        if len(self._orders) <= 2 * CLOSED_KEPT:
            return
        closed = [order for order in self._orders.values() if order.is_final]
        for order in closed[: max(0, len(closed) - CLOSED_KEPT)]:
            del self._orders[order.order_id]
            self._by_client.pop(order.client_order_id, None)
            if order.broker_order_id is not None:
                self._by_broker.pop(order.broker_order_id, None)


def _newest_first(orders: Iterator[Order]) -> tuple[Order, ...]:
    return tuple(sorted(orders, key=lambda order: order.submitted_at, reverse=True))
