"""The market-data stream, word by word and through the real client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgpack
import pytest
from alpaca.data.live import CryptoDataStream, StockDataStream
from alpaca.data.live.websocket import DataStream
from websockets.sync.client import connect

from exchange.listing import default_universe
from exchange.market import Market
from exchange.ticks import Print, Quote
from tests.exchange.market_server import KEYS, MarketServer, serve
from tests.exchange.talks import AAPL, AUTH, COIN, NOON, SALE, WAIT_S, Talks, error, publish

NOTHING: dict[str, list[str]] = {
    name: []
    for name in (
        "trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds",
        "corrections", "cancelErrors",
    )
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[MarketServer]:
    with serve(Market(default_universe(), clock=lambda: NOON)) as server:
        yield server


@pytest.fixture
def talks(server: MarketServer) -> Iterator[Talks]:
    talks = Talks(server)
    yield talks
    talks.close()


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
