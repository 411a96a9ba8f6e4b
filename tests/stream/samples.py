"""Changes of one small portfolio, and a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from portfolio.changes import (
    AccountUpdated,
    OrderUpdated,
    PositionClosed,
    PositionUpdated,
    TradeExecuted,
)
from portfolio.ids import AccountId, BrokerOrderId, ClientOrderId, OrderId, TradeId, UserId
from portfolio.orders import Order, Side
from portfolio.values import AccountFigures, BookSnapshot, Position, Trade

AT = datetime(2026, 1, 4, 10, 30, tzinfo=UTC)
ALPHA, BETA = AccountId("alpha"), AccountId("beta")
ANN, BOB = UserId("ann"), UserId("bob")
MS = 1_000_000


class FakeClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000

    def monotonic_ns(self) -> int:
        """Return the time that was set."""
        return self.ns

    def now(self) -> datetime:
        """Return a time of day that moves along."""
        return AT + timedelta(microseconds=self.ns // 1000)

    def advance(self, ms: float) -> None:
        """Move on."""
        self.ns += int(ms * MS)


def position(symbol: str = "AAPL", price: str = "10", quantity: str = "10") -> Position:
    return Position(
        symbol=symbol,
        quantity=Decimal(quantity),
        cost_basis=Decimal("90") if Decimal(quantity) else Decimal(0),
        intraday_cost=Decimal("95") if Decimal(quantity) else Decimal(0),
        price=Decimal(price),
        price_at=AT,
        opened_at=AT,
    )


def order(order_id: str = "o1", status: str = "new", symbol: str = "AAPL") -> Order:
    return Order(
        order_id=OrderId(order_id),
        client_order_id=ClientOrderId(f"c-{order_id}"),
        broker_order_id=BrokerOrderId(f"b-{order_id}"),
        symbol=symbol,
        side=Side.BUY,
        type="limit",
        time_in_force="day",
        status=status,
        submitted_at=AT,
        updated_at=AT,
        quantity=Decimal("10"),
        limit_price=Decimal("9.50"),
    )


def trade(trade_id: str = "t1", symbol: str = "AAPL") -> Trade:
    return Trade(
        trade_id=TradeId(trade_id),
        order_id=OrderId("o1"),
        broker_order_id=BrokerOrderId("b-o1"),
        symbol=symbol,
        side=Side.BUY,
        quantity=Decimal("10"),
        price=Decimal("9.5"),
        cumulative_quantity=Decimal("10"),
        position_quantity=Decimal("10"),
        realized_pnl=Decimal(0),
        executed_at=AT,
    )


def figures(cash: str = "1000") -> AccountFigures:
    return AccountFigures(
        cash=Decimal(cash),
        last_equity=Decimal("1000"),
        buying_power=Decimal("4000"),
        long_market_value=Decimal("100"),
        short_market_value=Decimal(0),
        realized_pnl_today=Decimal(0),
        at=AT,
    )


def priced(
    symbol: str = "AAPL",
    price: str = "10",
    *,
    account_id: AccountId = ALPHA,
    count: int = 1,
    arrived_ns: int = 0,
) -> PositionUpdated:
    return PositionUpdated(
        account_id=account_id,
        position=position(symbol, price),
        count=count,
        arrived_ns=arrived_ns,
    )


def closed(symbol: str = "AAPL", *, account_id: AccountId = ALPHA) -> PositionClosed:
    return PositionClosed(account_id=account_id, position=position(symbol, quantity="0"))


def ordered(
    order_id: str = "o1",
    status: str = "new",
    *,
    account_id: AccountId = ALPHA,
    symbol: str = "AAPL",
    arrived_ns: int = 0,
) -> OrderUpdated:
    return OrderUpdated(
        account_id=account_id, order=order(order_id, status, symbol), arrived_ns=arrived_ns
    )


def traded(
    trade_id: str = "t1", *, account_id: AccountId = ALPHA, symbol: str = "AAPL"
) -> TradeExecuted:
    return TradeExecuted(account_id=account_id, trade=trade(trade_id, symbol))


def valued(cash: str = "1000", *, account_id: AccountId = ALPHA) -> AccountUpdated:
    return AccountUpdated(account_id=account_id, account=figures(cash))


def book(*symbols: str) -> BookSnapshot:
    return BookSnapshot(
        positions=tuple(position(symbol) for symbol in symbols),
        orders=(order(),),
        trades=(trade(),),
        account=figures(),
    )
