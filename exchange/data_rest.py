"""Market-data REST: latest ticks and bars, snapshots, historical bars.

Stocks (v2) and crypto (v1beta3) answer the same questions with their path
parts in a different order and, for snapshots, in a different shape.

Source: Alpaca market-data OpenAPI.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import msgspec
from aiohttp import web

from exchange.bars import Bar
from exchange.data_messages import (
    Fields,
    bar_fields,
    orderbook_fields,
    quote_fields,
    trade_fields,
)
from exchange.data_pages import bars_page
from exchange.data_query import bad_request, bars_query, check_feed, symbols_of
from exchange.errors import ExchangeError
from exchange.hours import new_york_day, new_york_midnight
from exchange.market import Market

Authenticate = Callable[[web.Request], object]
Handler = Callable[[web.Request], Awaitable[web.Response]]

_LOCATIONS = ("us", "us-1", "us-2", "eu-1", "bs-1")
_PLURALS = {"trade": "trades", "quote": "quotes", "bar": "bars", "orderbook": "orderbooks"}
_LOOK_BACK_DAYS = 10


def add_routes(app: web.Application, market: Market, authenticate: Authenticate) -> None:
    """Serve ``/v2/stocks/…`` and ``/v1beta3/crypto/{loc}/…``.

    Args:
        app: gets the routes; its error middleware writes ExchangeError as JSON.
        market: what is asked about.
        authenticate: raises for a request without valid credentials.
    """
    data = MarketDataRest(market, authenticate)
    get = app.router.add_get
    stocks, pairs = "/v2/stocks", "/v1beta3/crypto/{loc}"
    for name, names in _PLURALS.items():
        get(f"{pairs}/latest/{names}", data.handler(data.latest, name, is_crypto=True))
        if name == "orderbook":
            continue
        get(f"{stocks}/{names}/latest", data.handler(data.latest, name))
        get(f"{stocks}/{{symbol}}/{names}/latest", data.handler(data.latest_of_one, name))
    get(f"{stocks}/bars", data.handler(data.bars))
    get(f"{stocks}/{{symbol}}/bars", data.handler(data.bars_of_one))
    get(f"{pairs}/bars", data.handler(data.bars, is_crypto=True))
    get(f"{stocks}/snapshots", data.handler(data.snapshots))
    get(f"{stocks}/{{symbol}}/snapshot", data.handler(data.snapshot_of_one))
    get(f"{pairs}/snapshots", data.handler(data.snapshots, is_crypto=True))


class MarketDataRest:
    """Answers to market-data requests.

    Args:
        market: what is asked about.
        authenticate: raises for a request without valid credentials.
    """

    def __init__(self, market: Market, authenticate: Authenticate) -> None:
        self._market = market
        self._authenticate = authenticate

    def handler(
        self, answer: Callable[..., Awaitable[Fields]], *names: str, is_crypto: bool = False
    ) -> Handler:
        """Return a handler that checks a request and sends the answer as JSON."""
        ask = partial(answer, is_crypto=is_crypto)

        async def handle(request: web.Request) -> web.Response:
            self._authenticate(request)
            _check_location(request)
            check_feed(request)
            return json_response(await ask(request, *names))

        return handle

    async def latest(self, request: web.Request, name: str, *, is_crypto: bool) -> Fields:
        """Return the newest trade, quote, bar or order book of each symbol."""
        symbols = symbols_of(request, self._market, is_crypto=is_crypto)
        found = {symbol: self._newest(name, symbol) for symbol in symbols}
        return {_PLURALS[name]: {symbol: got for symbol, got in found.items() if got}}

    async def latest_of_one(self, request: web.Request, name: str, *, is_crypto: bool) -> Fields:
        """Return the newest trade, quote or bar of the path's symbol."""
        symbol = self._one(request, name, is_crypto=is_crypto)
        fields = self._newest(name, symbol)
        if fields is None:
            raise _not_found(name, symbol)
        return {"symbol": symbol, name: fields}

    async def bars(self, request: web.Request, *, is_crypto: bool) -> Fields:
        """Return a page of historical bars by symbol."""
        query = bars_query(request, self._market, is_crypto=is_crypto)
        bars, token = await bars_page(query, self._market)
        by_symbol = {symbol: self._fields_of(rows) for symbol, rows in bars.items()}
        return {"bars": by_symbol, "next_page_token": token}

    async def bars_of_one(self, request: web.Request, *, is_crypto: bool) -> Fields:
        """Return a page of historical bars of the path's symbol."""
        query = bars_query(request, self._market, is_crypto=is_crypto)
        bars, token = await bars_page(query, self._market)
        symbol = request.match_info["symbol"]
        rows = self._fields_of(bars.get(symbol, []))
        return {"symbol": symbol, "bars": rows, "next_page_token": token}

    async def snapshots(self, request: web.Request, *, is_crypto: bool) -> Fields:
        """Return each symbol's snapshot; stocks at the top level, crypto under ``snapshots``."""
        symbols = symbols_of(request, self._market, is_crypto=is_crypto)
        found: Fields = {symbol: self._snapshot(symbol) for symbol in symbols}
        found = {symbol: fields for symbol, fields in found.items() if fields}
        return {"snapshots": found} if is_crypto else found

    async def snapshot_of_one(self, request: web.Request, *, is_crypto: bool) -> Fields:
        """Return the snapshot of the path's symbol."""
        symbol = self._one(request, "snapshot", is_crypto=is_crypto)
        fields = self._snapshot(symbol)
        if not fields:
            raise _not_found("snapshot", symbol)
        return {"symbol": symbol, **fields}

    def _one(self, request: web.Request, name: str, *, is_crypto: bool) -> str:
        symbols = symbols_of(request, self._market, is_crypto=is_crypto)
        if len(symbols) != 1:
            raise _not_found(name, request.match_info["symbol"])
        return symbols[0]

    def _newest(self, name: str, symbol: str) -> Fields | None:
        market = self._market
        if name == "bar":
            bar = market.latest_bar(symbol)
            return bar_fields(bar, market) if bar else None
        if name == "trade":
            last = market.last(symbol)
            return trade_fields(last, market) if last else None
        quote = market.quote(symbol)
        if quote is None:
            return None
        return orderbook_fields(quote) if name == "orderbook" else quote_fields(quote, market)

    def _snapshot(self, symbol: str) -> Fields:
        """Return what is known of a symbol; parts that aren't are left out."""
        days = self._last_days(symbol)
        parts = {
            "latestTrade": self._newest("trade", symbol),
            "latestQuote": self._newest("quote", symbol),
            "minuteBar": self._newest("bar", symbol),
            "dailyBar": bar_fields(days[0], self._market) if days else None,
            "prevDailyBar": bar_fields(days[1], self._market) if len(days) > 1 else None,
        }
        return {name: fields for name, fields in parts.items() if fields}

    def _last_days(self, symbol: str) -> list[Bar]:
        """Return the bars of the last two days that had trading, newest first."""
        today = new_york_day(self._market.now())
        bars: list[Bar] = []
        for back in range(_LOOK_BACK_DAYS):
            day = today - timedelta(days=back)
            start, end = new_york_midnight(day), new_york_midnight(day + timedelta(days=1))
            bar = self._market.bar(symbol, start, end)
            bars += [bar] if bar else []
            if len(bars) == 2:
                break
        return bars

    def _fields_of(self, bars: list[Bar]) -> list[Fields]:
        return [bar_fields(bar, self._market) for bar in bars]


def json_response(value: object) -> web.Response:
    """Return a 200 with a JSON body; aware datetimes are written in RFC 3339."""
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")


def _check_location(request: web.Request) -> None:
    location = request.match_info.get("loc", "us")
    if location not in _LOCATIONS:
        raise bad_request(f"invalid location: {location}")


def _not_found(name: str, symbol: str) -> ExchangeError:
    return ExchangeError(404, None, f"no {name} found for {symbol}")
