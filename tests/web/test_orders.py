"""The order door."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from portfolio.changes import OrderUpdated
from portfolio.errors import AlphaFlowError, BrokerError, BrokerUnreachable, CredentialsRefused
from portfolio.ids import ClientOrderId, OrderId
from portfolio.orders import TradeUpdate
from stream.wire import order_json
from tests.web.conftest import Site, fields_of, problem_of
from tests.web.doubles import NOW
from tests.web.test_login import ANY_SITE, JSON

TICKET = {"symbol": "aapl", "side": "buy", "type": "limit", "qty": "10", "limitPrice": 175.5}
FIELDS = [
    "symbol", "side", "type", "timeInForce", "qty", "notional", "limitPrice", "stopPrice",
    "extendedHours", "clientOrderId", "strategyId", "accountId",
]  # fmt: skip


def _place(client: FlaskClient, **fields: object) -> str:
    response = client.post("/api/orders", json={**TICKET, **fields})
    assert 202 == response.status_code, response.text
    return str(response.get_json()["orderId"])


def test_an_order_is_stored_and_accepted(site: Site, trader: FlaskClient) -> None:
    """Spec 6: 202 with the order, in the stream's own form."""
    response = trader.post("/api/orders", json={**TICKET, "clientOrderId": "mine-1"})
    order = site.gateway.snapshot(site.mine).orders[0]
    assert (202, {"accountId": site.mine, **order_json(order)}) == (
        response.status_code, response.get_json(),
    )  # fmt: skip
    assert ("mine-1", "AAPL", Decimal("175.5")) == (
        order.client_order_id, order.symbol, order.limit_price,
    )  # fmt: skip


def test_every_bad_field_is_named_at_once(trader: FlaskClient) -> None:
    """What was wrong and what is allowed, for each field."""
    bad = {"symbol": "?", "side": "hold", "type": "market", "qty": "-1", "limitPrice": 1, "x": 2}
    response = trader.post("/api/orders", json=bad)
    assert (422, "invalid-order") == problem_of(response)
    assert {"x", "symbol", "side", "qty", "limitPrice"} == set(fields_of(response))
    shown = {each["field"]: each["got"] for each in response.get_json()["errors"]}
    assert ("?", "hold", "-1", 2) == (shown["symbol"], shown["side"], shown["qty"], shown["x"])


@pytest.mark.parametrize("name", ["viewer", "reader"])
def test_who_may_only_look_may_not_trade(site: Site, name: str) -> None:
    """U6: neither the role viewer nor the permission read opens the order door."""
    placed = _place(site.client("trader"))
    client = site.client(name)
    tries = [
        client.post("/api/orders", json=TICKET),
        client.patch(f"/api/orders/{placed}", json={"qty": 1}),
        client.delete(f"/api/orders/{placed}"),
        client.delete("/api/positions/AAPL"),
    ]
    assert [(403, "not-permitted")] * 4 == [problem_of(each) for each in tries]
    assert 1 == len(site.gateway.snapshot(site.mine).orders)
    assert [placed] == [each["orderId"] for each in client.get("/api/orders").get_json()["orders"]]


@pytest.mark.parametrize("name", ["other", "admin", "nobody"])
def test_nobody_reaches_the_orders_of_an_account_not_granted(site: Site, name: str) -> None:
    """R2: neither the id in the query, nor in the body, nor an order's id opens it."""
    placed = _place(site.client("trader"))
    client = site.client(name)
    ours = f"?accountId={site.mine}"
    tries = [
        client.get(f"/api/orders{ours}"),
        client.post(f"/api/orders{ours}", json=TICKET),
        client.post("/api/orders", json={**TICKET, "accountId": site.mine}),
        client.get(f"/api/orders/{placed}"),
        client.get(f"/api/orders/{placed}{ours}"),
        client.patch(f"/api/orders/{placed}{ours}", json={"qty": 1}),
        client.patch(f"/api/orders/{placed}", json={"qty": 1, "accountId": site.mine}),
        client.delete(f"/api/orders/{placed}{ours}"),
        client.delete(f"/api/orders/{placed}"),
        client.delete(f"/api/positions/AAPL{ours}"),
    ]
    assert {404} == {problem_of(each)[0] for each in tries}
    assert [placed] == [each.order_id for each in site.gateway.snapshot(site.mine).orders]
    assert () == site.gateway.snapshot(site.theirs).orders


def test_two_accounts_in_one_request_are_refused(site: Site, trader: FlaskClient) -> None:
    """Body and query must mean the same account."""
    response = trader.post(
        f"/api/orders?accountId={site.mine}", json={**TICKET, "accountId": site.theirs}
    )
    assert ((422, "invalid-value"), ["accountId"]) == (problem_of(response), fields_of(response))


