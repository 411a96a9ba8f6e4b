"""Trades and quotes over alpaca-py's stock and crypto data streams, kept raw.

The hot path of the whole program: nothing is parsed beyond alpaca-py's msgpack,
and a message costs a few dictionary reads and one write (design.md, decision 6).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic_ns
from typing import Any, cast

import msgpack
from alpaca.data.live.crypto import CryptoDataStream
from alpaca.data.live.stock import StockDataStream
from alpaca.data.live.websocket import DataStream
from websockets.exceptions import ConnectionClosed
from websockets.legacy.client import WebSocketClientProtocol
from websockets.legacy.exceptions import InvalidStatusCode

from broker.backoff import delay_s
from broker.credentials import Credentials
from broker.link import WEBSOCKET_PARAMS, Link, StreamFault, hang_up, refusal_of
from broker.meter import FrameMeter
from broker.ticks import TickBoard
from portfolio.errors import CredentialsRefused

Routes = Mapping[str, tuple[TickBoard, ...]]
"""Symbol -> the boards of the accounts that watch it."""

_STEP_S = 10.0
_NUMBERS = (int, float)
_MOMENTS = (msgpack.Timestamp, str)
_PRICE_LIMIT = 1e12  # also keeps infinity out
_UNREADABLE = (ValueError, TypeError, OverflowError, RecursionError)
_NEVER = (402, 409, 411)
"""auth failed, insufficient subscription, insufficient scope: asking again can't help."""
_REFUSES_REQUEST = (400, 405, 410)
"""invalid syntax, symbol limit exceeded, invalid action: the session goes on without it."""
_ALREADY_AUTHENTICATED = 403
_TOO_MANY_CONNECTIONS = 406


