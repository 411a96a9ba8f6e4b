"""The bounds within which the stream works, all of them settings."""

from __future__ import annotations

from dataclasses import dataclass

_MS = 1_000_000
_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLimits:
    """Sizes, rates and intervals of the stream; the defaults are the specification's.

    Attributes:
        batch_window_ms: positions and account figures are sent at most this often.
        max_connections_per_user: one more gets 1013.
        max_total_connections: of this process; one more gets 1013.
        messages_per_second: client messages per connection; one more gets 1008.
        max_message_bytes: of a client message; a longer one gets 1009.
        heartbeat_interval_s: between pings to a connection.
        heartbeat_timeout_s: a peer silent for this long is closed.
        history_s: how long batches are kept for a client that comes back.
        history_batches: how many batches of an account are kept at most.
        send_cap_bytes: unsent bytes of a connection; more gets 4008.
        write_timeout_s: by then a message must have left; else 4008.
        ack_timeout_s: by then a client that acks must have acked; else 4008.
        close_timeout_s: how long the peer's answer to a close is awaited.
        control_hold_ms: pause after a control message to a client that acks.
        reconnect_after_ms: bounds of the random pause asked of clients on shutdown.
        allowed_origins: origins admitted beside the host's own, such as ``https://desk.example``.
    """

    batch_window_ms: int = 250
    max_connections_per_user: int = 5
    max_total_connections: int = 100
    messages_per_second: int = 100
    max_message_bytes: int = 64 * 1024
    heartbeat_interval_s: float = 15.0
    heartbeat_timeout_s: float = 30.0
    history_s: float = 120.0
    history_batches: int = 300
    send_cap_bytes: int = 1024 * 1024
    write_timeout_s: float = 10.0
    ack_timeout_s: float = 30.0
    close_timeout_s: float = 1.0
    control_hold_ms: int = 50
    reconnect_after_ms: tuple[int, int] = (250, 3000)
    allowed_origins: frozenset[str] = frozenset()

    @property
    def batch_window_ns(self) -> int:
        """Return the batch window in nanoseconds."""
        return self.batch_window_ms * _MS

    @property
    def control_hold_ns(self) -> int:
        """Return the pause after a control message in nanoseconds."""
        return self.control_hold_ms * _MS

    @property
    def history_ns(self) -> int:
        """Return how long batches are kept, in nanoseconds."""
        return seconds_ns(self.history_s)


def seconds_ns(seconds: float) -> int:
    """Return seconds as whole nanoseconds."""
    return int(seconds * _S)
