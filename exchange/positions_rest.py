"""The positions endpoints: list, look up, close in part, close, close all."""

from __future__ import annotations

from decimal import Decimal

from aiohttp import web

from exchange import http
from exchange.accounts import Account
from exchange.assets import Asset
from exchange.decimals import EXACT, ONE, QUANTUM, floor_to, is_whole, multiply
from exchange.engine import Engine
from exchange.errors import ExchangeError
from exchange.numbers import number
from exchange.orders import Order
from exchange.tickets import Ticket
from exchange.wire import Json, order_json, position_json

_HUNDRED = Decimal(100)


def add_routes(app: web.Application, engine: Engine, authenticate: http.Authenticate) -> None:
    """Add ``/v2/positions`` and what is below it."""
    routes = PositionsRest(engine, authenticate)
    # alpaca-py does not escape the slash of BTC/USD, so the rest of the path is the symbol
    one = "/v2/positions/{symbol:.+}"
    app.add_routes(
        [
            web.get("/v2/positions", routes.list),
            web.delete("/v2/positions", routes.close_all),
            web.get(one, routes.get),
            web.delete(one, routes.close),
        ]
    )


class PositionsRest:
    """The handlers. Source: Alpaca OpenAPI ``/v2/positions``.

    Args:
        engine: knows the accounts and takes the closing orders.
        authenticate: says whose account it is.
    """

    def __init__(self, engine: Engine, authenticate: http.Authenticate) -> None:
        self._engine = engine
        self._authenticate = authenticate

    async def list(self, request: web.Request) -> web.Response:
        """Answer all positions, by symbol."""
        account = self._account(request)
        symbols = sorted(account.ledger.holdings)
        return web.json_response([self._json(account, symbol) for symbol in symbols])

    async def get(self, request: web.Request) -> web.Response:
        """Answer one position, or 404."""
        account = self._account(request)
        return web.json_response(self._json(account, self._held(request, account)))

    async def close(self, request: web.Request) -> web.Response:
        """Send a market order that closes a position or part of it: 200 with the order."""
        account = self._account(request)
        symbol = self._held(request, account)
        qty = _part(request, abs(account.ledger.position(symbol)))
        return web.json_response(order_json(self._send(account, symbol, qty)))

    async def close_all(self, request: web.Request) -> web.Response:
        """Send a market order for every position: 207 with an answer for each."""
        account = self._account(request)
        if http.flag(request, "cancel_orders"):
            self._engine.cancel_now(account.record.key_id)
        answers = [self._closed(account, symbol) for symbol in sorted(account.ledger.holdings)]
        return web.json_response(answers, status=207)

    def _account(self, request: web.Request) -> Account:
        """Return the account that the request is about."""
        return self._engine.accounts.open(self._authenticate(request))

    def _held(self, request: web.Request, account: Account) -> str:
        """Return the symbol that the path names, if the account holds it."""
        asset = self._engine.market.universe.find(request.match_info["symbol"])
        if asset is None or not account.ledger.position(asset.symbol):
            raise ExchangeError(404, 40410000, "position does not exist")
        return asset.symbol

    def _asset(self, symbol: str) -> Asset:
        """Return the asset of a held symbol, one of its own where a tape no longer lists it."""
        return self._engine.market.universe.find(symbol) or Asset(
            symbol=symbol,
            name=symbol,
            asset_class="crypto" if "/" in symbol else "us_equity",
            tradable=False,
        )

    def _json(self, account: Account, symbol: str) -> Json:
        """Return one position of an account."""
        board = self._engine.board
        return position_json(
            self._asset(symbol),
            account.ledger.holding(symbol),
            price=board.price(symbol),
            close=board.close(symbol),
            available=account.available(symbol, board),
        )

    def _send(self, account: Account, symbol: str, qty: Decimal) -> Order:
        """Send the order that closes qty of a position."""
        ticket = Ticket(
            symbol=symbol,
            side="sell" if account.ledger.position(symbol) > 0 else "buy",
            type="market",
            time_in_force="gtc" if "/" in symbol else "day",
            qty=qty,
        )
        return self._engine.submit(account.record.key_id, ticket)

    def _closed(self, account: Account, symbol: str) -> Json:
        """Return what came of closing one position."""
        name = symbol.replace("/", "")
        try:
            order = self._send(account, symbol, abs(account.ledger.position(symbol)))
        except ExchangeError as error:
            return {"symbol": name, "status": error.status, "body": error.body}
        return {"symbol": name, "status": 200, "body": order_json(order)}


def _part(request: web.Request, held: Decimal) -> Decimal:
    """Return how much of a position the query asks to close, all of it by default.

    A percentage of a position in whole shares is cut to whole shares.

    Raises:
        ExchangeError: 422 for an impossible quantity or percentage.
    """
    qty, percentage = request.query.get("qty"), request.query.get("percentage")
    if qty and percentage:
        raise ExchangeError(422, 40010001, "only one of qty or percentage is accepted")
    if qty:
        return _bounded("qty", qty, most=None)
    if not percentage:
        return held
    share = _bounded("percentage", percentage, most=_HUNDRED)
    wanted = EXACT.divide(multiply(held, share), _HUNDRED)
    part = floor_to(wanted, ONE if is_whole(held) else QUANTUM)
    if not part:
        raise ExchangeError(422, 42210000, "percentage is less than the smallest quantity")
    return part


def _bounded(name: str, sent: str, most: Decimal | None) -> Decimal:
    """Return a positive number of at most nine decimals that is not above ``most``."""
    value = number(sent)
    highest = Decimal(1_000_000_000) if most is None else most
    if value is None or not 0 < value <= highest or value < QUANTUM:
        raise ExchangeError(422, 40010001, f"invalid {name} {sent[:40]}")
    if floor_to(value, QUANTUM) != value:
        raise ExchangeError(422, 40010001, f"{name} must have no more than 9 decimals")
    return value
