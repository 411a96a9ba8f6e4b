"""What reaches an account's desk: one queue, one kind of value per source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from broker.feed import LinkState
from portfolio.ids import OrderId
from portfolio.orders import Order
from portfolio.values import BrokerAccount, BrokerState, Mark


@dataclass(frozen=True, slots=True)
class FrameArrived:
    """A raw trade_updates event and when it arrived (monotonic ns)."""

    raw: Mapping[str, Any]
    arrived_ns: int


@dataclass(frozen=True, slots=True)
class BrokerLinkChanged:
    """The order link of the account has a new state."""

    state: LinkState


@dataclass(frozen=True, slots=True)
class StateFetched:
    """REST told all about the account."""

    state: BrokerState


@dataclass(frozen=True, slots=True)
class AccountFetched:
    """REST told the account figures alone."""

    account: BrokerAccount


@dataclass(frozen=True, slots=True)
class FetchFailed:
    """REST gave no usable answer; ``final`` when trying again can't help."""

    asked: Literal["state", "account"]
    reason: str
    final: bool


@dataclass(frozen=True, slots=True)
class MarksFetched:
    """REST told last trades: of symbols newly followed, or (``due``) of those over the budget."""

    marks: tuple[Mark, ...]
    due: bool = False


@dataclass(frozen=True, slots=True)
class OrderReported:
    """The broker answered a request with the order."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """The broker refused to take an order, in its own words."""

    order_id: OrderId
    reason: str


Fact = (
    FrameArrived
    | BrokerLinkChanged
    | StateFetched
    | AccountFetched
    | FetchFailed
    | MarksFetched
    | OrderReported
    | OrderRefused
)
