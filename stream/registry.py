"""Which connections are open and which account's events each of them receives."""

from __future__ import annotations

import threading
from collections.abc import Callable

from portfolio.ids import AccountId, UserId
from stream.connection import Connection
from stream.limits import StreamLimits
from stream.viewer import granted


class Registry:
    """The process's connections. Thread-safe; it calls nobody while it holds its lock.

    Args:
        limits: how many connections are allowed.
    """

    def __init__(self, limits: StreamLimits) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._open: dict[str, Connection] = {}
        self._joined: dict[AccountId, dict[Connection, None]] = {}

    def admit(self, connection: Connection) -> int | None:
        """Take connection in.

        Returns:
            How many the user has now, None when a limit is reached. One that is closing
            does not count any more.
        """
        with self._changed:
            live = [other for other in self._open.values() if not other.closed_with]
            mine = sum(other.viewer.user_id == connection.viewer.user_id for other in live)
            if (
                len(live) >= self._limits.max_total_connections
                or mine >= self._limits.max_connections_per_user
            ):
                return None
            self._open[connection.connection_id] = connection
            return mine + 1

    def remove(self, connection: Connection) -> None:
        """Forget connection."""
        with self._changed:
            self._open.pop(connection.connection_id, None)
            for joined in self._joined.values():
                joined.pop(connection, None)
            self._changed.notify_all()

    def join(self, connection: Connection, account_id: AccountId) -> None:
        """Let connection receive events of account_id, as far as they are granted."""
        with self._changed:
            if connection.connection_id in self._open:
                self._joined.setdefault(account_id, {})[connection] = None

    def part(self, connection: Connection, account_id: AccountId) -> None:
        """Let connection receive no more events of account_id."""
        with self._changed:
            self._joined.get(account_id, {}).pop(connection, None)

    def audience(self, account_id: AccountId) -> list[Connection]:
        """Return the connections that get events of account_id: joined, and granted right now."""
        with self._changed:
            joined = list(self._joined.get(account_id, ()))
        return [connection for connection in joined if granted(connection.viewer, account_id)]

    def open(self) -> list[Connection]:
        """Return the connections that are neither gone nor closing."""
        with self._changed:
            return [each for each in self._open.values() if not each.closed_with]

    def all(self) -> list[Connection]:
        """Return every connection whose handler still runs."""
        with self._changed:
            return list(self._open.values())

    def of_user(self, user_id: UserId) -> list[Connection]:
        """Return a user's open connections."""
        return [each for each in self.open() if each.viewer.user_id == user_id]

    def find(self, connection_id: str) -> Connection | None:
        """Return the connection of that id, None where there is none."""
        with self._changed:
            return self._open.get(connection_id)

    def wait_until_empty(self, timeout_s: float) -> bool:
        """Wait until every handler has ended; say whether that came true."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._open, timeout_s)

    def close_where(self, chosen: Callable[[Connection], bool], code: int, reason: str) -> int:
        """Close the open connections that are chosen; return how many."""
        closing = [each for each in self.open() if chosen(each)]
        for connection in closing:
            connection.close(code, reason)
        return len(closing)
