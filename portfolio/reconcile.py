"""Comparing the book with what the broker's REST API says, and mending it.

The stream can miss, repeat and reorder events, so the broker's REST answer is
the judge, with two cautions. A fill that only REST knows is booked as a fill,
so that history stays whole. And REST itself is a moment old and not atomic:
a difference in cash or positions is corrected only when two reconciliations in
a row, with no fill between them, report the same broker value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from portfolio.book import Book
from portfolio.changes import Change, OrderUpdated, PositionClosed, PositionUpdated
from portfolio.ids import OrderId, TradeId
from portfolio.money import ZERO, multiply, share, subtract, text
from portfolio.orders import AssetClass, Order
from portfolio.values import (
    BrokerAccount,
    BrokerFill,
    BrokerPosition,
    BrokerState,
    Mark,
    Position,
    Trade,
)

CENT = Decimal("0.01")
COST_TOLERANCE = Decimal("0.000001")
"""Brokers round average prices; a cost within a millionth of ours is the same cost."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the book and the broker disagreed.

    Attributes:
        what: ``order``, ``fill``, ``position``, ``cost`` or ``cash``.
        key: which one: an order id, an activity id or a symbol; empty for cash.
        ours: our value, as text.
        theirs: the broker's value, as text.
    """

    what: str
    key: str
    ours: str
    theirs: str

    def __str__(self) -> str:
        return f"{self.what} {self.key}: ours {self.ours}, the broker's {self.theirs}"


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Outcome of one reconciliation.

    Attributes:
        changes: what to store and publish.
        corrected: what was mended.
        suspected: what differs but may be a race: reconcile again soon.
    """

    changes: tuple[Change, ...]
    corrected: tuple[Difference, ...]
    suspected: tuple[Difference, ...]


