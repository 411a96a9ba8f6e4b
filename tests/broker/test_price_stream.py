"""The market-data links: alpaca-py's own data streams against a real socket."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgpack
import pytest

from broker.credentials import Credentials
from broker.feed import FeedLoop
from portfolio.ids import AccountId
from portfolio.values import Mark
from tests.broker.conftest import ACCOUNT
from tests.broker.recorder import Recorder, eventually
from tests.broker.stand_in import SECRET, StandIn

AT = msgpack.Timestamp(1_650_784_005, 9_288_296)
CRYPTO = "/v1beta3/crypto/us"
MALFORMED = [
    b"",
    b"\xc1",
    b"\x91",
    "text instead of binary",
    msgpack.packb({"T": "t"}),
    msgpack.packb(None),
    msgpack.packb([]),
    msgpack.packb([None, 3, "t", []]),
    msgpack.packb([{}]),
    msgpack.packb([{"T": None}, {"T": []}, {"T": {}}]),
    msgpack.packb([{"T": "t"}, {"T": "q"}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": None, "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": "1.0", "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": float("nan"), "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": float("inf"), "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": 0, "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": -4.5, "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": True, "t": AT}]),
    msgpack.packb([{"T": "t", "S": "AAPL", "p": 1.0}]),
    msgpack.packb([{"T": "t", "S": ["AAPL"], "p": 1.0, "t": AT}]),
    msgpack.packb([{"T": "q", "S": "AAPL", "bp": None, "ap": 1.0, "t": AT}]),
    msgpack.packb([{"T": "subscription", "trades": None}]),
    msgpack.packb([{"T": "subscription", "trades": [3, None]}]),
    msgpack.packb([{"T": "tomorrow", "S": "AAPL"}]),
    msgpack.packb([{1: 2}]),
]


def trade(symbol: str, price: float, **more: object) -> dict[str, Any]:
    """Return a raw trade."""
    return {"T": "t", "S": symbol, "p": price, "s": 5, "t": AT} | more


def quote(symbol: str, bid: float, ask: float) -> dict[str, Any]:
    """Return a raw quote."""
    return {"T": "q", "S": symbol, "bp": bid, "bs": 1, "ap": ask, "as": 2, "t": AT}


@pytest.fixture
def watching(
    feed: FeedLoop, heard: Recorder, credentials: Credentials, broker: StandIn
) -> FeedLoop:
    """Return a feed that watches AAPL and is live."""
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    heard.until_state("market_data", "live")
    return feed


def test_newest_trade_and_count_per_symbol(watching: FeedLoop, broker: StandIn) -> None:
    """A drain gives each symbol's newest trade once, with the number it stands for."""
    board = watching.board(ACCOUNT)
    broker.push_data(*(trade("AAPL", 100 + n) for n in range(5)), quote("AAPL", 103.9, 104.1))
    eventually(lambda: board.quote("AAPL") is not None)
    (mark,) = board.drain_marks()
    assert (mark.symbol, mark.price, mark.count) == ("AAPL", Decimal(104), 5)
    assert mark.at == datetime(2022, 4, 24, 7, 6, 45, 9288, tzinfo=UTC)
    assert board.drain_trades() == []
    last = board.last_trade("AAPL")
    assert isinstance(last, Mark)
    assert last.price == Decimal(104)


def test_trades_and_quotes_are_both_subscribed(watching: FeedLoop, broker: StandIn) -> None:
    """One subscribe asks for trades and quotes of every watched symbol, and for no bars."""
    asked = broker.data_asked[-1]
    assert asked == {"action": "subscribe", "trades": ["AAPL"], "quotes": ["AAPL"]}


