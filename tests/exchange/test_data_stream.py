"""The market-data stream, word by word and through the real client."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgpack
import pytest
import requests
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.live.websocket import DataStream
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from exchange.data_connection import StreamLimits
from exchange.listing import default_universe
from exchange.market import Market
from exchange.ticks import Print, Quote
from tests.exchange.market_server import KEYS, MarketServer, serve

NOON = datetime(2026, 3, 4, 17, 0, 0, 123456, tzinfo=UTC)
AAPL = Quote("AAPL", Decimal("210.10"), Decimal(300), Decimal("210.11"), Decimal(100), NOON)
SALE = Print("AAPL", Decimal("210.11"), Decimal(40), NOON)
COIN = Print("BTC/USD", Decimal("58000.5"), Decimal("0.125"), NOON)
AUTH = {"action": "auth", "key": "PKTEST", "secret": "paper"}
NOTHING: dict[str, list[str]] = {
    name: []
    for name in (
        "trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds",
        "corrections", "cancelErrors",
    )
}  # fmt: skip
WAIT_S = 20


class Talk:
    """One connection that speaks JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def say(self, message: object) -> None:
        self._socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    def hear(self) -> list[dict[str, Any]]:
        frame: list[dict[str, Any]] = json.loads(self._socket.recv(WAIT_S))
        return frame

    def ask(self, message: object) -> list[dict[str, Any]]:
        self.say(message)
        return self.hear()

    def hear_to_the_end(self) -> None:
        while True:
            self.hear()

    def ends(self) -> None:
        with pytest.raises(ConnectionClosed):
            self._socket.recv(WAIT_S)


class Talks:
    """Opens connections and closes them at the end of a test."""

    def __init__(self, server: MarketServer) -> None:
        self._server = server
        self._open: list[ClientConnection] = []

    def open(self, path: str = "/v2/iex", headers: dict[str, str] | None = None) -> Talk:
        socket = connect(self._server.ws + path, additional_headers=headers, legacy=True)
        self._open.append(socket)
        talk = Talk(socket)
        assert talk.hear() == [{"T": "success", "msg": "connected"}]
        return talk

    def authenticated(self, path: str = "/v2/iex", key: str = "PKTEST") -> Talk:
        talk = self.open(path)
        assert talk.ask({**AUTH, "key": key}) == [{"T": "success", "msg": "authenticated"}]
        return talk

    def close(self) -> None:
        for connection in self._open:
            connection.close()


@pytest.fixture
def server() -> Iterator[MarketServer]:
    with serve(Market(default_universe(), clock=lambda: NOON)) as server:
        yield server


@pytest.fixture
def talks(server: MarketServer) -> Iterator[Talks]:
    talks = Talks(server)
    yield talks
    talks.close()


def error(code: int, words: str) -> list[dict[str, object]]:
    return [{"T": "error", "code": code, "msg": words}]


def publish(server: MarketServer, *ticks: Quote | Print) -> None:
    def all_at_once() -> None:
        for tick in ticks:
            server.market.publish(tick)

    server.call(all_at_once)


def test_every_subscription_is_acknowledged_whole(talks: Talks) -> None:
    """An acknowledgement lists all channels; corrections come with trades."""
    talk = talks.authenticated()
    assert talk.ask({"action": "subscribe", "trades": ["AAPL"], "bars": ["*"]}) == [
        {
            "T": "subscription",
            **NOTHING,
            "trades": ["AAPL"],
            "bars": ["*"],
            "corrections": ["AAPL"],
            "cancelErrors": ["AAPL"],
        }
    ]
    both = talk.ask({"action": "subscribe", "trades": ["SPY", "AAPL"], "quotes": ["SPY"]})
    assert (both[0]["trades"], both[0]["quotes"]) == (["AAPL", "SPY"], ["SPY"])
    assert talk.ask({"action": "unsubscribe", "trades": ["AAPL", "KO"], "bars": ["*"]}) == [
        {
            "T": "subscription",
            **NOTHING,
            "trades": ["SPY"],
            "quotes": ["SPY"],
            "corrections": ["SPY"],
            "cancelErrors": ["SPY"],
        }
    ]


