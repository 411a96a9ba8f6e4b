"""The desk dies and comes back while the market and the broker go on."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.executor import OrderExecutor
from broker.rest import BrokerRest
from portfolio.ids import ClientOrderId
from portfolio.ticket import read_ticket
from stream.client import PortfolioClient
from tests.desk_server import PASSWORD, running_desk
from tests.exchange_server import running_exchange
from tests.journey.conftest import KEY, Exchange, Journey, add_user, linked
from tests.journey.follower import Follower
from tests.journey.reckoning import plain
from tests.waiting import wait_for


def held(exchange: Exchange) -> dict[str, str]:
    return {p["symbol"]: plain(Decimal(p["qty"])) for p in exchange.get("/v2/positions")}


def shown(follower: Follower) -> dict[str, str]:
    return {s: p["quantity"] for s, p in follower.mirror.positions.items()}


def buy_elsewhere(exchange: Exchange, symbol: str, quantity: int) -> None:
    """Buy with another program, straight at the broker, and wait for the fill."""
    rest = BrokerRest(Credentials(KEY, "paper", Endpoints.at(exchange.url)))
    wish = {"symbol": symbol, "side": "buy", "type": "market", "qty": str(quantity)}
    name = ClientOrderId(f"elsewhere-{symbol}-{quantity}")
    OrderExecutor(rest).submit(read_ticket(wish), name)
    wait_for(lambda: (order := rest.order_by_client_id(name)) and order.status == "filled")
    rest.close()


def test_a_killed_desk_comes_back_with_what_it_missed(stack: ExitStack, tmp_path: Path) -> None:
    """After SIGKILL and restart: fills since then are marked missed, once; nothing else repeats."""
    url = stack.enter_context(running_exchange(seed=5))
    settings = linked(url)
    add_user(tmp_path, settings)
    with ExitStack() as first:
        trip = Journey(Exchange(url), first.enter_context(running_desk(tmp_path, **settings)))
        follower = first.enter_context(Follower(trip.client()))
        trip.order("AAPL", "buy", qty="3")
        follower.wait(lambda mirror: "AAPL" in mirror.positions)
        known = set(follower.mirror.trades)
        for worker in trip.desk.workers():
            os.kill(worker, signal.SIGKILL)
        trip.desk.process.kill()
    buy_elsewhere(trip.exchange, "AAPL", 2)
    buy_elsewhere(trip.exchange, "MSFT", 4)
    again = Journey(trip.exchange, stack.enter_context(running_desk(tmp_path, **settings)))
    follower = stack.enter_context(Follower(again.client()))
    follower.wait(lambda mirror: shown(follower) == held(trip.exchange))
    trades = follower.mirror.trades
    new = {(t["symbol"], t["quantity"]) for k, t in trades.items() if t.get("missed")}
    assert ({("AAPL", "2"), ("MSFT", "4")}, known, len(trip.exchange.fills())) == (
        new,
        {name for name, trade in trades.items() if not trade.get("missed")},
        len(trades),
    )


def test_a_terminated_desk_says_goodbye(stack: ExitStack, tmp_path: Path) -> None:
    """On SIGTERM clients are told when to come back, closed with 1001, and the exit status is 0."""
    desk = stack.enter_context(running_desk(tmp_path))
    follower = stack.enter_context(Follower(PortfolioClient(desk.url, "trader", PASSWORD)))
    workers = desk.workers()
    status = desk.stop()
    wait_for(lambda: follower.of("draining"))
    assert (0, 1001, []) == (
        status,
        follower.client._ws.close_code,  # type: ignore[union-attr]
        [pid for pid in workers if Path(f"/proc/{pid}").exists()],
    )
