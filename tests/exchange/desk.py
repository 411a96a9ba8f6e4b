"""A market moved by hand, an engine without a server, and a served one for real clients."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import Any

from alpaca.trading.client import TradingClient
from alpaca.trading.stream import TradingStream

from exchange.announcer import Announcer
from exchange.assets import Asset, Universe
from exchange.engine import Engine
from exchange.hours import Hours, Session, TradingDay
from exchange.market import Market
from exchange.server import Served, serving
from exchange.store import Store
from exchange.tickets import read_ticket
from exchange.ticks import Print, Quote

START = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)  # a Monday, 10:00 in New York
PATIENCE_S = 10.0

ASSETS = (
    Asset(symbol="AAPL", name="Apple"),
    Asset(symbol="MSFT", name="Microsoft"),
    Asset(symbol="HARD", name="Not to be borrowed", shortable=False, fractionable=False),
    Asset(symbol="GONE", name="Not traded", tradable=False),
    Asset(symbol="PENY", name="Below a dollar"),
    Asset(
        symbol="BTC/USD",
        name="Bitcoin",
        asset_class="crypto",
        exchange="CRYPTO",
        shortable=False,
        marginable=False,
        min_order_size=Decimal("0.0001"),
    ),
)
PRICES = {
    "AAPL": Decimal(100),
    "MSFT": Decimal(50),
    "HARD": Decimal(10),
    "GONE": Decimal(10),
    "PENY": Decimal("0.5"),
    "BTC/USD": Decimal(20_000),
}


class OfficeHours:
    """Hours from 14:30 to 21:00 UTC on weekdays, without holidays."""

    def session(self, now: datetime) -> Session:
        """Return the state at ``now``."""
        days = self.days(now.date(), now.date() + timedelta(days=5))
        return Session(
            now,
            is_open=any(day.opens <= now < day.closes for day in days),
            next_open=next(day.opens for day in days if day.opens > now),
            next_close=next(day.closes for day in days if day.closes > now),
        )

    def days(self, first: date, last: date) -> list[TradingDay]:
        """Return the weekdays from first to last."""
        dates = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        return [
            TradingDay(
                day,
                datetime.combine(day, time(14, 30), UTC),
                datetime.combine(day, time(21), UTC),
            )
            for day in dates
            if day.weekday() < 5
        ]


class HandMarket(Market):
    """A market whose clock and ticks the test moves."""

    def __init__(self, hours: Hours | None = None) -> None:
        self.at = START
        super().__init__(Universe(ASSETS), hours=hours, clock=lambda: self.at)
        prints = [Print(name, price, Decimal(1), START) for name, price in PRICES.items()]
        quotes = [self.new_quote(name, price, price) for name, price in PRICES.items()]
        self.prime([*prints, *quotes], dict(PRICES))

    def new_quote(
        self, symbol: str, bid: object, ask: object, size: object = 1000, bid_size: object = None
    ) -> Quote:
        """Return a quote of now."""
        sizes = Decimal(str(bid_size or size)), Decimal(str(size))
        return Quote(symbol, Decimal(str(bid)), sizes[0], Decimal(str(ask)), sizes[1], self.at)

    def quoted(self, symbol: str, bid: object, ask: object, size: object = 1000) -> None:
        """Publish a quote."""
        self.publish(self.new_quote(symbol, bid, ask, size))

    def traded(self, symbol: str, price: object) -> None:
        """Publish a trade."""
        self.publish(Print(symbol, Decimal(str(price)), Decimal(1), self.at))

    def wait(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


class Recorder(Announcer):
    """Keeps what is announced, and lets a test look at the store at that moment."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.on_event: Callable[[dict[str, Any]], None] = lambda event: None

    def announce(self, key_id: str, message: Any) -> None:
        """Keep a message's data."""
        self.events.append(message["data"])
        self.on_event(message["data"])

    @property
    def names(self) -> list[str]:
        """Return the names of the events so far."""
        return [event["event"] for event in self.events]


