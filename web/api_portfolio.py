"""The account over REST: the same objects as on the stream, in an envelope."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from flask import Blueprint, Response, request

from broker.bars import Bar
from broker.reference import Asset
from portfolio.errors import InvalidValue
from portfolio.ids import AccountId
from portfolio.money import text
from portfolio.values import Quote, Trade
from stream.wire import Json, account_json, position_json, time_text, trade_json
from web.access import seen_account
from web.answers import answer, read_object
from web.guard import require_session
from web.outages import outages
from web.query import choice, cursor, cursor_text, integer, moment, symbol, symbols
from web.services import services
from web.thinning import thinned

_TRADE_FILTERS = ("symbol", "limit", "before", "since", "until")
_DAY = timedelta(days=1)
_MOST_CORRECTIONS = 10_000
_REACH = {
    "1Min": 2 * _DAY, "5Min": 10 * _DAY, "15Min": 30 * _DAY, "1Hour": 180 * _DAY,
    "1Day": 3660 * _DAY,
}  # fmt: skip
"""How far back bars of a timeframe go: some 3,000 a symbol, which a chart can still show."""


def blueprint() -> Blueprint:
    """Return the routes that show an account, and the page's drift report."""
    routes = Blueprint("portfolio", __name__, url_prefix="/api")
    routes.before_request(require_session)
    views = {
        "/positions": list_positions,
        "/account": show_account,
        "/trades": list_trades,
        "/equity": list_equity,
        "/quotes": list_quotes,
        "/assets": list_assets,
        "/bars": list_bars,
        "/pnl-by-symbol": list_pnl_by_symbol,
    }
    for path, view in views.items():
        routes.add_url_rule(path, view_func=view, methods=["GET"])
    routes.add_url_rule("/drift", view_func=report_drift, methods=["POST"])
    return routes


def list_positions() -> Response:
    """List the open positions, by symbol."""
    account_id = seen_account().account_id
    positions = services().gateway.snapshot(account_id).positions
    return _answer(account_id, positions=[position_json(each) for each in positions])


def show_account() -> Response:
    """Return the account's figures; null until the broker was first asked."""
    account_id = seen_account().account_id
    account = services().gateway.snapshot(account_id).account
    return _answer(account_id, account=None if account is None else account_json(account))


def list_trades() -> Response:
    """List fills, newest first.

    Without a filter: the last 50, as the stream's snapshot has them. With
    ``since`` (and ``until``): all of that span. Else a page, and ``next`` for the one after it.
    """
    parts = services()
    account_id = seen_account().account_id
    if not any(name in request.args for name in _TRADE_FILTERS):
        return _trades(account_id, list(parts.gateway.snapshot(account_id).trades), None)
    since = moment("since")
    if since is not None:
        found = parts.records.trades_between(account_id, since, moment("until"))
        wanted = symbol()
        kept = [each for each in reversed(found) if wanted in (None, each.symbol)]
        return _trades(account_id, kept, None)
    limit = integer("limit", 50, 1, 500)
    found = parts.records.trades_page(account_id, symbol=symbol(), limit=limit + 1, before=cursor())
    page = found[:limit]
    more = len(found) > limit
    after = cursor_text(page[-1].executed_at, page[-1].trade_id) if more else None
    return _trades(account_id, page, after)


def list_equity() -> Response:
    """List account figures over time, oldest first: ``since`` (default a day), ``points``.

    ``gaps``: the spans in which nothing was recorded.
    """
    parts = services()
    account_id = seen_account().account_id
    since = moment("since") or parts.clock() - _DAY
    most = integer("points", 500, 2, 5000)
    samples = parts.records.equity(account_id, since)
    points = [account_json(sample) for sample in thinned(samples, most)]
    gaps = [
        {"from": time_text(start), "to": time_text(end)}
        for start, end in outages(samples, parts.clock())
    ]
    return _answer(account_id, since=time_text(since), equity=points, gaps=gaps)


