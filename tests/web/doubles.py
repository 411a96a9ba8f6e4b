"""Stand-ins for the two neighbours of the doors: the gateway and the stream."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal

from broker.bars import Bar
from broker.executor import OrderChanges
from broker.feed import LinkStatus
from broker.reference import Asset, MarketClock
from db.records import Records
from portfolio.errors import AlphaFlowError, OrderNotCancelable, UnknownAccount, UnknownOrder
from portfolio.ids import AccountId, BrokerOrderId, ClientOrderId, OrderId, UserId
from portfolio.orders import PENDING_SUBMIT, AssetClass, Order, Side
from portfolio.ticket import OrderTicket
from portfolio.values import AccountFigures, BookSnapshot, Position, Quote
from stream.wire import Json

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


@dataclass
class InMemoryGateway:
    """Accounts in memory that take orders and keep them in the real record.

    Attributes:
        refusal: raised by the next cancel, replace or close, as a broker would.
    """

    records: Records
    books: dict[AccountId, BookSnapshot] = field(default_factory=dict)
    refusal: AlphaFlowError | None = None
    feed_name: str = "synthetic"

    def open(self, account_id: AccountId) -> None:
        """Give an account a position and figures."""
        figures = AccountFigures(
            cash=Decimal(1000), last_equity=Decimal(2700), buying_power=Decimal(4000),
            long_market_value=Decimal(1755), short_market_value=Decimal(0),
            realized_pnl_today=Decimal("1.5"), at=NOW,
        )  # fmt: skip
        held = Position(
            symbol="AAPL", quantity=Decimal(10), cost_basis=Decimal(1700),
            intraday_cost=Decimal(1750), price=Decimal("175.5"), price_at=NOW, opened_at=NOW,
        )  # fmt: skip
        self.books[account_id] = BookSnapshot(positions=(held,), account=figures)

    def snapshot(self, account_id: AccountId) -> BookSnapshot:
        if account_id not in self.books:
            raise UnknownAccount(account_id)
        return self.books[account_id]

    def order(self, account_id: AccountId, order_id: OrderId) -> Order | None:
        orders = self.snapshot(account_id).orders
        return next((each for each in orders if each.order_id == order_id), None)

    def submit(self, account_id: AccountId, ticket: OrderTicket) -> Order:
        count = len(self.snapshot(account_id).orders) + 1
        order = Order(
            order_id=OrderId(f"order-{count}"),
            client_order_id=ticket.client_order_id or ClientOrderId(f"order-{count}"),
            broker_order_id=None, symbol=ticket.symbol, side=ticket.side, type=ticket.type,
            time_in_force=ticket.time_in_force, status=PENDING_SUBMIT, submitted_at=NOW,
            updated_at=NOW, quantity=ticket.quantity, notional=ticket.notional,
            limit_price=ticket.limit_price, stop_price=ticket.stop_price,
        )  # fmt: skip
        self._put(account_id, order)
        return order

    def cancel(self, account_id: AccountId, order_id: OrderId) -> Order:
        order = self._working(account_id, order_id)
        self._put(account_id, replace(order, status="canceled"))
        return order

    def replace(self, account_id: AccountId, order_id: OrderId, changes: OrderChanges) -> Order:
        old = self._working(account_id, order_id)
        new = replace(
            old,
            order_id=OrderId(f"{order_id}-replaced"),
            client_order_id=ClientOrderId(f"{order_id}-replaced"),
            quantity=changes.quantity or old.quantity,
            limit_price=changes.limit_price or old.limit_price,
            replaces=BrokerOrderId(order_id),
        )
        self._put(account_id, new)
        return new

    def close_position(self, account_id: AccountId, symbol: str) -> Order:
        if self.refusal is not None:
            raise self.refusal
        return self.submit(
            account_id,
            OrderTicket(
                symbol=symbol, side=Side.SELL, type="market", time_in_force="day",
                quantity=Decimal(10),
            ),
        )  # fmt: skip

    def quote(self, account_id: AccountId, symbol: str) -> Quote | None:
        if symbol == "NONE":
            return None
        return Quote(
            symbol=symbol, bid=Decimal("175.40"), bid_size=Decimal(2), ask=Decimal("175.6"),
            ask_size=Decimal("0.5"), at=NOW,
        )  # fmt: skip

    def clock(self, account_id: AccountId) -> MarketClock | None:
        return None

    def assets(self, account_id: AccountId) -> list[Asset]:
        return [self._asset("MSFT", tradable=True), self._asset("GONE", tradable=False),
                self._asset("AAPL", tradable=True)]  # fmt: skip

    def bars(
        self, account_id: AccountId, symbols: frozenset[str], timeframe: str, since: datetime
    ) -> dict[str, list[Bar]]:
        bar = Bar(
            at=since, open=Decimal("1.50"), high=Decimal(3), low=Decimal(1), close=Decimal(2),
            volume=Decimal(100),
        )  # fmt: skip
        return {symbol: [bar] for symbol in symbols - {"NONE"}}

    def upstream(self) -> list[LinkStatus]:
        return [
            LinkStatus(
                name="trade_updates", accounts=(AccountId("a"),), state="live",
                since=datetime(2026, 1, 4, tzinfo=UTC), detail="", frames=3,
            )
        ]  # fmt: skip

    def corrections(self) -> int:
        return 2

    def _asset(self, symbol: str, *, tradable: bool) -> Asset:
        return Asset(
            symbol=symbol, name=f"{symbol} Inc.", asset_class=AssetClass.US_EQUITY,
            exchange="NASDAQ", tradable=tradable, fractionable=True, shortable=False,
        )  # fmt: skip

    def _working(self, account_id: AccountId, order_id: OrderId) -> Order:
        if self.refusal is not None:
            raise self.refusal
        order = self.order(account_id, order_id)
        if order is None:
            raise UnknownOrder(order_id)
        if order.is_final:
            raise OrderNotCancelable(order_id, order.status)
        return order

    def _put(self, account_id: AccountId, order: Order) -> None:
        self.records.store_order(account_id, order)
        book = self.books[account_id]
        others = tuple(each for each in book.orders if each.order_id != order.order_id)
        self.books[account_id] = replace(book, orders=(order, *others))


@dataclass
class QuietStream:
    """A stream without connections that remembers what it was told."""

    enabled: bool = True
    ready: bool = True
    closed: list[tuple[str, str]] = field(default_factory=list)
    accounts: dict[UserId, frozenset[AccountId]] = field(default_factory=dict)
    connected: str = "nobody"
    drift: int = 0

    def close_session(self, session_id: str, reason: str = "session ended") -> int:
        self.closed.append((session_id, reason))
        return 1

    def set_accounts(self, user_id: UserId, accounts: frozenset[AccountId]) -> None:
        self.accounts[user_id] = accounts

    def count_drift(self, corrections: int = 1) -> None:
        self.drift += corrections

    def stats(self) -> Json:
        return {"status": "offline", "enabled": self.enabled, "activeConnections": 0}

    def history(self) -> list[Json]:
        return [{"connections": 0}]

    def connections(self) -> list[Json]:
        return [{"connectionId": "c-1", "userId": self.connected}]
