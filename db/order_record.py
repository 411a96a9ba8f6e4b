"""Storing orders: merged with what is known, found under any of their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import rows
from db.record_tables import OrderEventRow, OrderRow
from portfolio.ids import AccountId, OrderId
from portfolio.order_book import merged
from portfolio.orders import Order, TradeUpdate


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order as it stands in the record, and whether storing it changed its status or fills."""

    order: Order
    is_news: bool


def store(
    session: Session, account_id: AccountId, order: Order, parent: OrderId | None = None
) -> StoredOrder:
    """Insert an order or merge it into its row, legs included.

    Filled quantity never falls and a final status is never left, whatever the
    order of calls. A row found under the broker's id or the client order id
    keeps its own order id.
    """
    row = _find(session, account_id, order)
    if row is None:
        row = OrderRow(account_id=account_id, order_id=order.order_id, parent_id=parent)
        before, after = None, order
        session.add(row)
    else:
        before = rows.order(row)
        after = merged(before, replace(order, legs=()))
    rows.fill_order_row(row, after)
    row.parent_id = row.parent_id or parent
    session.flush()
    for index, leg in enumerate(order.legs):
        _store_leg(session, account_id, leg, OrderId(row.order_id), index)
    is_news = before is None or _moved(before, after)
    return StoredOrder(replace(after, order_id=OrderId(row.order_id)), is_news)


def add_event(
    session: Session, account_id: AccountId, order: Order, update: TradeUpdate | None
) -> None:
    """Write down a step in an order's life: the broker's event, or a status learnt otherwise."""
    session.add(
        OrderEventRow(
            account_id=account_id,
            order_id=order.order_id,
            event=order.status if update is None else update.event,
            status=order.status,
            at=order.updated_at if update is None else update.at,
            filled_quantity=order.filled_quantity,
            execution_id=None if update is None else update.execution_id,
            quantity=None if update is None else update.quantity,
            price=None if update is None else update.price,
            position_quantity=None if update is None else update.position_quantity,
        )
    )


def with_legs(session: Session, account_id: AccountId, found: Sequence[OrderRow]) -> list[Order]:
    """Return the orders in rows, each with its legs, in the order given."""
    legs = _legs_of(session, account_id, [row.order_id for row in found])
    return [rows.order(row, legs.get(row.order_id, ())) for row in found]


def _store_leg(
    session: Session, account_id: AccountId, leg: Order, parent: OrderId, index: int
) -> None:
    stored = store(session, account_id, leg, parent)
    row = session.get(OrderRow, (account_id, stored.order.order_id))
    if row is not None and row.parent_id == parent:
        row.leg_index = index
    if stored.is_news:
        add_event(session, account_id, stored.order, None)


def _find(session: Session, account_id: AccountId, order: Order) -> OrderRow | None:
    """Return the row of an order by our id, else the broker's, else the client order id."""
    row = session.get(OrderRow, (account_id, order.order_id), with_for_update=True)
    if row is None and order.broker_order_id is not None:
        row = _first(session, account_id, OrderRow.broker_order_id == order.broker_order_id)
    if row is None:
        row = _first(session, account_id, OrderRow.client_order_id == order.client_order_id)
    return row


def _first(session: Session, account_id: AccountId, condition: object) -> OrderRow | None:
    query = select(OrderRow).where(OrderRow.account_id == account_id, condition)  # type: ignore[arg-type]
    return session.scalars(query.with_for_update()).first()


def _legs_of(
    session: Session, account_id: AccountId, parents: Iterable[str]
) -> dict[str, list[Order]]:
    query = (
        select(OrderRow)
        .where(OrderRow.account_id == account_id, OrderRow.parent_id.in_(list(parents)))
        .order_by(OrderRow.leg_index, OrderRow.order_id)
    )
    legs: dict[str, list[Order]] = {}
    for row in session.scalars(query):
        legs.setdefault(str(row.parent_id), []).append(rows.order(row))
    return legs


def _moved(before: Order, after: Order) -> bool:
    return (before.status, before.filled_quantity) != (after.status, after.filled_quantity)
