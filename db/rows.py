"""Rows to portfolio values and back, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, cast

from db.record_tables import EquityRow, OrderRow, PositionRow, TradeRow
from portfolio.ids import AccountId, BrokerOrderId, ClientOrderId, OrderId, TradeId
from portfolio.orders import AssetClass, Order, Side
from portfolio.values import AccountFigures, Position, Trade

_ORDER_FIELDS = (
    "client_order_id", "broker_order_id", "symbol", "type", "time_in_force", "status",
    "submitted_at", "updated_at", "quantity", "notional", "filled_quantity",
    "filled_average_price", "limit_price", "stop_price", "trail_price", "trail_percent",
    "order_class", "extended_hours", "replaced_by", "replaces", "reject_reason", "strategy_id",
    "filled_at",
)  # fmt: skip
"""Fields of Order and columns of OrderRow that are the same thing under the same name."""


def fill_order_row(row: OrderRow, order: Order) -> None:
    """Copy an order into its row; ids of the row itself and its parent are left alone."""
    for name in _ORDER_FIELDS:
        setattr(row, name, getattr(order, name))
    row.side = order.side.value
    row.asset_class = order.asset_class.value


def order(row: OrderRow, legs: Iterable[Order] = ()) -> Order:
    """Return the order in a row."""
    return Order(
        order_id=OrderId(row.order_id),
        client_order_id=ClientOrderId(row.client_order_id),
        broker_order_id=_broker_id(row.broker_order_id),
        symbol=row.symbol,
        side=Side(row.side),
        type=row.type,
        time_in_force=row.time_in_force,
        status=row.status,
        submitted_at=row.submitted_at,
        updated_at=row.updated_at,
        quantity=row.quantity,
        notional=row.notional,
        filled_quantity=row.filled_quantity,
        filled_average_price=row.filled_average_price,
        limit_price=row.limit_price,
        stop_price=row.stop_price,
        trail_price=row.trail_price,
        trail_percent=row.trail_percent,
        order_class=row.order_class,
        legs=tuple(legs),
        extended_hours=row.extended_hours,
        asset_class=AssetClass(row.asset_class),
        replaced_by=_broker_id(row.replaced_by),
        replaces=_broker_id(row.replaces),
        reject_reason=row.reject_reason,
        strategy_id=row.strategy_id,
        filled_at=row.filled_at,
    )


def trade_values(
    account_id: AccountId, trade: Trade, execution_id: str | None
) -> dict[str, object]:
    """Return the columns of an execution."""
    return {
        "account_id": account_id,
        "trade_id": trade.trade_id,
        "execution_id": execution_id,
        "order_id": trade.order_id,
        "broker_order_id": trade.broker_order_id,
        "symbol": trade.symbol,
        "side": trade.side.value,
        "quantity": trade.quantity,
        "price": trade.price,
        "cumulative_quantity": trade.cumulative_quantity,
        "position_quantity": trade.position_quantity,
        "realized_pnl": trade.realized_pnl,
        "executed_at": trade.executed_at,
        "asset_class": trade.asset_class.value,
        "missed": trade.missed,
    }


def trade(row: TradeRow) -> Trade:
    """Return the execution in a row."""
    return Trade(
        trade_id=TradeId(row.trade_id),
        order_id=OrderId(row.order_id),
        broker_order_id=BrokerOrderId(row.broker_order_id),
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        price=row.price,
        cumulative_quantity=row.cumulative_quantity,
        position_quantity=row.position_quantity,
        realized_pnl=row.realized_pnl,
        executed_at=row.executed_at,
        asset_class=AssetClass(row.asset_class),
        missed=row.missed,
    )


def position_row(account_id: AccountId, position: Position) -> PositionRow:
    """Return the row of a position."""
    return PositionRow(
        account_id=account_id,
        symbol=position.symbol,
        quantity=position.quantity,
        cost_basis=position.cost_basis,
        intraday_cost=position.intraday_cost,
        price=position.price,
        price_at=position.price_at,
        price_source=position.price_source,
        asset_class=position.asset_class.value,
        opened_at=position.opened_at,
        strategy_id=position.strategy_id,
    )


def position(row: PositionRow) -> Position:
    """Return the position in a row."""
    return Position(
        symbol=row.symbol,
        quantity=row.quantity,
        cost_basis=row.cost_basis,
        intraday_cost=row.intraday_cost,
        price=row.price,
        price_at=row.price_at,
        price_source=cast("Literal['stream', 'snapshot']", row.price_source),
        asset_class=AssetClass(row.asset_class),
        opened_at=row.opened_at,
        strategy_id=row.strategy_id,
    )


def figures(row: EquityRow) -> AccountFigures:
    """Return the account figures in a sample."""
    return AccountFigures(
        cash=row.cash,
        last_equity=row.last_equity,
        buying_power=row.buying_power,
        long_market_value=row.long_market_value,
        short_market_value=row.short_market_value,
        realized_pnl_today=row.realized_pnl_today,
        at=row.at,
    )


def _broker_id(value: str | None) -> BrokerOrderId | None:
    return None if value is None else BrokerOrderId(value)
