"""A gateway on a real exchange, with a real database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.rest import BrokerRest
from db.accounts import AccountStore
from db.engine import Database
from db.records import Records
from db.sealed import BrokerKeys, Sealer
from db.sessions import SessionStore
from db.users import UserStore
from gateway.events import EventBus
from gateway.gateway import Gateway
from portfolio.changes import Change, TradeExecuted
from portfolio.ids import AccountId, ClientOrderId
from portfolio.orders import Order
from portfolio.ticket import read_ticket
from portfolio.values import Trade
from tests.exchange_server import running_exchange
from tests.waiting import wait_for

LOAD_S = 30.0


class Desk:
    """One account on the exchange and a gateway that owns it; can be stopped and started."""

    def __init__(self, exchange_url: str, folder: Path) -> None:
        self.key_id = f"K{uuid4().hex[:12].upper()}"
        self.credentials = Credentials(self.key_id, "paper", Endpoints.at(exchange_url))
        self.database = Database(f"sqlite:///{folder / 'desk.db'}")
        self.database.upgrade()
        self.records = Records(self.database)
        self.account_id = self._link()
        self.heard: list[Change] = []
        self.announced: list[tuple[object, ...]] = []
        self.gateway: Gateway | None = None
        self.broker = BrokerRest(self.credentials)

    def _link(self) -> AccountId:
        now = datetime.now(UTC)
        users = UserStore(self.database, SessionStore(self.database))
        user = users.create("trader", "a long password", "trader", now)
        accounts = AccountStore(self.database, Sealer(b"0123456789abcdef"))
        return accounts.link(
            user.user_id, "Main", BrokerKeys(self.key_id, "paper"), "exchange", now
        )

    def start(
        self, records: Records | None = None, *, wait: bool = True, symbol_budget: int = 30
    ) -> Gateway:
        bus = EventBus()
        bus.listen(self._hear)
        self.gateway = gateway = Gateway(
            records or self.records,
            bus,
            mark_interval_s=0.05,
            feed_name="synthetic",
            symbol_budget=symbol_budget,
        )
        gateway.on_silence(lambda *said: self.announced.append(said))
        gateway.start()
        gateway.link(self.account_id, self.credentials)
        if not wait:
            return gateway
        assert gateway.wait_loaded(LOAD_S)
        wait_for(lambda: gateway.links(self.account_id)["broker"].state == "live")
        return gateway

    def stop(self) -> None:
        if self.gateway is not None:
            self.gateway.stop()
            self.gateway = None

    def close(self) -> None:
        self.stop()
        self.broker.close()
        self.database.dispose()

    def _hear(self, changes: Sequence[Change]) -> None:
        self.heard.extend(changes)

    def trades(self) -> list[Trade]:
        return [change.trade for change in self.heard if isinstance(change, TradeExecuted)]

    def place(self, **ticket: object) -> Order:
        assert self.gateway is not None
        wish = {"symbol": "AAPL", "side": "buy", "type": "market", "qty": "1", **ticket}
        return self.gateway.submit(self.account_id, read_ticket(wish))

    def at_broker(self, client_order_id: ClientOrderId) -> str | None:
        order = self.broker.order_by_client_id(client_order_id)
        return None if order is None else order.status

    def order(self, order: Order) -> Order:
        assert self.gateway is not None
        known = self.gateway.order(self.account_id, order.order_id)
        assert known is not None
        return known

    def filled(self, **ticket: object) -> Order:
        order = self.place(**ticket)
        wait_for(lambda: self.order(order).status == "filled")
        return self.order(order)


@pytest.fixture(scope="module")
def exchange_url() -> Iterator[str]:
    """A synthetic market of our own."""
    with running_exchange(seed=11) as url:
        yield url


@pytest.fixture
def desk(exchange_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A fresh account with nothing in it, and no gateway started yet."""
    with ExitStack() as stack:
        desk = Desk(exchange_url, tmp_path)
        stack.callback(desk.close)
        yield desk
