"""The life of every order: taken, active, filled in parts, canceled, replaced, expired.

Each step is stored first, then kept in memory, then announced, so what a
listener hears has happened for good, also across a crash. A request is
answered at once; what follows from it happens on a later turn of the event
loop, as on the real exchange. Loop thread only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

from exchange.accounts import Account, Accounts
from exchange.announcer import Announcer
from exchange.decimals import ZERO, add, subtract
from exchange.errors import ExchangeError
from exchange.intake import Intake
from exchange.margin import Board, opens
from exchange.market import Market
from exchange.matching import Depth, Execution, concerns, execution, is_triggered
from exchange.orders import MATCHING_STATUSES, RESTING_STATUSES, Fill, Order
from exchange.rules import check_account, check_asset
from exchange.stamps import Stamps, to_ns
from exchange.store import Store
from exchange.tickets import Changes, Ticket
from exchange.ticks import Print, Tick
from exchange.wire import activity_id, trade_update_json

Soon = Callable[[Callable[[], object]], object]


class Engine:
    """Takes orders and matches them against the market.

    Args:
        market: ticks, hours and assets.
        store: where everything is written first.
        announcer: who hears of it.
        soon: runs a function on a later turn of the event loop (``loop.call_soon``).
        demo: let key ids that start with ``DEMO`` open with holdings.
    """

    def __init__(
        self, market: Market, store: Store, announcer: Announcer, soon: Soon, *, demo: bool = False
    ) -> None:
        self.market = market
        self.board = Board(market)
        self.store = store
        self._stamps = Stamps(market.now, store.last_stamp())
        self.accounts = Accounts(market, store, self._stamps, demo=demo)
        self._intake = Intake(market, self._stamps)
        self._announcer = announcer
        self._soon = soon
        self._waiting: defaultdict[str, dict[str, Order]] = defaultdict(dict)
        self._depths: dict[str, Depth] = {}

    def start(self) -> None:
        """Take up the stored accounts and orders where they were, and follow the market."""
        self.accounts.load()
        for account in self.accounts:
            for order in account.orders.values():
                self._waiting[order.symbol][order.id] = order
                self._resume(order)
        self.market.listen(self._on_tick)

    def submit(self, key_id: str, ticket: Ticket) -> Order:
        """Take a new order and return it as pending; it becomes active soon.

        Raises:
            ExchangeError: the order is refused; nothing is kept of it.
        """
        asset = self._intake.asset(ticket.symbol)
        account = self.accounts.open(key_id)
        order = self._intake.order(key_id, asset, ticket)
        check_asset(order, asset, self.board)
        self._check_client_order_id(order)
        check_account(order, asset, account.ledger, list(account.orders.values()), self.board)
        self._record(order)
        self._soon(lambda: self._activate(order.id, key_id))
        return order

    def cancel(self, key_id: str, order_id: str) -> None:
        """Ask to cancel an order; a fill may still win.

        Raises:
            ExchangeError: 404 for an unknown order, 422 for a closed one.
        """
        order = self.order(key_id, order_id)
        if not order.is_open:
            raise ExchangeError(422, 42210000, "order is not cancelable")
        if order.status != "pending_cancel":
            self._record(order.with_status("pending_cancel", self._stamps.next()))
            self._soon(lambda: self._finish_cancel(order_id, key_id))

    def cancel_now(self, key_id: str) -> list[str]:
        """Cancel all open orders of an account before anything else; return their ids."""
        ids = list(self.accounts.open(key_id).orders)
        for order_id in ids:
            self._finish_cancel(order_id, key_id)
        return ids

    def replace(self, key_id: str, order_id: str, changes: Changes) -> Order:
        """Ask to replace an order and return the pending new one; a fill may still win.

        A quantity in ``changes`` is the new order's own; without one it is what
        the old order has left.

        Raises:
            ExchangeError: unknown, not replaceable now, or the new order is refused.
        """
        old = self.order(key_id, order_id)
        if old.status not in RESTING_STATUSES:
            raise ExchangeError(422, 42210000, f"cannot replace order in {old.status} status")
        asset = self._intake.asset(old.symbol)
        account = self.accounts.open(key_id)
        new = self._intake.replacement(old, changes)
        check_asset(new, asset, self.board)
        self._check_client_order_id(new)
        others = [order for order in account.orders.values() if order.id != old.id]
        check_account(new, asset, account.ledger, others, self.board)
        self._record(old.with_status("pending_replace", new.created_at), new)
        self._soon(lambda: self._finish_replace(old, new))
        return new

    def order(self, key_id: str, order_id: str) -> Order:
        """Return an order of an account, open or closed.

        Raises:
            ExchangeError: 404 when the account has no such order.
        """
        account = self.accounts.open(key_id)
        order = account.orders.get(order_id) or self.store.order(key_id, order_id)
        if order is None:
            raise ExchangeError(404, 40410000, f"order not found for {order_id[:64]}")
        return order

    def keep_house(self) -> None:
        """Expire what has lapsed and activate what has waited for the opening; once a second."""
        for orders in list(self._waiting.values()):
            for order in list(orders.values()):
                self._consider(order.id, order.key_id)

    def sample_equity(self) -> None:
        """Note every account's equity, for its history."""
        samples = {
            account.record.key_id: account.figures(self.board).equity for account in self.accounts
        }
        self.store.add_equity(samples, to_ns(self.market.now()))

    def _on_tick(self, tick: Tick) -> None:
        """Let the open orders that a tick concerns see it, oldest order first.

        Most orders rest far from the market, so they are sorted out before
        anything is looked up for them: this runs for every tick.
        """
        waiting = self._waiting.get(tick.symbol)
        if not waiting:
            return
        last = tick.price if isinstance(tick, Print) else None
        for order in [order for order in waiting.values() if concerns(tick, order)]:
            self._consider(order.id, order.key_id, last=last)

    def _check_client_order_id(self, order: Order) -> None:
        """Refuse a client order id that the account has used before."""
        if self.store.order_by_client_id(order.key_id, order.client_order_id):
            raise ExchangeError(422, 40010001, "client_order_id must be unique")

    def _resume(self, order: Order) -> None:
        """Finish what an earlier run had begun with an order."""
        if order.status == "pending_cancel":
            self._soon(lambda: self._finish_cancel(order.id, order.key_id))
        elif order.status == "pending_new" and order.replaces:
            old = self._open(order.replaces, order.key_id)
            if old is not None and old.status == "pending_replace":
                self._soon(lambda: self._finish_replace(old, order))
            else:
                self._soon(lambda: self._reject_replacement(order, old))
        elif order.status == "pending_new":
            self._soon(lambda: self._activate(order.id, order.key_id))
        elif order.status == "pending_replace":
            # one turn later than the rest: by then its replacement, if it has one, has its place
            self._soon(lambda: self._soon(lambda: self._restore(order.id, order.key_id)))

    def _open(self, order_id: str, key_id: str) -> Order | None:
        """Return an order while it is open."""
        return self.accounts.open(key_id).orders.get(order_id)

    def _activate(self, order_id: str, key_id: str) -> None:
        """Make a pending order active, and trade what it can at once."""
        order = self._open(order_id, key_id)
        if order is None or order.status not in ("pending_new", "accepted"):
            return
        if not self._trades_now(order):
            return
        self._record(order.with_status("new", self._stamps.next()), events=("new",))
        self._match_first(order_id, key_id)

    def _match_first(self, order_id: str, key_id: str) -> None:
        """Let a newly active order trade; what must trade at once and can't is canceled."""
        order = self._open(order_id, key_id)
        last = self.market.last(order.symbol) if order else None
        self._consider(order_id, key_id, last=last.price if last else None)
        order = self._open(order_id, key_id)
        if order is not None and order.time_in_force in ("ioc", "fok"):
            self._finish_cancel(order_id, key_id)

    def _trades_now(self, order: Order) -> bool:
        """Say whether the market is open for an order."""
        return order.is_crypto or order.extended_hours or self.market.session.is_open

    def _consider(self, order_id: str, key_id: str, *, last: Decimal | None = None) -> None:
        """Do what time and market make of an open order now: expire, activate, trigger, fill.

        Args:
            order_id: the order; a closed one is left alone.
            key_id: its account.
            last: price of the newest trade if that is news, which may trigger a stop.
        """
        order = self._open(order_id, key_id)
        if order is None:
            return
        if order.expires_at is not None and to_ns(self.market.now()) >= order.expires_at:
            self._finish_expiry(order)
        elif order.status == "accepted":
            self._activate(order_id, key_id)
        elif order.status in MATCHING_STATUSES and self._trades_now(order):
            self._match(self._triggered(order, last))

    def _triggered(self, order: Order, last: Decimal | None) -> Order:
        """Return the order, triggered for good if a trade at ``last`` reaches its stop."""
        if last is None or not is_triggered(order, last):
            return order
        order = replace(order, triggered=True)
        self._record(order)
        return order

    def _match(self, order: Order) -> None:
        """Fill what an active order can take of the newest quote."""
        depth = self._depth(order)
        ledger = self.accounts.open(order.key_id).ledger
        held = abs(ledger.position(order.symbol))
        closes_money = order.notional is not None and order.side == "sell"
        if closes_money and opens(order, ledger):
            # what it was to sell is gone, and money's worth of shares is never sold short
            self._finish_cancel(order.id, order.key_id)
            return
        found = execution(order, depth, at_most=held if closes_money else None) if depth else None
        if found is not None and depth is not None:
            depth.take(order.side, found.qty)
            self._fill(order, found, all_that_is_held=closes_money and found.qty == held)

    def _depth(self, order: Order) -> Depth | None:
        """Return what is left of the symbol's newest quote, None before the first."""
        quote = self.market.quote(order.symbol)
        if quote is None:
            return None
        depth = self._depths.get(order.symbol)
        if depth is None or depth.quote is not quote:
            depth = self._depths[order.symbol] = Depth(quote, is_crypto=order.is_crypto)
        return depth

    def _fill(self, order: Order, found: Execution, *, all_that_is_held: bool) -> None:
        """Book one execution: order, fill and books in one transaction, then announce."""
        account = self.accounts.open(order.key_id)
        fill = self._new_fill(order, found, account, is_last=all_that_is_held)
        filled = order.with_fill(fill)
        record = replace(account.record, ledger=account.ledger.apply(fill))
        with self.store.transaction():
            self.store.save_order(filled)
            self.store.save_fill(fill, activity_id(fill))
            self.store.save_account(record)
        account.record = record
        self._keep(filled)
        event = "fill" if fill.is_last else "partial_fill"
        self._announce(event, filled, execution_id=fill.execution_id, fill=fill)

    def _new_fill(self, order: Order, found: Execution, account: Account, *, is_last: bool) -> Fill:
        """Return the execution that trades what was found."""
        signed = found.qty if order.side == "buy" else -found.qty
        leaves = subtract(order.remaining_at(found.price), found.qty)
        return Fill(
            execution_id=str(uuid4()),
            order_id=order.id,
            key_id=order.key_id,
            symbol=order.symbol,
            side=order.side,
            qty=found.qty,
            price=found.price,
            cum_qty=add(order.filled_qty, found.qty),
            leaves_qty=ZERO if is_last else leaves,
            position_qty=add(account.ledger.position(order.symbol), signed),
            at=self._stamps.next(),
            is_last=is_last or leaves <= 0,
        )

    def _finish_cancel(self, order_id: str, key_id: str) -> None:
        """Cancel an order that is still open."""
        order = self._open(order_id, key_id)
        if order is not None:
            now = self._stamps.next()
            self._record(order.with_status("canceled", now, canceled_at=now), events=("canceled",))

    def _finish_expiry(self, order: Order) -> None:
        """End an order whose day is over."""
        now = self._stamps.next()
        self._record(order.with_status("expired", now, expired_at=now), events=("expired",))

    def _finish_replace(self, asked: Order, new: Order) -> None:
        """Put the new order in the old one's place, unless that has traded or ended meanwhile.

        Args:
            asked: the old order as it was when the replacement was asked for.
            new: the pending new order.
        """
        old = self._open(asked.id, asked.key_id)
        if self._open(new.id, new.key_id) is None:
            return
        if old is None or old.filled_qty != asked.filled_qty or old.status != "pending_replace":
            self._reject_replacement(new, old)
            return
        now = self._stamps.next()
        gone = old.with_status("replaced", now, replaced_at=now, replaced_by=new.id)
        self._record(gone, new.with_status("new", self._stamps.next()), events=("replaced", "new"))
        self._match_first(new.id, new.key_id)

    def _reject_replacement(self, new: Order, old: Order | None) -> None:
        """Refuse a replacement after all; the old order, if it is open, lives on."""
        now = self._stamps.next()
        self._record(new.with_status("rejected", now, failed_at=now), events=("rejected",))
        if old is not None:
            self._restore(old.id, old.key_id)

    def _restore(self, order_id: str, key_id: str) -> None:
        """Return an order whose replacement came to nothing to the status it had."""
        order = self._open(order_id, key_id)
        if order is not None and order.status == "pending_replace":
            status = "partially_filled" if order.filled_qty else "new"
            kept = order.with_status(status, self._stamps.next())
            self._record(kept, events=("order_replace_rejected",))

    def _record(self, *orders: Order, events: tuple[str, ...] = ()) -> None:
        """Store orders in one transaction, keep them, and announce an event for each."""
        with self.store.transaction():
            for order in orders:
                self.store.save_order(order)
        for order in orders:
            self._keep(order)
        for event, order in zip(events, orders, strict=False):
            self._announce(event, order, execution_id=str(uuid4()))

    def _keep(self, order: Order) -> None:
        """Remember an open order, forget a closed one."""
        for kept in (self.accounts.open(order.key_id).orders, self._waiting[order.symbol]):
            if order.is_open:
                kept[order.id] = order
            else:
                kept.pop(order.id, None)

    def _announce(
        self, event: str, order: Order, *, execution_id: str, fill: Fill | None = None
    ) -> None:
        """Tell the account's listeners."""
        message = trade_update_json(
            event, order, at=order.updated_at, execution_id=execution_id, fill=fill
        )
        self._announcer.announce(order.key_id, message)
