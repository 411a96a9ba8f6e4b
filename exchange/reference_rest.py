"""Clock, calendar and assets: what doesn't depend on who asks.

Source: Alpaca trading OpenAPI ``legacy_clock``, ``legacy_calendar_day``, ``Assets``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from aiohttp import web

from exchange.assets import Asset
from exchange.data_rest import json_response
from exchange.errors import ExchangeError
from exchange.hours import NEW_YORK, TradingDay, new_york_day
from exchange.market import Market

Authenticate = Callable[[web.Request], object]

_CALENDAR_FROM, _CALENDAR_TO = date(2016, 1, 1), date(2029, 12, 31)
_DAY_END = "23:59"
_MAINTENANCE_MARGIN = 30


def add_routes(app: web.Application, market: Market, authenticate: Authenticate) -> None:
    """Serve ``/v2/clock``, ``/v2/calendar`` and ``/v2/assets``.

    Args:
        app: gets the routes; its error middleware writes ExchangeError as JSON.
        market: whose hours and assets.
        authenticate: raises for a request without valid credentials.
    """
    reference = ReferenceRest(market, authenticate)
    app.router.add_get("/v2/clock", reference.clock)
    app.router.add_get("/v2/calendar", reference.calendar)
    app.router.add_get("/v2/assets", reference.assets)
    # a pair's slash may arrive unescaped
    app.router.add_get("/v2/assets/{asset:.+}", reference.asset)


class ReferenceRest:
    """Answers to clock, calendar and asset requests.

    Args:
        market: whose hours and assets.
        authenticate: raises for a request without valid credentials.
    """

    def __init__(self, market: Market, authenticate: Authenticate) -> None:
        self._market = market
        self._authenticate = authenticate

    async def clock(self, request: web.Request) -> web.Response:
        """Return the time and the session's state, in New York time."""
        self._authenticate(request)
        session = self._market.session
        return json_response(
            {
                "timestamp": _eastern(session.at),
                "is_open": session.is_open,
                "next_open": _eastern(session.next_open),
                "next_close": _eastern(session.next_close),
            }
        )

    async def calendar(self, request: web.Request) -> web.Response:
        """Return the sessions between two dates."""
        self._authenticate(request)
        first = _date(request.query.get("start"), "start") or _CALENDAR_FROM
        last = _date(request.query.get("end"), "end") or _CALENDAR_TO
        first, last = max(first, _CALENDAR_FROM), min(last, _CALENDAR_TO)
        return json_response([_day(day) for day in self._market.hours.days(first, last)])

    async def assets(self, request: web.Request) -> web.Response:
        """Return the assets of a class and exchange, by symbol."""
        self._authenticate(request)
        query = request.query
        chosen = _chosen(
            self._market.universe,
            query.get("asset_class") or "us_equity",
            query.get("exchange"),
            query.get("status"),
        )
        by_symbol = sorted(chosen, key=lambda asset: (asset.exchange, asset.symbol))
        return json_response([asset_json(asset) for asset in by_symbol])

    async def asset(self, request: web.Request) -> web.Response:
        """Return one asset by symbol, in either spelling, or by id."""
        self._authenticate(request)
        name = request.match_info["asset"]
        asset = self._market.universe.find(name)
        if asset is None:
            raise ExchangeError(404, 40410000, f"asset not found for {name}")
        return json_response(asset_json(asset))


def asset_json(asset: Asset) -> dict[str, object]:
    """Return an asset's JSON object."""
    fields: dict[str, object] = {
        "id": str(asset.id),
        "class": asset.asset_class,
        "exchange": asset.exchange,
        "symbol": asset.symbol,
        "name": asset.name,
        "status": "active",
        "tradable": asset.tradable,
        "marginable": asset.marginable,
        "maintenance_margin_requirement": 100 if asset.is_crypto else _MAINTENANCE_MARGIN,
        "margin_requirement_long": "100" if asset.is_crypto else str(_MAINTENANCE_MARGIN),
        "margin_requirement_short": "100" if asset.is_crypto else str(_MAINTENANCE_MARGIN),
        "shortable": asset.shortable,
        "easy_to_borrow": asset.easy_to_borrow,
        "fractionable": asset.fractionable,
        "attributes": [],
    }
    if asset.is_crypto:
        return {**fields, **_increments(asset)}
    borrow = "easy_to_borrow" if asset.easy_to_borrow else "hard_to_borrow"
    return {**fields, "borrow_status": borrow}


def _increments(asset: Asset) -> dict[str, object]:
    named = {
        "min_order_size": asset.min_order_size,
        "min_trade_increment": asset.min_trade_increment,
        "price_increment": asset.price_increment,
    }
    return {name: f"{value:f}" for name, value in named.items() if value is not None}


def _chosen(
    assets: Iterable[Asset], asset_class: str, exchange: str | None, status: str | None
) -> list[Asset]:
    """Return the assets that match; all are active, so another status matches none."""
    if status not in (None, "", "active"):
        return []
    return [
        asset
        for asset in assets
        if asset.asset_class == asset_class and (not exchange or asset.exchange == exchange)
    ]


def _eastern(at: datetime) -> str:
    return at.astimezone(NEW_YORK).isoformat()


def _day(day: TradingDay) -> dict[str, object]:
    """Return a session; one that ends with its day closes a minute early, as HH:MM has no 24."""
    opens, closes = day.opens.astimezone(NEW_YORK), day.closes.astimezone(NEW_YORK)
    close = f"{closes:%H:%M}" if closes.date() == day.day else _DAY_END
    return {
        "date": day.day.isoformat(),
        "open": f"{opens:%H:%M}",
        "close": close,
        "session_open": "0000" if close == _DAY_END else "0400",
        "session_close": "2359" if close == _DAY_END else "2000",
        "settlement_date": (day.day + timedelta(days=1)).isoformat(),
    }


def _date(got: str | None, name: str) -> date | None:
    """Return a date, or the New York date of an RFC 3339 time."""
    if not got:
        return None
    try:
        at = datetime.fromisoformat(got.replace(" ", "+"))
    except ValueError:
        raise ExchangeError(400, 40010000, f"invalid {name}: {got}") from None
    return new_york_day(at) if at.tzinfo is not None else at.date()