class Reconciler:
    """Compares one book with broker states, remembering what it suspected last time.

    Args:
        book: the account's book; changed in place.
    """

    def __init__(self, book: Book) -> None:
        self._book = book
        self._suspected: frozenset[Difference] = frozenset()
        self._fills_seen = 0
        self._intraday_days: dict[str, date | None] = {}
        self._changes: list[Change] = []
        self._corrected: list[Difference] = []
        self._suspects: list[Difference] = []

    def load(self, state: BrokerState) -> Reconciled:
        """Fill a book that has not met the broker in this process.

        What a stored book already holds is kept; fills since then come out
        marked missed. An empty book takes the broker's positions as they are
        and the fills as history.

        Args:
            state: a state that two fetches in a row agreed on.
        """
        fresh = not self._book.positions and not self._book.trades
        self._begin()
        self._book.start_day(state.fetched_at)
        self._merge_orders(state.orders, count=False)
        if fresh:
            self._open_positions(state)
        self._book_fills(state.fills, missed=not fresh)
        self._take_account(state.account, trusted=True)
        self._take_positions(state.positions, state.fetched_at, trusted=True)
        self._take_prices(state)
        if fresh:
            self._corrected.clear()
        return self._finish()

    def reconcile(self, state: BrokerState, *, after_gap: bool) -> Reconciled:
        """Compare a loaded book with the broker and mend what is surely wrong.

        Args:
            state: fetched while no fill was being applied.
            after_gap: events may have been lost, so an unknown fill is booked at
                once; otherwise it is given until the next call to arrive by stream.
        """
        self._begin()
        self._book.start_day(state.fetched_at)
        self._merge_orders(state.orders, count=True)
        self._book_fills(
            [fill for fill in state.fills if after_gap or self._was_suspected(fill)], missed=True
        )
        waiting = [fill for fill in state.fills if not self._knows(fill)]
        self._suspects += [_missing(fill) for fill in waiting]
        settled = self._fills_seen == self._book.fills_applied and not waiting
        self._take_account(state.account, trusted=False, settled=settled)
        self._take_positions(state.positions, state.fetched_at, trusted=False, settled=settled)
        return self._finish()

    def take_account(self, account: BrokerAccount) -> list[Change]:
        """Take buying power and last equity from the account alone; cash stays ours."""
        self._book.last_equity = account.last_equity
        self._book.buying_power = account.buying_power
        return self._book.account_changed()

    def _begin(self) -> None:
        self._changes, self._corrected, self._suspects = [], [], []

    def _finish(self) -> Reconciled:
        self._suspected = frozenset(self._suspects)
        self._fills_seen = self._book.fills_applied
        if self._changes or self._corrected:
            self._changes += self._book.account_changed()
        return Reconciled(tuple(self._changes), tuple(self._corrected), tuple(self._suspects))

    # orders and fills

    def _merge_orders(self, orders: Iterable[Order], *, count: bool) -> None:
        for report in orders:
            before = self._book.orders.find(report)
            order, is_news = self._book.orders.record(report)
            if not is_news:
                continue
            self._changes.append(OrderUpdated(account_id=self._book.account_id, order=order))
            if count and before is not None and before.status != order.status:
                self._corrected.append(
                    Difference("order", order.order_id, before.status, order.status)
                )

    def _knows(self, fill: BrokerFill) -> bool:
        return self._book.knows_fill(fill.broker_order_id, fill.cumulative_quantity)

    def _was_suspected(self, fill: BrokerFill) -> bool:
        return _missing(fill) in self._suspected

    def _book_fills(self, fills: Iterable[BrokerFill], *, missed: bool) -> None:
        for fill in sorted(fills, key=lambda each: (each.at, each.cumulative_quantity)):
            if self._knows(fill):
                continue
            trade = self._trade(fill, missed=missed)
            self._changes += self._book.execute(trade)
            if missed:
                self._corrected.append(_missing(fill))

    def _trade(self, fill: BrokerFill, *, missed: bool) -> Trade:
        order = self._order_of(fill)
        signed = fill.quantity * fill.side.sign
        filled = self._book.holding(fill.symbol).filled(signed, fill.price)
        return Trade(
            trade_id=TradeId(fill.activity_id),
            order_id=OrderId(fill.broker_order_id) if order is None else order.order_id,
            broker_order_id=fill.broker_order_id,
            symbol=fill.symbol,
            side=fill.side,
            quantity=fill.quantity,
            price=fill.price,
            cumulative_quantity=fill.cumulative_quantity,
            position_quantity=filled.holding.quantity,
            realized_pnl=filled.realized_pnl,
            executed_at=fill.at,
            asset_class=AssetClass.CRYPTO if "/" in fill.symbol else AssetClass.US_EQUITY,
            missed=missed,
        )

    def _order_of(self, fill: BrokerFill) -> Order | None:
        matching = (o for o in self._book.orders if o.broker_order_id == fill.broker_order_id)
        return next(matching, None)

    # account and positions

    def _take_account(self, account: BrokerAccount, *, trusted: bool, settled: bool = True) -> None:
        book = self._book
        figures = (book.last_equity, book.buying_power)
        book.last_equity, book.buying_power = account.last_equity, account.buying_power
        if figures != (account.last_equity, account.buying_power):
            self._changes += book.account_changed()
        ours = book.cash
        if ours is None or trusted:
            book.cash = account.cash
        elif abs(subtract(ours, account.cash)) >= CENT:
            difference = Difference("cash", "", text(ours), text(account.cash))
            if self._judge(difference, settled=settled):
                book.cash = account.cash

    def _take_positions(
        self,
        reports: Iterable[BrokerPosition],
        at: datetime,
        *,
        trusted: bool,
        settled: bool = True,
    ) -> None:
        theirs = {report.symbol: report for report in reports}
        for symbol in sorted(set(theirs) | set(self._book.positions)):
            report = theirs.get(symbol)
            difference = self._position_difference(symbol, report)
            if difference is None:
                self._take_intraday_cost(symbol, report)
                continue
            if self._judge(difference, settled=settled or trusted, sure=trusted):
                self._put_position(symbol, report, at)

    def _take_prices(self, state: BrokerState) -> None:
        """Price what no mark has priced yet as the broker does; any later mark counts more."""
        book = self._book
        for report in state.positions:
            position = book.positions.get(report.symbol)
            if position is not None and report.symbol not in book.marks:
                book.positions[report.symbol] = replace(
                    position, price=report.price, price_at=state.fetched_at, price_source="snapshot"
                )

    def _take_intraday_cost(self, symbol: str, report: BrokerPosition | None) -> None:
        """Take the cost at the last close from the broker, once a day and symbol.

        Only the broker knows the closing price that a new day starts from.
        """
        position = self._book.positions.get(symbol)
        if report is None or position is None or self._intraday_days.get(symbol) == self._book.day:
            return
        self._intraday_days[symbol] = self._book.day
        if position.intraday_cost != report.intraday_cost:
            position = replace(position, intraday_cost=report.intraday_cost)
            self._book.positions[symbol] = position
            self._changes.append(
                PositionUpdated(account_id=self._book.account_id, position=position)
            )

    def _judge(self, difference: Difference, *, settled: bool, sure: bool = False) -> bool:
        """Say whether to correct a difference now; otherwise note it as suspected."""
        if sure or (settled and difference in self._suspected):
            self._corrected.append(difference)
            return True
        self._suspects.append(difference)
        return False

    def _position_difference(self, symbol: str, report: BrokerPosition | None) -> Difference | None:
        ours = self._book.positions.get(symbol)
        held = ZERO if ours is None else ours.quantity
        quantity = ZERO if report is None else report.quantity
        if held != quantity:
            return Difference("position", symbol, text(held), text(quantity))
        if ours is None or report is None or _same_cost(ours.cost_basis, report.cost_basis):
            return None
        return Difference("cost", symbol, text(ours.cost_basis), text(report.cost_basis))

    def _put_position(self, symbol: str, report: BrokerPosition | None, at: datetime) -> None:
        book = self._book
        if report is None:
            closed = replace(
                book.positions.pop(symbol), quantity=ZERO, cost_basis=ZERO, intraday_cost=ZERO
            )
            self._changes.append(PositionClosed(account_id=book.account_id, position=closed))
            return
        position = self._broker_position(report, at)
        book.positions[symbol] = position
        self._intraday_days[symbol] = book.day
        self._changes.append(PositionUpdated(account_id=book.account_id, position=position))

    def _broker_position(self, report: BrokerPosition, at: datetime) -> Position:
        """Return the broker's position, keeping our newer price and what only we know."""
        ours = self._book.positions.get(report.symbol)
        mark = self._book.marks.get(report.symbol) or Mark(
            symbol=report.symbol, price=report.price, at=at, source="snapshot"
        )
        return Position(
            symbol=report.symbol,
            quantity=report.quantity,
            cost_basis=report.cost_basis,
            intraday_cost=report.intraday_cost,
            price=mark.price,
            price_at=mark.at,
            price_source=mark.source,
            asset_class=report.asset_class,
            opened_at=at if ours is None else ours.opened_at,
            strategy_id=None if ours is None else ours.strategy_id,
        )

    def _open_positions(self, state: BrokerState) -> None:
        """Give an empty book the holdings from before the first fetched fill.

        Replaying the fills on top then ends at the broker's quantities. The
        cost of what was held before is not told by the broker; today's average
        price stands in for it, and the broker's own cost replaces the outcome.
        """
        for report in state.positions:
            flow = sum(
                (f.quantity * f.side.sign for f in state.fills if f.symbol == report.symbol),
                start=ZERO,
            )
            opening = report.quantity - flow
            if opening:
                cost = share(report.cost_basis, opening, report.quantity)
                held = replace(report, quantity=opening, cost_basis=cost, intraday_cost=cost)
                self._book.positions[report.symbol] = self._broker_position(held, state.fetched_at)


def _same_cost(ours: Decimal, theirs: Decimal) -> bool:
    allowed = max(CENT, multiply(abs(ours), COST_TOLERANCE))
    return abs(subtract(ours, theirs)) <= allowed


def _missing(fill: BrokerFill) -> Difference:
    done = f"{fill.side} {text(fill.quantity)} {fill.symbol} @ {text(fill.price)}"
    return Difference("fill", f"{fill.broker_order_id}/{text(fill.cumulative_quantity)}", "", done)
