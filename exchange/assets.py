"""The assets that can be looked up and traded.

An asset's id depends on its symbol alone, so it is the same in every run and
on every machine, and a ledger may keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid5

_NAMESPACE = UUID("6c6f4f25-0ad2-4e2f-8a55-1f6cf0bd5a0e")

AssetClass = Literal["us_equity", "crypto"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One asset, as Alpaca's assets endpoint describes it.

    Attributes:
        symbol: ``AAPL`` or, for a crypto pair, ``BTC/USD``.
        exchange: Alpaca's exchange name, ``NASDAQ``, ``NYSE``, ``ARCA``, ``CRYPTO`` ….
        min_order_size: smallest quantity, crypto only.
        min_trade_increment: quantity step, crypto only.
        price_increment: price step in USD, crypto only.

    Source: Alpaca OpenAPI ``Assets``.
    """

    symbol: str
    name: str
    asset_class: AssetClass = "us_equity"
    exchange: str = "NASDAQ"
    tradable: bool = True
    marginable: bool = True
    shortable: bool = True
    easy_to_borrow: bool = True
    fractionable: bool = True
    min_order_size: Decimal | None = None
    min_trade_increment: Decimal | None = None
    price_increment: Decimal | None = None

    @property
    def id(self) -> UUID:
        """Return the asset's id, derived from the symbol."""
        return uuid5(_NAMESPACE, self.symbol)

    @property
    def is_crypto(self) -> bool:
        """Return whether this is a crypto pair."""
        return self.asset_class == "crypto"

    @property
    def compact_symbol(self) -> str:
        """Return the symbol as positions carry it: ``BTCUSD`` for ``BTC/USD``."""
        return self.symbol.replace("/", "")


class Universe:
    """All assets, found by symbol (either spelling) or id.

    Args:
        assets: in listing order; a later one replaces an earlier of the same symbol.
    """

    def __init__(self, assets: Iterable[Asset]) -> None:
        self._by_symbol: dict[str, Asset] = {}
        self._by_key: dict[str, Asset] = {}
        for asset in assets:
            self.add(asset)

    def add(self, asset: Asset) -> None:
        """Add an asset, or replace the one with its symbol."""
        self._by_symbol[asset.symbol] = asset
        for key in (asset.symbol, asset.compact_symbol, str(asset.id)):
            self._by_key[key] = asset

    def find(self, symbol_or_id: str) -> Asset | None:
        """Return the asset with this symbol (``BTC/USD`` or ``BTCUSD``) or id, or None."""
        return self._by_key.get(symbol_or_id) or self._by_key.get(symbol_or_id.upper())

    def __iter__(self) -> Iterator[Asset]:
        return iter(self._by_symbol.values())

    def __len__(self) -> int:
        return len(self._by_symbol)

    def __contains__(self, symbol_or_id: str) -> bool:
        return self.find(symbol_or_id) is not None
