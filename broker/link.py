"""Keeps one upstream connection alive: attempt, live, gap, wait, attempt again.

alpaca-py's own loop retries wrong credentials for ever, hides a drop from its
user and ends silently on 409 (facts: alpaca.md, section 1), so the loop is ours;
the streams under it are alpaca-py's.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

from websockets.exceptions import ConnectionClosed, InvalidHandshake, WebSocketException
from websockets.legacy.client import WebSocketClientProtocol
from websockets.legacy.exceptions import InvalidStatusCode

from broker.backoff import CEILING_S, NOBODY_LISTENS_CEILING_S, delay_s
from broker.meter import FrameMeter
from broker.sink import LinkState
from portfolio.errors import CredentialsRefused

log = logging.getLogger(__name__)

STABLE_S = 10.0
"""A link that was live this long starts its backoff from the beginning."""
_CLOSE_S = 1.5
WEBSOCKET_PARAMS: dict[str, Any] = {
    "ping_interval": 10,
    # alpaca-py waits 180 s for a pong: a half-open socket would look live for three minutes
    "ping_timeout": 20,
    "open_timeout": 10,
    "close_timeout": 0.5,
    "max_queue": 1024,
    "max_size": 16 * 2**20,
    "compression": None,
}


class Upstream(Protocol):
    """One alpaca-py stream, able to run one connection at a time."""

    meter: FrameMeter

    async def wanted(self) -> None:
        """Return when there is a reason to be connected."""

    async def session(self, link: Link) -> None:
        """Connect, authenticate, subscribe and read; returns only when no longer wanted.

        Raises:
            CredentialsRefused: the broker will never let us in.
            Exception: anything else ends this connection; another attempt follows.
        """

    async def close(self) -> None:
        """Close the connection if there is one, within a bound."""


class Link:
    """The life of one upstream connection. Loop thread only, except the attributes' reading.

    Args:
        upstream: what to keep connected.
        report: told of every change of state.
    """

    def __init__(self, upstream: Upstream, report: Callable[[LinkState, str], None]) -> None:
        self.upstream = upstream
        self.state: LinkState = "connecting"
        self.detail = "attempt 1"
        self.since = datetime.now(UTC)
        self.connects = 0
        self._report = report
        self._reported: tuple[LinkState, str] | None = None
        self._failures = 0
        self._ceiling_s = CEILING_S
        self._live_at: float | None = None
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Stay connected until refused or cancelled."""
        try:
            while await self._attempt():
                await self._pause()
        finally:
            await self.upstream.close()
            if self.state != "refused":
                self.say("down", "stopped")

    def say(self, state: LinkState, detail: str = "") -> None:
        """Record and report a state; saying the same again is silent."""
        if (state, detail) == self._reported:
            return
        self._reported = (state, detail)
        if state == "live" and self.state != "live":
            self.connects += 1
            self._live_at = asyncio.get_running_loop().time()
        self.state, self.detail, self.since = state, detail, datetime.now(UTC)
        self._report(state, detail)

    def retry_now(self) -> None:
        """End the wait before the next attempt."""
        self._wake.set()

    async def _attempt(self) -> bool:
        """Run one connection to its end; False when there must be no other."""
        await self.upstream.wanted()
        self.say("connecting", f"attempt {self._failures + 1}")
        try:
            await self.upstream.session(self)
            self._failures = 0
            self.say("down", "nothing is watched")
        except CredentialsRefused as refusal:
            log.error("%s: refused: %s", self.upstream.meter.name, refusal)  # noqa: TRY400
            self.say("refused", str(refusal))
            return False
        except Exception as error:  # noqa: BLE001 - top of the link: whatever ends a
            # connection ends only that connection; it is reported, counted and waited out
            self._lost(error)
        finally:
            await self.upstream.close()
        return True

    def _lost(self, error: Exception) -> None:
        """Report a lost or failed connection and choose the wait before the next."""
        live_s = 0.0 if self._live_at is None else self._now() - self._live_at
        was_live, self._live_at = self._live_at is not None, None
        self._failures = 1 if live_s >= STABLE_S else self._failures + 1
        why = describe(error)
        log.warning("%s: connection lost: %s", self.upstream.meter.name, why)
        self._ceiling_s = NOBODY_LISTENS_CEILING_S if nobody_listens(error) else CEILING_S
        self.say("gap" if was_live else "down", why)

    async def _pause(self) -> None:
        if not self._failures:
            return
        wait_s = delay_s(self._failures, ceiling_s=self._ceiling_s)
        self._wake.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._wake.wait()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def hang_up(socket: WebSocketClientProtocol | None) -> None:
    """Close a connection politely within a bound, then without courtesy. None passes."""
    if socket is None:
        return
    try:
        async with asyncio.timeout(_CLOSE_S):
            await socket.close()
    except (TimeoutError, OSError, WebSocketException):
        log.debug("closing handshake failed")
    finally:
        socket.transport.abort()


def refusal_of(error: InvalidStatusCode) -> CredentialsRefused | None:
    """Return the refusal that a failed WebSocket upgrade stands for, None for a passing fault."""
    if error.status_code not in (401, 403):
        return None
    return CredentialsRefused(
        status=error.status_code, code=None, message=f"HTTP {error.status_code} on connecting"
    )


def nobody_listens(error: Exception) -> bool:
    """Say whether the connection was refused, on every address that the host name has."""
    if isinstance(error, ConnectionRefusedError):
        return True
    # asyncio joins the errors of several addresses into the text of one plain OSError
    return isinstance(error, OSError) and f"[Errno {errno.ECONNREFUSED}]" in str(error)


def describe(error: Exception) -> str:
    """Return an error in words for a person, without any payload."""
    if isinstance(error, ConnectionClosed):
        received = error.rcvd
        return f"closed {received.code} {received.reason}".strip() if received else "cut off"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, InvalidHandshake | OSError | StreamFault):
        return str(error) or type(error).__name__
    return type(error).__name__


class StreamFault(Exception):
    """The server broke the protocol, or ended the session with an error message."""
