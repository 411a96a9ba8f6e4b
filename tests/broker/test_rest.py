"""BrokerRest: alpaca-py's own clients against a real socket."""

from __future__ import annotations

import gc
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.rest import BrokerRest
from portfolio.errors import (
    BrokerError,
    BrokerUnreachable,
    ConversionError,
    CredentialsRefused,
    UnknownOrder,
)
from portfolio.ids import BrokerOrderId, ClientOrderId
from tests.broker.payloads import payload
from tests.broker.stand_in import Answer, Asked, StandIn

SINCE = datetime(2021, 3, 16, tzinfo=UTC)


@pytest.fixture
def rest(credentials: Credentials) -> Iterator[BrokerRest]:
    """Return the REST API of an account, impatient."""
    api = BrokerRest(credentials, timeout_s=0.5)
    yield api
    api.close()


def test_account(broker: StandIn, rest: BrokerRest) -> None:
    """The account's figures come with every digit."""
    broker.answer("GET", "/v2/account", Answer(payload("account")))
    assert rest.account().cash == Decimal("-23140.2")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, {"message": "unauthorized"}, CredentialsRefused),
        (401, {"code": 40110000, "message": "access key verification failed"}, CredentialsRefused),
        (403, {"message": "forbidden."}, CredentialsRefused),
        (403, {"code": 40310000, "message": "insufficient buying power"}, BrokerError),
        (403, {"message": "subscription does not permit querying SIP data"}, BrokerError),
        (404, {"code": 40410000, "message": "position does not exist"}, BrokerError),
        (422, {"code": 42210000, "message": 'asset "X" is not tradable'}, BrokerError),
        (422, "<html>teapot</html>", BrokerError),
        (422, "[1]", BrokerError),
        (418, "", BrokerError),
        (429, {"code": 42910000, "message": "rate limit exceeded"}, BrokerUnreachable),
        (500, {"message": "internal server error occurred"}, BrokerUnreachable),
        (502, "<html>bad gateway</html>", BrokerUnreachable),
        (504, None, BrokerUnreachable),
        (302, None, BrokerUnreachable),
        (200, "not json", BrokerUnreachable),
    ],
)
def test_refusals_by_kind(
    broker: StandIn, rest: BrokerRest, status: int, body: object, expected: type[BrokerError]
) -> None:
    """Each answer becomes the error that says what the caller can do, words unchanged."""
    broker.answer("GET", "/v2/account", Answer(body, status))
    began = time.monotonic()
    with pytest.raises(BrokerError) as caught:
        rest.account()
    assert type(caught.value) is expected
    assert caught.value.status == status
    assert time.monotonic() - began < 0.5
    assert len(broker.asked) == 1
    if isinstance(body, dict) and expected is not BrokerUnreachable:
        assert caught.value.message == body["message"]
        assert caught.value.code == body.get("code")


def test_hanging_broker_is_given_up(broker: StandIn, rest: BrokerRest) -> None:
    """A broker that does not answer is unreachable after the time-out."""
    broker.answer("GET", "/v2/account", Answer(hang=True))
    began = time.monotonic()
    with pytest.raises(BrokerUnreachable):
        rest.account()
    assert time.monotonic() - began < 3.0


