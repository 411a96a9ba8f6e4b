"""All paper accounts: opened on first use, turned over at the start of a day.

An account here is its stored record and its open orders; closed orders stay in
the store. Loop thread only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from exchange.decimals import ZERO
from exchange.demo import DEMO_PREFIX, demo_start, demo_trades
from exchange.hours import new_york_day
from exchange.ledger import Ledger
from exchange.margin import Board, Figures, figures
from exchange.market import Market
from exchange.orders import Order
from exchange.rules import held_for_closing
from exchange.stamps import Stamps
from exchange.store import AccountRecord, Store
from exchange.wire import activity_id


@dataclass(slots=True)
class Account:
    """One account as it stands; ``orders`` are the open ones by id, oldest first."""

    record: AccountRecord
    orders: dict[str, Order] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """Return the account's books."""
        return self.record.ledger

    def figures(self, board: Board) -> Figures:
        """Return what the account is worth now."""
        return figures(self.ledger, self.orders.values(), board)

    def available(self, symbol: str, board: Board) -> Decimal:
        """Return how much of a position is not already being closed, positive."""
        position = self.ledger.position(symbol)
        held = held_for_closing(symbol, position, self.orders.values(), board.price(symbol))
        return max(ZERO, abs(position) - held)


class Accounts:
    """The accounts by key id.

    Args:
        market: closes and the present day come from it.
        store: where accounts are kept.
        stamps: gives creation times.
        demo: let key ids that start with ``DEMO`` open with holdings.
    """

    def __init__(self, market: Market, store: Store, stamps: Stamps, *, demo: bool) -> None:
        self._market = market
        self._board = Board(market)
        self._store = store
        self._stamps = stamps
        self._demo = demo
        self._accounts: dict[str, Account] = {}

    def load(self) -> None:
        """Take over what an earlier run has stored."""
        for record in self._store.accounts():
            self._accounts[record.key_id] = Account(self._as_of_today(record))
        for order in self._store.open_orders():
            self._accounts[order.key_id].orders[order.id] = order

    def open(self, key_id: str) -> Account:
        """Return the account of a key id, as of today; a new one is opened and stored."""
        account = self._accounts.get(key_id)
        if account is None:
            account = self._accounts[key_id] = Account(self._new(key_id))
        elif account.record.day != self._today():
            account.record = self._turned_over(account.record)
        return account

    def __iter__(self) -> Iterator[Account]:
        return iter(list(self._accounts.values()))

    def _today(self) -> str:
        """Return the New York date as text."""
        return new_york_day(self._market.now()).isoformat()

    def _new(self, key_id: str) -> AccountRecord:
        """Return a new account, stored, with its holdings if it is for demonstration."""
        record = AccountRecord(
            key_id=key_id, created_at=self._stamps.next(), day=self._today(), ledger=Ledger()
        )
        with self._store.transaction():
            if self._demo and key_id.startswith(DEMO_PREFIX):
                record = self._with_demo_trades(record)
            self._store.save_account(record)
        return record

    def _with_demo_trades(self, record: AccountRecord) -> AccountRecord:
        """Store yesterday's trades of a demonstration account and return it with them."""
        ledger = record.ledger
        for order, fill in demo_trades(record.key_id, self._market):
            self._store.save_order(order)
            self._store.save_fill(fill, activity_id(fill))
            ledger = ledger.apply(fill)
        started = demo_start(self._market)
        return self._at_close(replace(record, created_at=started, ledger=ledger))

    def _turned_over(self, record: AccountRecord) -> AccountRecord:
        """Return an account at the start of today, stored."""
        fresh = self._at_close(record)
        with self._store.transaction():
            self._store.save_account(fresh)
        return fresh

    def _at_close(self, record: AccountRecord) -> AccountRecord:
        """Return an account valued at the last closes, as of today."""
        closes = {symbol: self._board.close(symbol) for symbol in record.ledger.holdings}
        ledger = record.ledger.turned_over(closes.__getitem__)
        return replace(record, day=self._today(), ledger=ledger, closes=closes)

    def _as_of_today(self, record: AccountRecord) -> AccountRecord:
        """Return a stored account, turned over when the day or the market is another one now.

        A market may give other closes than the last run's, with another tape or seed.
        """
        known = {
            symbol: close
            for symbol, close in record.closes.items()
            if symbol in record.ledger.holdings
        }
        same = all(self._board.close(symbol) == close for symbol, close in known.items())
        if same and record.day == self._today():
            return record
        return self._turned_over(record)