def test_only_what_was_subscribed_arrives(talks: Talks, server: MarketServer) -> None:
    """Ticks of other symbols and channels, and those after unsubscribing, stay away."""
    talk = talks.authenticated()
    talk.ask({"action": "subscribe", "trades": ["AAPL"]})
    other = Print("MSFT", Decimal(400), Decimal(100), NOON)
    publish(server, AAPL, other, SALE)
    assert talk.hear() == [
        {
            "T": "t", "S": "AAPL", "i": 1, "x": "V", "p": 210.11, "s": 40, "c": ["@", "I"],
            "t": "2026-03-04T17:00:00.123456Z", "z": "C",
        }
    ]  # fmt: skip
    talk.ask({"action": "unsubscribe", "trades": ["AAPL"]})
    publish(server, SALE)
    talk.ask({"action": "subscribe", "quotes": ["AAPL"]})
    publish(server, AAPL)
    assert [item["T"] for item in talk.hear()] == ["q"]


def test_a_quote_has_alpacas_fields(talks: Talks, server: MarketServer) -> None:
    """Every field that clients read is there, numbers as the market has them."""
    talk = talks.authenticated("/v2/sip")
    talk.ask({"action": "subscribe", "quotes": ["*"]})
    publish(server, AAPL)
    assert talk.hear() == [
        {
            "T": "q", "S": "AAPL", "bx": "V", "bp": 210.1, "bs": 300, "ax": "V", "ap": 210.11,
            "as": 100, "c": ["R"], "z": "C", "t": "2026-03-04T17:00:00.123456Z",
        }
    ]  # fmt: skip


def test_ticks_that_come_together_share_a_frame(talks: Talks, server: MarketServer) -> None:
    """A burst is one array, in order, and each tick is in it once whatever named it."""
    talk = talks.authenticated()
    talk.ask({"action": "subscribe", "trades": ["AAPL", "*"], "quotes": ["AAPL"]})
    publish(server, AAPL, SALE, SALE)
    assert [(item["T"], item.get("i")) for item in talk.hear()] == [("q", None), ("t", 1), ("t", 2)]


def test_crypto_has_its_own_shape(talks: Talks, server: MarketServer) -> None:
    """Pairs are on the crypto endpoint alone, with a taker side and order books."""
    crypto, stocks = talks.authenticated("/v1beta3/crypto/us"), talks.authenticated()
    acknowledged = crypto.ask({"action": "subscribe", "trades": ["*"], "orderbooks": ["BTC/USD"]})
    assert list(acknowledged[0]) == [
        "T", "trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars",
    ]  # fmt: skip
    stocks.ask({"action": "subscribe", "trades": ["*"]})
    book = Quote("BTC/USD", Decimal(58000), Decimal("0.5"), Decimal(58001), Decimal("1.5"), NOON)
    publish(server, SALE, book, COIN)
    moment = "2026-03-04T17:00:00.123456Z"
    assert crypto.hear() == [
        {
            "T": "o", "S": "BTC/USD", "t": moment, "r": True,
            "b": [{"p": 58000, "s": 0.5}], "a": [{"p": 58001, "s": 1.5}],
        },
        {"T": "t", "S": "BTC/USD", "p": 58000.5, "s": 0.125, "t": moment, "i": 1, "tks": "B"},
    ]  # fmt: skip
    assert [item["S"] for item in stocks.hear()] == ["AAPL"]


def test_minute_and_day_bars_are_sent_at_the_minutes_end(
    talks: Talks, server: MarketServer
) -> None:
    """A bar sums up its minute; prints that come late update it; the day's bar follows."""
    talk = talks.authenticated()
    wanted = {name: ["AAPL"] for name in ("bars", "dailyBars", "updatedBars")}
    talk.ask({"action": "subscribe", **wanted})
    low = Print("AAPL", Decimal("210.01"), Decimal(60), NOON)
    publish(server, SALE, low)
    server.call(lambda: server.market.close_minutes(NOON + timedelta(seconds=60)))
    minute, day = talk.hear()
    assert minute == {
        "T": "b", "S": "AAPL", "o": 210.11, "h": 210.11, "l": 210.01, "c": 210.01, "v": 100,
        "t": "2026-03-04T17:00:00Z", "n": 2, "vw": 210.05,
    }  # fmt: skip
    assert (day["T"], day["t"], day["v"]) == ("d", "2026-03-04T05:00:00Z", 100)
    publish(server, SALE)
    server.call(lambda: server.market.close_minutes(NOON + timedelta(seconds=60)))
    assert [(item["T"], item["v"]) for item in talk.hear()] == [("u", 140), ("d", 140)]