def test_no_broker_at_all() -> None:
    """A refused connection is unreachable, and says nothing of the keys."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        api = BrokerRest(Credentials("PKTESTKEY0001", "sesame", Endpoints.at(url)), 0.5)
        with pytest.raises(BrokerUnreachable) as caught:
            api.account()
    assert "sesame" not in repr(caught.value)


def test_order_by_id(broker: StandIn, rest: BrokerRest) -> None:
    """An order is fetched with its legs; an unknown id has an error of its own."""
    broker.answer("GET", "/v2/orders/parent-1", Answer(payload("order_bracket")))
    assert len(rest.order(BrokerOrderId("parent-1")).legs) == 2
    assert broker.asked[0].query == {"nested": "true"}
    with pytest.raises(UnknownOrder):
        rest.order(BrokerOrderId("none"))


def test_order_by_client_id(broker: StandIn, rest: BrokerRest) -> None:
    """An order is found by the id that we gave it, or is None."""
    path = "/v2/orders:by_client_order_id"
    assert rest.order_by_client_id(ClientOrderId("bracket-1")) is None
    broker.answer("GET", path, Answer(payload("order_bracket")))
    found = rest.order_by_client_id(ClientOrderId("bracket-1"))
    assert found is not None
    assert broker.asked[-1].query == {"client_order_id": "bracket-1"}


def _orders(count: int, per_moment: int) -> list[dict[str, object]]:
    begin = datetime(2021, 3, 17, tzinfo=UTC)
    return [
        payload("order_limit")
        | {
            "id": f"o-{n:04}",
            "client_order_id": f"c-{n:04}",
            "submitted_at": (begin + timedelta(seconds=n // per_moment)).isoformat(),
        }
        for n in range(count)
    ]


def _paged(orders: list[dict[str, object]], asked: Asked) -> Answer:
    """Answer as Alpaca does: `after` exclusive, ascending, at most `limit`."""
    after = datetime.fromisoformat(asked.query["after"])
    newer = [o for o in orders if datetime.fromisoformat(str(o["submitted_at"])) > after]
    return Answer(newer[: int(asked.query["limit"])])


def test_orders_are_paged_without_loss(broker: StandIn, rest: BrokerRest) -> None:
    """Of 1,203 orders, seven to a moment, each comes exactly once."""
    orders = _orders(1203, per_moment=7)
    _whole(broker)
    broker.answer(
        "GET",
        "/v2/orders",
        lambda asked: _paged(orders if asked.query["status"] == "closed" else [], asked),
    )
    found = rest.fetch_state(SINCE).orders
    assert [order.order_id for order in found] == [o["id"] for o in orders]
    assert all(asked.query["nested"] == "true" for asked in broker.asked if "limit" in asked.query)


def test_nested_legs_do_not_end_the_paging(broker: StandIn, rest: BrokerRest) -> None:
    """A page made short by nesting its legs is not taken for the last one."""
    brackets = [
        order | {"legs": [payload("order_limit") | {"id": f"{order['id']}-{n}"} for n in range(2)]}
        for order in _orders(400, per_moment=1)
    ]

    def page(asked: Asked) -> Answer:
        if asked.query["status"] == "open":
            return Answer([])
        found = _paged(brackets, asked).body
        assert isinstance(found, list)
        return Answer(found[: int(asked.query["limit"]) // 3 + 1])

    _whole(broker)
    broker.answer("GET", "/v2/orders", page)
    assert len(rest.fetch_state(SINCE).orders) == 400


def test_fills_are_paged_by_token(broker: StandIn, rest: BrokerRest) -> None:
    """Of 250 fills, each comes once, oldest first, the last id being the next page's token."""
    fills = [payload("fill") | {"id": f"f-{n:03}"} for n in range(250)]

    def page(asked: Asked) -> Answer:
        assert asked.query["direction"] == "asc"
        token = asked.query.get("page_token", "")
        return Answer([f for f in fills if f["id"] > token][: int(asked.query["page_size"])])

    _whole(broker)
    broker.answer("GET", "/v2/account/activities/FILL", page)
    found = rest.fetch_state(SINCE).fills
    assert [fill.activity_id for fill in found] == [f["id"] for f in fills]


def test_state_is_whole(broker: StandIn, rest: BrokerRest) -> None:
    """One fetch gives account, positions, open orders before closed ones, and fills."""
    _whole(broker)
    before = datetime.now(UTC)
    state = rest.fetch_state(SINCE)
    assert before <= state.fetched_at <= datetime.now(UTC)
    assert [p.symbol for p in state.positions] == ["AAPL", "TSLA", "BTC/USD"]
    assert [o.status for o in state.orders] == ["new", "replaced"]
    assert len(state.fills) == 1


