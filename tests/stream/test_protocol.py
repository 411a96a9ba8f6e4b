from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.filter import Subscription
from stream.protocol import BadClientMessage, Subscribe, Unsubscribe, parse
from stream.wire import CHANNELS, encode
from tests.stream.samples import ALPHA, BETA, book


@pytest.mark.parametrize(
    ("raw", "code", "allowed"),
    [
        ("{", "invalid_json", "one JSON object per message"),
        ("\udcff".encode(errors="surrogateescape"), "invalid_json", "one JSON object per message"),
        ("[" * 60_000, "invalid_json", "one JSON object per message"),
        ('"\\ud800"', "invalid_json", "one JSON object per message"),
        ("[1]", "invalid_message", '{"type": ...}'),
        ("{}", "unknown_type", ["subscribe", "unsubscribe", "ping", "ack"]),
        ('{"type":"buy"}', "unknown_type", ["subscribe", "unsubscribe", "ping", "ack"]),
        ('{"type":"subscribe","channels":["news"]}', "unknown_channel", list(CHANNELS)),
        ('{"type":"subscribe","channels":7}', "invalid_field", None),
        ('{"type":"subscribe","chanels":[]}', "invalid_field", None),
        ('{"type":"ack","seq":"one"}', "invalid_field", None),
        (
            json.dumps({"type": "subscribe", "symbols": ["A"] * 1001}),
            "too_many",
            "at most 1000",
        ),
    ],
)
def test_each_mistake_has_its_code(raw: str | bytes, code: str, allowed: object) -> None:
    """R3: what was wrong is said with a code, and with what would have been accepted."""
    with pytest.raises(BadClientMessage) as problem:
        parse(raw)
    assert problem.value.code == code
    assert problem.value.allowed == allowed
    assert problem.value.data()["message"]


@given(st.text() | st.binary())
def test_no_input_raises_anything_else(raw: str | bytes) -> None:
    """R3: whatever a client sends is a message or a named mistake."""
    mistakes = []
    try:
        parse(raw)
    except BadClientMessage as problem:
        mistakes.append(problem)
    assert all(encode(problem.data()) for problem in mistakes)


def test_first_subscribe_without_parts_means_everything() -> None:
    """A plain subscribe asks for all channels, symbols and accounts."""
    now = Subscription().subscribed(Subscribe())
    assert now == Subscription(frozenset(CHANNELS))
    assert now.everything
    assert now.wants_account(ALPHA)


def test_nothing_is_wanted_before_subscribing() -> None:
    """A client that never subscribes gets nothing."""
    assert not Subscription().wants_account(ALPHA)


def test_second_subscribe_replaces_the_parts_it_names() -> None:
    """Channels and symbols can be changed, each alone."""
    first = Subscription().subscribed(Subscribe(channels=["orders"], symbols=["aapl"]))
    second = first.subscribed(Subscribe(channels=["positions"]))
    assert second == Subscription(frozenset({"positions"}), frozenset({"AAPL"}))
    assert second.subscribed(Subscribe(symbols=[])).symbols is None


def test_unsubscribe_takes_away_what_it_names() -> None:
    """An unsubscribe without parts ends everything, one with parts only those."""
    all_of_it = Subscription().subscribed(Subscribe())
    both = frozenset({ALPHA, BETA})
    assert all_of_it.unsubscribed(Unsubscribe(), both) == Subscription()
    fewer = all_of_it.unsubscribed(Unsubscribe(channels=["trades"]), both)
    assert fewer.channels == frozenset(CHANNELS) - {"trades"}
    one = all_of_it.unsubscribed(Unsubscribe(accounts=[ALPHA]), both)
    assert not one.wants_account(ALPHA)
    assert one.wants_account(BETA)


def test_taking_the_last_symbol_leaves_nothing() -> None:
    """An empty list of symbols must not come to mean all symbols."""
    one = Subscription().subscribed(Subscribe(symbols=["AAPL"]))
    assert one.unsubscribed(Unsubscribe(symbols=["AAPL"]), frozenset({ALPHA})) == Subscription()


def test_snapshot_is_narrowed_like_the_events() -> None:
    """A client that asked for one symbol's positions gets no other, and no account figures."""
    wish = Subscription().subscribed(Subscribe(channels=["positions"], symbols=["AAPL"]))
    narrowed = wish.narrow(book("AAPL", "MSFT"))
    assert [position.symbol for position in narrowed.positions] == ["AAPL"]
    assert (narrowed.orders, narrowed.trades, narrowed.account) == ((), (), None)
