"""What the broker says about the market itself: its clock and its assets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portfolio.orders import AssetClass


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketClock:
    """Whether the stock market trades now. Times aware UTC.

    Source: Alpaca OpenAPI ``Clock``.
    """

    at: datetime
    is_open: bool
    next_open: datetime
    next_close: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """Something that can be traded.

    Source: Alpaca OpenAPI ``Assets``.
    """

    symbol: str
    name: str
    asset_class: AssetClass
    exchange: str
    tradable: bool
    fractionable: bool
    shortable: bool
