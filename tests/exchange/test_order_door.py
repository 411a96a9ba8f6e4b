"""Whatever is sent to the order door gets an answer in Alpaca's form, never a crash."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.decimals import subtract, text, total
from exchange.errors import ExchangeError
from exchange.ledger import DEPOSIT
from exchange.store import Page
from exchange.tickets import Changes, read_body, read_changes, read_ticket
from exchange.wire import account_json, order_json
from tests.exchange.desk import Bench

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
    st.sampled_from(["1e999999", "-1", "0", "NaN", "1_000", "٣", "1e-400", "0x10", " 5", "\ud800"]),
)
NUMBERS = st.one_of(
    st.sampled_from(["1", "0.5", "10.01", "100", "1000", "99.999", "0.000000001", "1000000000"]),
    st.decimals("0.000000001", 10**6, places=9).map(str),
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "symbol": st.sampled_from(["AAPL", "MSFT", "HARD", "GONE", "PENY", "BTC/USD", "BTCUSD"]),
    "side": st.sampled_from(["buy", "sell"]),
    "type": st.sampled_from(["market", "limit", "stop", "stop_limit"]),
    "time_in_force": st.sampled_from(["day", "gtc", "ioc", "fok"]),
    "qty": NUMBERS,
    "notional": NUMBERS,
    "limit_price": NUMBERS,
    "stop_price": NUMBERS,
    "extended_hours": st.booleans(),
    "client_order_id": st.sampled_from(["a", "b", "c"]),
    "order_class": st.sampled_from(["", "simple"]),
}
BODIES = st.fixed_dictionaries(
    {}, optional={name: st.one_of(good, JUNK) for name, good in FIELDS.items()}
)
USUAL = ("symbol", "side", "type", "time_in_force", "qty")
ORDERS = st.fixed_dictionaries(
    {name: FIELDS[name] for name in USUAL},
    optional={name: FIELDS[name] for name in ("limit_price", "stop_price")},
)


def answered(ask: Callable[[], Any]) -> Any:
    """Return what came of asking: the answer, or the refusal."""
    try:
        return ask()
    except ExchangeError as refused:
        return refused


def as_sent(body: object) -> bytes:
    """Return a body as bytes, with what JSON can't say as Python spells it."""
    return json.dumps(body, default=str).encode(errors="surrogatepass")


@given(BODIES)
@settings(max_examples=300, deadline=None)
def test_any_body_is_an_order_or_a_refusal(body: dict[str, Any]) -> None:
    """A body becomes an order, or a refusal with status, code and message that JSON can hold."""
    bench = Bench()
    answer = answered(lambda: bench.engine.submit("K", read_ticket(read_body(as_sent(body)))))
    if isinstance(answer, ExchangeError):
        assert answer.status in (400, 403, 422)
        assert {"code", "message"} <= answer.body.keys()
        json.dumps(answer.body)
        return
    bench.run()
    json.dumps(order_json(bench.order(answer.id)))


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_an_object_or_a_refusal(raw: bytes) -> None:
    """Bytes that hold no JSON object are 400."""
    answer = answered(lambda: read_body(raw))
    assert isinstance(answer, dict) or answer.status == 400


@given(st.dictionaries(st.sampled_from([*FIELDS, "trail"]), JUNK, max_size=4))
@settings(max_examples=200, deadline=None)
def test_any_replacement_is_read_or_refused(body: dict[str, Any]) -> None:
    """The body of a replacement is understood or refused."""
    answer = answered(lambda: read_changes(read_body(as_sent(body))))
    assert isinstance(answer, Changes) or answer.status in (400, 422)


@given(st.lists(st.tuples(ORDERS, st.integers(40, 160), st.integers(1, 900)), max_size=12))
@settings(max_examples=100, deadline=None)
def test_books_add_up_whatever_is_traded(steps: list[tuple[dict[str, Any], int, int]]) -> None:
    """After any orders on any market, cash is the deposit − Σ fills, and nothing crossed zero."""
    bench = Bench()
    for body, price, size in steps:
        for symbol in ("AAPL", "MSFT", "BTC/USD"):
            scale = 200 if "/" in symbol else 1
            bench.market.traded(symbol, price * scale)
            bench.market.quoted(symbol, price * scale - 1, price * scale + 1, size)
        try:
            bench.engine.submit("K", read_ticket(body))
        except ExchangeError:
            continue
        bench.run()
    check_books(bench)


def check_books(bench: Bench) -> None:
    """Compare the account with its own executions."""
    account = bench.engine.accounts.open("K")
    fills = [fill for _, fill in bench.store.fills("K", Page(limit=10_000, newest_first=False))]
    assert subtract(DEPOSIT, total(fill.cost for fill in fills)) == account.ledger.cash
    position: dict[str, Decimal] = {}
    for fill in fills:
        before = position.get(fill.symbol, Decimal(0))
        position[fill.symbol] = before + fill.signed_qty
        assert before * position[fill.symbol] >= 0
        assert position[fill.symbol] == fill.position_qty
        assert position[fill.symbol] >= 0 or "/" not in fill.symbol
    assert {name: qty for name, qty in position.items() if qty} == {
        name: held.qty for name, held in account.ledger.holdings.items()
    }
    shown = account_json(account.record, account.figures(bench.engine.board))
    assert text(account.ledger.cash) == shown["cash"]
    for order in bench.store.orders("K", Page(limit=1000)):
        filled = total(fill.qty for fill in fills if fill.order_id == order.id)
        assert filled == order.filled_qty
        assert order.qty is None or filled <= order.qty
