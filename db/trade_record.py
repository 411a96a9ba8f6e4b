"""Storing fills: one row for one execution, whoever told it first and however often."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from db import rows
from db.record_tables import TradeRow
from portfolio.ids import AccountId
from portfolio.orders import TradeUpdate
from portfolio.values import Trade


def store(
    session: Session, account_id: AccountId, trade: Trade, update: TradeUpdate | None
) -> bool:
    """Insert a fill unless it is known under any of its names; say whether it was new."""
    execution_id = None if update is None else update.execution_id
    sqlite = session.get_bind().dialect.name == "sqlite"
    insert = insert_sqlite if sqlite else insert_postgresql
    statement = insert(TradeRow).values(**rows.trade_values(account_id, trade, execution_id))
    added = session.execute(statement.on_conflict_do_nothing().returning(TradeRow.trade_id))
    is_new = added.first() is not None
    if not is_new and execution_id is not None:
        _note_execution_id(session, account_id, trade, execution_id)
    return is_new


def _note_execution_id(
    session: Session, account_id: AccountId, trade: Trade, execution_id: str
) -> None:
    """Give a fill that REST told first the name by which the stream may repeat it."""
    own = TradeRow.account_id == account_id
    known = select(TradeRow.trade_id).where(own, TradeRow.execution_id == execution_id)
    if session.scalars(known).first() is not None:
        return
    same = select(TradeRow).where(
        own,
        TradeRow.broker_order_id == trade.broker_order_id,
        TradeRow.cumulative_quantity == trade.cumulative_quantity,
    )
    row = session.scalars(same).first()
    if row is not None and row.execution_id is None:
        row.execution_id = execution_id
