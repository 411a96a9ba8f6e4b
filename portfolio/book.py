"""The book of one brokerage account: positions, orders, trades and account figures.

``apply`` and ``mark`` turn one fact into what changed; ``snapshot`` is the
whole. The book has no lock: its owner calls it from one thread at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from portfolio.changes import (
    AccountUpdated,
    Change,
    OrderUpdated,
    PositionClosed,
    PositionUpdated,
    TradeExecuted,
)
from portfolio.ids import AccountId, BrokerOrderId, TradeId
from portfolio.money import ZERO, add, multiply, subtract, total
from portfolio.order_book import OrderBook
from portfolio.orders import Order, TradeUpdate
from portfolio.pnl import Holding
from portfolio.values import AccountFigures, BookSnapshot, Mark, Position, Trade

MARKET_ZONE = ZoneInfo("America/New_York")
"""The trading day of "today's" figures is New York's calendar day."""
TRADES_SHOWN = 50
CLOSED_ORDERS_SHOWN = 50
FILLS_REMEMBERED = 50_000


@dataclass(frozen=True, slots=True)
class Applied:
    """What one trade update did.

    Attributes:
        order: the order as now known.
        trade: the execution, None when the event was no fill or was known already.
        changes: what to publish; empty when the event said nothing new.
        in_doubt: the broker's position quantity differs from ours: time to reconcile.
    """

    order: Order
    trade: Trade | None
    changes: tuple[Change, ...]
    in_doubt: bool = False