def test_an_order_shows_its_timeline(site: Site, trader: FlaskClient) -> None:
    """The order as on the stream, and what happened to it, oldest first."""
    placed = _place(trader)
    order = replace(
        site.gateway.snapshot(site.mine).orders[0], status="filled", filled_quantity=Decimal(10)
    )
    update = TradeUpdate(
        event="fill", at=NOW, order=order, execution_id="e", price=Decimal("175.50"),
        quantity=Decimal(10), position_quantity=Decimal(20),
    )  # fmt: skip
    site.services.records.store_changes(
        site.mine, [OrderUpdated(account_id=site.mine, order=order)], update
    )
    body = trader.get(f"/api/orders/{placed}").get_json()
    at = "2026-01-05T15:00:00.000Z"
    assert placed == body["orderId"]
    assert [
        {"event": "pending_submit", "status": "pending_submit", "at": at, "filledQty": "0"},
        {"event": "fill", "status": "filled", "at": at, "filledQty": "10", "quantity": "10",
         "price": "175.5", "positionQuantity": "20"},
    ] == body["events"]  # fmt: skip


def test_an_order_that_left_memory_is_found_in_the_record(site: Site, trader: FlaskClient) -> None:
    """History is not bounded by what is held in memory."""
    placed = _place(trader)
    site.gateway.open(site.mine)
    assert placed == trader.get(f"/api/orders/{placed}").get_json()["orderId"]


def test_cancel_and_replace(site: Site, trader: FlaskClient) -> None:
    """202 with the order as it stands; what is over can't be changed: 409."""
    placed = _place(trader)
    new = trader.patch(f"/api/orders/{placed}", json={"qty": "5", "limitPrice": "170"})
    canceled = trader.delete(f"/api/orders/{placed}")
    again = trader.delete(f"/api/orders/{placed}")
    body = new.get_json()
    assert (202, placed, "5", "170") == (
        new.status_code, body["replaces"], body["qty"], body["limitPrice"],
    )  # fmt: skip
    assert (202, placed) == (canceled.status_code, canceled.get_json()["orderId"])
    assert (409, "order-not-cancelable") == problem_of(again)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["body"]), ({"qty": 0}, ["qty"]), ({"qty": "x", "trail": -1}, ["qty", "trail"]),
        ({"limitPrice": "1.0000000001"}, ["limitPrice"]), ({"timeInForce": "w"}, ["timeInForce"]),
        ({"symbol": "AAPL"}, ["symbol"]), ({"qty": True}, ["qty"]), ({"trail": None}, ["trail"]),
        ({"timeInForce": ["day"]}, ["timeInForce"]),
    ],
)  # fmt: skip
def test_unusable_changes_are_named(
    trader: FlaskClient, body: dict[str, object], fields: list[str]
) -> None:
    """A replacement says which fields it may change and how."""
    response = trader.patch(f"/api/orders/{_place(trader)}", json=body)
    assert ((422, "invalid-order"), fields) == (problem_of(response), fields_of(response))


def test_a_position_is_closed(trader: FlaskClient) -> None:
    """202 with the closing order; a symbol that is not held is answered with those that are."""
    closing = trader.delete("/api/positions/aapl").get_json()
    missing = trader.delete("/api/positions/BTC/USD")
    assert ("AAPL", "sell") == (closing["symbol"], closing["side"])
    assert (422, "invalid-value") == problem_of(missing)
    assert "a symbol that is held: AAPL" == missing.get_json()["errors"][0]["allowed"]


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (BrokerUnreachable("timed out"), (503, "broker-unreachable")),
        (CredentialsRefused(status=401, code=None, message="unauthorized"),
         (502, "broker-refused-keys")),
        (BrokerError(status=422, code=42210000, message="sub-penny"), (422, "broker-refused")),
        (BrokerError(status=403, code=40310000, message="no cash"), (422, "broker-refused")),
        (BrokerError(status=500, code=None, message="oops"), (502, "broker-failed")),
        (BrokerError(status=None, code=None, message="?"), (502, "broker-failed")),
    ],
)  # fmt: skip
def test_a_broker_that_says_no_is_quoted(
    site: Site, trader: FlaskClient, refusal: AlphaFlowError, expected: tuple[int, str]
) -> None:
    """Whose fault it is shows in the status, the broker's words in the detail."""
    placed = _place(trader)
    site.gateway.refusal = refusal
    response = trader.delete(f"/api/orders/{placed}")
    assert expected == problem_of(response)
    assert str(refusal) in response.get_json()["detail"]


