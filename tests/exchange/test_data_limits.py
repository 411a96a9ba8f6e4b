"""What a market-data connection may not do, and what happens to one that does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from decimal import Decimal

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from exchange.data_connection import StreamLimits
from exchange.listing import default_universe
from exchange.market import Market
from exchange.ticks import Print
from tests.exchange.market_server import KEYS, MarketServer, serve
from tests.exchange.talks import AUTH, NOON, SALE, WAIT_S, Talks, error, publish


@pytest.fixture
def server() -> Iterator[MarketServer]:
    with serve(Market(default_universe(), clock=lambda: NOON)) as server:
        yield server


@pytest.fixture
def talks(server: MarketServer) -> Iterator[Talks]:
    talks = Talks(server)
    yield talks
    talks.close()


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        ("{", 400, "invalid syntax"),
        (b"\xff\xfe", 400, "invalid syntax"),
        ("[]", 400, "invalid syntax"),
        ('{"action": 5}', 400, "invalid syntax"),
        ({"action": "listen"}, 400, "invalid syntax"),
        ({"action": "subscribe", "trades": ["AAPL"]}, 401, "not authenticated"),
        ({**AUTH, "secret": "wrong"}, 402, "auth failed"),
        ({"action": "auth"}, 402, "auth failed"),
        ({**AUTH, "key": ["PKTEST"]}, 402, "auth failed"),
    ],
)
def test_before_authentication_errors_leave_the_connection(
    talks: Talks, message: object, code: int, words: str
) -> None:
    """A refused message is answered with Alpaca's code; the next one can still succeed."""
    talk = talks.open()
    assert talk.ask(message) == error(code, words)
    assert talk.ask(AUTH) == [{"T": "success", "msg": "authenticated"}]


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        (AUTH, 403, "already authenticated"),
        ({"action": "subscribe", "trades": "AAPL"}, 400, "invalid syntax"),
        ({"action": "subscribe", "trades": [5]}, 400, "invalid syntax"),
        ({"action": "subscribe", "trades": ["A" * 40]}, 400, "invalid syntax"),
        ({"action": "subscribe", "moods": ["AAPL"]}, 400, "invalid syntax"),
        (
            {"action": "subscribe", "orderbooks": ["AAPL"]},
            410,
            "invalid subscribe action for this feed",
        ),
    ],
)
def test_a_refused_subscription_changes_nothing(
    talks: Talks, message: object, code: int, words: str
) -> None:
    """After the error the subscriptions are what they were."""
    talk = talks.authenticated()
    talk.ask({"action": "subscribe", "trades": ["SPY"]})
    assert talk.ask(message) == error(code, words)
    assert talk.ask({"action": "subscribe"})[0]["trades"] == ["SPY"]


def test_who_does_not_authenticate_in_time_is_sent_away() -> None:
    """Silence, or wrong keys alone, end with 404 and a closed connection."""
    limits = StreamLimits(auth_timeout_s=0.05)
    with serve(Market(default_universe()), limits=limits) as server:
        talks = Talks(server)
        talk = talks.open()
        assert talk.hear() == error(404, "auth timeout")
        talk.ends()
        talks.close()


def test_one_connection_per_key_and_endpoint(talks: Talks) -> None:
    """A second one gets 406 and stays open, to succeed once the first has gone."""
    first = talks.authenticated()
    second = talks.open()
    assert second.ask(AUTH) == error(406, "connection limit exceeded")
    talks.authenticated("/v2/sip")
    talks.authenticated(key="PKOTHER")
    first._socket.close()
    while (answer := second.ask(AUTH)) == error(406, "connection limit exceeded"):
        pass
    assert answer == [{"T": "success", "msg": "authenticated"}]


def test_symbols_over_the_limit_are_refused_together() -> None:
    """With a symbol budget, bars aside, a subscription over it changes nothing."""
    with serve(Market(default_universe()), limits=StreamLimits(symbols=2)) as server:
        talks = Talks(server)
        talk = talks.authenticated()
        talk.ask({"action": "subscribe", "trades": ["AAPL"], "quotes": ["AAPL"], "bars": ["*"]})
        over = {"action": "subscribe", "quotes": ["SPY", "KO"]}
        assert talk.ask(over) == error(405, "symbol limit exceeded")
        assert talk.ask({"action": "subscribe", "quotes": ["SPY"]})[0]["quotes"] == ["AAPL", "SPY"]
        talks.close()


