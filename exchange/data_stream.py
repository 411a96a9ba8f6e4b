"""The market-data stream's endpoints: stocks, crypto, and Alpaca's test feed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import WSCloseCode, web

from exchange.assets import Asset
from exchange.data_channels import FEEDS, TEST_FEED, Feed
from exchange.data_connection import Connection, Slots, StreamLimits
from exchange.data_hub import TickHub
from exchange.hours import AlwaysOpen
from exchange.listing import CENT, Listing
from exchange.market import Market
from exchange.synthetic import Synthetic

_TEST_RATE = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_routes(app: web.Application, market: Market, *, limits: StreamLimits | None = None) -> None:
    """Serve ``/v2/iex``, ``/v2/sip``, ``/v1beta3/crypto/us`` and ``/v2/test``.

    Args:
        app: gets the routes, and closes all connections when it shuts down.
        market: what is streamed.
        limits: None is Alpaca's.
    """
    streams = DataStreams(market, limits or StreamLimits())
    for feed in (*FEEDS, TEST_FEED):
        app.router.add_get(feed.path, streams.handler(feed))
    app.on_shutdown.append(streams.close)
    app.cleanup_ctx.append(streams.run_test_market)


class DataStreams:
    """All market-data connections of one exchange.

    Args:
        market: what is streamed.
        limits: of each connection.
    """

    def __init__(self, market: Market, limits: StreamLimits) -> None:
        self._limits = limits
        self._slots = Slots(limits.connections_per_key)
        self._test_market = _test_market()
        patience_s = limits.patience_s
        self._stocks = TickHub(market, is_crypto=False, patience_s=patience_s)
        self._pairs = TickHub(market, is_crypto=True, patience_s=patience_s)
        self._test = TickHub(self._test_market, is_crypto=False, patience_s=patience_s)
        self._connections: set[Connection] = set()

    def handler(self, feed: Feed) -> Handler:
        """Return the handler of a feed's upgrade requests."""
        hub = self._pairs if feed.is_crypto else self._test if feed is TEST_FEED else self._stocks

        async def connect(request: web.Request) -> web.StreamResponse:
            connection = Connection(request, feed, hub, self._slots, self._limits)
            self._connections.add(connection)
            try:
                return await connection.serve()
            finally:
                self._connections.discard(connection)

        return connect

    async def close(self, _app: web.Application) -> None:
        """Close every connection with 1001, going away."""
        for hub in (self._stocks, self._pairs, self._test):
            hub.close()
        sockets = [connection.socket for connection in self._connections]
        closing = (socket.close(code=WSCloseCode.GOING_AWAY) for socket in sockets)
        await asyncio.gather(*closing, return_exceptions=True)

    async def run_test_market(self, _app: web.Application) -> AsyncIterator[None]:
        """Run the test feed's market, once somebody watches it, as long as the app runs."""
        running = asyncio.create_task(self._run_when_watched(), name="test feed")
        yield
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    async def _run_when_watched(self) -> None:
        await self._test_market.watched.wait()
        await self._test_market.run()


def _test_market() -> Market:
    """Return the market of Alpaca's always-on test symbol."""
    asset = Asset(symbol="FAKEPACA", name="Fake Alpaca", exchange="NASDAQ")
    listing = Listing(asset, 135.0, 0.4, 1.0, 1.0, 2.0, CENT, 100.0)
    return Synthetic(0, (listing,), rate=_TEST_RATE, hours=AlwaysOpen()).market()