def test_order_that_ends_between_the_lists_is_closed(broker: StandIn, rest: BrokerRest) -> None:
    """An order in the open and in the closed list counts once, as closed."""
    _whole(broker)
    ended = payload("order_limit") | {"status": "filled"}
    broker.answer("GET", "/v2/orders", Answer([payload("order_limit")]), Answer([ended]))
    assert [o.status for o in rest.fetch_state(SINCE).orders] == ["filled"]


def test_odd_order_does_not_hide_the_others(broker: StandIn, rest: BrokerRest) -> None:
    """A multi-leg order without symbol and side is left out and counted; the rest stays."""
    _whole(broker)
    odd = payload("order_limit") | {"id": "mleg", "symbol": "", "side": ""}
    broker.answer("GET", "/v2/orders", Answer([odd, payload("order_limit")]), Answer([]))
    assert [o.status for o in rest.fetch_state(SINCE).orders] == ["new"]
    assert rest.left_out == 1


def test_odd_position_fails_the_fetch(broker: StandIn, rest: BrokerRest) -> None:
    """A position that can't be read is an error: left out, it would read as closed."""
    _whole(broker)
    odd = payload("position_long") | {"qty": "many"}
    broker.answer("GET", "/v2/positions", Answer([odd]))
    with pytest.raises(ConversionError):
        rest.fetch_state(SINCE)


def test_latest_prices_of_stocks_and_crypto(broker: StandIn, rest: BrokerRest) -> None:
    """Stocks and pairs are asked for where each is served; symbols without a price are absent."""
    broker.answer("GET", "/v2/stocks/trades/latest", Answer(payload("latest_stock_trades")))
    path = "/v1beta3/crypto/us/latest/trades"
    broker.answer("GET", path, Answer(payload("latest_crypto_trades")))
    marks = rest.latest_trades(["TSLA", "AAPL", "BTC/USD", "NONE"])
    assert [(m.symbol, m.price, m.source) for m in marks] == [
        ("AAPL", Decimal("170.01"), "snapshot"),
        ("TSLA", Decimal("1003.1"), "snapshot"),
        ("BTC/USD", Decimal("29791.129999"), "snapshot"),
    ]
    assert broker.asked[0].query == {"symbols": "AAPL,NONE,TSLA", "feed": "iex"}
    assert broker.asked[1].query == {"symbols": "BTC/USD"}


def test_latest_quotes(broker: StandIn, rest: BrokerRest) -> None:
    """A quote comes with both sides."""
    broker.answer("GET", "/v2/stocks/quotes/latest", Answer(payload("latest_stock_quotes")))
    (quote,) = rest.latest_quotes(["AAPL"])
    assert (quote.bid, quote.ask) == (Decimal(170), Decimal("170.02"))
    broker.answer("GET", "/v2/stocks/quotes/latest", Answer({"quotes": None}))
    assert rest.latest_quotes(["AAPL"]) == []


BAR = {"t": "2026-01-05T14:30:00Z", "o": 1, "h": 3, "l": 0.5, "c": 2.25, "v": 100, "n": 3, "vw": 2}


def test_bars_are_read_over_all_pages(broker: StandIn, rest: BrokerRest) -> None:
    """A token leads to the next page; a bar nobody can read is left out and counted."""
    odd = {**BAR, "c": None}
    later = {**BAR, "t": "2026-01-05T14:35:00Z"}
    broker.answer(
        "GET", "/v2/stocks/bars",
        Answer({"bars": {"AAPL": [BAR, odd]}, "next_page_token": "more"}),
        Answer({"bars": {"AAPL": [later], "MSFT": [BAR]}, "next_page_token": None}),
    )  # fmt: skip
    broker.answer("GET", "/v1beta3/crypto/us/bars", Answer({"bars": None}))
    found = rest.bars(["MSFT", "AAPL", "BTC/USD"], "5Min", SINCE)
    closes = {name: [(bar.at.minute, bar.close) for bar in bars] for name, bars in found.items()}
    close = Decimal("2.25")
    assert {"AAPL": [(30, close), (35, close)], "MSFT": [(30, close)]} == closes
    assert 1 == rest.left_out
    query = {
        "symbols": "AAPL,MSFT", "timeframe": "5Min", "start": "2021-03-16T00:00:00.000000Z",
        "limit": "10000", "feed": "iex", "adjustment": "split",
    }  # fmt: skip
    assert [query, {**query, "page_token": "more"}] == [each.query for each in broker.asked[:2]]


