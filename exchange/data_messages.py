"""Ticks and bars in Alpaca's market-data fields, for the stream and for REST alike.

Prices and sizes are JSON numbers there. A float is made from the Decimal in
one step and printed in its shortest form, so it shows the Decimal's digits.
Times stay datetimes; the encoders write them in their own way.

Source: Alpaca market-data OpenAPI ``stock_trade``, ``stock_quote``,
``stock_bar``, ``crypto_trade``, ``crypto_quote``, ``crypto_bar``.
"""

from __future__ import annotations

from exchange.assets import Asset, Universe
from exchange.bars import Bar
from exchange.market import Market
from exchange.ticks import Print, Quote

Fields = dict[str, object]

EXCHANGE_CODE = "V"
"""IEX, the exchange that Alpaca's free feed quotes."""
_ROUND_LOT = 100
_TAPES = {"NASDAQ": "C", "NYSE": "A"}


def trade_fields(tick: Print, market: Market) -> Fields:
    """Return a print's fields; its id is its number among the symbol's prints."""
    asset = asset_of(market.universe, tick.symbol)
    number = market.print_number(tick.symbol)
    if asset.is_crypto:
        return {
            "p": float(tick.price),
            "s": float(tick.size),
            "t": tick.at,
            "i": number,
            "tks": _taker_side(tick, market.quote(tick.symbol)),
        }
    return {
        "i": number,
        "x": EXCHANGE_CODE,
        "p": float(tick.price),
        "s": int(tick.size),
        "c": ["@"] if tick.size >= _ROUND_LOT else ["@", "I"],
        "t": tick.at,
        "z": tape_of(asset),
    }


def quote_fields(tick: Quote, market: Market) -> Fields:
    """Return a quote's fields."""
    asset = asset_of(market.universe, tick.symbol)
    if asset.is_crypto:
        return {
            "bp": float(tick.bid),
            "bs": float(tick.bid_size),
            "ap": float(tick.ask),
            "as": float(tick.ask_size),
            "t": tick.at,
        }
    return {
        "bx": EXCHANGE_CODE,
        "bp": float(tick.bid),
        "bs": int(tick.bid_size),
        "ax": EXCHANGE_CODE,
        "ap": float(tick.ask),
        "as": int(tick.ask_size),
        "c": ["R"],
        "z": tape_of(asset),
        "t": tick.at,
    }


def orderbook_fields(tick: Quote) -> Fields:
    """Return a book of one level on each side: all of the depth this market has."""
    return {
        "t": tick.at,
        "b": [{"p": float(tick.bid), "s": float(tick.bid_size)}],
        "a": [{"p": float(tick.ask), "s": float(tick.ask_size)}],
    }


def bar_fields(bar: Bar, market: Market) -> Fields:
    """Return a bar's fields; stock volumes are whole shares."""
    is_crypto = asset_of(market.universe, bar.symbol).is_crypto
    return {
        "o": float(bar.open),
        "h": float(bar.high),
        "l": float(bar.low),
        "c": float(bar.close),
        "v": float(bar.volume) if is_crypto else int(bar.volume),
        "t": bar.at,
        "n": bar.trades,
        "vw": float(bar.vwap),
    }


def asset_of(universe: Universe, symbol: str) -> Asset:
    """Return the asset a tick is of; a plain one where a test publishes an unlisted symbol."""
    asset = universe.find(symbol)
    if asset is not None:
        return asset
    return Asset(symbol=symbol, name=symbol, asset_class="crypto" if "/" in symbol else "us_equity")


def tape_of(asset: Asset) -> str:
    """Return the consolidated tape that reports a stock: A NYSE, C NASDAQ, B the others."""
    return _TAPES.get(asset.exchange, "B")


def _taker_side(tick: Print, quote: Quote | None) -> str:
    """Return ``B`` for a print at or above the quote's middle, else ``S``."""
    if quote is None:
        return "B"
    return "B" if 2 * tick.price >= quote.bid + quote.ask else "S"