@pytest.mark.parametrize("headers", [KEYS, {"APCA-API-KEY-ID": "PKTEST"}])
def test_headers_authenticate_too(talks: Talks, headers: dict[str, str]) -> None:
    """A pair in the headers is answered in a frame of its own; half a pair is refused."""
    talk = talks.open(headers=headers)
    if headers == KEYS:
        assert talk.hear() == [{"T": "success", "msg": "authenticated"}]
        assert talk.ask(AUTH) == error(403, "already authenticated")
    else:
        assert talk.hear() == error(402, "auth failed")
        assert talk.ask(AUTH) == [{"T": "success", "msg": "authenticated"}]


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


def test_msgpack_times_are_the_timestamp_extension(server: MarketServer) -> None:
    """With the msgpack content type everything is msgpack, and a fragmented message is one."""
    headers = {"Content-Type": "application/msgpack"}
    with connect(server.ws + "/v2/iex", additional_headers=headers) as socket:
        assert msgpack.unpackb(socket.recv(WAIT_S)) == [{"T": "success", "msg": "connected"}]
        socket.send(msgpack.packb(AUTH))
        socket.recv(WAIT_S)
        packed = msgpack.packb({"action": "subscribe", "trades": ["AAPL"]})
        socket.send(iter([packed[:5], packed[5:]]))
        assert msgpack.unpackb(socket.recv(WAIT_S))[0]["trades"] == ["AAPL"]
        publish(server, SALE)
        (trade,) = msgpack.unpackb(socket.recv(WAIT_S))
        assert trade["t"] == msgpack.Timestamp.from_datetime(NOON)
        assert (trade["p"], trade["s"]) == (210.11, 40)
        socket.send(b"\xc1")
        assert msgpack.unpackb(socket.recv(WAIT_S)) == error(400, "invalid syntax")


def test_the_test_feed_is_always_on(talks: Talks) -> None:
    """FAKEPACA ticks whatever the market does."""
    talk = talks.authenticated("/v2/test")
    talk.ask({"action": "subscribe", "trades": ["FAKEPACA"], "quotes": ["FAKEPACA"]})
    assert {item["S"] for item in talk.hear()} == {"FAKEPACA"}


def test_a_shutdown_says_that_it_goes_away() -> None:
    """When the exchange stops, connections are closed with 1001."""
    with serve(Market(default_universe())) as server:
        talk = Talks(server).authenticated()
    with pytest.raises(ConnectionClosed) as caught:
        talk._socket.recv(WAIT_S)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1001
    talk._socket.close()


def read_with(
    stream: DataStream,
    subscribe: Callable[[Callable[[Any], Any]], None],
    server: MarketServer,
    tick: Quote | Print,
) -> Any:
    """Return what the real client makes of a tick."""
    got: list[Any] = []

    async def keep(item: Any) -> None:
        got.append(item)
        await stream.stop_ws()

    async def run() -> None:
        subscribe(keep)
        running = asyncio.create_task(stream._run_forever())
        while not server.market.watched.is_set():
            await asyncio.sleep(0.01)
        await asyncio.to_thread(publish, server, tick)
        await asyncio.wait_for(running, WAIT_S)

    asyncio.run(run())
    return got[0]


def test_the_real_stock_client_reads_it(server: MarketServer) -> None:
    """alpaca-py connects, authenticates, subscribes and parses a quote and a trade."""
    for tick in (AAPL, SALE):
        server.market.watched.clear()
        stream = StockDataStream("PKTEST", "paper", url_override=server.ws + "/v2/iex")
        name = "subscribe_quotes" if isinstance(tick, Quote) else "subscribe_trades"
        read = read_with(
            stream, lambda keep, at=stream, do=name: getattr(at, do)(keep, "AAPL"), server, tick
        )
        assert (read.symbol, read.timestamp) == ("AAPL", NOON)
        if isinstance(tick, Quote):
            assert (read.bid_price, read.ask_size) == (210.1, 100.0)
        else:
            assert (read.price, read.size) == (210.11, 40.0)


def test_the_real_crypto_client_reads_it(server: MarketServer) -> None:
    """alpaca-py's crypto stream parses a print of a pair."""
    stream = CryptoDataStream("PKTEST", "paper", url_override=server.ws + "/v1beta3/crypto/us")
    read = read_with(stream, lambda keep: stream.subscribe_trades(keep, "BTC/USD"), server, COIN)
    assert (read.symbol, read.price, read.size) == ("BTC/USD", 58000.5, 0.125)


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
    """When a client leaves with much unread, the source goes on at once."""
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