def list_quotes() -> Response:
    """List the newest quotes of ``symbols``; one nobody quotes is null."""
    account_id = seen_account().account_id
    gateway = services().gateway
    quotes = {name: gateway.quote(account_id, name) for name in symbols()}
    return _answer(
        account_id,
        quotes={name: None if each is None else _quote_json(each) for name, each in quotes.items()},
    )


def list_assets() -> Response:
    """List what can be traded, by symbol; with ``symbols``: those that exist, tradable or not."""
    account_id = seen_account().account_id
    wanted = frozenset(symbols()) if "symbols" in request.args else None
    assets = sorted(services().gateway.assets(account_id), key=lambda asset: asset.symbol)
    listed = [
        _asset_json(asset)
        for asset in assets
        if (asset.tradable if wanted is None else asset.symbol in wanted)
    ]
    return _answer(account_id, assets=listed)


def list_bars() -> Response:
    """List the past prices of ``symbols`` since ``since`` (default a day), oldest first."""
    parts = services()
    account_id = seen_account().account_id
    timeframe = choice("timeframe", "5Min", _REACH)
    now = parts.clock()
    since = moment("since") or now - _DAY
    if not now - _REACH[timeframe] <= since <= now:
        earliest = time_text(now - _REACH[timeframe])
        raise InvalidValue("since", time_text(since), f"a time from {earliest} to now")
    wanted = symbols()
    found = parts.gateway.bars(account_id, frozenset(wanted), timeframe, since)
    bars = {name: [_bar_json(each) for each in found.get(name, ())] for name in wanted}
    return _answer(account_id, timeframe=timeframe, since=time_text(since), bars=bars)


def list_pnl_by_symbol() -> Response:
    """List realised (since ``since``, default a day) and unrealised P&L by symbol, in USD."""
    parts = services()
    account_id = seen_account().account_id
    since = moment("since") or parts.clock() - _DAY
    realized = parts.records.realized_by_symbol(account_id, since)
    held = {each.symbol: each for each in parts.gateway.snapshot(account_id).positions}
    rows = [
        {
            "symbol": name,
            "realizedPnl": text(realized[name]) if name in realized else "0",
            "unrealizedPnl": text(held[name].unrealized_pnl) if name in held else "0",
        }
        for name in sorted(realized.keys() | held.keys())
    ]
    return _answer(account_id, since=time_text(since), symbols=rows)


def report_drift() -> Response:
    """Count what a page had to correct when it compared itself with REST (R10)."""
    payload = read_object()
    corrections = payload.get("corrections")
    # type(), as True is an int too
    if type(corrections) is not int or not 1 <= corrections <= _MOST_CORRECTIONS:
        raise InvalidValue("corrections", corrections, f"an integer from 1 to {_MOST_CORRECTIONS}")
    services().stream.count_drift(corrections)
    return Response(status=204)


def _trades(account_id: AccountId, trades: list[Trade], after: str | None) -> Response:
    return _answer(account_id, trades=[trade_json(each) for each in trades], next=after)


def _answer(account_id: AccountId, **fields: object) -> Response:
    envelope: Json = {"accountId": account_id, "asOf": time_text(_now()), **fields}
    return answer(envelope)


def _now() -> datetime:
    return services().clock()


def _quote_json(quote: Quote) -> Json:
    names: tuple[tuple[str, Literal["bid", "ask", "bid_size", "ask_size"]], ...] = (
        ("bid", "bid"), ("bidSize", "bid_size"), ("ask", "ask"), ("askSize", "ask_size"),
    )  # fmt: skip
    numbers = {name: text(getattr(quote, attribute)) for name, attribute in names}
    return {"symbol": quote.symbol, **numbers, "at": time_text(quote.at)}


def _asset_json(asset: Asset) -> Json:
    return {
        "symbol": asset.symbol,
        "name": asset.name,
        "assetClass": asset.asset_class.value,
        "tradable": asset.tradable,
        "fractionable": asset.fractionable,
        "shortable": asset.shortable,
    }


def _bar_json(bar: Bar) -> Json:
    prices = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    numbers = {name: text(value) for name, value in (prices | {"volume": bar.volume}).items()}
    return {"at": time_text(bar.at), **numbers}
