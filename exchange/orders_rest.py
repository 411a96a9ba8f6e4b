"""The orders endpoints: place, list, look up, replace, cancel."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from exchange import http
from exchange.engine import Engine
from exchange.errors import ExchangeError
from exchange.orders import Order
from exchange.store import Page
from exchange.tickets import read_body, read_changes, read_ticket
from exchange.wire import order_json


def add_routes(app: web.Application, engine: Engine, authenticate: http.Authenticate) -> None:
    """Add ``/v2/orders`` and what is below it."""
    routes = OrdersRest(engine, authenticate)
    app.add_routes(
        [
            web.post("/v2/orders", routes.place),
            web.get("/v2/orders", routes.list),
            web.delete("/v2/orders", routes.cancel_all),
            web.get("/v2/orders:by_client_order_id", routes.by_client_order_id),
            web.get("/v2/orders/{order_id}", routes.get),
            web.patch("/v2/orders/{order_id}", routes.replace),
            web.delete("/v2/orders/{order_id}", routes.cancel),
        ]
    )


class OrdersRest:
    """The handlers. Source: Alpaca OpenAPI ``/v2/orders``.

    Args:
        engine: does what is asked.
        authenticate: says whose account it is.
    """

    def __init__(self, engine: Engine, authenticate: http.Authenticate) -> None:
        self._engine = engine
        self._authenticate = authenticate

    async def place(self, request: web.Request) -> web.Response:
        """Take an order: 200 with it pending."""
        key_id = self._authenticate(request)
        ticket = read_ticket(read_body(await request.read()))
        return web.json_response(order_json(self._engine.submit(key_id, ticket)))

    async def list(self, request: web.Request) -> web.Response:
        """Answer the orders that the query asks for, open ones by default."""
        key_id = self._authenticate(request)
        self._engine.accounts.open(key_id)
        http.flag(request, "nested")  # all orders are simple: nested or not, no order has legs
        status = http.word(request, "status", ("open", "closed", "all"), "open")
        side = http.word(request, "side", ("buy", "sell", ""), "")
        classes = [name.lower() for name in http.words(request, "asset_class")]
        orders = self._engine.store.orders(
            key_id,
            self._page(request, key_id),
            is_open={"open": True, "closed": False, "all": None}[status],
            symbols=[self._symbol(name) for name in http.words(request, "symbols")],
            side=side or None,
            asset_classes=[] if "all" in classes else classes,
        )
        return web.json_response([order_json(order) for order in orders])

    async def get(self, request: web.Request) -> web.Response:
        """Answer one order, or 404."""
        return web.json_response(order_json(self._order(request)))

    async def by_client_order_id(self, request: web.Request) -> web.Response:
        """Answer the order that the client gave this id, or 404."""
        key_id = self._authenticate(request)
        name = request.query.get("client_order_id", "")
        order = self._engine.store.order_by_client_id(key_id, name)
        if order is None:
            raise ExchangeError(404, 40410000, f"order not found for {name[:128]}")
        return web.json_response(order_json(order))

    async def replace(self, request: web.Request) -> web.Response:
        """Ask for a replacement: 200 with the pending new order."""
        key_id = self._authenticate(request)
        changes = read_changes(read_body(await request.read()))
        order = self._engine.replace(key_id, request.match_info["order_id"], changes)
        return web.json_response(order_json(order))

    async def cancel(self, request: web.Request) -> web.Response:
        """Ask to cancel one order: 204, or 422 when it has ended."""
        key_id = self._authenticate(request)
        self._engine.cancel(key_id, request.match_info["order_id"])
        return web.Response(status=204)

    async def cancel_all(self, request: web.Request) -> web.Response:
        """Ask to cancel all open orders: 207 with a status for each."""
        key_id = self._authenticate(request)
        ids = list(self._engine.accounts.open(key_id).orders)
        for order_id in ids:
            self._engine.cancel(key_id, order_id)
        return web.json_response([{"id": name, "status": 200} for name in ids], status=207)

    def _order(self, request: web.Request) -> Order:
        """Return the order that the path names."""
        return self._engine.order(self._authenticate(request), request.match_info["order_id"])

    def _symbol(self, name: str) -> str:
        """Return a symbol as orders carry it; an unknown one matches no order."""
        asset = self._engine.market.universe.find(name)
        return asset.symbol if asset else name

    def _page(self, request: web.Request, key_id: str) -> Page:
        """Return the part of the list asked for, also by the ids of orders next to it."""
        page = http.page(request, "limit", default=50, most=500)
        after, before = request.query.get("after_order_id"), request.query.get("before_order_id")
        if after:
            page = replace(page, after=self._engine.order(key_id, after).created_at)
        if before:
            page = replace(page, until=self._engine.order(key_id, before).created_at)
        return page
