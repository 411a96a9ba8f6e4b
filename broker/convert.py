"""The broker's JSON -> portfolio types: exact decimals, aware UTC, ids; or one clear error.

Strict about what a number on screen depends on, tolerant of everything else:
unknown fields are ignored, unknown statuses and event names pass as they are.
Every function raises ConversionError, and nothing else, whatever it is given.
"""

from __future__ import annotations

from typing import Literal

from portfolio.orders import Order, TradeUpdate
from portfolio.values import BrokerAccount, BrokerFill, BrokerPosition, Mark, Quote


def order(raw: object) -> Order:
    """Return an order; ``order_id`` is provisional, the broker's own id."""
    raise NotImplementedError


def trade_update(raw: object, arrived_ns: int = 0) -> TradeUpdate:
    """Return one trade_updates event from its ``data`` object."""
    raise NotImplementedError


def account(raw: object) -> BrokerAccount:
    """Return the account's figures."""
    raise NotImplementedError


def position(raw: object) -> BrokerPosition:
    """Return a position, signed."""
    raise NotImplementedError


def fill(raw: object) -> BrokerFill:
    """Return a FILL activity."""
    raise NotImplementedError


def mark(
    raw: object,
    symbol: str,
    count: int = 1,
    arrived_ns: int = 0,
    source: Literal["stream", "snapshot"] = "stream",
) -> Mark:
    """Return the price that a raw trade sets."""
    raise NotImplementedError


def quote(raw: object, symbol: str) -> Quote:
    """Return best bid and offer."""
    raise NotImplementedError
