"""The account endpoints: figures, configurations, activities, equity history."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from exchange import http
from exchange.engine import Engine
from exchange.equity_history import history_json, read_span
from exchange.errors import ExchangeError
from exchange.stamps import SECOND_NS, to_ns
from exchange.wire import account_json, activity_json

CONFIGURATIONS = {
    "fractional_trading": True,
    "max_margin_multiplier": "2",
    "no_shorting": False,
    "suspend_trade": False,
    "trade_confirm_email": "none",
    "ptp_no_exception_entry": False,
    "max_options_trading_level": 0,
    "disable_overnight_trading": False,
}
_DAY_NS = 24 * 3600 * SECOND_NS


def add_routes(app: web.Application, engine: Engine, authenticate: http.Authenticate) -> None:
    """Add ``/v2/account`` and what is below it."""
    routes = AccountRest(engine, authenticate)
    app.add_routes(
        [
            web.get("/v2/account", routes.account),
            web.get("/v2/account/configurations", routes.configurations),
            web.get("/v2/account/activities", routes.activities),
            web.get("/v2/account/activities/{activity_type}", routes.activities),
            web.get("/v2/account/portfolio/history", routes.history),
        ]
    )


class AccountRest:
    """The handlers. Source: Alpaca OpenAPI ``/v2/account``.

    Args:
        engine: knows the accounts.
        authenticate: says whose account it is.
    """

    def __init__(self, engine: Engine, authenticate: http.Authenticate) -> None:
        self._engine = engine
        self._authenticate = authenticate

    async def account(self, request: web.Request) -> web.Response:
        """Answer the account's figures as of now."""
        account = self._engine.accounts.open(self._authenticate(request))
        figures = account.figures(self._engine.board)
        return web.json_response(account_json(account.record, figures))

    async def configurations(self, request: web.Request) -> web.Response:
        """Answer the account's settings, which are the same for every paper account."""
        self._authenticate(request)
        return web.json_response(CONFIGURATIONS)

    async def activities(self, request: web.Request) -> web.Response:
        """Answer executions as FILL activities; there are no activities of other types."""
        key_id = self._authenticate(request)
        self._engine.accounts.open(key_id)
        page = http.page(request, "page_size", default=100, most=100)
        day = http.moment(request, "date")
        if day is not None:
            page = replace(page, after=day - 1, until=day + _DAY_NS)
        if not _wants_fills(request):
            return web.json_response([])
        beyond = request.query.get("page_token") or None
        fills = self._engine.store.fills(key_id, page, beyond=beyond)
        return web.json_response([activity_json(name, fill) for name, fill in fills])

    async def history(self, request: web.Request) -> web.Response:
        """Answer the account's equity over time."""
        key_id = self._authenticate(request)
        record = self._engine.accounts.open(key_id).record
        span = read_span(request.query, to_ns(self._engine.market.now()))
        samples = self._engine.store.equity(key_id, span.start, span.end)
        return web.json_response(history_json(span, samples, record.ledger.last_equity))


def _wants_fills(request: web.Request) -> bool:
    """Say whether the path and the query let FILL activities through.

    Raises:
        ExchangeError: 422 when types and category are both given.
    """
    path_type = request.match_info.get("activity_type")
    types = [path_type] if path_type else http.words(request, "activity_types")
    category = request.query.get("category")
    if types and category:
        raise ExchangeError(422, 40010001, "only one of activity_types or category is accepted")
    return category != "non_trade_activity" and (not types or "FILL" in types)