class PriceStream(DataStream):
    """alpaca-py's data stream with a session that ends by saying why.

    Mixed in before StockDataStream or CryptoDataStream, which know their endpoint.
    """

    meter: FrameMeter
    _link: Link

    def prepare(self, name: str) -> None:
        """Set up what alpaca-py's constructor does not; call once, right after it."""
        self.meter = FrameMeter(name)
        self.symbols: frozenset[str] = frozenset()
        self._routes: Routes = {}
        self._changed = asyncio.Event()
        self._sent: frozenset[str] = frozenset()
        self._acknowledged: frozenset[str] = frozenset()
        self._unanswered = 0
        self._limited = False
        self._authenticated = False

    def route(self, routes: Routes) -> None:
        """Subscribe exactly the routes' symbols from now on. Loop thread."""
        self._routes = routes
        self.symbols = frozenset(routes)
        self._changed.set()

    async def wanted(self) -> None:
        """Return when there is a symbol: alpaca-py spins without one (its issue 762)."""
        while not self.symbols:
            self._changed.clear()
            await self._changed.wait()

    async def session(self, link: Link) -> None:
        """Connect, authenticate, subscribe and read until nothing is watched."""
        self._link = link
        self._sent = self._acknowledged = frozenset()
        self._unanswered, self._limited = 0, False
        await self._enter()
        self._changed.set()
        subscriber = asyncio.create_task(self._keep_subscribed())
        try:
            while True:
                self._take(await self._socket.recv())
        except ConnectionClosed:
            if self.symbols:
                raise
        finally:
            subscriber.cancel()

    async def close(self) -> None:
        """Close the connection if there is one, within a bound."""
        socket, self._ws = self._ws, None
        await hang_up(socket)

    @property
    def _socket(self) -> WebSocketClientProtocol:
        return cast("WebSocketClientProtocol", self._ws)

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(_STEP_S):
                await self._connect()
        except InvalidStatusCode as error:
            raise (refusal_of(error) or error) from error
        await self._auth()

    async def _auth(self) -> None:
        """Send the keys; on 406 ask again over the same socket, as Alpaca's Go client does.

        The slot of a connection that dropped uncleanly stays taken for about 90 s.
        """
        self._authenticated = False
        refusals = 0
        while not await self._asked_in():
            refusals += 1
            self._link.say("down", f"connection limit exceeded (406), asked {refusals} times")
            await asyncio.sleep(delay_s(refusals))

    async def _asked_in(self) -> bool:
        """Send the keys once; False on 406."""
        keys = {"action": "auth", "key": self._api_key, "secret": self._secret_key}
        async with asyncio.timeout(_STEP_S):
            await self._socket.send(msgpack.packb(keys))
            try:
                while not self._authenticated:
                    self._take(await self._socket.recv())
            except _ConnectionLimit:
                return False
        return True

    async def _keep_subscribed(self) -> None:
        """Bring the subscription in line with the routes whenever they change."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                if not self.symbols:
                    await self._socket.close()
                    return
                await self._subscribe_difference(self.symbols)
        except ConnectionClosed:
            return  # the reader sees it too and ends the session

    async def _subscribe_difference(self, wanted: frozenset[str]) -> None:
        removed, added = sorted(self._sent - wanted), wanted - self._sent
        self._sent = wanted
        for channel in ("trades", "quotes"):
            self._handlers[channel] = dict.fromkeys(sorted(wanted), _unused)
            if removed:
                self._unanswered += 1
                await self._send_unsubscribe_msg(channel, removed)
        if added:
            self._limited = False
            self._unanswered += 1
            await self._send_subscribe_msg()
        elif wanted <= self._acknowledged:
            self._link.say("live")  # a refused request was taken back

    def _take(self, frame: str | bytes) -> None:
        """Read one frame; a message that can't be read costs only itself."""
        arrived_ns = monotonic_ns()
        self.meter.arrived(arrived_ns)
        try:
            messages = msgpack.unpackb(frame)
        except _UNREADABLE:
            self.meter.unreadable("frame is not msgpack")
            return
        if not isinstance(messages, list):
            self.meter.unreadable("frame is not an array")
            return
        for message in messages:
            if message.__class__ is dict:
                self._route_message(message, arrived_ns)
            else:
                self.meter.unreadable("message is not an object")

    def _route_message(self, message: dict[str, Any], arrived_ns: int) -> None:
        kind = message.get("T")
        if kind == "q":
            self._quote(message)
        elif kind == "t":
            self._trade(message, arrived_ns)
        elif kind == "subscription":
            self._subscription(message)
        elif kind == "error":
            self._error(message)
        elif kind == "success":
            self._authenticated |= message.get("msg") == "authenticated"
        elif kind.__class__ is not str:
            self.meter.unreadable("message names no type")

    def _trade(self, message: dict[str, Any], arrived_ns: int) -> None:
        """Keep a trade. A bad one must not displace the good one before it: checked here."""
        symbol, price = message.get("S"), message.get("p")
        if (
            symbol.__class__ is not str
            or price.__class__ not in _NUMBERS
            or not 0 < price < _PRICE_LIMIT
            or message.get("t").__class__ not in _MOMENTS
        ):
            self.meter.unreadable("trade without symbol, price or time")
            return
        for board in self._routes.get(symbol, ()):
            board.put_trade(symbol, message, arrived_ns)

    def _quote(self, message: dict[str, Any]) -> None:
        symbol = message.get("S")
        if (
            symbol.__class__ is not str
            or message.get("bp").__class__ not in _NUMBERS
            or message.get("ap").__class__ not in _NUMBERS
            or message.get("t").__class__ not in _MOMENTS
        ):
            self.meter.unreadable("quote without symbol, prices or time")
            return
        for board in self._routes.get(symbol, ()):
            board.put_quote(symbol, message)

    def _subscription(self, message: dict[str, Any]) -> None:
        """Take the acknowledgement, which lists all that is subscribed now."""
        trades = message.get("trades")
        listed = trades if isinstance(trades, list) else []
        self._acknowledged = frozenset(name for name in listed if isinstance(name, str))
        self._unanswered = max(0, self._unanswered - 1)
        missing = self.symbols - self._acknowledged
        if not missing:
            self._link.say("live")
        elif not self._unanswered and not self._limited:
            self._link.say("live", f"without {', '.join(sorted(missing)[:10])}")

    def _error(self, message: dict[str, Any]) -> None:
        """Act on an error message; alpaca-py would log it and look healthy."""
        code, text = message.get("code"), f"{message.get('msg')} ({message.get('code')})"
        if code == _TOO_MANY_CONNECTIONS and not self._authenticated:
            raise _ConnectionLimit(text)
        if code in _NEVER:
            raise CredentialsRefused(status=None, code=code, message=text)
        if code == _ALREADY_AUTHENTICATED:
            self._authenticated = True
        elif code in _REFUSES_REQUEST and self._authenticated:
            self._request_refused(text)
        else:
            raise StreamFault(text)

    def _request_refused(self, text: str) -> None:
        """Say that prices are missing; a later change of symbols asks for all of them again."""
        self._limited = True
        self._sent = self._acknowledged
        self._unanswered = max(0, self._unanswered - 1)
        self._link.say("gap", text)


class StockPrices(PriceStream, StockDataStream):
    """The stock feed of one credential."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(
            credentials.key_id,
            credentials.secret_key,
            raw_data=True,
            url_override=credentials.endpoints.stock_stream_url,
            websocket_params=WEBSOCKET_PARAMS,
        )
        self.prepare(f"stocks of {credentials.masked}")


class CryptoPrices(PriceStream, CryptoDataStream):
    """The crypto feed of one credential."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(
            credentials.key_id,
            credentials.secret_key,
            raw_data=True,
            url_override=credentials.endpoints.crypto_stream_url,
            websocket_params=WEBSOCKET_PARAMS,
        )
        self.prepare(f"crypto of {credentials.masked}")


class _ConnectionLimit(Exception):
    """406 in answer to the keys."""


async def _unused(_message: object) -> None:
    """Stand in as alpaca-py's handler; its names are what gets subscribed."""
