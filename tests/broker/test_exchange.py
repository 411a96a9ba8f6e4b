"""The broker package against the embedded exchange: its real counterpart, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from broker import convert
from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.executor import OrderChanges, OrderExecutor
from broker.feed import FeedLoop
from broker.rest import BrokerRest
from portfolio.errors import BrokerError, CredentialsRefused, OrderNotCancelable
from portfolio.ids import AccountId, ClientOrderId
from portfolio.orders import Side, TradeUpdate
from portfolio.ticket import OrderTicket
from tests.broker.conftest import ACCOUNT
from tests.broker.recorder import Recorder, eventually
from tests.exchange_server import running_exchange

SECRET = "paper"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Return a running exchange's address."""
    with running_exchange(seed=7) as base_url:
        yield base_url


@pytest.fixture
def rest(url: str, request: pytest.FixtureRequest) -> Iterator[BrokerRest]:
    """Return the REST API of an account of the test's own."""
    api = BrokerRest(keys(url, request.node.name))
    yield api
    api.close()


def keys(url: str, name: str, secret: str = SECRET) -> Credentials:
    """Return keys of an account by name."""
    return Credentials(f"PK{abs(hash(name)) % 10**10:010}", secret, Endpoints.at(url))


def ticket(quantity: str, limit: str | None = None, side: Side = Side.BUY) -> OrderTicket:
    """Return an order for AAPL."""
    return OrderTicket(
        symbol="AAPL",
        side=side,
        type="limit" if limit else "market",
        time_in_force="day",
        quantity=Decimal(quantity),
        limit_price=Decimal(limit) if limit else None,
    )


def updates(heard: Recorder) -> list[TradeUpdate]:
    """Return what was heard, converted."""
    return [convert.trade_update(raw, arrived_ns) for _, raw, arrived_ns in heard.updates]


def test_a_fill_travels_from_order_to_books(
    rest: BrokerRest, url: str, feed: FeedLoop, heard: Recorder, request: pytest.FixtureRequest
) -> None:
    """A market order is heard filling on the stream, and REST then says the same."""
    began = datetime.now(UTC) - timedelta(minutes=1)
    feed.add_account(ACCOUNT, keys(url, request.node.name))
    heard.until_state("broker", "live")
    placed = OrderExecutor(rest).submit(ticket("2.5"), ClientOrderId("fill-1"))
    heard.until(lambda: any(update.event == "fill" for update in updates(heard)))
    fills = [update for update in updates(heard) if update.is_fill]
    assert sum(update.quantity or 0 for update in fills) == Decimal("2.5")
    assert fills[-1].position_quantity == Decimal("2.5")
    assert {u.order.broker_order_id for u in fills} == {placed.broker_order_id}
    state = rest.fetch_state(began)
    assert [(p.symbol, p.quantity) for p in state.positions] == [("AAPL", Decimal("2.5"))]
    assert [order.status for order in state.orders] == ["filled"]
    assert [(f.broker_order_id, f.cumulative_quantity) for f in state.fills][-1] == (
        placed.broker_order_id,
        Decimal("2.5"),
    )


def test_cancel_and_replace(rest: BrokerRest) -> None:
    """An open order is replaced under a new id, and that one cancelled."""
    executor = OrderExecutor(rest)
    first = executor.submit(ticket("2", "1.01"), ClientOrderId("replace-1"))
    assert first.broker_order_id is not None
    open_id = first.broker_order_id
    eventually(lambda: rest.order(open_id).status == "new")
    second = executor.replace(open_id, OrderChanges(limit_price=Decimal("1.02")))
    assert second.replaces == open_id
    assert second.broker_order_id is not None
    second_id = second.broker_order_id
    eventually(lambda: rest.order(second_id).status == "new")
    executor.cancel(second_id)
    eventually(lambda: rest.order(second_id).is_final)
    assert rest.order(open_id).replaced_by == second_id
    with pytest.raises(OrderNotCancelable):
        executor.cancel(open_id)


def test_same_client_order_id_is_the_same_order(rest: BrokerRest) -> None:
    """Submitting twice under one client order id places one order."""
    executor = OrderExecutor(rest)
    first = executor.submit(ticket("1", "1.01"), ClientOrderId("twice"))
    again = executor.submit(ticket("1", "1.01"), ClientOrderId("twice"))
    assert again.broker_order_id == first.broker_order_id
    with pytest.raises(BrokerError, match="unique"):
        executor.submit(ticket("2", "1.01"), ClientOrderId("twice"))


def test_refusals_are_the_exchanges_words(rest: BrokerRest) -> None:
    """An order beyond the buying power is refused with code and words."""
    with pytest.raises(BrokerError, match="insufficient buying power") as caught:
        OrderExecutor(rest).submit(ticket("1000000"), ClientOrderId("too-much"))
    assert (caught.value.status, caught.value.code) == (403, 40310000)


