"""The stream as the rest of AlphaFlow sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from flask import Flask

from portfolio.changes import Change
from portfolio.ids import AccountId, UserId
from portfolio.values import BookSnapshot
from stream import logs
from stream.admin import connection_json
from stream.clock import Clock, SystemClock
from stream.codes import POLICY_VIOLATION, STREAMING_DISABLED
from stream.connection import Surroundings
from stream.drain import drain_hub, install_drain
from stream.drainer import SelectorDrainer
from stream.endpoint import Endpoint
from stream.handshake import Refusal
from stream.hub import Hub
from stream.limits import StreamLimits
from stream.registry import Registry
from stream.schedule import Schedule
from stream.stats import SAMPLE_S, StreamStats
from stream.viewer import StreamViewer
from stream.wire import Json, time_text

__all__ = ["PortfolioStream", "StreamLimits", "StreamViewer", "install_drain"]


class PortfolioStream:
    """Batches the changes of every account and sends them to whoever may see them.

    Thread-safe. ``start`` begins the threads; nothing runs before.

    Args:
        limits: sizes, rates, intervals.
        snapshot_of: the account whole, as of now; may be called from any thread. It must not
            be waiting for a call of ``offer`` on another thread.
        enabled: False answers upgrades with 503.
        broker_down: says whether a broker link is down, for the status.
        clock: where to read the time.
    """

    def __init__(
        self,
        limits: StreamLimits,
        snapshot_of: Callable[[AccountId], BookSnapshot],
        *,
        enabled: bool = True,
        broker_down: Callable[[], bool] = lambda: False,
        clock: Clock | None = None,
    ) -> None:
        self.limits = limits
        self._enabled = enabled
        self._started = self._draining = False
        self._broker_down = broker_down
        self._clock = clock or SystemClock()
        self._stats = StreamStats(limits, self._clock)
        self._flusher = Schedule("stream-flusher", self._clock)
        self._housekeeping = Schedule("stream-housekeeping", self._clock)
        self._drainer = SelectorDrainer()
        shared = Surroundings(limits, self._clock, self._stats, self._housekeeping)
        self._hub = Hub(shared, self._flusher, snapshot_of)
        self._endpoint = Endpoint(self._hub, shared, self._drainer, self._closed)

    @property
    def enabled(self) -> bool:
        """Say whether streaming is switched on."""
        return self._enabled

    @property
    def ready(self) -> bool:
        """Say whether new connections are welcome: started and not draining."""
        return self._started and not self._draining

    def open_account(self, account_id: AccountId, owner: UserId) -> None:
        """Make account_id known; events for it are accepted from now on."""
        self._hub.open_account(account_id, owner)

    def offer(self, changes: Sequence[Change]) -> None:
        """Take what changed, in order, after it was stored. Never blocks on a client."""
        self._hub.offer(changes)

    def announce(
        self,
        account_id: AccountId,
        kind: Literal["stale", "fresh"],
        hop: Literal["broker", "market_data"],
        since: datetime,
    ) -> None:
        """Tell viewers of account_id that a hop fell silent, or speaks again (R14)."""
        self._hub.announce(account_id, kind, {"hop": hop, "since": time_text(since)})

    def register(self, app: Flask, authenticate: Callable[[], StreamViewer | None]) -> None:
        """Mount ``/ws/portfolio`` on app; authenticate reads the request's session."""
        self._endpoint.register(app, authenticate)

    def set_enabled(self, *, enabled: bool) -> None:
        """Switch streaming on or off; off closes every connection with 4003."""
        self._enabled = enabled
        if not enabled:
            self._registry.close_where(lambda _: True, STREAMING_DISABLED, "streaming is disabled")

    def set_accounts(self, user_id: UserId, accounts: frozenset[AccountId]) -> None:
        """Replace what user_id may see; open connections follow at once."""
        self._hub.set_accounts(user_id, accounts)

    def close_session(self, session_id: str, reason: str = "session ended") -> int:
        """Close the connections of a session with 1008; return how many."""
        return self._registry.close_where(
            lambda each: each.viewer.session_id == session_id, POLICY_VIOLATION, reason
        )

    def close_user(self, user_id: UserId, reason: str = "access ended") -> int:
        """Close the connections of a user with 1008; return how many."""
        return self._registry.close_where(
            lambda each: each.viewer.user_id == user_id, POLICY_VIOLATION, reason
        )

    def close_connection(self, connection_id: str, reason: str = "closed by an admin") -> bool:
        """Close one connection with 1008; say whether there was one."""
        return bool(
            self._registry.close_where(
                lambda each: each.connection_id == connection_id, POLICY_VIOLATION, reason
            )
        )

    def start(self) -> None:
        """Start the threads. After a fork: in the process that serves."""
        if self._started:
            return
        self._started = True
        self._drainer.start()
        self._flusher.start()
        self._housekeeping.start()
        self._sample()
        logs.listening()

    def drain(self, timeout_s: float = 10.0) -> bool:
        """Flush, tell clients when to come back, close with 1001, stop (R13).

        Returns:
            Whether every handler had ended within timeout_s.
        """
        if self._draining:
            return True
        self._draining = True
        ended = drain_hub(self._hub, self.limits, timeout_s)
        self._flusher.stop()
        self._housekeeping.stop()
        self._drainer.stop()
        return ended

    def count_drift(self, corrections: int = 1) -> None:
        """Count differences that a page found between REST and stream (R10)."""
        self._stats.count("drift", corrections)

    def stats(self) -> Json:
        """Return the websocket-stats object of the specification's section 4."""
        open_now = [connection.figures() for connection in self._registry.open()]
        return self._stats.report(open_now, enabled=self._enabled, broker_down=self._broker_down())

    def history(self) -> list[Json]:
        """Return the last hour's samples, oldest first, for the admin page's charts."""
        return self._stats.history()

    def connections(self) -> list[Json]:
        """Return one object per open connection, for the admin page."""
        now_ns = self._clock.monotonic_ns()
        return [connection_json(each, now_ns) for each in self._registry.open()]

    @property
    def _registry(self) -> Registry:
        return self._hub.registry

    def _sample(self) -> None:
        self._stats.sample(len(self._registry.open()))
        self._housekeeping.after(SAMPLE_S, self._sample)

    def _closed(self) -> Refusal | None:
        if not self._enabled:
            return Refusal(503, "disabled", "Streaming is switched off; poll instead")
        if not self.ready:
            return Refusal(503, "draining", "The server is starting or stopping", _RETRY)
        return None


_RETRY = {"Retry-After": "1"}
