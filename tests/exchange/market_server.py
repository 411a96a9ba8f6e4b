"""The market half of the exchange on a real port, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from aiohttp import web

from exchange import data_rest, data_stream, reference_rest
from exchange.auth import authenticate
from exchange.data_connection import StreamLimits
from exchange.http import errors_as_json
from exchange.market import Market

T = TypeVar("T")
KEYS = {"APCA-API-KEY-ID": "PKTEST", "APCA-API-SECRET-KEY": "paper"}


class MarketServer:
    """A served market; ``call`` runs a function on its event loop."""

    def __init__(self, market: Market, loop: asyncio.AbstractEventLoop, port: int) -> None:
        self.market = market
        self.port = port
        self.http = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}"
        self._loop = loop

    def call(self, function: Callable[[], T]) -> T:
        """Run a function on the loop's thread and return its result."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(120)

    def call_async(self, function: Callable[[], Awaitable[T]]) -> T:
        """Run a coroutine function on the loop's thread and return its result."""

        async def run() -> T:
            return await function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(120)


@contextlib.contextmanager
def serve(
    market: Market, *, limits: StreamLimits | None = None, is_run: bool = False
) -> Iterator[MarketServer]:
    """Serve a market; run its source too if asked."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="market server")
    thread.start()
    start = asyncio.run_coroutine_threadsafe(_start(market, limits, is_run=is_run), loop)
    try:
        runner, port, tasks = start.result(30)
        try:
            yield MarketServer(market, loop, port)
        finally:
            asyncio.run_coroutine_threadsafe(_stop(runner, tasks), loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


async def _start(
    market: Market, limits: StreamLimits | None, *, is_run: bool
) -> tuple[web.AppRunner, int, list[asyncio.Task[None]]]:
    app = web.Application(middlewares=[errors_as_json])
    reference_rest.add_routes(app, market, authenticate)
    data_rest.add_routes(app, market, authenticate)
    data_stream.add_routes(app, market, limits=limits)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    tasks = [asyncio.create_task(market.run())] if is_run else []
    return runner, int(runner.addresses[0][1]), tasks


async def _stop(runner: web.AppRunner, tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await runner.cleanup()
