"""Questions to the record that more than one of its readers asks, and what they answer with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db import rows
from db.order_record import with_legs
from db.record_tables import OrderEventRow, OrderRow, TradeRow
from portfolio.ids import AccountId
from portfolio.orders import FINAL_STATUSES, Order
from portfolio.values import Trade

CLOSED_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list that is sorted newest first: after this time and id."""

    at: datetime
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One step in an order's life.

    Attributes:
        event: the broker's event name, or the status where it was learnt otherwise.
        quantity: of this execution, fills only; ``price`` and ``position_quantity`` likewise.
    """

    event: str
    status: str
    at: datetime
    filled_quantity: Decimal
    execution_id: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    position_quantity: Decimal | None = None


def open_then_closed(session: Session, account_id: AccountId) -> tuple[Order, ...]:
    """Return all open orders, then the last CLOSED_SHOWN closed ones, newest first each."""
    newest = (
        select(OrderRow)
        .where(OrderRow.account_id == account_id, OrderRow.parent_id.is_(None))
        .order_by(OrderRow.submitted_at.desc(), OrderRow.order_id.desc())
    )
    final = OrderRow.status.in_(sorted(FINAL_STATUSES))
    working = session.scalars(newest.where(~final)).all()
    closed = session.scalars(newest.where(final).limit(CLOSED_SHOWN)).all()
    return tuple(with_legs(session, account_id, [*working, *closed]))


def fills_since(session: Session, account_id: AccountId, since: datetime) -> tuple[Trade, ...]:
    """Return the fills since a moment, oldest first."""
    query = (
        select(TradeRow)
        .where(TradeRow.account_id == account_id, TradeRow.executed_at >= since)
        .order_by(TradeRow.executed_at, TradeRow.trade_id)
    )
    return tuple(rows.trade(row) for row in session.scalars(query))


def after(
    at: InstrumentedAttribute[datetime], item_id: InstrumentedAttribute[str], before: Cursor
) -> ColumnElement[bool]:
    """Return the condition for what comes after a place in a list sorted newest first."""
    return or_(at < before.at, and_(at == before.at, item_id < before.item_id))


def event(row: OrderEventRow) -> OrderEvent:
    """Return the step in a row."""
    return OrderEvent(
        event=row.event,
        status=row.status,
        at=row.at,
        filled_quantity=row.filled_quantity,
        execution_id=row.execution_id,
        quantity=row.quantity,
        price=row.price,
        position_quantity=row.position_quantity,
    )
