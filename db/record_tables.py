"""The tables of what happened: positions, orders, their events, trades, equity.

Orders and trades name one another by id without a foreign key: a fill whose
order was never reported is still a fill, and is kept.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables import Base


class PositionRow(Base):
    """An open position as the book holds it, with its last stored mark."""

    __tablename__ = "positions"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id"), primary_key=True)
    symbol: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[Decimal]
    cost_basis: Mapped[Decimal]
    intraday_cost: Mapped[Decimal]
    price: Mapped[Decimal]
    price_at: Mapped[datetime]
    price_source: Mapped[str]
    asset_class: Mapped[str]
    opened_at: Mapped[datetime]
    strategy_id: Mapped[str | None]


class OrderRow(Base):
    """An order under AlphaFlow's own id. A leg names the order it belongs to."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("account_id", "broker_order_id"),
        UniqueConstraint("account_id", "client_order_id"),
        Index(None, "account_id", "submitted_at", "order_id"),
        Index(None, "account_id", "parent_id"),
    )

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id"), primary_key=True)
    order_id: Mapped[str] = mapped_column(primary_key=True)
    parent_id: Mapped[str | None]
    leg_index: Mapped[int] = mapped_column(default=0)
    client_order_id: Mapped[str]
    broker_order_id: Mapped[str | None]
    symbol: Mapped[str]
    side: Mapped[str]
    type: Mapped[str]
    time_in_force: Mapped[str]
    status: Mapped[str]
    submitted_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    quantity: Mapped[Decimal | None]
    notional: Mapped[Decimal | None]
    filled_quantity: Mapped[Decimal]
    filled_average_price: Mapped[Decimal | None]
    limit_price: Mapped[Decimal | None]
    stop_price: Mapped[Decimal | None]
    trail_price: Mapped[Decimal | None]
    trail_percent: Mapped[Decimal | None]
    order_class: Mapped[str]
    extended_hours: Mapped[bool]
    asset_class: Mapped[str]
    replaced_by: Mapped[str | None]
    replaces: Mapped[str | None]
    reject_reason: Mapped[str | None]
    strategy_id: Mapped[str | None]
    filled_at: Mapped[datetime | None]


class OrderEventRow(Base):
    """One step in an order's life, in the order in which it was learnt."""

    __tablename__ = "order_events"
    __table_args__ = (Index(None, "account_id", "order_id", "event_id"),)

    event_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id"))
    order_id: Mapped[str]
    event: Mapped[str]
    status: Mapped[str]
    at: Mapped[datetime]
    filled_quantity: Mapped[Decimal]
    execution_id: Mapped[str | None]
    quantity: Mapped[Decimal | None]
    price: Mapped[Decimal | None]
    position_quantity: Mapped[Decimal | None]


class TradeRow(Base):
    """One execution, stored once however often and wherever it was learnt.

    The stream names it by execution id, the REST activities by activity id;
    the broker's order id with the filled quantity after it names it in both.
    """

    __tablename__ = "trades"
    __table_args__ = (
        UniqueConstraint("account_id", "execution_id"),
        UniqueConstraint("account_id", "broker_order_id", "cumulative_quantity"),
        Index(None, "account_id", "executed_at", "trade_id"),
    )

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id"), primary_key=True)
    trade_id: Mapped[str] = mapped_column(primary_key=True)
    execution_id: Mapped[str | None]
    order_id: Mapped[str]
    broker_order_id: Mapped[str]
    symbol: Mapped[str]
    side: Mapped[str]
    quantity: Mapped[Decimal]
    price: Mapped[Decimal]
    cumulative_quantity: Mapped[Decimal]
    position_quantity: Mapped[Decimal]
    realized_pnl: Mapped[Decimal]
    executed_at: Mapped[datetime]
    asset_class: Mapped[str]
    missed: Mapped[bool]


class EquityRow(Base):
    """The account figures of one moment: the equity line's points."""

    __tablename__ = "equity_samples"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.account_id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    cash: Mapped[Decimal]
    last_equity: Mapped[Decimal]
    buying_power: Mapped[Decimal]
    long_market_value: Mapped[Decimal]
    short_market_value: Mapped[Decimal]
    realized_pnl_today: Mapped[Decimal]
