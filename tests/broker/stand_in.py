"""A small broker on a real socket whose every word a test decides.

It speaks Alpaca's wire protocol far enough for a handshake; what follows is
pushed by the test, malformed frames included, which the embedded exchange
would never send.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgpack
from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

SECRET = "paper"
AUTHORIZED = {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
UNAUTHORIZED = {
    "stream": "authorization",
    "data": {"status": "unauthorized", "action": "authenticate"},
}
LISTENING = {"stream": "listening", "data": {"streams": ["trade_updates"]}}


@dataclass
class Answer:
    """What a REST path answers: a status, a body (JSON unless str), and whether to hang first."""

    body: object = None
    status: int = 200
    hang: bool = False


@dataclass
class Asked:
    """One REST request as it came."""

    method: str
    path: str
    query: dict[str, str]
    body: Any


@dataclass
class StandIn:
    """The broker; fields are its manners, which a test changes before or while it is used."""

    answers: dict[tuple[str, str], list[Answer | Callable[[Asked], Answer]]] = field(
        default_factory=dict
    )
    asked: list[Asked] = field(default_factory=list)
    trade_refusal: dict[str, Any] | None = None
    upgrade_status: int = 0
    mute: bool = False
    auth_errors: list[int] = field(default_factory=list)
    symbol_limit: int = 10_000
    attempts: dict[str, int] = field(default_factory=dict)
    data_asked: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.sockets: dict[str, list[web.WebSocketResponse]] = {}
        self.port = 0
        self._ready = threading.Event()
        self._done: asyncio.Event
        self._released: asyncio.Event
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve."""
        self._thread.start()
        assert self._ready.wait(10)

    def stop(self) -> None:
        """End, dropping whoever is connected."""
        self.loop.call_soon_threadsafe(self._done.set)
        self._thread.join(10)
        self.loop.close()

    def answer(self, method: str, path: str, *answers: Answer | Callable[[Asked], Answer]) -> None:
        """Set the answers of a path, in order; the last one stays."""
        self.answers[(method, path)] = list(answers)

    def push(self, path: str, *frames: str | bytes) -> None:
        """Send frames to everyone connected at path."""
        self._do(self._push(path, frames))

    def push_update(self, data: object) -> None:
        """Send a trade update in a binary frame, as real paper does."""
        self.push("/stream", json.dumps({"stream": "trade_updates", "data": data}).encode())

    def push_data(self, *messages: object, path: str = "/v2/iex") -> None:
        """Send one data frame."""
        self.push(path, msgpack.packb(list(messages)))

    def drop(self, path: str) -> None:
        """Cut every connection at path without a word."""
        self._do(self._drop(path))

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _push(self, path: str, frames: tuple[str | bytes, ...]) -> None:
        for socket in self.sockets.get(path, []):
            for frame in frames:
                if isinstance(frame, str):
                    await socket.send_str(frame)
                else:
                    await socket.send_bytes(frame)

    async def _drop(self, path: str) -> None:
        for socket in self.sockets.pop(path, []):
            transport = socket._req.transport if socket._req else None
            if transport is not None:
                transport.abort()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._done, self._released = asyncio.Event(), asyncio.Event()
        app = web.Application()
        app.router.add_get("/stream", self._stream(self._trading))
        for path in ("/v2/iex", "/v1beta3/crypto/us"):
            app.router.add_get(path, self._stream(self._prices))
        app.router.add_route("*", "/{rest:.*}", self._rest)
        runner = web.AppRunner(app, shutdown_timeout=0.2, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._done.wait()
        self._released.set()
        for path in list(self.sockets):
            await self._drop(path)
        await runner.cleanup()

    async def _rest(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        asked = Asked(request.method, request.path, dict(request.query), body)
        self.asked.append(asked)
        queue = self.answers.get((asked.method, asked.path))
        if not queue:
            return web.json_response({"message": "not found", "code": 40410000}, status=404)
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if callable(answer):
            answer = answer(asked)
        if answer.hang:
            await self._released.wait()
        if isinstance(answer.body, str):
            return web.Response(text=answer.body, status=answer.status)
        if answer.body is None:
            return web.Response(status=answer.status)
        return web.json_response(answer.body, status=answer.status)

    def _stream(
        self, serve: Callable[[web.WebSocketResponse, str], Awaitable[None]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.attempts[request.path] = self.attempts.get(request.path, 0) + 1
            if self.upgrade_status:
                return web.Response(status=self.upgrade_status)
            socket = web.WebSocketResponse()
            await socket.prepare(request)
            await serve(socket, request.path)
            return socket

        return handle

    async def _trading(self, socket: web.WebSocketResponse, path: str) -> None:
        async for message in socket:
            if self.mute:
                continue
            asked = json.loads(message.data)
            if asked["action"] == "authenticate":
                ok = asked["data"]["secret_key"] == SECRET
                await socket.send_bytes(json.dumps(AUTHORIZED if ok else UNAUTHORIZED).encode())
            elif asked["action"] == "listen":
                self.sockets.setdefault(path, []).append(socket)
                await socket.send_str(json.dumps(self.trade_refusal or LISTENING))

    async def _prices(self, socket: web.WebSocketResponse, path: str) -> None:
        if self.mute:
            await self._released.wait()
        await _send(socket, {"T": "success", "msg": "connected"})
        subscribed: dict[str, set[str]] = {"trades": set(), "quotes": set()}
        async for message in socket:
            if message.type == WSMsgType.BINARY:
                await self._price_request(socket, path, message, subscribed)

    async def _price_request(
        self,
        socket: web.WebSocketResponse,
        path: str,
        message: WSMessage,
        subscribed: dict[str, set[str]],
    ) -> None:
        asked = msgpack.unpackb(message.data)
        self.data_asked.append(asked)
        if asked["action"] == "auth":
            await self._price_auth(socket, asked)
            return
        if asked["action"] == "subscribe" and len(asked["trades"]) > self.symbol_limit:
            await _send(socket, {"T": "error", "code": 405, "msg": "symbol limit exceeded"})
            return
        for channel, names in subscribed.items():
            change = names.update if asked["action"] == "subscribe" else names.difference_update
            change(asked.get(channel, ()))
        if socket not in self.sockets.setdefault(path, []):
            self.sockets[path].append(socket)
        listed = {channel: sorted(names) for channel, names in subscribed.items()}
        await _send(socket, {"T": "subscription", "bars": [], **listed})

    async def _price_auth(self, socket: web.WebSocketResponse, asked: dict[str, str]) -> None:
        if self.auth_errors:
            await _send(socket, {"T": "error", "code": self.auth_errors.pop(0), "msg": "not now"})
        elif asked["secret"] != SECRET:
            await _send(socket, {"T": "error", "code": 402, "msg": "auth failed"})
            await socket.close(code=WSCloseCode.OK)
        else:
            await _send(socket, {"T": "success", "msg": "authenticated"})


async def _send(socket: web.WebSocketResponse, *messages: object) -> None:
    await socket.send_bytes(msgpack.packb(list(messages)))


@contextmanager
def stand_in(port: int = 0) -> Iterator[StandIn]:
    """Serve for the time of a with block."""
    broker = StandIn()
    broker.port = port
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
