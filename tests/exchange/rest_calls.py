"""A real client's calls, and plain ones, for the tests of the trading endpoints."""

from __future__ import annotations

from typing import Any

import requests
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderSide, OrderStatus, TimeInForce
from alpaca.trading.models import Order
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest

from tests.exchange.desk import Live, until

HEADERS = {"APCA-API-KEY-ID": "K", "APCA-API-SECRET-KEY": "paper"}


def buy(client: TradingClient, symbol: str, qty: float, **more: Any) -> Any:
    """Send a market order to buy and wait until it has ended."""
    tif = TimeInForce.GTC if "/" in symbol else TimeInForce.DAY
    side = more.pop("side", OrderSide.BUY)
    request = MarketOrderRequest(symbol=symbol, qty=qty, side=side, time_in_force=tif, **more)
    return settled(client, client.submit_order(request))


def settled(client: TradingClient, order: Any) -> Any:
    """Return an order once it is filled."""
    until(lambda: status(client, order) == OrderStatus.FILLED, "fill")
    return client.get_order_by_id(order.id)


def status(client: TradingClient, order: Any) -> OrderStatus:
    """Return an order's status."""
    found = client.get_order_by_id(order.id)
    assert isinstance(found, Order)
    return found.status


def resting(client: TradingClient, symbol: str = "AAPL", **more: Any) -> Any:
    """Send a limit order far below the market and wait until it rests."""
    request = LimitOrderRequest(
        symbol=symbol, qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC, limit_price=5,
        **more,
    )  # fmt: skip
    order = client.submit_order(request)
    until(lambda: status(client, order) == OrderStatus.NEW, "new")
    return order


def ask(live: Live, method: str, path: str, **more: Any) -> requests.Response:
    """Send a plain request with good credentials."""
    more.setdefault("headers", HEADERS)
    return requests.request(method, live.url + path, timeout=10, **more)
