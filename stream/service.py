"""The stream as the rest of AlphaFlow sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal

from flask import Flask

from portfolio.changes import Change
from portfolio.ids import AccountId, UserId
from portfolio.values import BookSnapshot
from stream.clock import Clock, SystemClock
from stream.limits import StreamLimits
from stream.viewer import StreamViewer
from stream.wire import Json

__all__ = ["PortfolioStream", "StreamLimits", "StreamViewer"]


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
        self.enabled = enabled
        self._snapshot_of = snapshot_of
        self._broker_down = broker_down
        self._clock = clock or SystemClock()

    @property
    def ready(self) -> bool:
        """Say whether new connections are welcome: started and not draining."""
        raise NotImplementedError

    def open_account(self, account_id: AccountId, owner: UserId) -> None:
        """Make account_id known; events for it are accepted from now on."""
        raise NotImplementedError

    def offer(self, changes: Sequence[Change]) -> None:
        """Take what changed, in order, after it was stored. Never blocks on a client."""
        raise NotImplementedError

    def announce(
        self,
        account_id: AccountId,
        kind: Literal["stale", "fresh"],
        hop: Literal["broker", "market_data"],
        since: datetime,
    ) -> None:
        """Tell viewers of account_id that a hop fell silent, or speaks again (R14)."""
        raise NotImplementedError

    def register(self, app: Flask, authenticate: Callable[[], StreamViewer | None]) -> None:
        """Mount ``/ws/portfolio`` on app; authenticate reads the request's session."""
        raise NotImplementedError

    def set_enabled(self, *, enabled: bool) -> None:
        """Switch streaming on or off; off closes every connection with 4003."""
        raise NotImplementedError

    def set_accounts(self, user_id: UserId, accounts: frozenset[AccountId]) -> None:
        """Replace what user_id may see; open connections follow at once."""
        raise NotImplementedError

    def close_session(self, session_id: str, reason: str = "session ended") -> int:
        """Close the connections of a session with 1008; return how many."""
        raise NotImplementedError

    def close_user(self, user_id: UserId, reason: str = "access ended") -> int:
        """Close the connections of a user with 1008; return how many."""
        raise NotImplementedError

    def close_connection(self, connection_id: str, reason: str = "closed by an admin") -> bool:
        """Close one connection with 1008; say whether there was one."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the threads. After a fork: in the process that serves."""
        raise NotImplementedError

    def drain(self, timeout_s: float = 10.0) -> bool:
        """Flush, tell clients when to come back, close with 1001, stop (R13).

        Returns:
            Whether every handler had ended within timeout_s.
        """
        raise NotImplementedError

    def count_drift(self, corrections: int = 1) -> None:
        """Count differences that a page found between REST and stream (R10)."""
        raise NotImplementedError

    def stats(self) -> Json:
        """Return the websocket-stats object of the specification's section 4."""
        raise NotImplementedError

    def history(self) -> list[Json]:
        """Return the last hour's samples, oldest first, for the admin page's charts."""
        raise NotImplementedError

    def connections(self) -> list[Json]:
        """Return one object per open connection, for the admin page."""
        raise NotImplementedError
