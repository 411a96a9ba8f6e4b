"""Reading a market-data request's parameters, or refusing it in Alpaca's words."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web

from exchange.errors import ExchangeError
from exchange.hours import new_york_day, new_york_midnight
from exchange.market import Market
from exchange.stamps import parse, to_datetime, to_ns
from exchange.timeframes import Timeframe

DEFAULT_LIMIT = 1000
MAX_LIMIT = 10_000
_FEEDS = ("iex", "sip", "delayed_sip", "otc", "boats", "overnight")
_STOCK = re.compile(r"[A-Z]{1,5}(\.[A-Z]{1,4})?", re.ASCII)
_PAIR = re.compile(r"[A-Z0-9]{2,10}/[A-Z]{3,5}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class BarsQuery:
    """What bars a request wants.

    Attributes:
        symbols: in alphabetical order, as pages go through them.
        start: first moment a bar may begin, aware UTC.
        end: last moment a bar may begin, aware UTC.
        limit: most bars of the page, all symbols together.
        is_newest_first: sort order within a symbol.
        resume: symbol and bar start where this page begins, None for the first page.
    """

    symbols: tuple[str, ...]
    timeframe: Timeframe
    start: datetime
    end: datetime
    limit: int
    is_newest_first: bool
    resume: tuple[str, datetime] | None


def bad_request(message: str) -> ExchangeError:
    """Return a 400 with Alpaca's kind of body: a message alone."""
    return ExchangeError(400, None, message)


def symbols_of(request: web.Request, market: Market, *, is_crypto: bool) -> tuple[str, ...]:
    """Return the requested symbols that the market lists, sorted.

    A symbol that could exist but doesn't is left out, as Alpaca does.

    Raises:
        ExchangeError: 400, there are none, or one that can't be a symbol of this class.
    """
    got = request.match_info.get("symbol") or request.query.get("symbols", "")
    symbols = [symbol.strip() for symbol in got.split(",")]
    if not got:
        raise bad_request("symbols is required")
    for symbol in symbols:
        _check_symbol(symbol, market, is_crypto=is_crypto)
    return tuple(sorted({symbol for symbol in symbols if symbol in market.universe}))


def check_feed(request: web.Request) -> None:
    """Refuse a feed that Alpaca doesn't have; all of them are the one market here.

    Raises:
        ExchangeError: 400.
    """
    feed = request.query.get("feed")
    if feed is not None and feed not in _FEEDS:
        raise bad_request(f"invalid feed: {feed}")


def bars_query(request: web.Request, market: Market, *, is_crypto: bool) -> BarsQuery:
    """Return what a bars request wants.

    Raises:
        ExchangeError: 400, with the first parameter that can't be used.
    """
    query = request.query
    symbols = symbols_of(request, market, is_crypto=is_crypto)
    timeframe = _timeframe(query.get("timeframe"))
    now = market.now()
    start = _moment(query.get("start"), "start") or new_york_midnight(new_york_day(now))
    end = _moment(query.get("end"), "end") or now
    if end < start:
        raise bad_request("end should not be before start")
    sort = query.get("sort", "asc")
    if sort not in ("asc", "desc"):
        raise bad_request(f"invalid sort: {sort}")
    limit, resume = _limit(query.get("limit")), _resume(query.get("page_token"))
    return BarsQuery(symbols, timeframe, start, min(end, now), limit, sort == "desc", resume)


def page_token(symbol: str, start: datetime) -> str:
    """Return the token of a page that begins with a symbol's bar at ``start``."""
    return urlsafe_b64encode(f"{symbol}|{to_ns(start)}".encode()).decode()


def _check_symbol(symbol: str, market: Market, *, is_crypto: bool) -> None:
    asset = market.universe.find(symbol)
    pattern = _PAIR if is_crypto else _STOCK
    is_listed = asset is not None and asset.symbol == symbol and asset.is_crypto is is_crypto
    if not is_listed and pattern.fullmatch(symbol) is None:
        raise bad_request(f"invalid symbol: {symbol}")


def _timeframe(got: str | None) -> Timeframe:
    if not got:
        raise bad_request("timeframe is required")
    timeframe = Timeframe.parse(got)
    if timeframe is None:
        raise bad_request(f"invalid timeframe: {got}")
    return timeframe


def _moment(got: str | None, name: str) -> datetime | None:
    """Return an RFC 3339 time, or the New York midnight of a bare date."""
    if not got:
        return None
    if _DATE.fullmatch(got) is not None:
        return _midnight(got, name)
    stamp_ns = parse(got)
    if stamp_ns is None:
        raise bad_request(f"invalid {name}: {got}")
    return to_datetime(stamp_ns)


def _midnight(got: str, name: str) -> datetime:
    try:
        return new_york_midnight(date.fromisoformat(got))
    except (ValueError, OverflowError):
        raise bad_request(f"invalid {name}: {got}") from None


def _limit(got: str | None) -> int:
    if not got:
        return DEFAULT_LIMIT
    limit = int(got) if got.isascii() and got.isdigit() and len(got) < 10 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise bad_request(f"invalid limit: {got}, it must be from 1 to {MAX_LIMIT}")
    return limit


def _resume(token: str | None) -> tuple[str, datetime] | None:
    if not token:
        return None
    try:
        symbol, _, stamp_ns = urlsafe_b64decode(token.encode()).decode().partition("|")
        return symbol, to_datetime(int(stamp_ns))
    except (ValueError, OverflowError):
        raise bad_request("invalid page_token") from None
