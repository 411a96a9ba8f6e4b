"""What the market says: quotes and prints, the only two kinds of tick."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """Best bid and offer of a symbol.

    Attributes:
        bid: USD per share or coin.
        bid_size: shares or coins wanted at the bid.
        ask: USD per share or coin; may be at or below the bid, real tapes hold such quotes.
        ask_size: shares or coins offered at the ask.
        at: aware UTC.
    """

    symbol: str
    bid: Decimal
    bid_size: Decimal
    ask: Decimal
    ask_size: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class Print:
    """One trade of the market: price in USD, size in shares or coins, at in aware UTC."""

    symbol: str
    price: Decimal
    size: Decimal
    at: datetime


Tick = Quote | Print
