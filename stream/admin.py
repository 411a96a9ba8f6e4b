"""An open connection as the admin page shows it."""

from __future__ import annotations

from stream.connection import Connection
from stream.wire import Json, time_text


def connection_json(connection: Connection, now_ns: int) -> Json:
    """Return one row of ``/api/admin/connections``; ``latencyMs`` is the last ack's.

    Args:
        connection: an open connection.
        now_ns: monotonic time.
    """
    symbols = connection.subscription.symbols
    return {
        "connectionId": connection.connection_id,
        "userId": connection.viewer.user_id,
        "remoteAddress": connection.remote,
        "connectedAt": time_text(connection.opened_at),
        "durationSeconds": (now_ns - connection.opened_ns) // 1_000_000_000,
        "accounts": sorted(connection.accounts),
        "channels": sorted(connection.subscription.channels),
        "symbols": None if symbols is None else sorted(symbols),
        "acknowledges": connection.acking,
        "resumed": connection.resumed,
        "events": connection.events,
        "messages": connection.messages,
        "latencyMs": connection.latency_ms,
        "backlogBytes": connection.backlog_bytes,
        "timeline": [{"at": time_text(at), "what": what} for at, what in connection.timeline],
    }
