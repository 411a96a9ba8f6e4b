"""AlphaFlow's own doors, pages and stream over an account that a test writes.

Not a test itself: ``running_script`` starts it as a process. Only the broker's
side is a double: what happens in the account is what a test posts.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

from flask import Flask, Response, jsonify, request

import app
from broker.bars import Bar
from broker.reference import Asset, MarketClock
from db.housekeeping import Housekeeping
from gateway.gateway import Gateway
from launch.accounts import open_stores
from launch.server import DeskServer, Running
from launch.settings import Settings, read_settings
from portfolio.changes import Change, OrderUpdated, PositionUpdated, TradeExecuted
from portfolio.ids import AccountId, BrokerOrderId, ClientOrderId, OrderId, TradeId
from portfolio.orders import Order, Side
from portfolio.values import AccountFigures, BookSnapshot, Position, Trade
from stream.service import PortfolioStream, StreamLimits
from tests.desk_server import DeskProcess


class Script:
    """The account as the test writes it; stands where the gateway stands."""

    feed_name = "synthetic"

    def __init__(self) -> None:
        self.positions: dict[str, Position] = {}
        self.orders: dict[OrderId, Order] = {}
        self.trades: list[Trade] = []
        self.is_open = True

    def snapshot(self, account_id: AccountId) -> BookSnapshot:
        """Return the account whole."""
        return BookSnapshot(
            positions=tuple(self.positions.values()),
            orders=tuple(self.orders.values()),
            trades=tuple(reversed(self.trades)),
            account=self._figures(),
        )

    def clock(self, account_id: AccountId) -> MarketClock:
        """Return the market's hours: an hour to go, or twenty."""
        now = datetime.now(UTC)
        hour = timedelta(hours=1)
        return MarketClock(
            at=now,
            is_open=self.is_open,
            next_open=now + 20 * hour,
            next_close=now + (hour if self.is_open else 27 * hour),
        )

    def order(self, account_id: AccountId, order_id: OrderId) -> Order | None:
        """Return an order."""
        return self.orders.get(order_id)

    def quote(self, account_id: AccountId, symbol: str) -> None:
        """Return no quote: nobody makes one here."""

    def assets(self, account_id: AccountId) -> list[Asset]:
        """Return no asset: nobody lists any here."""
        return []

    def bars(
        self, account_id: AccountId, symbols: frozenset[str], timeframe: str, since: datetime
    ) -> dict[str, list[Bar]]:
        """Return no history."""
        return {}

    def stop(self, timeout_s: float) -> None:
        """Nothing runs."""

    def hold(self, symbol: str, quantity: int, price: Decimal, age_s: float = 0) -> Position:
        """Hold a quantity of a symbol that was last priced age_s ago."""
        self.positions[symbol] = position = Position(
            symbol=symbol,
            quantity=Decimal(quantity),
            cost_basis=Decimal(100 * quantity),
            intraday_cost=Decimal(100 * quantity),
            price=price,
            price_at=datetime.now(UTC) - timedelta(seconds=age_s),
            opened_at=datetime.now(UTC) - timedelta(hours=1),
        )
        return position

    def buy(self, number: int, price: Decimal) -> tuple[Order, Trade, Position]:
        """Fill an order of a symbol of its own: ``number`` shares at price."""
        symbol, quantity, now = f"B{number}", Decimal(number), datetime.now(UTC)
        order = Order(
            order_id=OrderId(f"order-{number}"),
            client_order_id=ClientOrderId(f"client-{number}"),
            broker_order_id=BrokerOrderId(f"broker-{number}"),
            symbol=symbol,
            side=Side.BUY,
            type="market",
            time_in_force="day",
            status="filled",
            quantity=quantity,
            filled_quantity=quantity,
            filled_average_price=price,
            submitted_at=now,
            updated_at=now,
            filled_at=now,
        )
        trade = Trade(
            trade_id=TradeId(f"trade-{number}"),
            order_id=order.order_id,
            broker_order_id=BrokerOrderId(f"broker-{number}"),
            symbol=symbol,
            side=Side.BUY,
            quantity=quantity,
            price=price,
            cumulative_quantity=quantity,
            position_quantity=quantity,
            realized_pnl=Decimal(0),
            executed_at=now,
        )
        self.orders[order.order_id] = order
        self.trades.append(trade)
        return order, trade, self.hold(symbol, number, price)

    def _figures(self) -> AccountFigures:
        held = sum((one.market_value for one in self.positions.values()), Decimal(0))
        return AccountFigures(
            cash=Decimal(50_000),
            last_equity=Decimal(100_000),
            buying_power=Decimal(100_000),
            long_market_value=held,
            short_market_value=Decimal(0),
            realized_pnl_today=Decimal(0),
            at=datetime.now(UTC),
        )


