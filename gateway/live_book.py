"""An account's book as its threads share it: change, store, publish, in that order.

Two locks. A *turn* spans change, store and publish, so that listeners hear
changes in the order in which they happened. The *book* lock spans change and
store only: a reader of the whole never waits for a listener, and never sees
what is not stored yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Event, Lock
from typing import TypeVar

import structlog

from db.records import Records
from gateway.events import EventBus
from portfolio.book import Applied, Book
from portfolio.changes import Change, OrderUpdated
from portfolio.ids import OrderId
from portfolio.orders import Order, TradeUpdate
from portfolio.reconcile import Reconciled, Reconciler
from portfolio.values import (
    AccountFigures,
    BookSnapshot,
    BrokerAccount,
    BrokerState,
    Mark,
    Position,
)

log = structlog.get_logger("gateway")
T = TypeVar("T")
STORE_RETRY_S = (0.05, 0.2, 1.0, 5.0)


class LiveBook:
    """One account's book, its record and its listeners.

    Args:
        book: empty; restored from the record by ``restore``.
        records: where orders, fills and positions are kept.
        bus: who hears of changes.
        stopping: set when the process ends; gives up waiting for a failing database.
    """

    def __init__(self, book: Book, records: Records, bus: EventBus, stopping: Event) -> None:
        self._book = book
        self._reconciler = Reconciler(book)
        self._records = records
        self._bus = bus
        self._stopping = stopping
        self._turn = Lock()
        self._lock = Lock()

    def restore(self, day_start: datetime) -> None:
        """Take up what the record holds, before the broker has been asked.

        Args:
            day_start: what was realised since then counts as today's.
        """
        stored = self._records.load_book(self._book.account_id, realized_since=day_start)
        with self._lock:
            for order in reversed(stored.orders):
                self._book.orders.put(order)
            self._book.positions = {each.symbol: each for each in stored.positions}
            for trade in reversed(stored.trades):
                self._book.trades.append(trade)
            for trade in stored.known_fills:
                self._book.remember_fill(trade)
            self._book.start_day(day_start)
            self._book.realized_today = stored.realized

    def apply(self, update: TradeUpdate) -> Applied:
        """Apply one broker event."""
        return self._change(lambda: self._book.apply(update), lambda a: a.changes, update)

    def mark(self, marks: Iterable[Mark]) -> None:
        """Price the positions. Prices are published but not stored."""
        with self._turn:
            with self._lock:
                changes = self._book.mark(marks)
            self._bus.publish(changes)

    def load(self, state: BrokerState) -> Reconciled:
        """Meet the broker for the first time in this process."""
        return self._change(lambda: self._reconciler.load(state), lambda r: r.changes)

    def reconcile(self, state: BrokerState, *, after_gap: bool) -> Reconciled:
        """Compare with the broker and mend."""
        return self._change(
            lambda: self._reconciler.reconcile(state, after_gap=after_gap), lambda r: r.changes
        )

    def take_account(self, account: BrokerAccount) -> None:
        """Take buying power and last equity; published, not stored."""
        with self._turn:
            with self._lock:
                changes = self._reconciler.take_account(account)
            self._bus.publish(changes)

    def place(self, order: Order) -> Order:
        """Hold a new order of our own, or return the one that has its client order id."""

        def work() -> tuple[Order, Sequence[Change]]:
            known = self._book.orders.find(order)
            if known is not None:
                return known, ()
            self._book.orders.put(order)
            return order, (OrderUpdated(account_id=self._book.account_id, order=order),)

        return self._change(work, lambda outcome: outcome[1])[0]

    def report(self, report: Order) -> Order:
        """Merge the broker's answer to a request; return the order under our id."""

        def work() -> tuple[Order, Sequence[Change]]:
            order, is_news = self._book.orders.record(report)
            changed = OrderUpdated(account_id=self._book.account_id, order=order)
            return order, (changed,) if is_news else ()

        return self._change(work, lambda outcome: outcome[1])[0]

    def refuse(self, order_id: OrderId, reason: str, at: datetime) -> None:
        """Mark an order of ours as rejected, with the broker's words."""

        def work() -> Sequence[Change]:
            order = self._book.orders.get(order_id)
            if order is None or order.is_final:
                return ()
            rejected = replace(order, status="rejected", reject_reason=reason, updated_at=at)
            self._book.orders.put(rejected)
            return (OrderUpdated(account_id=self._book.account_id, order=rejected),)

        self._change(work, lambda changes: changes)

    def snapshot(self) -> BookSnapshot:
        """Return the account whole."""
        with self._lock:
            return self._book.snapshot()

    def figures(self) -> AccountFigures | None:
        """Return the account figures, None before the broker was met."""
        with self._lock:
            return self._book.figures()

    def order(self, order_id: OrderId) -> Order | None:
        """Return an order held in memory."""
        with self._lock:
            return self._book.orders.get(order_id)

    def orders(self) -> tuple[Order, ...]:
        """Return all open orders."""
        with self._lock:
            return self._book.orders.open_orders()

    def positions(self) -> tuple[Position, ...]:
        """Return the open positions."""
        with self._lock:
            return tuple(self._book.positions.values())

    def follow_only(self, symbols: frozenset[str]) -> None:
        """Forget the prices of symbols that are no longer followed."""
        with self._lock:
            self._book.forget_marks_except(symbols)

    def _change(
        self,
        work: Callable[[], T],
        changes_of: Callable[[T], Sequence[Change]],
        update: TradeUpdate | None = None,
    ) -> T:
        with self._turn:
            with self._lock:
                outcome = work()
                changes = changes_of(outcome)
                if changes:
                    self._store(changes, update)
            self._bus.publish(changes)
        return outcome

    def _store(self, changes: Sequence[Change], update: TradeUpdate | None) -> None:
        """Store until it worked: what can't be stored is not published, and not lost.

        Raises the database's error only when the process is ending.
        """
        attempt = 0
        while True:
            try:
                self._records.store_changes(self._book.account_id, changes, update)
            except Exception:
                wait_s = STORE_RETRY_S[min(attempt, len(STORE_RETRY_S) - 1)]
                log.exception("record not stored, trying again", wait_s=wait_s)
                attempt += 1
                if self._stopping.wait(wait_s):
                    raise
            else:
                return
