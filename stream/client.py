"""A client of the stream for scripts: signs in, follows, acks, resumes, mirrors.

with PortfolioClient("http://127.0.0.1:8050", "trader", "secret") as client:
for message in client.follow():
print(message["type"], client.mirrors)
"""

from __future__ import annotations

import json
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from http.cookies import SimpleCookie
from typing import Self

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from portfolio.errors import AlphaFlowError
from stream.mirror import AccountMirror
from stream.wire import PATH, Json

_LONGEST_PAUSE_S = 30.0


class StreamRefused(AlphaFlowError):
    """The server did not let the client in.

    Args:
        status: HTTP status of the login or the upgrade.
        detail: the server's words.
    """

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(status, detail)
        self.status = status
        self.detail = detail

    def __str__(self) -> str:
        return f"the stream refused the connection with {self.status}: {self.detail}"


class PortfolioClient:
    """Follows the accounts of one user. Not thread-safe, except for ``close``.

    Args:
        base_url: of the server, such as ``http://127.0.0.1:8050``.
        username: to sign in with; unused when a cookie is given.
        password: to sign in with.
        cookie: a Cookie header of an existing session.
        timeout_s: for the login, the upgrade and each answer.

    Attributes:
        mirrors: what is known of each account.
        draining_ms: the pause that a server going away asked for, None otherwise.
    """

    def __init__(
        self,
        base_url: str,
        username: str = "",
        password: str = "",
        *,
        cookie: str | None = None,
        timeout_s: float = 10.0,
    ) -> None:
        self.mirrors: dict[str, AccountMirror] = {}
        self.draining_ms: int | None = None
        self._base_url = base_url.rstrip("/")
        self._login = {"username": username, "password": password}
        self._cookie = cookie
        self._timeout_s = timeout_s
        self._wish: Json = {}
        self._ws: ClientConnection | None = None
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def login(self) -> None:
        """Sign in with ``POST /login`` and keep the session cookie.

        Raises:
            StreamRefused: the server refused the name or the password.
            OSError: the server can't be reached.
        """
        asked = urllib.request.Request(  # noqa: S310 - the caller names the server
            f"{self._base_url}/login",
            json.dumps(self._login).encode(),
            {"Content-Type": "application/json", "Accept": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(asked, timeout=self._timeout_s) as answer:  # noqa: S310
                cookies = SimpleCookie("; ".join(answer.headers.get_all("Set-Cookie") or ()))
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise StreamRefused(refusal.code, "login failed") from None
        self._cookie = "; ".join(f"{name}={each.value}" for name, each in cookies.items())

    def connect(self) -> None:
        """Open the WebSocket, signing in first where there is no session yet.

        Raises:
            StreamRefused: no valid session, streaming off, or another site's origin.
            OSError: the server can't be reached.
        """
        if self._cookie is None:
            self.login()
        self.draining_ms = None
        try:
            # the library wants a with block; here the connection outlives this call
            self._ws = ExitStack().enter_context(
                connect(
                    f"ws{self._base_url.removeprefix('http')}{PATH}",
                    additional_headers={"Cookie": self._cookie or ""},
                    compression=None,
                    open_timeout=self._timeout_s,
                    max_size=None,
                )
            )
        except InvalidStatus as refusal:
            body = (refusal.response.body or b"").decode(errors="replace")
            raise StreamRefused(refusal.response.status_code, body) from None

    def subscribe(
        self,
        channels: Sequence[str] | None = None,
        *,
        symbols: Sequence[str] | None = None,
        accounts: Sequence[str] | None = None,
        ack: bool = True,
        resume: bool = True,
    ) -> None:
        """Ask for events, of all accounts and channels by default; before ``connect``: note it.

        Args:
            channels: positions, orders, account, trades.
            symbols: only events of these.
            accounts: only these of the granted ones.
            ack: acknowledge each message, which makes the server wait for it.
            resume: go on where the mirrors stand, instead of starting with a snapshot.
        """
        wish: Json = {"channels": channels, "symbols": symbols, "accounts": accounts}
        self._wish = {name: list(value) for name, value in wish.items() if value is not None}
        self._wish["ack"] = ack
        if self._ws is None:
            return
        known = self._positions() if resume else {}
        self._send({"type": "subscribe", **self._wish, **({"resume": known} if known else {})})

    def receive(self, timeout_s: float | None = None) -> Json:
        """Wait for a message, apply and ack it, ask for a snapshot where it shows a gap.

        Raises:
            TimeoutError: none came in time.
            ConnectionClosed: the connection is over.
        """
        message: Json = json.loads(self._connection.recv(timeout_s))
        account_id = message["accountId"]
        if message["type"] == "draining":
            self.draining_ms = message["data"]["reconnectAfterMs"]
        fit = "ignored"
        if account_id is not None:
            fit = self.mirrors.setdefault(account_id, AccountMirror()).apply(message)
        if self._wish.get("ack"):
            acked = {name: message[name] for name in ("accountId", "epoch", "seq")}
            self._send({"type": "ack", **acked})
        if fit == "gap":
            others = {a: at for a, at in self._positions().items() if a != account_id}
            self._send({"type": "subscribe", **self._wish, "resume": others})
        return message

    def follow(self) -> Iterator[Json]:
        """Yield messages for as long as the client isn't closed, reconnecting and resuming.

        ``subscribe`` may have been called before; else everything is subscribed, with acks.

        Raises:
            StreamRefused: with 401 or 403, which a retry can't mend.
        """
        attempt = 0
        while not self._closed.is_set():
            try:
                if self._ws is None:
                    self.connect()
                    self._resubscribe()
                attempt = 0
                while True:
                    yield self.receive()
            except StreamRefused as refusal:
                if refusal.status in (401, 403):
                    raise
            except (ConnectionClosed, OSError):
                pass  # the pause below, then the next attempt
            self._ws = None
            self._closed.wait(self._pause_s(attempt))
            attempt += 1

    def ping(self) -> None:
        """Send an application ping; the answer comes as a ``pong`` message."""
        self._send({"type": "ping"})

    def disconnect(self) -> None:
        """Close the WebSocket, keeping session and mirrors; ``connect`` opens another."""
        ws, self._ws = self._ws, None
        if ws is not None:
            ws.close()

    def close(self) -> None:
        """Close for good; ``follow`` ends."""
        self._closed.set()
        ws = self._ws
        if ws is not None:
            ws.close()

    def _resubscribe(self) -> None:
        wish = dict(self._wish)
        ack = wish.pop("ack", True)
        self.subscribe(wish.pop("channels", None), ack=ack, **wish)

    def _positions(self) -> Json:
        return {
            account_id: {"epoch": mirror.epoch, "seq": mirror.seq}
            for account_id, mirror in self.mirrors.items()
            if mirror.seq is not None
        }

    def _pause_s(self, attempt: int) -> float:
        """Return what the server asked for, else a backoff with full jitter (R8)."""
        if self.draining_ms is not None:
            return self.draining_ms / 1000
        return random.uniform(0, min(2.0**attempt, _LONGEST_PAUSE_S))  # noqa: S311 - no secret

    def _send(self, message: Json) -> None:
        self._connection.send(json.dumps(message))

    @property
    def _connection(self) -> ClientConnection:
        if self._ws is None:
            raise OSError("not connected")
        return self._ws
