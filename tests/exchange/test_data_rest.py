"""Market-data REST, asked by the real client and checked against Alpaca's schemas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
import requests
from alpaca.common.enums import Sort
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.data.requests import (
    CryptoBarsRequest,
    CryptoLatestBarRequest,
    CryptoLatestOrderbookRequest,
    CryptoLatestQuoteRequest,
    CryptoLatestTradeRequest,
    CryptoSnapshotRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockSnapshotRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from exchange.synthetic import synthetic_market
from exchange.ticks import Print, Quote
from tests.exchange.market_server import KEYS, MarketServer, serve
from tests.exchange.openapi import check

STOCKS = ["AAPL", "BRK.B", "SPY"]
PAIRS = ["BTC/USD", "DOGE/USD"]
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def server() -> Iterator[MarketServer]:
    with serve(synthetic_market(seed=7)) as server:
        yield server


@pytest.fixture
def stocks(server: MarketServer) -> StockHistoricalDataClient:
    return StockHistoricalDataClient("PKTEST", "paper", url_override=server.http)


@pytest.fixture
def pairs(server: MarketServer) -> CryptoHistoricalDataClient:
    return CryptoHistoricalDataClient("PKTEST", "paper", url_override=server.http)


def get(server: MarketServer, path: str, **query: object) -> Any:
    answer = requests.get(server.http + path, params=query, headers=KEYS, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("name", ["trade", "quote", "bar"])
def test_latest_answers_have_alpacas_shapes(server: MarketServer, name: str) -> None:
    """Latest trades, quotes and bars fit the schemas, for many symbols and for one."""
    many = get(server, f"/v2/stocks/{name}s/latest", symbols=",".join(STOCKS))
    check(many, "market-data-api", f"stock_latest_{name}s_resp")
    assert sorted(many[f"{name}s"]) == STOCKS
    one = get(server, f"/v2/stocks/AAPL/{name}s/latest")
    check(one, "market-data-api", f"stock_latest_{name}s_resp_single")
    assert one == {"symbol": "AAPL", name: many[f"{name}s"]["AAPL"]}
    crypto = get(server, f"/v1beta3/crypto/us/latest/{name}s", symbols=",".join(PAIRS))
    check(crypto, "market-data-api", f"crypto_latest_{name}s_resp")
    assert sorted(crypto[f"{name}s"]) == PAIRS


def test_snapshots_have_alpacas_shapes(server: MarketServer) -> None:
    """Stock snapshots are at the top level, crypto's under a key; all parts are there."""
    parts = {"latestTrade", "latestQuote", "minuteBar", "dailyBar", "prevDailyBar"}
    stocks = get(server, "/v2/stocks/snapshots", symbols="AAPL,SPY")
    check(stocks, "market-data-api", "stock_snapshots_resp")
    one = get(server, "/v2/stocks/SPY/snapshot")
    check(one, "market-data-api", "stock_snapshots_resp_single")
    crypto = get(server, "/v1beta3/crypto/us/snapshots", symbols="BTC/USD")
    check(crypto, "market-data-api", "crypto_snapshots_resp")
    for snapshot in (*stocks.values(), *crypto["snapshots"].values()):
        assert set(snapshot) == parts
    assert one == {"symbol": "SPY", **stocks["SPY"]}


def test_order_books_have_alpacas_shape(server: MarketServer) -> None:
    """A book of one level a side is the newest quote."""
    books = get(server, "/v1beta3/crypto/us/latest/orderbooks", symbols="BTC/USD")
    check(books, "market-data-api", "crypto_latest_orderbooks_resp")
    quote = server.market.quote("BTC/USD")
    assert quote is not None
    assert books["orderbooks"]["BTC/USD"]["b"][0]["p"] == float(quote.bid)


def test_the_client_reads_latest_data(
    stocks: StockHistoricalDataClient, pairs: CryptoHistoricalDataClient, server: MarketServer
) -> None:
    """alpaca-py's clients parse every kind of latest answer to the market's own numbers."""
    quote = server.market.quote("AAPL")
    last = server.market.last("BTC/USD")
    assert quote is not None
    assert last is not None
    asked = stocks.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))
    assert (asked["AAPL"].bid_price, asked["AAPL"].ask_size) == (
        float(quote.bid),
        float(quote.ask_size),
    )
    assert asked["AAPL"].timestamp == quote.at
    trade = pairs.get_crypto_latest_trade(CryptoLatestTradeRequest(symbol_or_symbols="BTC/USD"))
    assert (trade["BTC/USD"].price, trade["BTC/USD"].timestamp) == (float(last.price), last.at)
    assert stocks.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=STOCKS))
    assert stocks.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=STOCKS))
    assert pairs.get_crypto_latest_quote(CryptoLatestQuoteRequest(symbol_or_symbols=PAIRS))
    assert pairs.get_crypto_latest_bar(CryptoLatestBarRequest(symbol_or_symbols=PAIRS))
    assert pairs.get_crypto_latest_orderbook(CryptoLatestOrderbookRequest(symbol_or_symbols=PAIRS))


