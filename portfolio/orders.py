"""An order as the broker reports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from portfolio.ids import BrokerOrderId, ClientOrderId, OrderId
from portfolio.money import ZERO


class Side(StrEnum):
    """Direction of an order or a fill."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """Return +1 for a buy, −1 for a sell."""
        return 1 if self is Side.BUY else -1


class AssetClass(StrEnum):
    """What is traded, in Alpaca's spelling."""

    US_EQUITY = "us_equity"
    CRYPTO = "crypto"
    US_OPTION = "us_option"


PENDING_SUBMIT = "pending_submit"
"""Stored by AlphaFlow, not yet acknowledged by the broker (our own status, not Alpaca's)."""

FINAL_STATUSES = frozenset(
    {"filled", "canceled", "expired", "rejected", "replaced", "done_for_day"}
)
"""Statuses an order never leaves (Alpaca "order lifecycle"). done_for_day is left out of no query:
the broker sends a final one after it, which is let through."""

_AFTER_DONE_FOR_DAY = frozenset({"filled", "canceled", "expired", "replaced"})


def is_final(status: str) -> bool:
    """Say whether an order in this status can still trade or change. Unknown names can."""
    return status in FINAL_STATUSES


def may_follow(old: str, new: str) -> bool:
    """Say whether status ``new`` may replace ``old``: a final status is never left.

    The exceptions: done_for_day is followed by how the order ended, and a
    replaced order may fill after all (the fill won the race).
    """
    if old == new or not is_final(old):
        return True
    if old == "done_for_day":
        return new in _AFTER_DONE_FOR_DAY
    return old == "replaced" and new == "filled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order, complete: every update carries the whole of it.

    Quantities are in shares or coins, prices in USD, times aware UTC.
    Exactly one of ``quantity`` and ``notional`` (USD) is given.
    ``status`` is the broker's word, or PENDING_SUBMIT; unknown words pass.

    Source: Alpaca OpenAPI ``Order``.
    """

    order_id: OrderId
    client_order_id: ClientOrderId
    broker_order_id: BrokerOrderId | None
    symbol: str
    side: Side
    type: str
    time_in_force: str
    status: str
    submitted_at: datetime
    updated_at: datetime
    quantity: Decimal | None = None
    notional: Decimal | None = None
    filled_quantity: Decimal = ZERO
    filled_average_price: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    order_class: str = ""
    legs: tuple[Order, ...] = ()
    extended_hours: bool = False
    asset_class: AssetClass = AssetClass.US_EQUITY
    replaced_by: BrokerOrderId | None = None
    replaces: BrokerOrderId | None = None
    reject_reason: str | None = None
    strategy_id: str | None = None
    filled_at: datetime | None = None

    @property
    def is_final(self) -> bool:
        """Say whether nothing more can happen to this order."""
        return is_final(self.status)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeUpdate:
    """One ``trade_updates`` event of the broker, converted.

    Attributes:
        event: the broker's event name; unknown names pass.
        at: when it happened, aware UTC.
        order: the order after the event. ``order.order_id`` is provisional (the broker's id):
            the book resolves it.
        execution_id: present on fills (and ``new``).
        price: USD, of this execution; fills only.
        quantity: of this execution, positive; fills only.
        position_quantity: signed position after it; fills only.
        arrived_ns: time.monotonic_ns() when the frame reached our process.

    Source: Alpaca "trade_updates" stream.
    """

    event: str
    at: datetime
    order: Order
    execution_id: str | None = None
    price: Decimal | None = None
    quantity: Decimal | None = None
    position_quantity: Decimal | None = None
    arrived_ns: int = field(default=0, compare=False)

    @property
    def is_fill(self) -> bool:
        """Say whether this event executed something."""
        return self.event in ("fill", "partial_fill")