class Book:
    """One account's state.

    Args:
        account_id: stamped on every change.
    """

    def __init__(self, account_id: AccountId) -> None:
        self.account_id = account_id
        self.orders = OrderBook()
        self.positions: dict[str, Position] = {}
        self.trades: deque[Trade] = deque(maxlen=TRADES_SHOWN)
        self.marks: dict[str, Mark] = {}
        self.fills_applied = 0
        self.duplicates = 0
        self._fill_keys: dict[tuple[str, str], None] = {}
        self.cash: Decimal | None = None
        self.last_equity = ZERO
        self.buying_power = ZERO
        self.realized_today = ZERO
        self.day: date | None = None
        self._at: datetime | None = None

    def apply(self, update: TradeUpdate) -> Applied:
        """Merge one broker event into the book.

        Duplicates, events out of order and unknown event names are expected:
        they change nothing that is already better known.
        """
        order, is_news = self.orders.record(update.order)
        trade = self._trade_of(update, order)
        changes: list[Change] = []
        if is_news:
            changes.append(
                OrderUpdated(account_id=self.account_id, order=order, arrived_ns=update.arrived_ns)
            )
        in_doubt = False
        if trade is not None:
            changes += self.execute(trade, arrived_ns=update.arrived_ns)
            held = self.quantity(trade.symbol)
            in_doubt = update.position_quantity not in (None, held)
        return Applied(order, trade, tuple(changes), in_doubt)

    def execute(self, trade: Trade, *, arrived_ns: int = 0) -> list[Change]:
        """Book a trade that is known to be new: position, cash, realised P&L."""
        self._roll_day(trade.executed_at)
        self.remember_fill(trade)
        self.trades.append(trade)
        self.fills_applied += 1
        position = self._position_after(trade)
        self._hold(position)
        if self.cash is not None:
            flow = multiply(trade.signed_quantity, trade.price)
            self.cash = subtract(self.cash, flow)
        self._saw(trade.executed_at)
        if self._is_today(trade.executed_at):
            self.realized_today = add(self.realized_today, trade.realized_pnl)
        kind = PositionUpdated if position.quantity else PositionClosed
        return [
            TradeExecuted(account_id=self.account_id, trade=trade, arrived_ns=arrived_ns),
            kind(account_id=self.account_id, position=position, arrived_ns=arrived_ns),
            *self.account_changed(arrived_ns=arrived_ns),
        ]

    def mark(self, marks: Iterable[Mark]) -> list[Change]:
        """Price positions with newer trades; an older one never replaces a newer one."""
        changes: list[Change] = []
        for mark in marks:
            known = self.marks.get(mark.symbol)
            if known is not None and mark.at < known.at:
                continue
            self.marks[mark.symbol] = mark
            position = self.positions.get(mark.symbol)
            if position is not None:
                changes.append(self._marked(position, mark))
        if changes:
            changes += self.account_changed(
                arrived_ns=min((c.arrived_ns for c in changes if c.arrived_ns), default=0),
                count=sum(change.count for change in changes),
            )
        return changes

    def forget_marks_except(self, symbols: Collection[str]) -> None:
        """Drop the marks of symbols no longer followed, so that none is taken for current later."""
        for symbol in [symbol for symbol in self.marks if symbol not in symbols]:
            del self.marks[symbol]

    def account_changed(self, *, arrived_ns: int = 0, count: int = 1) -> list[Change]:
        """Return the account figures as a change; nothing before the first sync."""
        figures = self.figures()
        if figures is None:
            return []
        return [
            AccountUpdated(
                account_id=self.account_id, account=figures, arrived_ns=arrived_ns, count=count
            )
        ]

    def figures(self) -> AccountFigures | None:
        """Return the account figures, None until cash is known from the broker."""
        if self.cash is None or self._at is None:
            return None
        values = [position.market_value for position in self.positions.values()]
        return AccountFigures(
            cash=self.cash,
            last_equity=self.last_equity,
            buying_power=self.buying_power,
            long_market_value=total(value for value in values if value > 0),
            short_market_value=total(value for value in values if value < 0),
            realized_pnl_today=self.realized_today,
            at=self._at,
        )

    def snapshot(self) -> BookSnapshot:
        """Return the account whole: what a page needs that knows nothing yet."""
        return BookSnapshot(
            positions=tuple(self.positions[symbol] for symbol in sorted(self.positions)),
            orders=self.orders.open_orders() + self.orders.closed_orders(CLOSED_ORDERS_SHOWN),
            trades=tuple(reversed(self.trades)),
            account=self.figures(),
        )

    def quantity(self, symbol: str) -> Decimal:
        """Return the signed quantity held, zero when none is."""
        position = self.positions.get(symbol)
        return ZERO if position is None else position.quantity

    def knows_fill(self, broker_order_id: BrokerOrderId, cumulative: Decimal) -> bool:
        """Say whether the execution that brought an order to this filled quantity is booked."""
        return _fill_key(broker_order_id, cumulative) in self._fill_keys

    def remember_fill(self, trade: Trade) -> None:
        """Note a booked execution under both its names, forgetting the oldest beyond a bound."""
        self._fill_keys[_fill_key(trade.broker_order_id, trade.cumulative_quantity)] = None
        self._fill_keys["", trade.trade_id] = None
        while len(self._fill_keys) > 2 * FILLS_REMEMBERED:
            del self._fill_keys[next(iter(self._fill_keys))]

    def start_day(self, at: datetime) -> None:
        """Say that ``at`` is now: a new New York day zeroes what was realised today."""
        self._roll_day(at)
        self._saw(at)

    def holding(self, symbol: str) -> Holding:
        """Return what is held of a symbol and what it cost."""
        position = self.positions.get(symbol)
        if position is None:
            return Holding()
        return Holding(position.quantity, position.cost_basis)

    def _trade_of(self, update: TradeUpdate, order: Order) -> Trade | None:
        """Return the execution in an update, None for no fill or one that is booked already."""
        if not update.is_fill or update.price is None or update.quantity is None:
            return None
        broker_id = update.order.broker_order_id
        if broker_id is None or update.execution_id is None:
            return None
        cumulative = update.order.filled_quantity
        if ("", update.execution_id) in self._fill_keys or self.knows_fill(broker_id, cumulative):
            self.duplicates += 1
            return None
        signed = update.quantity * update.order.side.sign
        filled = self.holding(order.symbol).filled(signed, update.price)
        return Trade(
            trade_id=TradeId(update.execution_id),
            order_id=order.order_id,
            broker_order_id=broker_id,
            symbol=order.symbol,
            side=order.side,
            quantity=update.quantity,
            price=update.price,
            cumulative_quantity=cumulative,
            position_quantity=filled.holding.quantity,
            realized_pnl=filled.realized_pnl,
            executed_at=update.at,
            asset_class=order.asset_class,
        )

    def _position_after(self, trade: Trade) -> Position:
        """Return the symbol's position with a trade booked in."""
        before = self.positions.get(trade.symbol)
        held = self.holding(trade.symbol).filled(trade.signed_quantity, trade.price).holding
        intraday = Holding() if before is None else Holding(before.quantity, before.intraday_cost)
        today = intraday.filled(trade.signed_quantity, trade.price).holding
        mark = self.marks.get(trade.symbol)
        crossed = before is None or before.quantity * held.quantity < 0
        return Position(
            symbol=trade.symbol,
            quantity=held.quantity,
            cost_basis=held.cost,
            intraday_cost=today.cost,
            price=trade.price if mark is None else mark.price,
            price_at=trade.executed_at if mark is None else mark.at,
            price_source="stream" if mark is None else mark.source,
            asset_class=trade.asset_class if before is None else before.asset_class,
            opened_at=trade.executed_at if crossed or before is None else before.opened_at,
            strategy_id=None if before is None else before.strategy_id,
        )

    def _hold(self, position: Position) -> None:
        if position.quantity:
            self.positions[position.symbol] = position
        else:
            self.positions.pop(position.symbol, None)

    def _marked(self, position: Position, mark: Mark) -> PositionUpdated:
        marked = replace(position, price=mark.price, price_at=mark.at, price_source=mark.source)
        self.positions[position.symbol] = marked
        self._saw(mark.at)
        return PositionUpdated(
            account_id=self.account_id,
            position=marked,
            arrived_ns=mark.arrived_ns,
            count=mark.count,
        )

    def _saw(self, at: datetime) -> None:
        """Move the figures' time forward, never back."""
        self._at = at if self._at is None else max(self._at, at)

    def _roll_day(self, at: datetime) -> None:
        day = at.astimezone(MARKET_ZONE).date()
        if self.day is None or day > self.day:
            self.day = day
            self.realized_today = ZERO

    def _is_today(self, at: datetime) -> bool:
        return at.astimezone(MARKET_ZONE).date() == self.day


def _fill_key(broker_order_id: BrokerOrderId, cumulative: Decimal) -> tuple[str, str]:
    return broker_order_id, str(cumulative.normalize())
