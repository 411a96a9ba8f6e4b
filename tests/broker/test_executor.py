"""OrderExecutor: an order is placed once, whatever happens on the way."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from broker.credentials import Credentials
from broker.executor import OrderChanges, OrderExecutor
from broker.rest import BrokerRest
from portfolio.errors import (
    BrokerError,
    BrokerUnreachable,
    CredentialsRefused,
    OrderNotCancelable,
    UnknownOrder,
)
from portfolio.ids import BrokerOrderId, ClientOrderId
from portfolio.orders import Side
from portfolio.ticket import OrderTicket
from tests.broker.payloads import payload
from tests.broker.stand_in import Answer, Asked, StandIn

ORDERS = "/v2/orders"
BY_CLIENT_ID = "/v2/orders:by_client_order_id"
CID = ClientOrderId("af-0001")
ORDER_ID = BrokerOrderId("61e69015-8549-4bfd-b9c3-01e75843f47d")
ONE = f"/v2/orders/{ORDER_ID}"
TICKET = OrderTicket(
    symbol="AAPL",
    side=Side.BUY,
    type="limit",
    time_in_force="day",
    quantity=Decimal("10.5"),
    limit_price=Decimal("189.4"),
)
NOT_UNIQUE = Answer({"code": 40010001, "message": "client_order_id must be unique"}, 422)
BROKEN = Answer({"message": "internal server error occurred"}, 500)
NOT_CANCELABLE = Answer({"code": 42210000, "message": "order is not cancelable"}, 422)


@pytest.fixture
def executor(credentials: Credentials) -> Iterator[OrderExecutor]:
    """Return an executor that is impatient and does not pause."""
    rest = BrokerRest(credentials, timeout_s=0.3)
    yield OrderExecutor(rest, pause=lambda _: None)
    rest.close()


def raw_order(**changes: object) -> dict[str, Any]:
    """Return the raw order that TICKET becomes."""
    return {**payload("order_limit"), "client_order_id": CID, **changes}


class Exchange:
    """Keeps orders by client order id, and loses answers as told.

    Args:
        broker: where it serves.
        lost: how many answers to POST are lost, after the order was taken or before.
        taken: whether a lost answer's order was taken.
    """

    def __init__(self, broker: StandIn, lost: int, *, taken: bool, hang: bool) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self._lost, self._taken, self._hang = lost, taken, hang
        broker.answer("POST", ORDERS, self._post)
        broker.answer("GET", BY_CLIENT_ID, self._find)

    def _post(self, asked: Asked) -> Answer:
        client_order_id = asked.body["client_order_id"]
        if client_order_id in self.orders:
            return NOT_UNIQUE
        losing, self._lost = self._lost > 0, self._lost - 1
        if not losing or self._taken:
            self.orders[client_order_id] = raw_order()
        if losing:
            return Answer(hang=True) if self._hang else BROKEN
        return Answer(self.orders[client_order_id])

    def _find(self, asked: Asked) -> Answer:
        found = self.orders.get(asked.query["client_order_id"])
        return Answer(found) if found else Answer({"message": "order not found"}, 404)


def test_decimals_are_sent_as_strings(broker: StandIn, executor: OrderExecutor) -> None:
    """Quantity and prices leave as decimal strings, with every digit."""
    broker.answer("POST", ORDERS, Answer(raw_order()))
    ticket = OrderTicket(
        symbol="BTC/USD",
        side=Side.SELL,
        type="stop_limit",
        time_in_force="gtc",
        quantity=Decimal("0.123456789"),
        limit_price=Decimal("64210.123456789"),
        stop_price=Decimal("1E+5"),
    )
    executor.submit(ticket, CID)
    assert broker.asked[0].body == {
        "symbol": "BTC/USD",
        "side": "sell",
        "type": "stop_limit",
        "time_in_force": "gtc",
        "client_order_id": CID,
        "qty": "0.123456789",
        "limit_price": "64210.123456789",
        "stop_price": "100000",
    }


def test_notional_and_extended_hours(broker: StandIn, executor: OrderExecutor) -> None:
    """A notional order sends no quantity; extended hours are said only when asked for."""
    broker.answer("POST", ORDERS, Answer(raw_order()))
    ticket = OrderTicket(
        symbol="AAPL",
        side=Side.BUY,
        type="limit",
        time_in_force="day",
        notional=Decimal("500.25"),
        limit_price=Decimal(1),
        extended_hours=True,
    )
    executor.submit(ticket, CID)
    body = broker.asked[0].body
    assert (body["notional"], body["extended_hours"], "qty" in body) == ("500.25", True, False)


@pytest.mark.parametrize("hang", [False, True])
@pytest.mark.parametrize("taken", [False, True])
@pytest.mark.parametrize("lost", [0, 1, 2])
def test_lost_answers_never_double_an_order(
    broker: StandIn, executor: OrderExecutor, lost: int, *, taken: bool, hang: bool
) -> None:
    """However many answers are lost, before or after the order was taken, there is one order."""
    exchange = Exchange(broker, lost, taken=taken, hang=hang)
    assert executor.submit(TICKET, CID).client_order_id == CID
    assert list(exchange.orders) == [CID]
    posts = [asked for asked in broker.asked if asked.method == "POST"]
    assert len(posts) == (1 if taken or not lost else lost + 1)


def test_gives_up_after_three_attempts(broker: StandIn, executor: OrderExecutor) -> None:
    """An order whose outcome stays unknown is reported so; repeating the call is harmless."""
    exchange = Exchange(broker, 3, taken=False, hang=False)
    with pytest.raises(BrokerUnreachable):
        executor.submit(TICKET, CID)
    assert exchange.orders == {}
    assert executor.submit(TICKET, CID).client_order_id == CID


def test_lookup_unreachable_too(broker: StandIn, executor: OrderExecutor) -> None:
    """When the order can't even be looked up it is not sent again."""
    broker.answer("POST", ORDERS, BROKEN)
    broker.answer("GET", BY_CLIENT_ID, BROKEN)
    with pytest.raises(BrokerUnreachable):
        executor.submit(TICKET, CID)
    assert [asked.method for asked in broker.asked] == ["POST", "GET"]


