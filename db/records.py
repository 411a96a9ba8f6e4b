"""The record of what happened in the accounts: written before anything is published (O5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db import equity, order_record, record_queries, rows, trade_record
from db.engine import Database
from db.order_record import with_legs
from db.record_queries import CLOSED_SHOWN, Cursor, OrderEvent
from db.record_tables import EquityRow, OrderEventRow, OrderRow, PositionRow, TradeRow
from portfolio.changes import (
    Change,
    OrderUpdated,
    PositionClosed,
    PositionUpdated,
    TradeExecuted,
)
from portfolio.ids import AccountId, OrderId
from portfolio.money import total
from portfolio.orders import FINAL_STATUSES, Order, TradeUpdate
from portfolio.values import AccountFigures, Position, Trade

TRADES_SHOWN = 50
FILLS_KNOWN_FOR = timedelta(days=31)
"""Fills younger than this are told apart from new ones after a restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBook:
    """What the record holds of one account.

    Attributes:
        orders: all open orders, then the last 50 closed, newest first each; legs nested.
        trades: the last 50, newest first.
        known_fills: fills of the last FILLS_KNOWN_FOR, oldest first, so that a repeat is noticed.
        realized: USD realised since the moment asked for.
    """

    positions: tuple[Position, ...] = ()
    orders: tuple[Order, ...] = ()
    trades: tuple[Trade, ...] = ()
    known_fills: tuple[Trade, ...] = ()
    realized: Decimal = Decimal(0)


