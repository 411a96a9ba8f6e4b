"""All of Alpaca's trading REST endpoints that the exchange has."""

from __future__ import annotations

from aiohttp import web

from exchange import account_rest, orders_rest, positions_rest
from exchange.engine import Engine
from exchange.http import Authenticate


def add_routes(app: web.Application, engine: Engine, authenticate: Authenticate) -> None:
    """Add the account, orders and positions endpoints."""
    for endpoints in (account_rest, orders_rest, positions_rest):
        endpoints.add_routes(app, engine, authenticate)