@pytest.mark.parametrize("frame", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_frame_loses_nothing_else(
    watching: FeedLoop, heard: Recorder, broker: StandIn, frame: str | bytes
) -> None:
    """Whatever comes between two trades, both are counted, on the same connection."""
    board = watching.board(ACCOUNT)
    broker.push_data(trade("AAPL", 100))
    broker.push("/v2/iex", frame)
    broker.push_data(quote("AAPL", 1, 2))
    eventually(lambda: board.quote("AAPL") is not None)
    assert [(m.price, m.count) for m in board.drain_marks()] == [(Decimal(100), 1)]
    assert heard.states("market_data")[-1] == "live"
    assert "gap" not in heard.states("market_data")


def test_bad_message_costs_only_itself_within_a_frame(watching: FeedLoop, broker: StandIn) -> None:
    """The rest of a frame's array is kept when one message of it is bad."""
    board = watching.board(ACCOUNT)
    bad = {"T": "t", "S": "AAPL", "p": None, "t": AT}
    broker.push_data(trade("AAPL", 100), bad, 7, trade("AAPL", 101), quote("AAPL", 1, 2))
    eventually(lambda: board.quote("AAPL") is not None)
    assert [(m.price, m.count) for m in board.drain_marks()] == [(Decimal(101), 2)]
    (link,) = [link for link in watching.links() if link.name == "stocks"]
    assert sum(link.malformed.values()) == 2


def test_symbols_change_while_running(watching: FeedLoop, heard: Recorder, broker: StandIn) -> None:
    """Watching other symbols subscribes and unsubscribes on the open connection."""
    board = watching.board(ACCOUNT)
    watching.watch(ACCOUNT, frozenset({"TSLA"}))
    eventually(lambda: broker.data_asked[-1]["action"] == "subscribe")
    eventually(lambda: len(broker.data_asked) == 5)
    assert broker.data_asked[2:] == [
        {"action": "unsubscribe", "trades": ["AAPL"]},
        {"action": "unsubscribe", "quotes": ["AAPL"]},
        {"action": "subscribe", "trades": ["TSLA"], "quotes": ["TSLA"]},
    ]
    broker.push_data(trade("AAPL", 1), trade("TSLA", 2), quote("TSLA", 1, 2))
    eventually(lambda: board.quote("TSLA") is not None)
    assert [mark.symbol for mark in board.drain_marks()] == ["TSLA"]
    assert broker.attempts["/v2/iex"] == 1


def test_crypto_goes_over_its_own_stream(
    feed: FeedLoop, heard: Recorder, broker: StandIn, credentials: Credentials
) -> None:
    """A symbol with a slash is watched on the crypto stream, and the board holds both."""
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"BTC/USD"}))
    heard.until_state("market_data", "live")
    assert "/v2/iex" not in broker.attempts
    broker.push_data(trade("BTC/USD", 64000.5), quote("BTC/USD", 1, 2), path=CRYPTO)
    board = feed.board(ACCOUNT)
    eventually(lambda: board.quote("BTC/USD") is not None)
    assert [mark.price for mark in board.drain_marks()] == [Decimal("64000.5")]


def test_market_data_is_as_good_as_its_worse_link(
    watching: FeedLoop, heard: Recorder, broker: StandIn
) -> None:
    """With stocks live, a dropped crypto stream is a gap until it is back."""
    watching.watch(ACCOUNT, frozenset({"AAPL", "BTC/USD"}))
    heard.until_state("market_data", "live", times=2)
    broker.drop(CRYPTO)
    heard.until_state("market_data", "gap")
    assert heard.detail("market_data").startswith("crypto: ")
    heard.until_state("market_data", "live", times=3)


def test_accounts_of_one_credential_share_a_connection(
    watching: FeedLoop, heard: Recorder, broker: StandIn, credentials: Credentials
) -> None:
    """Two accounts on one key are one data connection; each drains its own symbols."""
    other = AccountId("acc-2")
    watching.add_account(other, credentials)
    watching.watch(other, frozenset({"AAPL", "MSFT"}))
    heard.until(lambda: "live" in heard.states("market_data", other))
    eventually(lambda: broker.data_asked[-1].get("trades") == ["AAPL", "MSFT"])
    broker.push_data(trade("AAPL", 1), trade("MSFT", 2), quote("MSFT", 1, 2))
    board = watching.board(other)
    eventually(lambda: board.quote("MSFT") is not None)
    assert broker.attempts["/v2/iex"] == 1
    assert {mark.symbol for mark in watching.board(ACCOUNT).drain_marks()} == {"AAPL"}
    assert {mark.symbol for mark in board.drain_marks()} == {"AAPL", "MSFT"}


def test_nothing_watched_means_not_connected(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """Without a symbol there is no data connection, and the process is idle."""
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset())
    heard.until_state("broker", "live")
    used_s, began = time.process_time(), time.monotonic()
    eventually(lambda: time.monotonic() - began > 0.5)
    assert "/v2/iex" not in broker.attempts
    assert time.process_time() - used_s < 0.25


def test_last_symbol_gone_closes_and_the_next_reconnects(
    watching: FeedLoop, heard: Recorder, broker: StandIn
) -> None:
    """Watching nothing hangs up; watching something again connects again."""
    watching.watch(ACCOUNT, frozenset())
    heard.until_state("market_data", "down")
    assert heard.detail("market_data") == "nothing is watched"
    # hung up, too: asked for in the middle of hanging up, the connection would be a gap first
    eventually(
        lambda: {each.state for each in watching.links() if each.name == "stocks"} == {"down"}
    )
    watching.watch(ACCOUNT, frozenset({"MSFT"}))
    heard.until_state("market_data", "live", times=2)
    assert "gap" not in heard.states("market_data")