class Records:
    """Writes and reads the record. Thread-safe.

    Args:
        database: where it is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    # writing

    def store_changes(
        self,
        account_id: AccountId,
        changes: Sequence[Change],
        update: TradeUpdate | None = None,
    ) -> None:
        """Write changes in one transaction: all of them or none.

        Writing the same again changes nothing: orders are merged, a fill is one
        row whether the stream or REST told it, positions are replaced.

        Args:
            account_id: whose changes; prices and account figures among them are not kept.
            changes: what the book says has changed, in order.
            update: the broker's event that caused them, for the order's timeline.
        """
        with self._database.write() as session:
            for change in changes:
                match change:
                    case OrderUpdated(order=order):
                        _store_order(session, account_id, order, update)
                    case TradeExecuted(trade=trade):
                        trade_record.store(session, account_id, trade, update)
                    case PositionUpdated(position=position) | PositionClosed(position=position):
                        _store_position(session, account_id, position)
                    case _:
                        pass

    def store_order(self, account_id: AccountId, order: Order) -> Order:
        """Write an order and return it as it now stands."""
        with self._database.write() as session:
            return _store_order(session, account_id, order, None)

    def store_trade(
        self, account_id: AccountId, trade: Trade, update: TradeUpdate | None = None
    ) -> bool:
        """Write a fill; say whether it was new."""
        with self._database.write() as session:
            return trade_record.store(session, account_id, trade, update)

    def store_positions(self, account_id: AccountId, positions: Iterable[Position]) -> None:
        """Replace all stored positions of an account."""
        with self._database.write() as session:
            session.execute(delete(PositionRow).where(PositionRow.account_id == account_id))
            for position in positions:
                _store_position(session, account_id, position)

    # orders and trades

    def order(self, account_id: AccountId, order_id: OrderId) -> Order | None:
        """Return one order with its legs, None when this account has no such order."""
        with self._database.read() as session:
            row = session.get(OrderRow, (account_id, order_id))
            return None if row is None else with_legs(session, account_id, [row])[0]

    def order_events(self, account_id: AccountId, order_id: OrderId) -> list[OrderEvent]:
        """Return an order's life, oldest first."""
        query = (
            select(OrderEventRow)
            .where(OrderEventRow.account_id == account_id, OrderEventRow.order_id == order_id)
            .order_by(OrderEventRow.event_id)
        )
        with self._database.read() as session:
            return [record_queries.event(row) for row in session.scalars(query)]

    def orders_page(
        self,
        account_id: AccountId,
        *,
        statuses: frozenset[str] | None = None,
        is_open: bool | None = None,
        symbol: str | None = None,
        limit: int = 50,
        before: Cursor | None = None,
    ) -> list[Order]:
        """Return orders, newest first, legs nested.

        Args:
            account_id: whose orders.
            statuses: only these; None for any.
            is_open: only open ones, only final ones, or (None) both.
            symbol: only this symbol; None for any.
            limit: how many at most.
            before: only what comes after this place in the list.
        """
        query = select(OrderRow).where(
            OrderRow.account_id == account_id, OrderRow.parent_id.is_(None)
        )
        if statuses is not None:
            query = query.where(OrderRow.status.in_(sorted(statuses)))
        if is_open is not None:
            final = OrderRow.status.in_(sorted(FINAL_STATUSES))
            query = query.where(~final if is_open else final)
        if symbol is not None:
            query = query.where(OrderRow.symbol == symbol)
        if before is not None:
            at, order_id = OrderRow.submitted_at, OrderRow.order_id
            query = query.where(record_queries.after(at, order_id, before))
        query = query.order_by(OrderRow.submitted_at.desc(), OrderRow.order_id.desc())
        with self._database.read() as session:
            return with_legs(session, account_id, session.scalars(query.limit(limit)).all())

    def trades_page(
        self,
        account_id: AccountId,
        *,
        symbol: str | None = None,
        limit: int = 50,
        before: Cursor | None = None,
    ) -> list[Trade]:
        """Return fills, newest first. Arguments as in orders_page."""
        query = select(TradeRow).where(TradeRow.account_id == account_id)
        if symbol is not None:
            query = query.where(TradeRow.symbol == symbol)
        if before is not None:
            at, trade_id = TradeRow.executed_at, TradeRow.trade_id
            query = query.where(record_queries.after(at, trade_id, before))
        query = query.order_by(TradeRow.executed_at.desc(), TradeRow.trade_id.desc())
        with self._database.read() as session:
            return [rows.trade(row) for row in session.scalars(query.limit(limit))]

    def trades_between(
        self, account_id: AccountId, start: datetime, end: datetime | None = None
    ) -> list[Trade]:
        """Return the fills from start up to, not including, end; oldest first."""
        query = select(TradeRow).where(
            TradeRow.account_id == account_id, TradeRow.executed_at >= start
        )
        if end is not None:
            query = query.where(TradeRow.executed_at < end)
        query = query.order_by(TradeRow.executed_at, TradeRow.trade_id)
        with self._database.read() as session:
            return [rows.trade(row) for row in session.scalars(query)]

    def realized_by_symbol(self, account_id: AccountId, since: datetime) -> dict[str, Decimal]:
        """Return USD realised per symbol since a moment, by symbol."""
        query = (
            select(TradeRow.symbol, TradeRow.realized_pnl)
            .where(TradeRow.account_id == account_id, TradeRow.executed_at >= since)
            .order_by(TradeRow.symbol)
        )
        by_symbol: dict[str, list[Decimal]] = {}
        with self._database.read() as session:
            for symbol, realized in session.execute(query):
                by_symbol.setdefault(symbol, []).append(realized)
        return {symbol: total(parts) for symbol, parts in by_symbol.items()}

    def load_book(self, account_id: AccountId, *, realized_since: datetime) -> StoredBook:
        """Return what is needed to take an account up again, all as of one moment.

        Args:
            account_id: whose book.
            realized_since: begin of the trading day, aware UTC.
        """
        with self._database.read() as session:
            positions = session.scalars(
                select(PositionRow)
                .where(PositionRow.account_id == account_id)
                .order_by(PositionRow.symbol)
            ).all()
            orders = record_queries.open_then_closed(session, account_id)
            fills = record_queries.fills_since(
                session, account_id, realized_since - FILLS_KNOWN_FOR
            )
            last = session.scalars(
                select(TradeRow)
                .where(TradeRow.account_id == account_id)
                .order_by(TradeRow.executed_at.desc(), TradeRow.trade_id.desc())
                .limit(TRADES_SHOWN)
            ).all()
        return StoredBook(
            positions=tuple(rows.position(row) for row in positions),
            orders=orders,
            trades=tuple(rows.trade(row) for row in last),
            known_fills=fills,
            realized=total(
                fill.realized_pnl for fill in fills if fill.executed_at >= realized_since
            ),
        )

    # equity

    def add_equity_sample(
        self, account_id: AccountId, at: datetime, figures: AccountFigures
    ) -> None:
        """Keep the account figures of a moment; a second sample of that moment replaces it."""
        row = EquityRow(
            account_id=account_id,
            at=at,
            cash=figures.cash,
            last_equity=figures.last_equity,
            buying_power=figures.buying_power,
            long_market_value=figures.long_market_value,
            short_market_value=figures.short_market_value,
            realized_pnl_today=figures.realized_pnl_today,
        )
        with self._database.write() as session:
            session.merge(row)

    def equity(
        self, account_id: AccountId, since: datetime, until: datetime | None = None
    ) -> list[AccountFigures]:
        """Return the samples since a moment, oldest first; ``at`` is the sample's time."""
        query = select(EquityRow).where(EquityRow.account_id == account_id, EquityRow.at >= since)
        if until is not None:
            query = query.where(EquityRow.at < until)
        with self._database.read() as session:
            return [rows.figures(row) for row in session.scalars(query.order_by(EquityRow.at))]

    def thin_equity(self, now: datetime) -> int:
        """Delete samples that are too many for their age (db/equity.py); return how many."""
        with self._database.write() as session:
            return equity.thin(session, now)


def _store_order(
    session: Session, account_id: AccountId, order: Order, update: TradeUpdate | None
) -> Order:
    stored = order_record.store(session, account_id, order)
    about = update if update is not None and _is_about(update, stored.order) else None
    if stored.is_news or about is not None:
        order_record.add_event(session, account_id, stored.order, about)
    return replace(stored.order, legs=order.legs)


def _is_about(update: TradeUpdate, order: Order) -> bool:
    """Say whether a broker event is about this order, not about another that it moved."""
    return update.order.client_order_id == order.client_order_id or (
        update.order.broker_order_id is not None
        and update.order.broker_order_id == order.broker_order_id
    )


def _store_position(session: Session, account_id: AccountId, position: Position) -> None:
    """Keep a position, or forget it when it is closed."""
    if position.quantity:
        session.merge(rows.position_row(account_id, position))
        session.flush()
        return
    session.execute(
        delete(PositionRow).where(
            PositionRow.account_id == account_id, PositionRow.symbol == position.symbol
        )
    )


__all__ = ["CLOSED_SHOWN", "Cursor", "OrderEvent", "Records", "StoredBook"]
