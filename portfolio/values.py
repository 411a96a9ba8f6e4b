"""What the book holds and publishes: positions, trades, account figures, marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from portfolio.ids import BrokerOrderId, OrderId, TradeId
from portfolio.money import COST_QUANTUM, EXACT, ZERO, add, multiply, percent, subtract
from portfolio.orders import AssetClass, Order, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The latest trade price of a symbol (what Alpaca calls the current price).

    Attributes:
        price: USD per share or coin.
        at: time of the trade, aware UTC.
        count: market-data messages this mark stands for since the one before it.
        arrived_ns: time.monotonic_ns() at arrival of the newest of them.
        source: ``stream``, or ``snapshot`` when priced over REST.
    """

    symbol: str
    price: Decimal
    at: datetime
    count: int = 1
    arrived_ns: int = 0
    source: Literal["stream", "snapshot"] = "stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Best bid and offer of a symbol: prices in USD, sizes in shares or coins."""

    symbol: str
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position, marked.

    Attributes:
        quantity: signed; negative is short; zero means closed.
        cost_basis: signed cash paid for what is held (negative for a short).
        intraday_cost: as cost_basis, but what was held overnight counts at the last close.
        price: last mark in USD, with its time and source.
        opened_at: when the position left zero, aware UTC.
    """

    symbol: str
    quantity: Decimal
    cost_basis: Decimal
    intraday_cost: Decimal
    price: Decimal
    price_at: datetime
    price_source: Literal["stream", "snapshot"] = "stream"
    asset_class: AssetClass = AssetClass.US_EQUITY
    opened_at: datetime
    strategy_id: str | None = None

    @property
    def side(self) -> Literal["long", "short"]:
        """Return ``short`` below zero, else ``long``."""
        return "short" if self.quantity < 0 else "long"

    @property
    def market_value(self) -> Decimal:
        """Return quantity × price in USD, signed."""
        return multiply(self.quantity, self.price)

    @property
    def entry_price(self) -> Decimal:
        """Return cost_basis ÷ quantity, half-even to nine decimals; zero when closed."""
        if not self.quantity:
            return ZERO
        return EXACT.quantize(EXACT.divide(self.cost_basis, self.quantity), COST_QUANTUM)

    @property
    def unrealized_pnl(self) -> Decimal:
        """Return market value − cost basis, exact; right for shorts as both are signed."""
        return subtract(self.market_value, self.cost_basis)

    @property
    def unrealized_pnl_percent(self) -> Decimal:
        """Return unrealized P&L in percent of the cost basis, four decimals."""
        return percent(self.unrealized_pnl, self.cost_basis)

    @property
    def intraday_pnl(self) -> Decimal:
        """Return market value − intraday cost: what the holding made since the last close."""
        return subtract(self.market_value, self.intraday_cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """One execution.

    Attributes:
        trade_id: the broker's execution id, or the activity id where learnt over REST.
        cumulative_quantity: the order's filled quantity after it; with the broker's order id
            it names the execution in every source (facts: REST activities carry no execution id).
        position_quantity: signed position after it.
        realized_pnl: USD realised by it against average cost.
        missed: learnt after a gap, not as it happened.
    """

    trade_id: TradeId
    order_id: OrderId
    broker_order_id: BrokerOrderId
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    cumulative_quantity: Decimal
    position_quantity: Decimal
    realized_pnl: Decimal
    executed_at: datetime
    asset_class: AssetClass = AssetClass.US_EQUITY
    missed: bool = False

    @property
    def signed_quantity(self) -> Decimal:
        """Return quantity with the side's sign."""
        return self.quantity * self.side.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerAccount:
    """The account as the broker's REST API gives it, in USD.

    Source: Alpaca OpenAPI ``Account``.
    """

    account_number: str
    status: str
    cash: Decimal
    last_equity: Decimal
    buying_power: Decimal
    equity: Decimal
    trading_blocked: bool = False
    shorting_enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """A position as the broker's REST API gives it.

    Attributes:
        quantity: signed.
        cost_basis: signed USD.
        last_day_price: the close before today, None for a symbol with none.
        intraday_cost: market value − the broker's unrealized intraday P&L.

    Source: Alpaca OpenAPI ``Position``.
    """

    symbol: str
    quantity: Decimal
    cost_basis: Decimal
    intraday_cost: Decimal
    price: Decimal
    asset_class: AssetClass = AssetClass.US_EQUITY
    last_day_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFill:
    """A FILL activity of the broker's REST API.

    Source: Alpaca OpenAPI ``TradingActivities``.
    """

    activity_id: str
    broker_order_id: BrokerOrderId
    symbol: str
    side: Side
    quantity: Decimal
    price: Decimal
    cumulative_quantity: Decimal
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerState:
    """All that REST says of one account, fetched in one go.

    Attributes:
        orders: the open orders, then closed ones of the fetched span, legs nested.
        fills: FILL activities of the fetched span, oldest first.
        fetched_at: when the first request left, aware UTC.
    """

    account: BrokerAccount
    positions: tuple[BrokerPosition, ...]
    orders: tuple[Order, ...]
    fills: tuple[BrokerFill, ...]
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFigures:
    """The account as AlphaFlow computes and publishes it, in USD.

    ``equity`` is cash + the market value of all positions; ``day_pnl`` is
    equity − last_equity, the broker's equity at the last close.
    """

    cash: Decimal
    last_equity: Decimal
    buying_power: Decimal
    long_market_value: Decimal
    short_market_value: Decimal
    realized_pnl_today: Decimal
    at: datetime

    @property
    def equity(self) -> Decimal:
        """Return cash + long + short market value."""
        return add(self.cash, self.long_market_value, self.short_market_value)

    @property
    def day_pnl(self) -> Decimal:
        """Return equity − last equity."""
        return subtract(self.equity, self.last_equity)

    @property
    def day_pnl_percent(self) -> Decimal:
        """Return day P&L in percent of last equity, four decimals."""
        return percent(self.day_pnl, self.last_equity)


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """One account whole, as of one moment.

    Attributes:
        positions: open positions by symbol order.
        orders: all open orders, then the last 50 closed, newest first each.
        trades: the last 50, newest first.
        account: None until the first sync with the broker.
    """

    positions: tuple[Position, ...] = ()
    orders: tuple[Order, ...] = ()
    trades: tuple[Trade, ...] = ()
    account: AccountFigures | None = None
    arrived_ns: int = field(default=0, compare=False)
