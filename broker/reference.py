"""What the broker says about the market itself: its clock and its assets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.convert import asset_class_of
from broker.fields import Fields
from broker.symbols import canonical
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


def read_clock(raw: object) -> MarketClock:
    """Return the market clock from its JSON.

    Raises:
        ConversionError: naming the field that can't be used.
    """
    fields = Fields("clock", raw)
    return MarketClock(
        at=fields.moment("timestamp"),
        is_open=fields.flag("is_open", default=False),
        next_open=fields.moment("next_open"),
        next_close=fields.moment("next_close"),
    )


def read_asset(raw: object) -> Asset:
    """Return an asset from its JSON; the key of its class is ``class``.

    Raises:
        ConversionError: naming the field that can't be used.
    """
    fields = Fields("asset", raw)
    symbol = fields.text("symbol")
    try:
        kind = AssetClass(fields.text("class"))
    except ValueError:
        kind = asset_class_of(symbol)
    return Asset(
        symbol=canonical(symbol, kind),
        name=fields.text_or_none("name") or symbol,
        asset_class=kind,
        exchange=fields.text_or_none("exchange") or "",
        tradable=fields.flag("tradable", default=False),
        fractionable=fields.flag("fractionable", default=False),
        shortable=fields.flag("shortable", default=False),
    )
