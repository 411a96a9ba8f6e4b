"""The exchange as a program: all of it on one port, until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from exchange import data_rest, data_stream, reference_rest, trading_rest, trading_stream
from exchange.announcer import Announcer
from exchange.auth import authenticate, credentials_ok
from exchange.engine import Engine
from exchange.errors import InvalidSetting
from exchange.http import LARGEST_BODY, errors_as_json
from exchange.market import Market
from exchange.nyse_hours import NyseHours
from exchange.options import Options, read_options
from exchange.store import Store
from exchange.synthetic import synthetic_market
from exchange.tape_market import tape_market

_HOUSE_S = 1.0
_SAMPLES_S = 60.0
_DRAIN_S = 2.0


def main(argv: Sequence[str]) -> int:
    """Serve until SIGTERM, SIGINT or, if so asked, the end of standard input.

    Args:
        argv: the arguments after the command's name.

    Returns:
        The exit code: 0, or 2 when it could not start (one line says why).
    """
    try:
        options = read_options(argv)
        asyncio.run(_run(options))
    except (InvalidSetting, OSError) as error:
        print(f"alphaflow exchange: {error}", file=sys.stderr)
        return 2
    return 0


@dataclass(frozen=True, slots=True)
class Served:
    """A running exchange.

    Attributes:
        address: such as ``http://127.0.0.1:41234``.
        engine: its accounts and orders.
        tasks: what it does by itself.
    """

    address: str
    engine: Engine
    tasks: tuple[asyncio.Task[None], ...]

    async def failed(self) -> None:
        """Wait until one of the tasks fails, and raise its error."""
        await asyncio.gather(*self.tasks)


@contextlib.asynccontextmanager
async def serving(
    market: Market, store: Store, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Served]:
    """Serve a market and its accounts inside the ``async with``.

    Args:
        market: run by this.
        store: closed at the end.
        host: address to listen on; only on a loopback address do demonstration accounts exist.
        port: 0 takes any free one.

    Raises:
        OSError: the port is taken, or the address is not this machine's.
    """
    announcer = Announcer()
    soon = asyncio.get_running_loop().call_soon
    engine = Engine(market, store, announcer, soon, demo=_is_loopback(host))
    runner = web.AppRunner(
        _app(market, engine, announcer), access_log=None, shutdown_timeout=_DRAIN_S
    )
    tasks: tuple[asyncio.Task[None], ...] = ()
    try:
        await runner.setup()
        tasks = (asyncio.create_task(market.run()), asyncio.create_task(_keep_house(engine)))
        await asyncio.sleep(0)  # both have begun: the market shows its first prices
        engine.start()
        await web.TCPSite(runner, host, port).start()
        yield Served(f"http://{_in_url(host)}:{_port(runner)}", engine, tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runner.cleanup()
        store.close()


def _app(market: Market, engine: Engine, announcer: Announcer) -> web.Application:
    """Return the application with every route of Alpaca's that there is."""
    app = web.Application(middlewares=[errors_as_json], client_max_size=LARGEST_BODY)
    trading_rest.add_routes(app, engine, authenticate)
    trading_stream.add_routes(app, announcer, credentials_ok, engine.accounts.open)
    reference_rest.add_routes(app, market, authenticate)
    data_rest.add_routes(app, market, authenticate)
    data_stream.add_routes(app, market)
    return app


async def _run(options: Options) -> None:
    """Serve what the options ask for until told to stop."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    if options.exit_with_parent:
        _watch_parent(loop, stop)
    market, store = _market(options), Store(options.state)
    async with serving(market, store, host=options.host, port=options.port) as served:
        print(f"Exchange ready at {served.address}", flush=True)
        ends = [asyncio.create_task(stop.wait()), asyncio.create_task(served.failed())]
        done, waiting = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        for task in done:
            task.result()


def _market(options: Options) -> Market:
    """Return the market that the options ask for."""
    if options.tape is not None:
        return tape_market(options.tape, speed=options.speed)
    hours = NyseHours() if options.hours == "nyse" else None
    return synthetic_market(seed=options.seed, rate=options.rate, hours=hours)


async def _keep_house(engine: Engine) -> None:
    """Let the engine do what time alone asks for."""
    loop = asyncio.get_running_loop()
    next_sample = loop.time()
    while True:
        engine.keep_house()
        if loop.time() >= next_sample:
            engine.sample_equity()
            next_sample += _SAMPLES_S
        await asyncio.sleep(_HOUSE_S)


def _watch_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set stop when standard input ends, which it does when the parent is gone.

    A thread reads, because not every standard input can be waited for by the loop. It
    reads the descriptor itself: a buffered reader's lock, held by a thread that waits,
    would be in the interpreter's way when it ends for another reason.
    """

    def read_to_the_end() -> None:
        with contextlib.suppress(OSError):  # closed already: that is its end
            while os.read(0, 1024):
                pass
        with contextlib.suppress(RuntimeError):  # the loop has ended before
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=read_to_the_end, name="parent-watch", daemon=True).start()


def _is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_url(host: str) -> str:
    """Return a host as URLs spell it."""
    return f"[{host}]" if ":" in host else host


def _port(runner: web.AppRunner) -> int:
    """Return the port that is listened on."""
    return int(runner.addresses[0][1])
