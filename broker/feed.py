"""All accounts' live streams in one asyncio loop, in one thread of its own.

alpaca-py's streams each want a thread and a loop; twenty of them run in one
(facts: alpaca.md, section 1). Frames are handed on raw: converting them is the
sink's business, on whatever thread it likes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from broker.account_feed import AccountFeed, split
from broker.credentials import Credentials
from broker.price_hub import Market, PriceHub
from broker.safe_sink import SafeSink
from broker.sink import FeedSink, Hop, LinkState, LinkStatus
from broker.ticks import TickBoard
from portfolio.errors import UnknownAccount
from portfolio.ids import AccountId

__all__ = ["FeedLoop", "FeedSink", "Hop", "LinkState", "LinkStatus"]

_CLOSE_S = 3.0


class FeedLoop:
    """Keeps every linked account connected, from one thread.

    Methods may be called from any thread, the loop's own included, and never wait
    for the loop, except start and stop. The loop thread alone touches streams and
    hubs; the lock guards only what the callers' side keeps.

    Args:
        sink: who listens.
    """

    def __init__(self, sink: FeedSink) -> None:
        self._sink = SafeSink(sink)
        self._lock = threading.Lock()
        self._boards: dict[AccountId, TickBoard] = {}
        self._waiting: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._running = threading.Event()
        # from here on: loop thread only
        self._feeds: dict[AccountId, AccountFeed] = {}
        self._watched: dict[AccountId, frozenset[str]] = {}
        self._hubs: dict[tuple[Credentials, Market], PriceHub] = {}
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def listener_failures(self) -> int:
        """Return how many calls of the sink raised."""
        return self._sink.failures

    def start(self) -> None:
        """Start the thread, once. Accounts can be added before and after."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main()), name="broker-feed", daemon=True
        )
        self._thread.start()
        self._running.wait()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Close every connection and end the thread.

        Safe from any thread, the loop's own included, and more than once.

        Args:
            timeout_s: seconds to wait for the thread.

        Returns:
            Whether the thread has ended; from the loop's own thread always False.
        """
        thread = self._thread
        if thread is None:
            return True
        self._call(self._stopping.set)
        if thread is threading.current_thread():
            return False
        thread.join(timeout_s)
        return not thread.is_alive()

    def add_account(self, account_id: AccountId, credentials: Credentials) -> None:
        """Link an account: its trade updates begin.

        Args:
            account_id: ours.
            credentials: added again with others, they replace the old ones; the board
                and what is watched stay.
        """
        with self._lock:
            board = self._boards.setdefault(account_id, TickBoard())
        self._call(lambda: self._link(account_id, credentials, board))

    def remove_account(self, account_id: AccountId) -> None:
        """Unlink an account: its streams close, its board is forgotten. Unknown ids pass."""
        with self._lock:
            self._boards.pop(account_id, None)
        self._call(lambda: self._unlink(account_id))

    def watch(self, account_id: AccountId, symbols: frozenset[str]) -> None:
        """Set the symbols whose trades and quotes the account wants.

        Args:
            account_id: ours.
            symbols: all of them; one with ``/`` is crypto. The union of all accounts of a
                credential is subscribed, on one connection per feed.

        Raises:
            UnknownAccount: when the account was not added.
        """
        self.board(account_id).keep_only(symbols)
        self._call(lambda: self._watch(account_id, symbols))

    def board(self, account_id: AccountId) -> TickBoard:
        """Return the account's own board: stocks and crypto, drained by nobody else.

        Raises:
            UnknownAccount: when the account was not added.
        """
        with self._lock:
            board = self._boards.get(account_id)
        if board is None:
            raise UnknownAccount(account_id)
        return board

    def retry_now(self, account_id: AccountId) -> None:
        """End the wait before the next attempt, for example when REST answers again."""
        self._call(lambda: self._retry(account_id))

    def links(self) -> list[LinkStatus]:
        """Return all upstream connections: trade updates by account, then prices."""
        own = [feed.status() for feed in list(self._feeds.values())]
        return [s for s in own if s] + [hub.status() for hub in list(self._hubs.values())]

    def _call(self, act: Callable[[], None]) -> None:
        """Have the loop thread do it, in order; after the end of the loop, nobody does."""
        with self._lock:
            if self._loop is None:
                self._waiting.append(act)
                return
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(act)

    async def _main(self) -> None:
        self._stopping = asyncio.Event()
        with self._lock:
            self._loop = asyncio.get_running_loop()
            for act in self._waiting:
                self._loop.call_soon(act)
            self._waiting.clear()
        self._running.set()
        await self._stopping.wait()
        await self._close_all()

    async def _close_all(self) -> None:
        for account_id in list(self._feeds):
            self._unlink(account_id)
        while self._ending:
            _, late = await asyncio.wait(self._ending, timeout=_CLOSE_S)
            if late:
                return  # asyncio.run cancels them once more and ends

    def _link(self, account_id: AccountId, credentials: Credentials, board: TickBoard) -> None:
        watched = self._watched.get(account_id, frozenset())
        self._unlink(account_id)
        feed = self._feeds[account_id] = AccountFeed(account_id, credentials, board, self._sink)
        feed.begin()
        if watched:
            self._watch(account_id, watched)

    def _unlink(self, account_id: AccountId) -> None:
        self._watched.pop(account_id, None)
        feed = self._feeds.pop(account_id, None)
        if feed is None:
            return
        self._await(feed.end())
        for key, hub in list(self._hubs.items()):
            if hub.is_unused:
                del self._hubs[key]
                self._await([hub.cancel()])

    def _watch(self, account_id: AccountId, symbols: frozenset[str]) -> None:
        feed = self._feeds.get(account_id)
        if feed is None:
            return  # removed in the meantime
        self._watched[account_id] = symbols
        feed.board.keep_only(symbols)  # once more: ticks came between the call and now
        for market, wanted in split(symbols).items():
            key = (feed.credentials, market)
            if wanted and key not in self._hubs:
                self._hubs[key] = PriceHub(*key, self._market_changed)
            if key in self._hubs:
                feed.watch(market, wanted, self._hubs[key])

    def _retry(self, account_id: AccountId) -> None:
        feed = self._feeds.get(account_id)
        if feed is not None:
            feed.retry_now()

    def _market_changed(self, account_ids: Iterable[AccountId]) -> None:
        for account_id in account_ids:
            feed = self._feeds.get(account_id)
            if feed is not None:
                feed.market_changed()

    def _await(self, tasks: Iterable[asyncio.Task[None]]) -> None:
        """Keep ending tasks referenced until they have ended."""
        for task in tasks:
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