def test_not_unique_means_it_was_taken(broker: StandIn, executor: OrderExecutor) -> None:
    """After a crash between sending and storing, the repeat finds the order that was placed."""
    broker.answer("POST", ORDERS, NOT_UNIQUE)
    broker.answer("GET", BY_CLIENT_ID, Answer(raw_order(status="filled")))
    assert executor.submit(TICKET, CID).status == "filled"


def test_id_of_another_order_is_refused(broker: StandIn, executor: OrderExecutor) -> None:
    """A client order id that a different order used is a refusal, not a success."""
    broker.answer("POST", ORDERS, NOT_UNIQUE)
    broker.answer("GET", BY_CLIENT_ID, Answer(raw_order(symbol="TSLA")))
    with pytest.raises(BrokerError) as caught:
        executor.submit(TICKET, CID)
    assert caught.value.message == "client_order_id must be unique"


def test_refusal_comes_verbatim_and_at_once(broker: StandIn, executor: OrderExecutor) -> None:
    """The broker's no is final: its words, its code, one request."""
    words = "insufficient qty available for order (requested: 10, available: 3)"
    broker.answer("POST", ORDERS, Answer({"code": 40310000, "message": words}, 403))
    with pytest.raises(BrokerError) as caught:
        executor.submit(TICKET, CID)
    assert (str(caught.value), caught.value.code, caught.value.status) == (words, 40310000, 403)
    assert len(broker.asked) == 1


def test_refused_keys_are_not_retried(broker: StandIn, executor: OrderExecutor) -> None:
    """Wrong keys end the submission at once."""
    broker.answer("POST", ORDERS, Answer({"message": "unauthorized"}, 401))
    with pytest.raises(CredentialsRefused):
        executor.submit(TICKET, CID)
    assert len(broker.asked) == 1


def test_cancel(broker: StandIn, executor: OrderExecutor) -> None:
    """A cancel is a DELETE that answers nothing."""
    broker.answer("DELETE", ONE, Answer(None, 204))
    executor.cancel(ORDER_ID)
    assert [(asked.method, asked.path) for asked in broker.asked] == [("DELETE", ONE)]


def test_cancel_is_repeated_when_unanswered(broker: StandIn, executor: OrderExecutor) -> None:
    """An unanswered cancel is sent again; that it took the first time is then no error."""
    broker.answer("DELETE", ONE, BROKEN, NOT_CANCELABLE)
    broker.answer("GET", ONE, Answer(raw_order(status="pending_cancel")))
    executor.cancel(ORDER_ID)
    assert [asked.method for asked in broker.asked] == ["DELETE", "DELETE", "GET"]


def test_cancel_of_a_filled_order(broker: StandIn, executor: OrderExecutor) -> None:
    """An order that filled first can't be cancelled, and the error says what it is now."""
    broker.answer("DELETE", ONE, NOT_CANCELABLE)
    broker.answer("GET", ONE, Answer(raw_order(status="filled")))
    with pytest.raises(OrderNotCancelable) as caught:
        executor.cancel(ORDER_ID)
    assert caught.value.status == "filled"


def test_cancel_of_an_unknown_order(executor: OrderExecutor) -> None:
    """An id that the broker does not know is named in the error."""
    with pytest.raises(UnknownOrder):
        executor.cancel(BrokerOrderId("none/such"))


