"""The spellings of a symbol: BTC/USD in orders and data, BTCUSD in positions and paths."""

from __future__ import annotations

import re

from portfolio.orders import AssetClass

# USDT and USDC before USD: BTCUSDT is BTC/USDT, not BTCUSDT's "BTCUS" in "DT".
_PAIR = re.compile(r"([A-Z0-9]{2,}?)(USDT|USDC|USDG|USD|BTC|ETH|EUR)")
_LONGEST_TICKER = 5


def is_crypto(symbol: str) -> bool:
    """Say whether symbol is a pair such as BTC/USD."""
    return "/" in symbol


def canonical(symbol: str, asset_class: AssetClass | None = None) -> str:
    """Return a crypto pair as BTC/USD whatever its spelling, and any other symbol unchanged.

    Args:
        symbol: as the broker spells it.
        asset_class: None where the payload does not say; then a symbol longer than any
            ticker that ends in a quote currency is a pair.
    """
    if is_crypto(symbol) or asset_class not in (None, AssetClass.CRYPTO):
        return symbol
    if asset_class is None and (len(symbol) <= _LONGEST_TICKER or not symbol.isalpha()):
        return symbol
    pair = _PAIR.fullmatch(symbol)
    return f"{pair[1]}/{pair[2]}" if pair else symbol


def in_path(symbol: str) -> str:
    """Return symbol as position paths want it: BTCUSD (alpaca-py issue 537)."""
    return symbol.replace("/", "")
