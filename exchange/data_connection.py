"""One market-data connection: authentication, subscribing, and its end.

Source: Alpaca "Real-time stock data" and "Real-time crypto data".
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from exchange.auth import credentials_ok
from exchange.data_channels import Feed, Subscriptions, wanted_channels
from exchange.data_client import Client
from exchange.data_codec import codec_for
from exchange.data_errors import StreamError
from exchange.data_hub import TickHub

_GOODBYE_S = 2.0


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """What a market-data connection may do.

    Attributes:
        auth_timeout_s: time to authenticate.
        queue_messages: most messages that may wait for one client.
        symbols: most symbols of one client, bars aside; None is no limit.
        connections_per_key: connections of one key id to one endpoint.
        patience_s: how long a tape at speed waits for one client.
        ping_s: between pings; a client that doesn't answer in half of it is gone.
    """

    auth_timeout_s: float = 10.0
    queue_messages: int = 20_000
    symbols: int | None = None
    connections_per_key: int = 1
    patience_s: float = 30.0
    ping_s: float = 30.0


class Slots:
    """How many connections each key id has to each endpoint."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: dict[tuple[str, str], int] = {}

    def take(self, path: str, key_id: str) -> None:
        """Take a slot.

        Raises:
            StreamError: 406, all are taken.
        """
        taken = self._taken.get((path, key_id), 0)
        if taken >= self._limit:
            raise StreamError(406)
        self._taken[path, key_id] = taken + 1

    def free(self, path: str, key_id: str) -> None:
        """Give a slot back."""
        self._taken[path, key_id] -= 1
        if not self._taken[path, key_id]:
            del self._taken[path, key_id]


class Connection:
    """One client's connection to one feed.

    Args:
        request: the upgrade request.
        feed: the endpoint.
        hub: where its subscriptions go.
        slots: shared by all connections.
        limits: shared by all connections.
    """

    def __init__(
        self, request: web.Request, feed: Feed, hub: TickHub, slots: Slots, limits: StreamLimits
    ) -> None:
        self._request = request
        self._feed = feed
        self._hub = hub
        self._slots = slots
        self._limits = limits
        # uncompressed, as every frame is new and a local link is wide
        self.socket = web.WebSocketResponse(
            compress=False, heartbeat=limits.ping_s, timeout=_GOODBYE_S, max_msg_size=1 << 20
        )
        codec = codec_for(request.headers.get("Content-Type", ""))
        self._client = Client(codec, self._send, queue_limit=limits.queue_messages)
        self._wanted = Subscriptions(feed, limits.symbols)
        self._key_id: str | None = None

    async def serve(self) -> web.WebSocketResponse:
        """Talk to the client until either side ends it."""
        await self.socket.prepare(self._request)
        self._client.tell({"T": "success", "msg": "connected"})
        self._authenticate_by_headers()
        tasks = [asyncio.create_task(self._client.write()), asyncio.create_task(self._end_slow())]
        try:
            await self._receive()
        finally:
            await self._leave(tasks)
        return self.socket

    async def _leave(self, tasks: list[asyncio.Task[None]]) -> None:
        self._hub.unsubscribe(self._client, self._wanted.pairs())
        if self._key_id is not None:
            self._slots.free(self._feed.path, self._key_id)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._client.give_up()  # nobody waits for it any more

    async def _receive(self) -> None:
        """Read messages; those of a client that isn't authenticated in time end it."""
        while not self.socket.closed:
            timeout_s = self._limits.auth_timeout_s if self._key_id is None else None
            try:
                message = await self.socket.receive(timeout_s)
            except TimeoutError:
                await self._say_goodbye(StreamError(404))
                return
            if message.type is WSMsgType.TEXT:
                self._answer(message.data.encode())
            elif message.type is WSMsgType.BINARY:
                self._answer(message.data)
            else:
                return

    def _answer(self, data: bytes) -> None:
        try:
            self._act(self._decoded(data))
        except StreamError as error:
            self._client.tell(error.message)

    def _decoded(self, data: bytes) -> dict[str, object]:
        try:
            message = self._client.codec.decode(data)
        except ValueError:
            raise StreamError(400) from None
        if not isinstance(message, dict) or not all(isinstance(key, str) for key in message):
            raise StreamError(400)
        return message

    def _act(self, message: dict[str, object]) -> None:
        action = message.get("action")
        if action == "auth":
            self._authenticate(message.get("key"), message.get("secret"))
        elif action not in ("subscribe", "unsubscribe"):
            raise StreamError(400)
        elif self._key_id is None:
            raise StreamError(401)
        else:
            self._change(message, is_added=action == "subscribe")

    def _authenticate_by_headers(self) -> None:
        headers = self._request.headers
        key_id, secret = headers.get("APCA-API-KEY-ID"), headers.get("APCA-API-SECRET-KEY")
        if key_id is None and secret is None:
            return
        try:
            self._authenticate(key_id, secret)
        except StreamError as error:
            self._client.tell(error.message)

    def _authenticate(self, key_id: object, secret: object) -> None:
        if self._key_id is not None:
            raise StreamError(403)
        if not isinstance(key_id, str) or not credentials_ok(key_id, secret):
            raise StreamError(402)
        self._slots.take(self._feed.path, key_id)
        self._key_id = key_id
        self._client.tell({"T": "success", "msg": "authenticated"})

    def _change(self, message: dict[str, object], *, is_added: bool) -> None:
        """Change the subscriptions; the acknowledgement leaves before the first tick."""
        wanted = wanted_channels(message, self._feed)
        pairs = self._wanted.add(wanted) if is_added else self._wanted.remove(wanted)
        self._client.tell(self._wanted.acknowledgement())
        if is_added:
            self._hub.subscribe(self._client, pairs)
            self._hub.watch(wanted)
        else:
            self._hub.unsubscribe(self._client, pairs)

    async def _send(self, frame: bytes) -> None:
        kind = WSMsgType.TEXT if self._client.codec.is_text else WSMsgType.BINARY
        # a peer that is gone is found by the reading side
        with contextlib.suppress(ConnectionError):
            await self.socket.send_frame(frame, kind)

    async def _end_slow(self) -> None:
        await self._client.too_slow.wait()
        await self._say_goodbye(StreamError(407))

    async def _say_goodbye(self, error: StreamError) -> None:
        """Send a last error and close; a peer that doesn't read is cut off."""
        codec = self._client.codec
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._send(codec.frame([codec.encode(error.message)]))
                await self.socket.close()
        if self._request.transport is not None:
            self._request.transport.abort()
