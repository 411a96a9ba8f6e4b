"""The trade_updates link: alpaca-py's own TradingStream against a real socket."""

from __future__ import annotations

import json
import socket

import pytest

from broker import convert
from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.feed import FeedLoop
from portfolio.errors import UnknownAccount
from portfolio.ids import AccountId
from tests.broker.conftest import ACCOUNT
from tests.broker.payloads import payload
from tests.broker.recorder import Recorder, eventually
from tests.broker.stand_in import SECRET, StandIn, stand_in

MALFORMED = [
    "",
    "not json",
    b"\xff\xfe\x00",
    "[" * 100_000,
    "null",
    "[]",
    "3",
    '"trade_updates"',
    "{}",
    '{"stream":null,"data":{}}',
    '{"stream":["trade_updates"],"data":{}}',
    '{"stream":"trade_updates"}',
    '{"stream":"trade_updates","data":null}',
    '{"stream":"trade_updates","data":[]}',
    '{"stream":"authorization","data":null}',
    '{"stream":"authorization","data":{"status":{}}}',
    '{"stream":"listening","data":null}',
    '{"stream":"tomorrow","data":{"x":1}}',
]


def test_live_after_listening_then_updates(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """A link is live once `listening` was acknowledged, and hands on each event's data."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    broker.push_update(payload("trade_update_partial_fill"))
    heard.until(lambda: bool(heard.updates))
    assert heard.states("broker") == ["connecting", "live"]
    account_id, raw, arrived_ns = heard.updates[0]
    assert account_id == ACCOUNT
    assert arrived_ns > 0
    assert convert.trade_update(raw, arrived_ns).execution_id == raw["execution_id"]


@pytest.mark.parametrize("frame", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_frame_loses_nothing_else(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials, frame: str | bytes
) -> None:
    """Whatever frame comes between two events, both events arrive on the same connection."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    event = payload("trade_update_new")
    broker.push_update(event | {"execution_id": "before"})
    broker.push("/stream", frame)
    broker.push_update(event | {"execution_id": "after"})
    heard.until(lambda: len(heard.updates) == 2)
    assert [raw["execution_id"] for _, raw, _ in heard.updates] == ["before", "after"]
    assert heard.states("broker") == ["connecting", "live"]


def test_malformed_frames_are_counted_by_kind_and_logged_once(
    broker: StandIn,
    feed: FeedLoop,
    heard: Recorder,
    credentials: Credentials,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A kind of fault is logged the first time and counted every time, never with its content."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    broker.push("/stream", *(["sesame"] * 5))
    broker.push_update(payload("trade_update_new"))
    heard.until(lambda: bool(heard.updates))
    (link,) = feed.links()
    assert link.malformed == {"frame is not JSON": 5}
    assert caplog.text.count("frame is not JSON") == 1
    assert "sesame" not in caplog.text


def test_unknown_event_names_pass(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """An event that alpaca-py has never heard of is handed on like any other."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    broker.push_update(payload("trade_update_new") | {"event": "teleported"})
    heard.until(lambda: bool(heard.updates))
    assert convert.trade_update(heard.updates[0][1]).event == "teleported"


def test_decimal_digits_survive_as_json_numbers(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """A price that comes as a JSON number with many digits keeps them all."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    text = json.dumps({"stream": "trade_updates", "data": payload("trade_update_partial_fill")})
    broker.push("/stream", text.replace('"189.3999"', "189.123456789012345678"))
    heard.until(lambda: bool(heard.updates))
    assert str(convert.trade_update(heard.updates[0][1]).price) == "189.123456789012345678"


def test_wrong_secret_stops_for_good(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """Refused keys are reported once and never tried again."""
    feed.add_account(ACCOUNT, Credentials("PKTESTKEY0001", "wrong", credentials.endpoints))
    heard.until_state("broker", "refused")
    feed.retry_now(ACCOUNT)
    feed.add_account(AccountId("good"), credentials)
    heard.until(lambda: "live" in heard.states("broker", AccountId("good")))
    assert heard.states("broker", ACCOUNT) == ["connecting", "refused"]
    assert broker.attempts == {"/stream": 2}
    assert "wrong" not in "".join(detail for *_, detail in heard.links).split()


@pytest.mark.parametrize("status", [401, 403])
def test_refused_upgrade_stops_for_good(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials, status: int
) -> None:
    """HTTP 401 or 403 on the upgrade is a refusal of the keys too."""
    broker.upgrade_status = status
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "refused")
    assert heard.states("broker") == ["connecting", "refused"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_overloaded_server_is_tried_again(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials, status: int
) -> None:
    """HTTP 429 or 5xx on the upgrade passes: the next attempt succeeds."""
    broker.upgrade_status = status
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "down")
    broker.upgrade_status = 0
    heard.until_state("broker", "live")


def test_drop_is_a_gap_then_live_again(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """A cut connection is reported as a gap at once and is live again on its own."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    broker.drop("/stream")
    heard.until_state("broker", "gap")
    heard.until_state("broker", "live", times=2)
    broker.push_update(payload("trade_update_new"))
    heard.until(lambda: bool(heard.updates))
    assert heard.states("broker") == ["connecting", "live", "gap", "connecting", "live"]
    assert feed.links()[0].connects == 2


def test_restarted_server_is_found_again(heard: Recorder, feed: FeedLoop) -> None:
    """A server that was away and comes back on its port is live again within 5 s."""
    with stand_in() as first:
        port = first.port
        feed.add_account(ACCOUNT, _keys(first))
        heard.until_state("broker", "live")
    heard.until_state("broker", "down")
    with stand_in(port):
        heard.until(lambda: heard.states("broker").count("live") == 2, patience_s=5.0)


def test_listen_refused_is_not_live(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """A broker that acknowledges no stream is not live, and is asked again."""
    broker.trade_refusal = {"stream": "listening", "data": {"streams": []}}
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "down")
    assert "live" not in heard.states("broker")
    broker.trade_refusal = None
    heard.until_state("broker", "live")


def test_mute_server_does_not_hold_the_stop(
    broker: StandIn, heard: Recorder, credentials: Credentials
) -> None:
    """stop() is done in time while a server is mute in the middle of the handshake."""
    broker.mute = True
    feed = FeedLoop(heard)
    feed.start()
    feed.add_account(ACCOUNT, credentials)
    eventually(lambda: broker.attempts.get("/stream", 0) > 0)
    assert feed.stop(5.0)


def test_deaf_server_does_not_hold_the_stop(heard: Recorder) -> None:
    """stop() is done in time while a server accepts connections and says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        feed = FeedLoop(heard)
        feed.start()
        feed.add_account(ACCOUNT, Credentials("PKTESTKEY0001", SECRET, Endpoints.at(url)))
        feed.watch(ACCOUNT, frozenset({"AAPL"}))
        accepted = [server.accept()[0] for _ in range(2)]
        assert feed.stop(5.0)
        for connection in accepted:
            connection.close()


def test_stop_from_the_listener_does_not_deadlock(
    broker: StandIn, credentials: Credentials
) -> None:
    """A listener may stop the feed from inside a call; another thread then sees it end."""

    class Stopper(Recorder):
        def on_trade_update(self, *event: object) -> None:
            feed.stop()
            super().on_trade_update(*event)  # type: ignore[arg-type]

    heard = Stopper()
    feed = FeedLoop(heard)
    feed.start()
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    broker.push_update(payload("trade_update_new"))
    heard.until(lambda: bool(heard.updates))
    assert feed.stop(5.0)


def test_failing_listener_loses_only_its_event(broker: StandIn, credentials: Credentials) -> None:
    """An exception in the listener is counted; the next event still arrives."""

    class Clumsy(Recorder):
        def on_trade_update(self, account_id: AccountId, raw: object, arrived_ns: int) -> None:
            super().on_trade_update(account_id, raw, arrived_ns)  # type: ignore[arg-type]
            if len(self.updates) == 1:
                raise RuntimeError("clumsy")

    heard = Clumsy()
    feed = FeedLoop(heard)
    feed.start()
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    broker.push_update(payload("trade_update_new"))
    broker.push_update(payload("trade_update_new"))
    heard.until(lambda: len(heard.updates) == 2)
    assert feed.listener_failures == 1
    assert feed.stop(5.0)


def test_twenty_accounts_share_one_loop(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """Twenty accounts are all live from one thread, and all stop."""
    accounts = [AccountId(f"acc-{n}") for n in range(20)]
    for n, account_id in enumerate(accounts):
        keys = Credentials(f"PKTESTKEY{n:04}", SECRET, credentials.endpoints)
        feed.add_account(account_id, keys)
        feed.watch(account_id, frozenset({"AAPL", "BTC/USD"}))
    heard.until_state("broker", "live", times=20)
    heard.until_state("market_data", "live", times=20)
    broker.push_update(payload("trade_update_new"))
    heard.until(lambda: len(heard.updates) == 20)
    assert {account_id for account_id, *_ in heard.updates} == set(accounts)


def test_removed_account_is_silent(
    broker: StandIn, feed: FeedLoop, heard: Recorder, credentials: Credentials
) -> None:
    """A removed account's streams close and its board is gone."""
    feed.add_account(ACCOUNT, credentials)
    heard.until_state("broker", "live")
    feed.remove_account(ACCOUNT)
    heard.until_state("broker", "down")
    assert feed.links() == []
    with pytest.raises(UnknownAccount):
        feed.board(ACCOUNT)
    with pytest.raises(UnknownAccount):
        feed.watch(ACCOUNT, frozenset({"AAPL"}))


def test_accounts_may_be_added_before_the_start(
    broker: StandIn, heard: Recorder, credentials: Credentials
) -> None:
    """What was added and watched before start() is connected by it."""
    feed = FeedLoop(heard)
    feed.add_account(ACCOUNT, credentials)
    feed.watch(ACCOUNT, frozenset({"AAPL"}))
    feed.start()
    heard.until_state("broker", "live")
    heard.until_state("market_data", "live")
    assert feed.stop(5.0)
    assert feed.stop(5.0)


def _keys(broker: StandIn) -> Credentials:
    return Credentials("PKTESTKEY0001", SECRET, Endpoints.at(broker.url))