def test_the_client_reads_snapshots(
    stocks: StockHistoricalDataClient, pairs: CryptoHistoricalDataClient
) -> None:
    """Yesterday's bar is before today's in the parsed snapshots."""
    stock = stocks.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"]
    pair = pairs.get_crypto_snapshot(CryptoSnapshotRequest(symbol_or_symbols="BTC/USD"))["BTC/USD"]
    for snapshot in (stock, pair):
        assert snapshot.previous_daily_bar.timestamp < snapshot.daily_bar.timestamp
        assert snapshot.previous_daily_bar.close == snapshot.daily_bar.open


def test_numbers_show_the_markets_digits(server: MarketServer) -> None:
    """A price is sent as the shortest number that means it, never 0.30000000000000004."""
    at = server.market.now()
    quote = Quote("F", Decimal("10.10"), Decimal(300), Decimal("10.3"), Decimal(100), at)
    server.call(lambda: server.market.publish(quote))
    server.call(lambda: server.market.publish(Print("F", Decimal("0.1") * 3, Decimal(7), at)))
    snapshot = requests.get(f"{server.http}/v2/stocks/F/snapshot", headers=KEYS, timeout=30).text
    assert '"p":0.3,' in snapshot
    assert '"bp":10.1,"bs":300,' in snapshot
    assert '"c":["@","I"]' in snapshot


@pytest.mark.parametrize(
    ("timeframe", "span"),
    [
        (TimeFrame.Minute, timedelta(minutes=1)),
        (TimeFrame(15, TimeFrameUnit.Minute), timedelta(minutes=15)),
        (TimeFrame.Hour, timedelta(hours=1)),
        (TimeFrame.Day, DAY),
    ],
)
def test_historical_bars_follow_one_another(
    stocks: StockHistoricalDataClient, timeframe: TimeFrame, span: timedelta
) -> None:
    """The client gets every bar of the span asked for, each opening at the last one's close."""
    start = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    request = StockBarsRequest(
        symbol_or_symbols="AAPL", timeframe=timeframe, start=start, end=start + 20 * span
    )
    bars = stocks.get_stock_bars(request)["AAPL"]
    expected = [start + step * span for step in range(21)]
    # clocks go forward on 8 March: New York's days begin at 04:00 UTC from then on
    got = [bar.timestamp for bar in bars]
    assert got[:5] == expected[:5]
    assert len(bars) in (20, 21)
    assert all(left.close == right.open for left, right in pairwise(bars))


def test_bars_reach_from_the_past_into_the_present(
    pairs: CryptoHistoricalDataClient, server: MarketServer
) -> None:
    """The last two hours of minutes are there, up to one that is not yet over."""
    now = server.market.now()
    request = CryptoBarsRequest(
        symbol_or_symbols=PAIRS, timeframe=TimeFrame.Minute, start=now - timedelta(hours=2)
    )
    bars = pairs.get_crypto_bars(request)
    for symbol in PAIRS:
        assert len(bars[symbol]) >= 119
        assert now - bars[symbol][-1].timestamp < timedelta(minutes=3)


def test_bars_fit_the_schema_and_come_in_pages(server: MarketServer) -> None:
    """Pages of any size add up to the whole, symbol by symbol, and the last has no token."""
    query: dict[str, object] = {
        "symbols": "SPY,AAPL",
        "timeframe": "1Hour",
        "start": "2026-03-03T00:00:00Z",
        "end": "2026-03-03T23:59:00Z",
    }
    whole = get(server, "/v2/stocks/bars", **query)
    check(whole, "market-data-api", "stock_bars_resp")
    assert (len(whole["bars"]["AAPL"]), whole["next_page_token"]) == (24, None)
    paged: dict[str, list[object]] = {}
    token, sizes = "", []
    while token is not None:
        page = get(server, "/v2/stocks/bars", **query, limit=7, page_token=token)
        sizes.append(sum(len(bars) for bars in page["bars"].values()))
        for symbol, bars in page["bars"].items():
            paged.setdefault(symbol, []).extend(bars)
        token = page["next_page_token"]
    assert paged == whole["bars"]
    assert sizes == [7, 7, 7, 7, 7, 7, 6]