class Bench:
    """An engine on a hand market; what would happen on a later turn waits for ``run``."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        hours: Hours | None = None,
        market: HandMarket | None = None,
        demo: bool = False,
    ) -> None:
        self.market = market or HandMarket(hours)
        self.store = Store(path)
        self.recorder = Recorder()
        self._later: list[Callable[[], object]] = []
        self.engine = Engine(self.market, self.store, self.recorder, self._later.append, demo=demo)
        self.engine.start()

    def run(self) -> None:
        """Run all that waits, and what comes of it."""
        while self._later:
            self._later.pop(0)()

    def place(self, symbol: str, side: str, qty: object, key_id: str = "K", **more: Any) -> str:
        """Send an order (market, day or gtc by default), let it act, return its id."""
        crypto = "/" in symbol
        body = {"symbol": symbol, "side": side, "qty": str(qty), "type": "market"}
        body |= {"time_in_force": "gtc" if crypto else "day"} | more
        if "notional" in more:
            body.pop("qty")
        order = self.engine.submit(key_id, read_ticket(body))
        self.run()
        return order.id

    def order(self, order_id: str, key_id: str = "K") -> Any:
        """Return an order as it is now."""
        return self.engine.order(key_id, order_id)

    def ledger(self, key_id: str = "K") -> Any:
        """Return an account's books."""
        return self.engine.accounts.open(key_id).ledger


def until(condition: Callable[[], object], what: str = "condition") -> None:
    """Wait until condition holds; fail after PATIENCE_S."""
    deadline = monotonic() + PATIENCE_S
    tick = threading.Event()
    while not condition():
        assert monotonic() < deadline, f"{what} did not come true"
        tick.wait(0.005)


class Live:
    """A served exchange, in a thread with its own loop."""

    def __init__(self, market: HandMarket, store_path: Path | None = None) -> None:
        self.market = market
        self._path = store_path
        self._up: queue.Queue[Served | BaseException] = queue.Queue()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._streams = ExitStack()

    def start(self) -> None:
        """Serve; return when it does."""
        self._thread.start()
        up = self._up.get(timeout=PATIENCE_S)
        if isinstance(up, BaseException):
            raise up
        self.served = up
        self.url = up.address

    def stop(self) -> None:
        """Stop serving and all streams, if that has not been done."""
        if not self._thread.is_alive():
            return
        self._streams.close()
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE_S)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        try:
            async with serving(self.market, Store(self._path)) as served:
                self._up.put(served)
                await self._stop.wait()
        except BaseException as error:
            self._up.put(error)
            raise

    def do(self, act: Callable[[], object]) -> None:
        """Run something on the server's loop, and wait for it."""
        done = threading.Event()

        def run() -> None:
            try:
                act()
            finally:
                done.set()

        self.loop.call_soon_threadsafe(run)
        assert done.wait(PATIENCE_S)

    def client(self, key_id: str = "K", *, raw: bool = False) -> TradingClient:
        """Return a real client of an account."""
        return TradingClient(key_id, "paper", url_override=self.url, raw_data=raw)

    def listen(self, key_id: str = "K", *, raw: bool = True) -> queue.Queue[Any]:
        """Return a queue that a real trading stream fills; it is listening already."""
        return self._streams.enter_context(self._listening(key_id, raw=raw))

    @contextmanager
    def _listening(self, key_id: str, *, raw: bool) -> Iterator[queue.Queue[Any]]:
        heard: queue.Queue[Any] = queue.Queue()
        before = self._listeners(key_id)

        async def keep(update: Any) -> None:
            heard.put(update)

        url = self.url.replace("http", "ws") + "/stream"
        stream = TradingStream(key_id, "paper", url_override=url, raw_data=raw)
        stream.subscribe_trade_updates(keep)
        thread = threading.Thread(target=stream.run, daemon=True)
        thread.start()
        until(lambda: self._listeners(key_id) > before, "listening")
        yield heard
        stream.stop()

    def _listeners(self, key_id: str) -> int:
        return len(self.served.engine._announcer._listeners.get(key_id, ()))


def heard(updates: queue.Queue[Any], count: int) -> list[dict[str, Any]]:
    """Return the data of the next ``count`` raw updates."""
    return [updates.get(timeout=PATIENCE_S)["data"] for _ in range(count)]
