"""An order and an execution as the exchange keeps them.

An Order is a value: every change makes a new one, which the store writes
before anybody hears of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from exchange.assets import AssetClass
from exchange.decimals import ZERO, add, affordable, multiply, ratio, subtract

Side = Literal["buy", "sell"]
Type = Literal["market", "limit", "stop", "stop_limit"]
TimeInForce = Literal["day", "gtc", "ioc", "fok"]

CLOSED_STATUSES = frozenset({"filled", "canceled", "expired", "replaced", "rejected"})
"""Statuses that an order never leaves."""

RESTING_STATUSES = frozenset({"new", "partially_filled"})
"""Statuses in which an order may be replaced."""

MATCHING_STATUSES = RESTING_STATUSES | {"pending_cancel", "pending_replace"}
"""Statuses in which an order may trade; a fill can still win the race with a cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one account. Prices are in USD, times in nanoseconds since the epoch.

    Attributes:
        qty: shares or coins; None when the order is for an amount of money.
        notional: USD; None when the order is for a quantity.
        filled_cost: exact sum of quantity × price over the fills.
        triggered: a stop has been reached and the order now trades.
        expires_at: when a day order lapses, None for the others.

    Source: Alpaca OpenAPI ``Order``.
    """

    id: str
    key_id: str
    client_order_id: str
    symbol: str
    asset_id: str
    asset_class: AssetClass
    side: Side
    type: Type
    time_in_force: TimeInForce
    status: str
    created_at: int
    updated_at: int
    qty: Decimal | None = None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    filled_qty: Decimal = ZERO
    filled_cost: Decimal = ZERO
    extended_hours: bool = False
    triggered: bool = False
    position_intent: str | None = None
    expires_at: int | None = None
    filled_at: int | None = None
    canceled_at: int | None = None
    expired_at: int | None = None
    failed_at: int | None = None
    replaced_at: int | None = None
    replaced_by: str | None = None
    replaces: str | None = None

    @property
    def is_open(self) -> bool:
        """Say whether anything can still happen to this order."""
        return self.status not in CLOSED_STATUSES

    @property
    def is_crypto(self) -> bool:
        """Say whether this order is for a crypto pair."""
        return self.asset_class == "crypto"

    @property
    def sign(self) -> int:
        """Return +1 for a buy, −1 for a sell."""
        return 1 if self.side == "buy" else -1

    @property
    def average_price(self) -> Decimal | None:
        """Return filled cost ÷ filled quantity to nine decimals, None before the first fill."""
        return ratio(self.filled_cost, self.filled_qty) if self.filled_qty else None

    def remaining_at(self, price: Decimal) -> Decimal:
        """Return the quantity still to trade; for a notional order, what the money buys."""
        if self.qty is not None:
            return subtract(self.qty, self.filled_qty)
        money = subtract(self.notional or ZERO, self.filled_cost)
        return affordable(money, price)

    def with_status(self, status: str, at: int, **changes: object) -> Order:
        """Return this order in another status as of ``at``, with further changes."""
        return replace(self, status=status, updated_at=at, **changes)  # type: ignore[arg-type]

    def with_fill(self, fill: Fill) -> Order:
        """Return this order after one of its executions."""
        return replace(
            self,
            status="filled" if fill.is_last else self._status_in_part(),
            updated_at=fill.at,
            filled_at=fill.at,
            filled_qty=fill.cum_qty,
            filled_cost=add(self.filled_cost, multiply(fill.qty, fill.price)),
        )

    def _status_in_part(self) -> str:
        """Return the status after a partial fill: a pending cancel or replace stays pending."""
        return "partially_filled" if self.status in RESTING_STATUSES else self.status


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution of an order: ``qty`` shares or coins at ``price`` USD.

    Attributes:
        cum_qty: the order's filled quantity after it.
        leaves_qty: what the order has left to trade after it.
        position_qty: signed position after it.
        is_last: it completes the order.
    """

    execution_id: str
    order_id: str
    key_id: str
    symbol: str
    side: Side
    qty: Decimal
    price: Decimal
    cum_qty: Decimal
    leaves_qty: Decimal
    position_qty: Decimal
    at: int
    is_last: bool

    @property
    def signed_qty(self) -> Decimal:
        """Return qty, negative for a sell."""
        return self.qty if self.side == "buy" else -self.qty

    @property
    def cost(self) -> Decimal:
        """Return what left the account's cash: positive for a buy, negative for a sell."""
        return multiply(self.signed_qty, self.price)