def _ids(client: FlaskClient, query: str) -> list[str]:
    return [each["orderId"] for each in client.get(f"/api/orders{query}").get_json()["orders"]]


def test_without_a_filter_the_list_is_the_snapshot(site: Site, trader: FlaskClient) -> None:
    """R10: what the stream shows is what REST shows, envelope around it."""
    _place(trader)
    _place(trader)
    body = trader.get("/api/orders").get_json()
    assert {
        "accountId": site.mine,
        "asOf": "2026-01-05T15:00:00.000Z",
        "orders": [order_json(each) for each in site.gateway.snapshot(site.mine).orders],
        "next": None,
    } == body


def test_orders_are_filtered_and_paged(site: Site, trader: FlaskClient) -> None:
    """By status, symbol and limit; ``next`` leads through all of them, each once."""
    _place(trader)
    template = replace(site.gateway.snapshot(site.mine).orders[0], status="filled", symbol="MSFT")
    for index, status in enumerate(["new", "canceled", "expired", "new", "partially_filled"]):
        stored = replace(
            template, order_id=OrderId(f"o{index}"), client_order_id=ClientOrderId(f"c{index}"),
            status=status, symbol="AAPL", submitted_at=NOW + timedelta(seconds=index),
        )  # fmt: skip
        site.services.records.store_order(site.mine, stored)
    site.services.records.store_order(site.mine, template)
    site.services.records.store_order(site.theirs, template)
    queries = ("status=open&limit=2", "status=canceled,expired", "symbol=msft", "status=closed")
    last = template.order_id
    assert [["o4", "o3"], ["o2", "o1"], [last], ["o2", "o1", last]] == [
        _ids(trader, f"?{query}") for query in queries
    ]
    seen: list[str] = []
    following = "?limit=2"
    while following:
        body = trader.get(f"/api/orders{following}").get_json()
        seen += [each["orderId"] for each in body["orders"]]
        following = f"?limit=2&before={body['next']}" if body["next"] else ""
    assert (sorted(set(seen)), 6) == (sorted(seen), len(seen))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=nonsense", "status"), ("status=", "status"), ("status=new,", "status"),
        ("limit=0", "limit"), ("limit=501", "limit"), ("limit=x", "limit"), ("limit=-1", "limit"),
        ("limit=%D9%A3", "limit"), ("symbol=%00", "symbol"), ("symbol=", "symbol"),
        ("before=zzz", "before"), ("before=%00", "before"), ("before=", "before"),
        ("before=MjAyNg==", "before"),
    ],
)  # fmt: skip
def test_unusable_parameters_are_named(trader: FlaskClient, query: str, field: str) -> None:
    """422 with the parameter, what it was and what is allowed."""
    response = trader.get(f"/api/orders?{query}")
    assert ((422, "invalid-value"), [field]) == (problem_of(response), fields_of(response))


@ANY_SITE
@given(body=st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON)
def test_no_json_breaks_the_order_door(site: Site, body: object) -> None:
    """Whatever is sent, the answer is an order or an orderly refusal."""
    response = site.client("trader").post(
        "/api/orders", data=json.dumps(body), content_type="application/json"
    )
    assert response.status_code in (202, 400, 404, 422)


@ANY_SITE
@given(order_id=st.text(min_size=1), body=st.dictionaries(st.text(), JSON, max_size=3))
def test_no_order_id_breaks_anything(site: Site, order_id: str, body: dict[str, object]) -> None:
    """Ids that nobody has are 404 for every method, whatever they are made of."""
    client = site.client("trader")
    path = f"/api/orders/{quote(order_id, safe='')}"
    statuses = [
        client.get(path).status_code, client.delete(path).status_code,
        client.patch(path, json=body).status_code,
    ]  # fmt: skip
    assert set(statuses) <= {308, 404, 405, 422}


@ANY_SITE
@given(
    path=st.sampled_from(["orders", "trades", "equity", "quotes", "positions", "pnl-by-symbol"]),
    query=st.dictionaries(
        st.sampled_from(
            ["accountId", "status", "symbol", "limit", "before", "since", "until", "points",
             "symbols"]
        ),
        st.text(max_size=30) | st.integers().map(str) | st.datetimes().map(str),
    ),
)  # fmt: skip
def test_no_query_breaks_the_api(site: Site, path: str, query: dict[str, str]) -> None:
    """Garbage in parameters is refused in an orderly way."""
    response = site.client("trader").get(f"/api/{path}", query_string=query)
    assert response.status_code in (200, 404, 422)
