"""When a connection is pinged and when it counts as dead (R7).

Pure. One shared thread asks it for every connection; nothing runs per connection.
"""

from __future__ import annotations

from typing import Literal


class Heartbeat:
    """One connection's pulse.

    Args:
        interval_ns: between pings.
        timeout_ns: a peer from which nothing came for this long is dead.
        now_ns: when the connection began.
        spread: 0 to 1; the first ping comes after this part of an interval, so that clients
            that reconnected together aren't pinged together.
    """

    def __init__(
        self, *, interval_ns: int, timeout_ns: int, now_ns: int, spread: float = 1.0
    ) -> None:
        self._interval_ns = interval_ns
        self._timeout_ns = timeout_ns
        self._heard_ns = now_ns
        self._next_ping_ns = now_ns + int(interval_ns * spread)

    def heard(self, now_ns: int) -> None:
        """Note that bytes came from the peer, whatever they say."""
        self._heard_ns = now_ns

    def beat(self, now_ns: int) -> Literal["ping", "dead"] | None:
        """Return what is due now."""
        if now_ns - self._heard_ns >= self._timeout_ns:
            return "dead"
        if now_ns < self._next_ping_ns:
            return None
        self._next_ping_ns = now_ns + self._interval_ns
        return "ping"

    def next_ns(self) -> int:
        """Return when to ask again."""
        return min(self._next_ping_ns, self._heard_ns + self._timeout_ns)