def test_close_all(rest: BrokerRest) -> None:
    """Every position of an account is closed, pairs and fractions included."""
    demo = BrokerRest(Credentials("DEMO-close-all", SECRET, rest_endpoints(rest)))
    held = {position.symbol for position in demo.fetch_state(datetime.now(UTC)).positions}
    assert any("/" in symbol for symbol in held)
    outcomes = OrderExecutor(demo).close_all()
    assert {outcome.subject for outcome in outcomes if outcome.done} == held
    eventually(lambda: demo.fetch_state(datetime.now(UTC)).positions == ())
    demo.close()


def test_prices_stream_for_stocks_and_pairs(url: str, feed: FeedLoop, heard: Recorder) -> None:
    """Watched symbols get marks and quotes from both data streams, near the REST price."""
    credentials = keys(url, "prices")
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"AAPL", "BTC/USD"}))
    board = feed.board(ACCOUNT)
    both = ("AAPL", "BTC/USD")
    eventually(lambda: all(board.last_trade(symbol) and board.quote(symbol) for symbol in both))
    rest = BrokerRest(credentials)
    for mark in rest.latest_trades(["AAPL", "BTC/USD"]):
        streamed = board.last_trade(mark.symbol)
        assert streamed is not None
        assert abs(streamed.price / mark.price - 1) < Decimal("0.05")
    assert board.malformed == 0
    assert all(not link.malformed for link in feed.links())
    rest.close()


def test_bars_of_shares_and_pairs_reach_back(rest: BrokerRest) -> None:
    """The last hours are there in five-minute steps, oldest first, ending about now."""
    now = datetime.now(UTC)
    bars = rest.bars(["AAPL", "BTC/USD"], "5Min", now - timedelta(hours=2))
    for symbol in ("AAPL", "BTC/USD"):
        times = [bar.at for bar in bars[symbol]]
        assert times == sorted(times)
        assert len(times) >= 20
        assert now - times[-1] < timedelta(minutes=11)
    assert all(bar.low <= bar.close <= bar.high for bar in bars["AAPL"])


def test_assets_of_both_classes_are_listed(rest: BrokerRest) -> None:
    """Without a class a broker lists shares only."""
    assert {"AAPL", "BTC/USD"} <= {asset.symbol for asset in rest.assets()}


def test_wrong_secret_is_refused_everywhere(url: str, feed: FeedLoop, heard: Recorder) -> None:
    """A wrong secret stops both hops and REST with the same error."""
    wrong = keys(url, "wrong", secret="guess")
    feed.add_account(ACCOUNT, wrong)
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    heard.until_state("broker", "refused")
    heard.until_state("market_data", "refused")
    rest = BrokerRest(wrong)
    with pytest.raises(CredentialsRefused):
        rest.account()
    rest.close()


def test_twenty_accounts(url: str, feed: FeedLoop, heard: Recorder) -> None:
    """Twenty accounts are live in one loop; an order of one is heard by that one alone."""
    accounts = {AccountId(f"acc-{n}"): keys(url, f"twenty {n}") for n in range(20)}
    for account_id, credentials in accounts.items():
        feed.add_account(account_id, credentials)
        feed.watch(account_id, frozenset({"AAPL"}))
    heard.until_state("broker", "live", times=20)
    heard.until_state("market_data", "live", times=20)
    rest = BrokerRest(accounts[AccountId("acc-3")])
    OrderExecutor(rest).submit(ticket("1"), ClientOrderId("alone"))
    heard.until(lambda: any(update.is_fill for update in updates(heard)))
    assert {account_id for account_id, *_ in heard.updates} == {"acc-3"}
    rest.close()


def test_exchange_restart_is_a_gap_and_state_survives(
    tmp_path: Path, feed: FeedLoop, heard: Recorder
) -> None:
    """A restarted exchange is found again within 5 s, with the fills of before in REST."""
    state = tmp_path / "state"
    with running_exchange(state=state) as url:
        port = urlsplit(url).port
        credentials = keys(url, "restart")
        feed.add_account(ACCOUNT, credentials)
        feed.watch(ACCOUNT, frozenset({"AAPL"}))
        heard.until_state("broker", "live")
        heard.until_state("market_data", "live")
        rest = BrokerRest(credentials)
        OrderExecutor(rest).submit(ticket("3"), ClientOrderId("before"))
        heard.until(lambda: any(update.event == "fill" for update in updates(heard)))
    heard.until_state("broker", "gap")
    assert port is not None
    with running_exchange(state=state, port=port):
        heard.until(lambda: heard.states("broker").count("live") == 2, patience_s=5.0)
        heard.until(lambda: heard.states("market_data").count("live") >= 2, patience_s=5.0)
        positions = rest.fetch_state(datetime.now(UTC) - timedelta(hours=1)).positions
        assert [(p.symbol, p.quantity) for p in positions] == [("AAPL", Decimal(3))]
    rest.close()


def rest_endpoints(rest: BrokerRest) -> Endpoints:
    """Return where a REST API points."""
    return Endpoints.at(str(rest._trading._base_url))