def test_a_slow_client_is_cut_off_and_others_are_not(server: MarketServer) -> None:
    """With more waiting than may, a client gets 407 and is closed; its neighbour has it all."""
    with serve(Market(default_universe()), limits=StreamLimits(queue_messages=50)) as small:
        talks = Talks(small)
        slow, quick = talks.authenticated(), talks.authenticated("/v2/sip")
        slow.ask({"action": "subscribe", "trades": ["*"]})
        quick.ask({"action": "subscribe", "trades": ["AAPL"]})
        flood = [Print("KO", Decimal(60), Decimal(1), NOON)] * 51
        publish(small, *flood, SALE)
        assert slow.hear() == error(407, "slow client")
        slow.ends()
        assert [item["S"] for item in quick.hear()] == ["AAPL"]
        talks.close()


def test_a_source_waits_for_a_client_that_lags(server: MarketServer, talks: Talks) -> None:
    """Draining returns once the client has taken in what was published before."""
    talk = talks.authenticated()
    talk.ask({"action": "subscribe", "trades": ["*"]})
    publish(server, *[SALE] * 5000)
    server.call_async(server.market.drained)
    numbers: list[int] = []
    while len(numbers) < 5000:
        numbers += [item["i"] for item in talk.hear()]
    assert numbers == list(range(1, 5001))


def test_a_shutdown_says_that_it_goes_away() -> None:
    """When the exchange stops, connections are closed with 1001."""
    with serve(Market(default_universe())) as server:
        talk = Talks(server).authenticated()
    with pytest.raises(ConnectionClosed) as caught:
        talk._socket.recv(WAIT_S)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001
    talk._socket.close()


def test_a_source_gives_up_a_client_that_stands_still() -> None:
    """A subscriber that never reads holds a source up for so long, then loses its connection."""
    limits = StreamLimits(patience_s=0.2, queue_messages=1_000_000)
    with serve(Market(default_universe()), limits=limits) as server:
        talks = Talks(server)
        stuck, neighbour = talks.authenticated(), talks.authenticated("/v2/sip")
        stuck.ask({"action": "subscribe", "trades": ["*"]})
        # the client's queue of unread frames is bounded, so its socket fills up soon
        for _ in range(12):
            publish(server, *[SALE] * 10_000)
            server.call_async(server.market.drained)
        neighbour.ask({"action": "subscribe", "trades": ["AAPL"]})
        publish(server, SALE)
        assert neighbour.hear()[0]["S"] == "AAPL"
        with pytest.raises(ConnectionClosed):
            stuck.hear_to_the_end()
        talks.close()


def test_a_source_does_not_wait_for_a_client_that_has_gone() -> None:
    """When a client leaves with much unread, the source goes on long before its patience ends."""
    limits = StreamLimits(patience_s=1000, queue_messages=1_000_000)
    with serve(Market(default_universe()), limits=limits) as server:
        talk = Talks(server).authenticated()
        talk.ask({"action": "subscribe", "trades": ["*"]})
        publish(server, *[SALE] * 100_000)
        talk._socket.socket.shutdown(socket.SHUT_RDWR)
        server.call_async(server.market.drained)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
messages = json_values | st.fixed_dictionaries(
    {"action": st.sampled_from(["auth", "subscribe", "unsubscribe", "listen"])},
    optional=dict.fromkeys(("key", "secret", "trades", "bars", "orderbooks"), json_values),
)


def test_no_message_breaks_a_connection(talks: Talks) -> None:
    """Whatever JSON a client sends, it gets one answer and can go on."""
    talk = talks.authenticated()

    @given(messages)
    @settings(deadline=None)
    def say(message: object) -> None:
        (answer,) = talk.ask(message)
        assert answer["T"] in ("error", "subscription")

    say()


def test_an_ordinary_request_to_the_stream_is_refused(server: MarketServer) -> None:
    """A request that doesn't want a WebSocket is a 400, in JSON."""
    answer = requests.get(server.http + "/v2/iex", headers=KEYS, timeout=30)
    assert answer.status_code == 400
    assert "message" in answer.json()
