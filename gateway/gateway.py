"""All brokerage accounts of this process, and what the doors (web, pages) may ask of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any, Literal

import structlog

from broker.bars import Bar
from broker.credentials import Credentials
from broker.executor import OrderChanges, OrderExecutor
from broker.feed import FeedLoop, Hop, LinkState, LinkStatus
from broker.reference import Asset, MarketClock
from broker.rest import BrokerRest
from db.records import Records
from gateway.bar_cache import BarCache
from gateway.desk import AccountDesk
from gateway.equity_sampler import EquitySampler
from gateway.events import EventBus
from gateway.facts import BrokerLinkChanged, FrameArrived
from gateway.links import Link, Links
from gateway.live_book import LiveBook
from gateway.marker import Marker
from gateway.order_desk import OrderDesk
from portfolio.book import MARKET_ZONE, Book
from portfolio.errors import (
    BrokerError,
    BrokerUnreachable,
    ConversionError,
    CredentialsRefused,
    UnknownAccount,
)
from portfolio.ids import AccountId, OrderId
from portfolio.orders import Order
from portfolio.ticket import OrderTicket
from portfolio.values import AccountFigures, BookSnapshot, Quote

log = structlog.get_logger("gateway")

POOL_SIZE = 16
CLOCK_KEPT_S = 15.0
Announce = Callable[[AccountId, Literal["stale", "fresh"], Hop, datetime], None]


@dataclass(frozen=True, slots=True)
class _Linked:
    """The parts of one account."""

    desk: AccountDesk
    orders: OrderDesk
    rest: BrokerRest


class Gateway:
    """Owns the linked accounts: their feeds, books, records and orders.

    Args:
        records: the record of orders, fills, positions and equity.
        bus: where changes are published.
        mark_interval_s: how often prices reach the books.
        symbol_budget: symbols that one account may stream; those beyond are priced over REST.
        feed_name: what prices come from, for people: ``synthetic``, ``tape``, ``iex``, ``sip``.
    """

    def __init__(
        self,
        records: Records,
        bus: EventBus,
        *,
        mark_interval_s: float,
        feed_name: str,
        symbol_budget: int = 30,
    ) -> None:
        self.feed_name = feed_name
        self._symbol_budget = symbol_budget
        self._records = records
        self._bus = bus
        self._announce: Announce = _nobody
        self._tell_loaded: Callable[[AccountId, str], object] = _nobody
        self._stopping = Event()
        self._linked: dict[AccountId, _Linked] = {}
        self._links = Links()
        # written on the feed's thread only
        self._silent: set[tuple[AccountId, Hop]] = set()
        self._feed = FeedLoop(self)
        self._pool = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="broker-rest")
        self._marker = Marker(mark_interval_s, self._stopping)
        self._sampler = EquitySampler(records, self._all_figures, self._stopping)
        self._clocks: dict[AccountId, tuple[float, MarketClock]] = {}
        self._assets: dict[AccountId, list[Asset]] = {}
        self._bars = BarCache()
        self._lock = Lock()

    # life

    def on_silence(self, announce: Announce) -> None:
        """Have announce called when a link that was live goes silent, and when it speaks again."""
        self._announce = announce

    def on_loaded(self, listener: Callable[[AccountId, str], object]) -> None:
        """Have listener called with each account's broker number once its book is loaded."""
        self._tell_loaded = listener

    def link(self, account_id: AccountId, credentials: Credentials) -> None:
        """Take on an account; before or after ``start``."""
        rest = BrokerRest(credentials)
        live = LiveBook(Book(account_id), self._records, self._bus, self._stopping)
        desk = AccountDesk(
            account_id, live, rest, self._feed, self._pool, self._symbol_budget, self._loaded
        )
        orders = OrderDesk(desk, rest, OrderExecutor(rest), self._pool, self._stopping)
        self._linked[account_id] = _Linked(desk, orders, rest)
        self._feed.add_account(account_id, credentials)
        desk.start(_day_start())
        self._marker.add(live, self._feed.board(account_id))

    def start(self) -> None:
        """Start the feed, the pricing and the sampling."""
        self._feed.start()
        self._marker.start()
        self._sampler.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Close the feeds, book what has arrived, end all threads."""
        self._stopping.set()
        self._feed.stop(timeout_s)
        for linked in self._linked.values():
            linked.desk.stop(timeout_s)
        self._marker.stop(timeout_s)
        self._sampler.join(timeout_s)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for linked in self._linked.values():
            linked.rest.close()

    def wait_loaded(self, timeout_s: float) -> bool:
        """Wait until every account has met its broker; say whether all have in time."""
        deadline = time.monotonic() + timeout_s
        return all(
            linked.desk.loaded.wait(max(0.0, deadline - time.monotonic()))
            for linked in self._linked.values()
        )

    # the feed's sink, on the feed's thread

    def on_trade_update(
        self, account_id: AccountId, raw: Mapping[str, Any], arrived_ns: int
    ) -> None:
        """Queue a live event at the account's desk."""
        self._of(account_id).desk.post(FrameArrived(raw, arrived_ns))

    def on_link(
        self, account_id: AccountId, hop: Hop, state: LinkState, at: datetime, detail: str
    ) -> None:
        """Note a link's state, tell the desk, and tell viewers when it matters to them."""
        before = self._links.record(account_id, hop, Link(state=state, since=at, detail=detail))
        log.info("link", account=account_id, hop=hop, state=state, detail=detail)
        if hop == "broker":
            self._of(account_id).desk.post(BrokerLinkChanged(state))
        if self._stopping.is_set():
            return
        was_live = before is not None and before.state == "live"
        if state == "refused" or (was_live and state != "live"):
            self._silent.add((account_id, hop))
            self._announce(account_id, "stale", hop, at)
        elif state == "live" and (account_id, hop) in self._silent:
            self._silent.discard((account_id, hop))
            self._announce(account_id, "fresh", hop, at)

    # what the doors ask

    def snapshot(self, account_id: AccountId) -> BookSnapshot:
        """Return an account whole."""
        return self._of(account_id).desk.live.snapshot()

    def order(self, account_id: AccountId, order_id: OrderId) -> Order | None:
        """Return an order held in memory; older ones are in the record."""
        return self._of(account_id).desk.live.order(order_id)

    def submit(self, account_id: AccountId, ticket: OrderTicket) -> Order:
        """Store an order and send it; returns at once with the order as stored."""
        return self._of(account_id).orders.submit(ticket)

    def cancel(self, account_id: AccountId, order_id: OrderId) -> Order:
        """Ask for a cancel. Raises UnknownOrder, OrderNotCancelable, BrokerError."""
        return self._of(account_id).orders.cancel(order_id)

    def replace(self, account_id: AccountId, order_id: OrderId, changes: OrderChanges) -> Order:
        """Replace a working order. Raises UnknownOrder, OrderNotCancelable, BrokerError."""
        return self._of(account_id).orders.replace(order_id, changes)

    def close_position(self, account_id: AccountId, symbol: str) -> Order:
        """Close a position at the market. Raises BrokerError."""
        return self._of(account_id).orders.close_position(symbol)

    def quote(self, account_id: AccountId, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol, followed for a while from now on.

        The first question is answered over REST, later ones from the stream. None where
        the broker has no quote, or no such symbol: that one is not followed.

        Raises:
            BrokerUnreachable: the broker gave no answer.
        """
        linked = self._of(account_id)
        quote = self._feed.board(account_id).quote(symbol)
        if quote is None:
            quote = _asked(linked.rest, symbol)
        if quote is not None:
            linked.desk.look(symbol)
        return quote

    def clock(self, account_id: AccountId) -> MarketClock | None:
        """Return the market's hours, at most CLOCK_KEPT_S old; None when nobody can tell."""
        kept = self._clocks.get(account_id)
        if kept is not None and time.monotonic() - kept[0] < CLOCK_KEPT_S:
            return kept[1]
        try:
            clock = self._of(account_id).rest.clock()
        except (BrokerError, ConversionError) as error:
            log.warning("the market's clock could not be read", reason=str(error))
            return None
        self._clocks[account_id] = (time.monotonic(), clock)
        return clock

    def assets(self, account_id: AccountId) -> list[Asset]:
        """Return what can be traded, fetched once. Raises BrokerError."""
        with self._lock:
            if account_id not in self._assets:
                self._assets[account_id] = self._of(account_id).rest.assets()
            return self._assets[account_id]

    def bars(
        self, account_id: AccountId, symbols: frozenset[str], timeframe: str, since: datetime
    ) -> dict[str, list[Bar]]:
        """Return each symbol's past prices, at most some seconds old. Raises BrokerError.

        Args:
            account_id: whose broker is asked.
            symbols: shares and pairs.
            timeframe: ``1Min``, ``5Min``, ``15Min``, ``1Hour``, ``1Day``.
            since: aware UTC; its seconds are dropped, so that pages opened together share.
        """
        start = since.replace(second=0, microsecond=0)
        rest = self._of(account_id).rest
        key = (account_id, symbols, timeframe, start)
        return self._bars.get(key, lambda: rest.bars(symbols, timeframe, start))

    def links(self, account_id: AccountId) -> dict[Hop, Link]:
        """Return the state of an account's links by hop."""
        return self._links.of(account_id)

    def upstream(self) -> list[LinkStatus]:
        """Return all upstream connections, for the admin page."""
        return self._feed.links()

    def broker_down(self) -> bool:
        """Say whether an account's order link is not live."""
        return self._links.any_broker_down()

    def corrections(self) -> int:
        """Return how many differences from the brokers were corrected since the start."""
        return sum(linked.desk.counts["corrections"] for linked in self._linked.values())

    # inside

    def _of(self, account_id: AccountId) -> _Linked:
        try:
            return self._linked[account_id]
        except KeyError:
            raise UnknownAccount(account_id) from None

    def _loaded(self, account_id: AccountId, number: str, unsent: tuple[Order, ...]) -> None:
        log.info("account loaded", account=account_id, unsent=len(unsent))
        self._tell_loaded(account_id, number)
        self._of(account_id).orders.resume(unsent)

    def _all_figures(self) -> Iterator[tuple[AccountId, AccountFigures | None]]:
        for account_id, linked in tuple(self._linked.items()):
            yield account_id, linked.desk.live.figures()


def _asked(rest: BrokerRest, symbol: str) -> Quote | None:
    """Ask for a quote; what the broker refuses to know has none."""
    try:
        return next(iter(rest.latest_quotes([symbol])), None)
    except (BrokerUnreachable, CredentialsRefused):
        raise
    except BrokerError:
        return None


def _day_start() -> datetime:
    """Return the last midnight in New York, aware UTC."""
    now = datetime.now(MARKET_ZONE)
    return now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _nobody(*_: object) -> None:
    """Stand in until somebody listens."""
