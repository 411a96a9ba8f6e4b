"""Short ways to write the values that the portfolio tests pass around."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from portfolio.ids import BrokerOrderId, ClientOrderId, OrderId
from portfolio.orders import Order, Side, TradeUpdate
from portfolio.values import BrokerAccount, BrokerFill, BrokerPosition, BrokerState

T0 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def an_order(name: str = "o1", **given: Any) -> Order:
    fields: dict[str, Any] = {
        "order_id": OrderId(name),
        "client_order_id": ClientOrderId(f"c-{name}"),
        "broker_order_id": BrokerOrderId(name),
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": "market",
        "time_in_force": "day",
        "status": "new",
        "submitted_at": T0,
        "updated_at": T0,
        "quantity": Decimal(10),
    }
    return Order(**{**fields, **given})


def a_fill(
    name: str,
    side: Side,
    quantity: str,
    price: str,
    *,
    filled: str | None = None,
    symbol: str = "AAPL",
    seconds: float = 1,
    execution: str | None = None,
    position: str | None = None,
) -> TradeUpdate:
    cumulative = Decimal(filled if filled is not None else quantity)
    order = an_order(
        name,
        symbol=symbol,
        side=side,
        status="filled",
        quantity=cumulative,
        filled_quantity=cumulative,
        filled_average_price=Decimal(price),
        updated_at=at(seconds),
    )
    return TradeUpdate(
        event="fill",
        at=at(seconds),
        order=order,
        execution_id=execution or f"e-{name}-{cumulative}",
        price=Decimal(price),
        quantity=Decimal(quantity),
        position_quantity=None if position is None else Decimal(position),
    )


def a_state(
    *,
    cash: str = "100000",
    positions: tuple[BrokerPosition, ...] = (),
    orders: tuple[Order, ...] = (),
    fills: tuple[BrokerFill, ...] = (),
    seconds: float = 60,
) -> BrokerState:
    account = BrokerAccount(
        account_number="PA123",
        status="ACTIVE",
        cash=Decimal(cash),
        last_equity=Decimal(100000),
        buying_power=Decimal(200000),
        equity=Decimal(cash),
    )
    return BrokerState(
        account=account, positions=positions, orders=orders, fills=fills, fetched_at=at(seconds)
    )


def a_position(symbol: str, quantity: str, cost: str, price: str = "100") -> BrokerPosition:
    return BrokerPosition(
        symbol=symbol,
        quantity=Decimal(quantity),
        cost_basis=Decimal(cost),
        intraday_cost=Decimal(cost),
        price=Decimal(price),
    )


def a_rest_fill(
    name: str, side: Side, quantity: str, price: str, *, symbol: str = "AAPL", seconds: float = 1
) -> BrokerFill:
    return BrokerFill(
        activity_id=f"a-{name}",
        broker_order_id=BrokerOrderId(name),
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        cumulative_quantity=Decimal(quantity),
        at=at(seconds),
    )