def test_a_page_token_that_never_ends_is_no_endless_loop(broker: StandIn, rest: BrokerRest) -> None:
    """A server that ignores the token is asked twice, not for ever."""
    broker.answer(
        "GET", "/v2/stocks/bars", Answer({"bars": {"AAPL": [BAR]}, "next_page_token": "same"})
    )
    assert ["AAPL"] == list(rest.bars(["AAPL"], "1Day", SINCE))
    assert 2 == len(broker.asked)


@pytest.mark.parametrize("body", [[], {"bars": []}, {"bars": {"AAPL": {}}}])
def test_an_answer_without_bars_is_no_history(
    broker: StandIn, rest: BrokerRest, body: object
) -> None:
    """A shape that Alpaca never sends is one named error."""
    broker.answer("GET", "/v2/stocks/bars", Answer(body))
    with pytest.raises(ConversionError, match="bars"):
        rest.bars(["AAPL"], "5Min", SINCE)


def test_numbers_keep_more_digits_than_a_float(broker: StandIn, rest: BrokerRest) -> None:
    """A JSON number is read as a decimal, not through a float."""
    body = '{"trades":{"AAPL":{"t":"2022-04-12T17:26:45Z","p":0.1234567890123456789}}}'
    broker.answer("GET", "/v2/stocks/trades/latest", Answer(body))
    (mark,) = rest.latest_trades(["AAPL"])
    assert mark.price == Decimal("0.1234567890123456789")


def test_clock_and_assets(broker: StandIn, rest: BrokerRest) -> None:
    """The market clock and the list of assets are read."""
    broker.answer("GET", "/v2/clock", Answer(payload("clock")))
    pair = {**payload("asset"), "symbol": "BTC/USD", "class": "crypto"}
    broker.answer("GET", "/v2/assets", Answer([payload("asset")]), Answer([pair]))
    assert rest.clock().is_open
    assert [asset.symbol for asset in rest.assets()] == ["AAPL", "BTC/USD"]
    classes = [each.query.get("asset_class") for each in broker.asked[1:]]
    assert ["us_equity", "crypto"] == classes


def test_many_threads_at_once(broker: StandIn, rest: BrokerRest) -> None:
    """One slow request holds nobody else up, and dead threads leave no session behind."""
    broker.answer("GET", "/v2/account", Answer(payload("account")))
    broker.answer("GET", "/v2/clock", Answer(hang=True))
    found: list[str] = []

    def read() -> None:
        found.append(rest.account().account_number)

    def hang() -> None:
        with pytest.raises(BrokerUnreachable):
            rest.clock()

    threads = [threading.Thread(target=target) for target in [hang] * 4 + [read] * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == ["PA3MYAWKH7QF"] * 8
    gc.collect()
    assert len(rest._trading_sessions._all) == 0


def _whole(broker: StandIn) -> None:
    """Let the stand-in answer everything fetch_state asks."""
    broker.answer("GET", "/v2/account", Answer(payload("account")))
    positions = [payload(f"position_{kind}") for kind in ("long", "short", "crypto")]
    broker.answer("GET", "/v2/positions", Answer(positions))
    closed = payload("order_replaced") | {"id": "closed-1", "client_order_id": "closed-1"}
    broker.answer("GET", "/v2/orders", Answer([payload("order_limit")]), Answer([closed]))
    broker.answer("GET", "/v2/account/activities/FILL", Answer([payload("fill")]))