def test_replace_with_a_fraction(broker: StandIn, executor: OrderExecutor) -> None:
    """A replacement takes fractions, which alpaca-py's own request does not."""
    broker.answer("PATCH", ONE, Answer(raw_order(id="new-id", replaces=ORDER_ID)))
    changes = OrderChanges(quantity=Decimal("3.5"), limit_price=Decimal("190.01"))
    found = executor.replace(ORDER_ID, changes, ClientOrderId("af-0002"))
    assert (found.broker_order_id, found.replaces) == ("new-id", ORDER_ID)
    assert broker.asked[0].body == {
        "qty": "3.5",
        "limit_price": "190.01",
        "client_order_id": "af-0002",
    }


def test_replace_unanswered_is_looked_up(broker: StandIn, executor: OrderExecutor) -> None:
    """After a lost answer the old order says what replaced it, if anything did."""
    broker.answer("PATCH", ONE, BROKEN)
    broker.answer("GET", ONE, Answer(raw_order()))
    with pytest.raises(BrokerUnreachable):
        executor.replace(ORDER_ID, OrderChanges(quantity=Decimal(1)))
    broker.answer("GET", ONE, Answer(raw_order(status="replaced", replaced_by="new-id")))
    broker.answer("GET", "/v2/orders/new-id", Answer(raw_order(id="new-id")))
    found = executor.replace(ORDER_ID, OrderChanges(quantity=Decimal(1)))
    assert found.broker_order_id == "new-id"
    assert [asked.method for asked in broker.asked].count("PATCH") == 2


def test_replace_of_a_filled_order(broker: StandIn, executor: OrderExecutor) -> None:
    """An order that filled first can't be replaced."""
    broker.answer("PATCH", ONE, Answer({"code": 42210000, "message": "order is not open"}, 422))
    broker.answer("GET", ONE, Answer(raw_order(status="filled")))
    with pytest.raises(OrderNotCancelable):
        executor.replace(ORDER_ID, OrderChanges(quantity=Decimal(1)))


def test_replace_too_early_is_the_brokers_word(broker: StandIn, executor: OrderExecutor) -> None:
    """A refusal for an order that is still open is passed on verbatim."""
    words = "cannot replace order in accepted status"
    broker.answer("PATCH", ONE, Answer({"code": 42210000, "message": words}, 422))
    broker.answer("GET", ONE, Answer(raw_order(status="accepted")))
    with pytest.raises(BrokerError) as caught:
        executor.replace(ORDER_ID, OrderChanges(quantity=Decimal(1)))
    assert caught.value.message == words


def test_close_position_of_a_pair(broker: StandIn, executor: OrderExecutor) -> None:
    """A pair's position path has no slash (alpaca-py issue 537)."""
    broker.answer("DELETE", "/v2/positions/BTCUSD", Answer(payload("order_crypto")))
    found = executor.close_position("BTC/USD", Decimal("0.05"))
    assert found.symbol == "BTC/USD"
    assert broker.asked[0].query == {"qty": "0.05"}


def test_close_position_is_never_repeated(broker: StandIn, executor: OrderExecutor) -> None:
    """Without a client order id a second request could close twice: it is not sent."""
    broker.answer("DELETE", "/v2/positions/AAPL", BROKEN)
    with pytest.raises(BrokerUnreachable):
        executor.close_position("AAPL")
    assert len(broker.asked) == 1


def test_close_all(broker: StandIn, executor: OrderExecutor) -> None:
    """Each position has its own outcome, with the order or the broker's words."""
    refused = {"code": 40310000, "message": "position is held by orders"}
    answer = [
        {"symbol": "AAPL", "status": 200, "body": raw_order()},
        {"symbol": "BTCUSD", "status": 200, "body": payload("order_crypto")},
        {"symbol": "TSLA", "status": 403, "body": refused},
    ]
    broker.answer("DELETE", "/v2/positions", Answer(answer, 207))
    outcomes = executor.close_all()
    assert [(o.subject, o.done, o.message) for o in outcomes] == [
        ("AAPL", True, ""),
        ("BTC/USD", True, ""),
        ("TSLA", False, "position is held by orders"),
    ]
    assert broker.asked[0].query == {"cancel_orders": "true"}


def test_cancel_all(broker: StandIn, executor: OrderExecutor) -> None:
    """Each order has its own outcome; with no order there is none."""
    answer = [{"id": "a", "status": 200}, {"id": "b", "status": 500}]
    broker.answer("DELETE", ORDERS, Answer(answer, 207), Answer(None, 207))
    assert [(o.subject, o.done) for o in executor.cancel_all()] == [("a", True), ("b", False)]
    assert executor.cancel_all() == []
