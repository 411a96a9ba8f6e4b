"""What changed in an account: the events of the event bus.

``arrived_ns`` is time.monotonic_ns() of the broker frame that caused the
change (0 where none did), the start of the latency that R4 bounds. ``count``
says how many updates the change stands for: prices are conflated before they
are parsed, and the batch efficiency counts what was conflated too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from portfolio.ids import AccountId
from portfolio.orders import Order
from portfolio.values import AccountFigures, Position, Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changed:
    account_id: AccountId
    arrived_ns: int = field(default=0, compare=False)
    count: int = field(default=1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionUpdated(_Changed):
    """A position has a new quantity, cost or price."""

    topic: ClassVar[str] = "position:updated"
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionClosed(_Changed):
    """A position reached zero; ``position.quantity`` is zero."""

    topic: ClassVar[str] = "position:closed"
    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUpdated(_Changed):
    """An order is new or differs from what was known."""

    topic: ClassVar[str] = "order:updated"
    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeExecuted(_Changed):
    """An order executed, in part or in full."""

    topic: ClassVar[str] = "trade:executed"
    trade: Trade


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUpdated(_Changed):
    """Cash, equity or buying power moved."""

    topic: ClassVar[str] = "account:updated"
    account: AccountFigures


Change = PositionUpdated | PositionClosed | OrderUpdated | TradeExecuted | AccountUpdated
TOPICS = tuple(
    kind.topic
    for kind in (TradeExecuted, OrderUpdated, PositionUpdated, PositionClosed, AccountUpdated)
)