def test_drop_is_a_gap_then_live_with_all_symbols(
    watching: FeedLoop, heard: Recorder, broker: StandIn
) -> None:
    """After a cut everything watched is subscribed again."""
    broker.drop("/v2/iex")
    heard.until_state("market_data", "gap")
    heard.until_state("market_data", "live", times=2)
    assert broker.data_asked[-1]["trades"] == ["AAPL"]


@pytest.mark.parametrize("code", [402, 409, 411])
def test_refusals_stop_for_good(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials, code: int
) -> None:
    """Wrong keys and a missing subscription are reported as refused and not retried."""
    broker.auth_errors = [code]
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    heard.until_state("market_data", "refused")
    assert str(code) in heard.detail("market_data")
    heard.until_state("broker", "live")
    assert broker.attempts["/v2/iex"] == 1


def test_wrong_secret_is_refused_on_both_hops(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """Keys that the broker does not take stop trade updates and prices alike."""
    feed.add_account(ACCOUNT, Credentials("PKTESTKEY0001", "wrong", credentials.endpoints))
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    heard.until_state("market_data", "refused")
    heard.until_state("broker", "refused")


def test_connection_limit_keeps_the_socket(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """406 is answered by asking again on the same socket until the slot is free."""
    broker.auth_errors = [406, 406]
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    heard.until_state("market_data", "live")
    assert broker.attempts["/v2/iex"] == 1
    assert [asked["action"] for asked in broker.data_asked] == ["auth"] * 3 + ["subscribe"]


def test_symbol_limit_is_reported_and_survived(
    watching: FeedLoop, heard: Recorder, broker: StandIn
) -> None:
    """405 is a gap, not a healthy link; fewer symbols make it live on the same socket."""
    broker.symbol_limit = 1
    watching.watch(ACCOUNT, frozenset({"AAPL", "MSFT"}))
    heard.until_state("market_data", "gap")
    assert "405" in heard.detail("market_data")
    watching.watch(ACCOUNT, frozenset({"MSFT"}))
    heard.until_state("market_data", "live", times=2)
    assert broker.data_asked[-1]["trades"] == ["MSFT"]
    assert broker.attempts["/v2/iex"] == 1


def test_symbol_limit_taken_back_is_live_again(
    watching: FeedLoop, heard: Recorder, broker: StandIn
) -> None:
    """Going back to the symbols that are subscribed already ends the gap."""
    broker.symbol_limit = 1
    watching.watch(ACCOUNT, frozenset({"AAPL", "MSFT"}))
    heard.until_state("market_data", "gap")
    watching.watch(ACCOUNT, frozenset({"AAPL"}))
    heard.until_state("market_data", "live", times=2)


@pytest.mark.parametrize("code", [407, 500, 999])
def test_session_error_reconnects(
    watching: FeedLoop, heard: Recorder, broker: StandIn, code: int
) -> None:
    """An error that ends the session (slow client, internal) is a gap, then live again."""
    broker.push_data({"T": "error", "code": code, "msg": "sorry"})
    heard.until_state("market_data", "gap")
    assert any(str(code) in detail for *_, state, detail in heard.links if state == "gap")
    heard.until_state("market_data", "live", times=2)


def test_mute_server_does_not_hold_the_stop(
    broker: StandIn, heard: Recorder, credentials: Credentials
) -> None:
    """stop() is done in time while a data server is mute before its first word."""
    broker.mute = True
    feed = FeedLoop(heard)
    feed.start()
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    eventually(lambda: broker.attempts.get("/v2/iex", 0) > 0)
    assert feed.stop(5.0)


def test_replaced_credentials_keep_what_is_watched(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """New keys for an account reconnect both hops; board and symbols stay."""
    feed.add_account(ACCOUNT, Credentials("PKTESTKEY0001", "wrong", credentials.endpoints))
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    board = feed.board(ACCOUNT)
    heard.until_state("market_data", "refused")
    feed.add_account(ACCOUNT, Credentials("PKTESTKEY0002", SECRET, credentials.endpoints))
    heard.until_state("market_data", "live")
    broker.push_data(trade("AAPL", 3), quote("AAPL", 1, 2))
    eventually(lambda: board.quote("AAPL") is not None)
    assert feed.board(ACCOUNT) is board