class Producer:
    """Offers what a test asks for to the stream."""

    def __init__(self, script: Script, stream: PortfolioStream, account_id: AccountId) -> None:
        self._script = script
        self._stream = stream
        self._account_id = account_id

    def burst(self, count: int) -> Response:
        """Fill ``count`` orders, each a batch of its own, then move every price once more."""
        fills = [self._script.buy(n, Decimal(100 + n)) for n in range(1, count + 1)]
        offers = [self._of_fill(*fill) for fill in fills]
        last = [self._moved(fill[2], n) for n, fill in enumerate(fills, 1)]
        started = time.monotonic()
        for offer in offers:
            self._stream.offer(offer)
        for change in last:
            self._stream.offer([change])
        return jsonify(milliseconds=1000 * (time.monotonic() - started))

    def price(self, symbol: str, age_s: float) -> Response:
        """Hold a symbol whose price is this old."""
        position = self._script.hold(symbol, 10, Decimal("101.25"), age_s)
        self._stream.offer([PositionUpdated(account_id=self._account_id, position=position)])
        return jsonify(priced=symbol)

    def market(self, *, is_open: bool) -> Response:
        """Open or close the market."""
        self._script.is_open = is_open
        return jsonify(isOpen=is_open)

    def _of_fill(self, order: Order, trade: Trade, position: Position) -> Sequence[Change]:
        whose = self._account_id
        return [
            OrderUpdated(account_id=whose, order=order),
            TradeExecuted(account_id=whose, trade=trade),
            PositionUpdated(account_id=whose, position=position),
        ]

    def _moved(self, position: Position, number: int) -> Change:
        price = position.price + Decimal("0.25")
        moved = self._script.hold(position.symbol, number, price)
        return PositionUpdated(account_id=self._account_id, position=moved)


def build(settings: Settings) -> tuple[Flask, Running]:
    """Build AlphaFlow around the script, and the routes by which a test writes."""
    script, stores = Script(), open_stores(settings)
    app._prepare_people(settings, stores)
    stream = PortfolioStream(
        StreamLimits(batch_window_ms=settings.batch_window_ms), script.snapshot
    )
    gateway = cast("Gateway", script)
    flask = app._doors(settings, stores, stream, gateway)
    stream.start()
    for account in stores.accounts.linked():
        stream.open_account(account.account_id, account.owner_id)
    trader = stores.users.by_name("trader")
    assert trader is not None
    whose = stores.accounts.accounts_of(trader.user_id)[0].account_id
    producer = Producer(script, stream, whose)

    @flask.post("/api/test/<name>")
    def write(name: str) -> Response:
        return cast("Response", getattr(producer, name)(**request.get_json()))

    housekeeping = Housekeeping(stores.sessions, stores.records)
    housekeeping.start()
    return flask, Running(stream, gateway, housekeeping, stores)


@contextmanager
def running_script(data_dir: Path) -> Iterator[DeskProcess]:
    """Serve the script for the time of a with block."""
    desk = DeskProcess(data_dir, program=("-m", "tests.browser.scripted_desk"))
    try:
        desk.wait_ready()
        yield desk
    finally:
        desk.stop()


def serve() -> None:
    """Serve until told to stop."""
    settings = read_settings()
    DeskServer(settings, lambda: build(settings), on_stopped=lambda: None).run()


if __name__ == "__main__":
    assert os.environ["DATA_DIR"]
    sys.exit(serve())
