"""One account's trade_updates over alpaca-py's TradingStream, frames handed on raw."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from time import monotonic_ns
from typing import Any, cast

from alpaca.trading.stream import TradingStream
from websockets.legacy.client import WebSocketClientProtocol
from websockets.legacy.exceptions import InvalidStatusCode

from broker.credentials import Credentials
from broker.link import WEBSOCKET_PARAMS, Link, StreamFault, hang_up, refusal_of
from broker.meter import FrameMeter
from portfolio.errors import CredentialsRefused

_STEP_S = 10.0
"""For each step of the handshake: a server that stays mute must not hold us for ever."""

OnUpdate = Callable[[Mapping[str, Any], int], None]


class TradeStream(TradingStream):
    """alpaca-py's trading stream with a session that ends by saying why.

    Args:
        credentials: whose updates.
        on_update: takes each event's ``data`` object and its arrival in monotonic ns.
    """

    def __init__(self, credentials: Credentials, on_update: OnUpdate) -> None:
        super().__init__(
            credentials.key_id,
            credentials.secret_key,
            raw_data=True,
            url_override=credentials.endpoints.trading_stream_url,
            websocket_params=WEBSOCKET_PARAMS,
        )
        self.meter = FrameMeter(f"trade_updates of {credentials.masked}")
        self._on_update = on_update
        self._authorized = False
        self._listening = False
        # alpaca-py asks for the stream only if it has a handler; ours is called by _take
        self.subscribe_trade_updates(_unused)

    async def wanted(self) -> None:
        """Return at once: an account's own orders are always wanted."""

    async def session(self, link: Link) -> None:
        """Connect, authenticate, listen and read until the connection ends."""
        self._authorized = self._listening = False
        try:
            async with asyncio.timeout(_STEP_S):
                await self._connect()  # type: ignore[no-untyped-call]
                await self._auth()
        except InvalidStatusCode as error:
            raise (refusal_of(error) or error) from error
        async with asyncio.timeout(_STEP_S):
            await self._subscribe_trade_updates()
            while not self._listening:
                await self._take_next()
        link.say("live")
        while True:
            await self._take_next()

    async def _auth(self) -> None:
        """Send the keys and read until the answer: other frames may come before it."""
        keys = {"key_id": self._api_key, "secret_key": self._secret_key}
        await self._socket.send(json.dumps({"action": "authenticate", "data": keys}))
        while not self._authorized:
            await self._take_next()

    async def close(self) -> None:
        """Close the connection if there is one, within a bound."""
        socket, self._ws = self._ws, None
        await hang_up(socket)

    @property
    def _socket(self) -> WebSocketClientProtocol:
        return cast("WebSocketClientProtocol", self._ws)

    async def _take_next(self) -> None:
        self._take(await self._socket.recv())

    def _take(self, frame: str | bytes) -> None:
        """Read one frame: text, or JSON in a binary frame, as real paper sends it."""
        arrived_ns = monotonic_ns()
        self.meter.arrived(arrived_ns)
        try:
            message = json.loads(frame, parse_float=Decimal)
        except (ValueError, RecursionError):
            self.meter.unreadable("frame is not JSON")
            return
        if not isinstance(message, dict) or not isinstance(message.get("stream"), str):
            self.meter.unreadable("message names no stream")
            return
        self._route(message["stream"], message.get("data"), arrived_ns)

    def _route(self, stream: str, data: object, arrived_ns: int) -> None:
        """Hand on by stream; streams with other names pass, newer servers may have them."""
        if stream not in ("trade_updates", "listening", "authorization"):
            return
        if not isinstance(data, dict):
            # "data": null was seen live (Alpaca-API issue 110)
            self.meter.unreadable(f"{stream} without data")
        elif stream == "trade_updates":
            self._on_update(data, arrived_ns)
        elif stream == "listening":
            self._listens_to(data.get("streams"))
        else:
            self._authorization(data)

    def _listens_to(self, streams: object) -> None:
        if not isinstance(streams, list) or "trade_updates" not in streams:
            raise StreamFault("the broker does not send trade_updates")
        self._listening = True

    def _authorization(self, data: Mapping[str, Any]) -> None:
        status = data.get("status")
        if status == "authorized":
            self._authorized = True
        elif status == "unauthorized":
            raise CredentialsRefused(status=None, code=None, message="key id or secret is wrong")
        else:
            self.meter.unreadable("authorization with an unknown status")


async def _unused(_message: object) -> None:
    """Stand in as alpaca-py's handler."""
