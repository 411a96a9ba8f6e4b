"""The trade_updates stream at ``/stream``.

JSON both ways; the exchange sends it in binary frames, as Alpaca's paper
endpoint does. A client authenticates, listens, and then hears of every event
of its account's orders in the order they happened.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping

from aiohttp import WSMessage, WSMsgType, web

from exchange.announcer import Announcer, Listener
from exchange.wire import Json

CredentialsOk = Callable[[object, object], bool]

AUTHENTICATE_WITHIN_S = 10.0
PING_S = 20.0
_LARGEST_MESSAGE = 64 * 1024


def add_routes(
    app: web.Application,
    announcer: Announcer,
    credentials_ok: CredentialsOk,
    opened: Callable[[str], object],
) -> None:
    """Add the stream.

    Args:
        app: where it is added.
        announcer: what is passed on.
        credentials_ok: says whether a key id and a secret belong together.
        opened: told the key id of every client that has authenticated.
    """
    sockets: set[web.WebSocketResponse] = set()

    async def stream(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=PING_S, max_msg_size=_LARGEST_MESSAGE)
        await socket.prepare(request)
        connection = Connection(socket, announcer, credentials_ok, opened)
        sockets.add(socket)
        try:
            await connection.serve()
        finally:
            sockets.discard(socket)
        return socket

    async def go_away(_: web.Application) -> None:
        closing = (socket.close(code=1001, message=b"going away") for socket in set(sockets))
        await asyncio.gather(*closing, return_exceptions=True)

    app.on_shutdown.append(go_away)
    app.router.add_get("/stream", stream)


class Connection:
    """One client of the stream.

    Args:
        socket: its socket, prepared.
        announcer: what is passed on.
        credentials_ok: says whether a key id and a secret belong together.
        opened: told the key id once it is known.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        announcer: Announcer,
        credentials_ok: CredentialsOk,
        opened: Callable[[str], object],
    ) -> None:
        self._socket = socket
        self._announcer = announcer
        self._credentials_ok = credentials_ok
        self._opened = opened
        self._key_id: str | None = None
        self._listener: Listener | None = None
        self._sender: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer the client until it goes, or until it has not said who it is in time."""
        try:
            async with asyncio.timeout(AUTHENTICATE_WITHIN_S):
                while self._key_id is None and not self._socket.closed:
                    await self._take(await self._socket.receive())
            while not self._socket.closed:
                await self._take(await self._socket.receive())
        except TimeoutError:
            await self._socket.close(code=1008, message=b"authentication timeout")
        except ConnectionError:
            pass  # the client went away while it was being answered
        finally:
            self._stop_listening()

    async def _take(self, message: WSMessage) -> None:
        """Act on one frame; what is no request is answered with an error."""
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return
        request = _read(message.data)
        action = request.get("action")
        if action in ("authenticate", "auth"):
            await self._authenticate(request, str(action))
        elif action == "listen":
            await self._listen(request)
        else:
            await self._send("error", {"error": "unknown action", "action": str(action)[:40]})

    async def _authenticate(self, request: Mapping[str, object], action: str) -> None:
        """Answer whether the client is who it says; a wrong one is closed."""
        key_id, secret = _credentials(request)
        if not self._credentials_ok(key_id, secret):
            await self._send("authorization", {"status": "unauthorized", "action": action})
            await self._socket.close(code=1008, message=b"unauthorized")
            return
        if self._key_id is None:
            self._key_id = str(key_id)
            self._opened(self._key_id)
        await self._send("authorization", {"status": "authorized", "action": action})

    async def _listen(self, request: Mapping[str, object]) -> None:
        """Start or stop passing on trade updates, and say which streams are listened to."""
        if self._key_id is None:
            await self._send("authorization", {"status": "unauthorized", "action": "listen"})
            return
        data = request.get("data")
        asked = data.get("streams") if isinstance(data, dict) else None
        wanted = isinstance(asked, list) and "trade_updates" in asked
        await self._send("listening", {"streams": ["trade_updates"] if wanted else []})
        if not wanted:
            self._stop_listening()
        elif self._listener is None:
            self._start_listening(self._key_id)

    def _start_listening(self, key_id: str) -> None:
        """Pass on what happens from now on."""
        self._listener = Listener()
        self._announcer.add(key_id, self._listener)
        self._sender = asyncio.create_task(self._pass_on(self._listener))

    def _stop_listening(self) -> None:
        """Pass on nothing more."""
        if self._listener is not None and self._key_id is not None:
            self._announcer.remove(self._key_id, self._listener)
        if self._sender is not None:
            self._sender.cancel()
        self._listener = self._sender = None

    async def _pass_on(self, listener: Listener) -> None:
        """Send every waiting message; a client that was too slow is closed."""
        try:
            while (message := await listener.next()) is not None:
                await self._socket.send_bytes(message)
        except ConnectionError:
            return
        await self._socket.close(code=1008, message=b"slow client")

    async def _send(self, stream: str, data: Json) -> None:
        """Send one answer."""
        await self._socket.send_bytes(json.dumps({"stream": stream, "data": data}).encode())


def _read(sent: str | bytes) -> Mapping[str, object]:
    """Return the JSON object of a frame, empty when it holds none."""
    try:
        request = json.loads(sent)
    except (ValueError, RecursionError):
        return {}
    return request if isinstance(request, dict) else {}


def _credentials(request: Mapping[str, object]) -> tuple[object, object]:
    """Return key id and secret of either form of the request."""
    data = request.get("data")
    if isinstance(data, dict):
        return data.get("key_id"), data.get("secret_key")
    return request.get("key"), request.get("secret")
