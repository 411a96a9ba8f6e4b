"""The lines that operators look for (O3): who came, who left, what was flushed.

They carry ids and counts only, never a payload, a key or a cookie.
"""

from __future__ import annotations

from collections.abc import Iterable

import structlog

from portfolio.changes import TOPICS
from stream.account import AccountStream
from stream.batch import Batch

_log = structlog.get_logger("stream")
_QUIET_NS = 10_000_000_000


def initialized(path: str) -> None:
    """Say that the endpoint is mounted."""
    _log.info(f"[STARTUP] Portfolio stream initialized on {path}")


def listening() -> None:
    """Say which events the stream takes."""
    _log.info(f"[STARTUP] Event bus listeners registered: {list(TOPICS)}")


def connected(user_id: str, connection_id: str, of_user: int) -> None:
    """Say that a client came."""
    _log.info(
        f"[PortfolioStream] Client connected: userId={user_id}, connectionId={connection_id}, "
        f"totalUserConnections={of_user}"
    )


def subscribed(channels: Iterable[str]) -> None:
    """Say what a client asked for."""
    _log.info(f"[PortfolioStream] Client subscribed to channels: {list(channels)}")


def refused(user_id: str, code: int, reason: str) -> None:
    """Say that a client was turned away."""
    _log.warning(
        f"[PortfolioStream] Client refused: userId={user_id}, code={code}, reason={reason}"
    )


def disconnected(user_id: str, code: int, reason: str, duration_s: int) -> None:
    """Say that a client left."""
    _log.info(
        f"[PortfolioStream] Client disconnected: userId={user_id}, code={code}, reason={reason}, "
        f"duration={duration_s}s"
    )


def flushed(account: AccountStream, batch: Batch) -> None:
    """Say what was sent: each batch with an order or a trade, of the others one in ten seconds."""
    account.unlogged_batches += 1
    urgent = batch.count("orders") + batch.count("trades")
    if not urgent and batch.flushed_ns - account.logged_ns < _QUIET_NS:
        return
    _log.info(
        f"[PortfolioStream] Batch flushed: accountId={batch.account_id}, seq={batch.seq}, "
        f"positionUpdates={batch.count('positions')}, orderUpdates={batch.count('orders')}, "
        f"trades={batch.count('trades')}, totalEvents={batch.events}, "
        f"batchesSinceLastLine={account.unlogged_batches}"
    )
    account.logged_ns = batch.flushed_ns
    account.unlogged_batches = 0