def test_newest_first_is_the_same_backwards(
    stocks: StockHistoricalDataClient, server: MarketServer
) -> None:
    """Sorting descending turns the order within a symbol round, over pages too."""
    start = datetime(2026, 3, 3, 5, 0, tzinfo=UTC)
    bars = {}
    for sort in (Sort.ASC, Sort.DESC):
        request = StockBarsRequest(
            symbol_or_symbols="KO",
            timeframe=TimeFrame.Hour,
            start=start,
            end=start + DAY,
            sort=sort,
        )
        bars[sort] = stocks.get_stock_bars(request)["KO"]
    assert bars[Sort.DESC] == bars[Sort.ASC][::-1]
    query = {"timeframe": "1Hour", "start": "2026-03-03", "end": "2026-03-04", "sort": "desc"}
    first = get(server, "/v2/stocks/KO/bars", **query, limit=10)
    check(first, "market-data-api", "stock_bars_resp_single")
    second = get(server, "/v2/stocks/KO/bars", **query, page_token=first["next_page_token"])
    assert first["bars"][-1]["t"] > second["bars"][0]["t"]
    assert len(first["bars"]) + len(second["bars"]) == 25


def test_crypto_bars_fit_the_schema(server: MarketServer) -> None:
    """Crypto's bars have fractional volumes in the same shape."""
    bars = get(
        server, "/v1beta3/crypto/us/bars", symbols="BTC/USD", timeframe="1Day", start="2026-03-01",
        end="2026-03-05",
    )  # fmt: skip
    check(bars, "market-data-api", "crypto_bars_resp")
    assert [bar["t"] for bar in bars["bars"]["BTC/USD"]] == [
        f"2026-03-0{day}T05:00:00Z" for day in range(1, 6)
    ]


def test_a_symbol_without_data_is_left_out(server: MarketServer) -> None:
    """A name that could be a symbol but isn't listed has no data; alone it is a 404."""
    many = get(server, "/v2/stocks/trades/latest", symbols="AAPL,ZZZZ")
    assert list(many["trades"]) == ["AAPL"]
    answer = requests.get(f"{server.http}/v2/stocks/ZZZZ/trades/latest", headers=KEYS, timeout=30)
    assert (answer.status_code, answer.json()) == (404, {"message": "no trade found for ZZZZ"})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v2/stocks/trades/latest", "symbols is required"),
        ("/v2/stocks/trades/latest?symbols=BTC/USD", "invalid symbol: BTC/USD"),
        ("/v2/stocks/quotes/latest?symbols=AAPL,^VIX", "invalid symbol: ^VIX"),
        ("/v2/stocks/bars/latest?symbols=AAPL,", "invalid symbol: "),
        ("/v2/stocks/trades/latest?symbols=AAPL&feed=moon", "invalid feed: moon"),
        ("/v1beta3/crypto/us/latest/trades?symbols=BTCUSD", "invalid symbol: BTCUSD"),
        ("/v1beta3/crypto/moon/latest/trades?symbols=BTC/USD", "invalid location: moon"),
        ("/v2/stocks/bars?symbols=AAPL", "timeframe is required"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=60Min", "invalid timeframe: 60Min"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=soon", "invalid start: soon"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&end=2026-02-30", "invalid end: 2026-02-30"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&sort=up", "invalid sort: up"),
        ("/v2/stocks/bars?symbols=AAPL&timeframe=1Day&page_token=%25", "invalid page_token"),
        (
            "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&limit=0",
            "invalid limit: 0, it must be from 1 to 10000",
        ),
        (
            "/v2/stocks/bars?symbols=AAPL&timeframe=1Day&start=2026-03-05&end=2026-03-04",
            "end should not be before start",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(server: MarketServer, path: str, message: str) -> None:
    """A bad parameter is a 400 that says which, in Alpaca's form."""
    answer = requests.get(server.http + path, headers=KEYS, timeout=30)
    assert (answer.status_code, answer.json()) == (400, {"message": message})


@pytest.mark.parametrize(
    "path",
    [
        "/v2/stocks/trades/latest?symbols=AAPL",
        "/v2/stocks/bars?symbols=AAPL&timeframe=1Day",
        "/v1beta3/crypto/us/snapshots?symbols=BTC/USD",
    ],
)
def test_without_credentials_nothing_is_told(server: MarketServer, path: str) -> None:
    """No key or a wrong one is a 401."""
    for headers in ({}, {**KEYS, "APCA-API-SECRET-KEY": "wrong"}):
        answer = requests.get(server.http + path, headers=headers, timeout=30)
        assert answer.status_code == 401
        assert "message" in answer.json()
