"""The desk of one account: a thread that takes facts in order and keeps the book true."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from queue import Empty, Queue
from threading import Event, Thread

import structlog

from broker import convert
from broker.feed import FeedLoop
from broker.rest import BrokerRest
from gateway.facts import (
    AccountFetched,
    BrokerLinkChanged,
    Fact,
    FetchFailed,
    FrameArrived,
    MarksFetched,
    OrderRefused,
    OrderReported,
    StateFetched,
)
from gateway.live_book import LiveBook
from gateway.sync_plan import ACCOUNT_DELAY_S, PRICES_PERIOD_S, SOON_S, SyncPlan
from gateway.watching import Interests, ranked
from portfolio.errors import BrokerError, ConversionError, CredentialsRefused, UnknownOrder
from portfolio.ids import AccountId
from portfolio.orders import PENDING_SUBMIT, Order
from portfolio.values import BrokerState, Mark

log = structlog.get_logger("gateway")

QUEUE_BOUND = 100_000
"""Facts waiting at most; a full queue makes the feed wait, and the socket behind it."""
HISTORY = timedelta(days=30)
"""How far back orders and fills are fetched when the record holds nothing."""
MARGIN = timedelta(minutes=5)
"""Overlap of the first fetch with what the record holds."""
HISTORY_OVERLAP = timedelta(days=1)
"""Fetched again each time: orders and fills of the last day, so that nothing slips between."""
HELD_BACK_BOUND = 10_000
"""Live events held back at most; what falls out is in the state that is being fetched."""
LOAD_ATTEMPTS = 8


class AccountDesk:
    """Keeps one account's book true: live events, reconciliation, prices wanted.

    Args:
        account_id: whose desk.
        live: the account's book.
        rest: the account's REST API, called from ``pool`` only.
        feed: told which symbols to follow.
        pool: runs REST calls, so that a slow answer delays no fill.
        symbol_budget: how many symbols may be streamed; those beyond are priced over REST.
        on_loaded: called once when the book has met the broker, with the broker's account number
            and the orders that were stored before this process began but never answered.
    """

    def __init__(
        self,
        account_id: AccountId,
        live: LiveBook,
        rest: BrokerRest,
        feed: FeedLoop,
        pool: Executor,
        symbol_budget: int,
        on_loaded: Callable[[AccountId, str, tuple[Order, ...]], None],
    ) -> None:
        self.account_id = account_id
        self.live = live
        self.rest = rest
        self.interests = Interests()
        self.counts: Counter[str] = Counter()
        self.loaded = Event()
        self._feed = feed
        self._pool = pool
        self._symbol_budget = symbol_budget
        self._over_budget: frozenset[str] = frozenset()
        self._on_loaded = on_loaded
        self._queue: Queue[Fact | None] = Queue(QUEUE_BOUND)
        self._plan = SyncPlan(time.monotonic())
        self._held_back: deque[FrameArrived] = deque(maxlen=HELD_BACK_BOUND)
        self._after_gap = False
        self._hold_back = False
        self._previous: BrokerState | None = None
        self._load_attempts = 0
        self._unsent: tuple[Order, ...] = ()
        self._watched: frozenset[str] = frozenset()
        self._watermark = datetime.now(UTC) - HISTORY
        self._thread = Thread(target=self._run, name=f"desk-{account_id}", daemon=True)

    def start(self, day_start: datetime) -> None:
        """Restore the stored book, then begin to take facts."""
        self.live.restore(day_start)
        self._unsent = tuple(o for o in self.live.orders() if o.status == PENDING_SUBMIT)
        trades = self.live.snapshot().trades
        if trades:
            self._watermark = min(trades[0].executed_at - MARGIN, day_start)
        self._thread.start()

    def post(self, fact: Fact) -> None:
        """Hand the desk a fact; waits while its queue is full."""
        self._queue.put(fact)

    def look(self, symbol: str) -> None:
        """Follow a symbol for a while because somebody looks at it."""
        if self.interests.look(symbol, time.monotonic()):
            self._pool.submit(self._fetch_marks, frozenset({symbol}))
            self.post(MarksFetched(()))

    def stop(self, timeout_s: float = 5.0) -> None:
        """Finish the facts already here and end the thread."""
        self._queue.put(None)
        self._thread.join(timeout_s)

    # the thread

    def _run(self) -> None:
        while True:
            try:
                fact = self._queue.get(timeout=self._plan.wait_s(time.monotonic()))
            except Empty:
                self._fetch_what_is_due()
                continue
            if fact is None:
                return
            try:
                self._take(fact)
            except Exception:
                self.counts["failed_facts"] += 1
                log.exception("a fact could not be taken; reconciling", account=self.account_id)
                self._plan.state.want(time.monotonic() + SOON_S)
            self._fetch_what_is_due()

    def _take(self, fact: Fact) -> None:
        match fact:
            case FrameArrived():
                self._take_frame(fact)
            case BrokerLinkChanged(state):
                self._take_link(state)
            case StateFetched(state):
                self._take_state(state)
            case AccountFetched(account):
                self._plan.account.done()
                self.live.take_account(account)
            case FetchFailed():
                self._take_failure(fact)
            case MarksFetched(marks, due):
                if due:
                    self._plan.prices.done()
                self.live.mark(marks)
                self._follow()
            case OrderReported(order):
                self.live.report(order)
                self._after_orders()
            case OrderRefused(order_id, reason):
                self.live.refuse(order_id, reason, datetime.now(UTC))

    def _take_frame(self, frame: FrameArrived) -> None:
        """Book a live event, or hold it back while the book waits for the broker's state."""
        if not self.loaded.is_set() or self._hold_back:
            self._held_back.append(frame)
            return
        try:
            applied = self.live.apply(convert.trade_update(frame.raw, frame.arrived_ns))
        except ConversionError as error:
            self.counts["malformed_frames"] += 1
            log.warning("trade update not understood; reconciling", error=str(error))
            self._plan.state.want(time.monotonic() + SOON_S)
            return
        if applied.in_doubt:
            self._plan.state.want(time.monotonic() + SOON_S)
        self._after_orders()

    def _after_orders(self) -> None:
        """Orders and fills move buying power and what has to be followed."""
        self._plan.account.want(time.monotonic() + ACCOUNT_DELAY_S)
        self._follow()

    def _take_link(self, state: str) -> None:
        """After each (re)connection events may be missing: fetch before taking more."""
        if state == "live":
            self._after_gap = self._hold_back = True
            self._plan.state.want(time.monotonic())

    def _take_state(self, state: BrokerState) -> None:
        if self.loaded.is_set():
            outcome = self.live.reconcile(state, after_gap=self._after_gap)
            self._note(outcome.corrected)
            self._plan.state_done(time.monotonic(), again_soon=bool(outcome.suspected))
        elif not self._load(state):
            return
        self._after_gap = self._hold_back = False
        self._watermark = max(self._watermark, state.fetched_at - HISTORY_OVERLAP)
        self._replay_held_back()
        self._follow()

    def _load(self, state: BrokerState) -> bool:
        """Load the book once two fetches in a row tell the same; say whether it is loaded."""
        self._load_attempts += 1
        agreed = self._previous is not None and _same(self._previous, state)
        self._previous = state
        self._plan.state_done(time.monotonic(), again_soon=False)
        if not agreed and self._load_attempts < LOAD_ATTEMPTS:
            self._plan.state.want(time.monotonic())
            return False
        self._note(self.live.load(state).corrected)
        self._previous = None
        self._on_loaded(self.account_id, state.account.account_number, self._unsent)
        self.loaded.set()
        return True

    def _replay_held_back(self) -> None:
        while self._held_back:
            self._take_frame(self._held_back.popleft())

    def _take_failure(self, failure: FetchFailed) -> None:
        """Try again later; meanwhile live events are better than none, so they are let through."""
        self.counts["failed_fetches"] += 1
        log.warning("the broker could not be asked", asked=failure.asked, reason=failure.reason)
        if failure.asked == "account":
            self._plan.account.done()
        elif not failure.final:
            self._plan.state_failed(time.monotonic())
        if self.loaded.is_set():
            self._hold_back = False
            self._replay_held_back()

    def _note(self, corrected: tuple[object, ...]) -> None:
        """Count and report every correction: zero is the normal reading."""
        for difference in corrected:
            self.counts["corrections"] += 1
            log.warning("corrected from the broker", account=self.account_id, what=str(difference))

    def _follow(self) -> None:
        """Have prices for what is held, on order, or looked at; over the budget over REST."""
        wanted = ranked(
            self.live.positions(), self.live.orders(), self.interests.current(time.monotonic())
        )
        streamed = frozenset(wanted[: self._symbol_budget])
        self._over_budget = frozenset(wanted[self._symbol_budget :])
        if self._over_budget:
            self._plan.prices.want(time.monotonic() + PRICES_PERIOD_S)
        if streamed == self._watched:
            return
        new, self._watched = streamed - self._watched, streamed
        self._feed.watch(self.account_id, streamed)
        self.live.follow_only(frozenset(wanted))
        if new:
            self._pool.submit(self._fetch_marks, new)

    # on the pool

    def _fetch_what_is_due(self) -> None:
        now_s = time.monotonic()
        if self._plan.state.take(now_s):
            self._pool.submit(self._fetch_state, self._watermark)
        if self._plan.account.take(now_s):
            self._pool.submit(self._fetch_account)
        if self._plan.prices.take(now_s):
            self._pool.submit(self._fetch_marks, self._over_budget, due=True)

    def _fetch_state(self, since: datetime) -> None:
        try:
            state = self.rest.fetch_state(since)
            self.post(StateFetched(replace(state, orders=(*state.orders, *self._lost(state)))))
        except (BrokerError, ConversionError, UnknownOrder) as error:
            self.post(FetchFailed("state", str(error), isinstance(error, CredentialsRefused)))

    def _lost(self, state: BrokerState) -> list[Order]:
        """Fetch by id what we think is open and the broker's lists leave out.

        Closed orders are listed by the time of submission, so an old order that ended
        while nobody listened is in no list.
        """
        listed = {order.broker_order_id for order in state.orders}
        missing = [o.broker_order_id for o in self.live.orders() if o.broker_order_id]
        return [self.rest.order(each) for each in missing if each not in listed]

    def _fetch_account(self) -> None:
        try:
            self.post(AccountFetched(self.rest.account()))
        except (BrokerError, ConversionError) as error:
            self.post(FetchFailed("account", str(error), isinstance(error, CredentialsRefused)))

    def _fetch_marks(self, symbols: frozenset[str], *, due: bool = False) -> None:
        marks: list[Mark] = []
        try:
            marks = self.rest.latest_trades(sorted(symbols))
        except (BrokerError, ConversionError) as error:
            log.warning("last trades could not be fetched", reason=str(error))
        self.post(MarksFetched(tuple(marks), due))


def _same(before: BrokerState, after: BrokerState) -> bool:
    """Say whether two states tell the same, prices and buying power apart."""
    return _settled(before) == _settled(after)


def _settled(state: BrokerState) -> tuple[object, ...]:
    held = [(each.symbol, each.quantity, each.cost_basis) for each in state.positions]
    orders = [(each.order_id, each.status, each.filled_quantity) for each in state.orders]
    return state.account.cash, state.fills, held, orders
