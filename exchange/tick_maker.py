"""Quotes and prints around a price, as a listing of that character would show them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from exchange.listing import Listing
from exchange.price_path import Floats
from exchange.ticks import Print, Quote, Tick

_SPREAD_WANDER = 0.35
_SIZE_WANDER = 0.6
_ODD_LOT_SHARE = 0.35
_ROUND_LOT = 100
_COIN_STEP = 1_000_000  # coin sizes have six decimals


def make_ticks(
    listing: Listing,
    prices: Floats,
    moments: Sequence[datetime],
    prints: Sequence[bool],
    rng: np.random.Generator,
) -> list[Tick]:
    """Return one tick per price.

    Args:
        listing: what they are ticks of.
        prices: the middle the quotes are around, USD.
        moments: when, aware UTC, as many as prices.
        prints: True for a print, False for a quote, as many as prices.
        rng: drawn from in one fixed order, so equal generators make equal ticks.
    """
    bids, asks = _quotes(listing, prices, rng)
    sizes = _quote_sizes(listing, (2, len(prices)), rng).tolist()
    traded = _print_sizes(listing, len(prices), rng).tolist()
    at_ask = rng.random(len(prices)) < 0.5
    exponent = int(listing.step.as_tuple().exponent)
    size_exponent = -6 if listing.asset.is_crypto else 0
    ticks: list[Tick] = []
    for row, moment in enumerate(moments):
        bid, ask = Decimal(bids[row]).scaleb(exponent), Decimal(asks[row]).scaleb(exponent)
        if prints[row]:
            price, size = ask if at_ask[row] else bid, Decimal(traded[row]).scaleb(size_exponent)
            ticks.append(Print(listing.symbol, price, size, moment))
        else:
            bid_size, ask_size = (Decimal(side[row]).scaleb(size_exponent) for side in sizes)
            ticks.append(Quote(listing.symbol, bid, bid_size, ask, ask_size, moment))
    return ticks


def _quotes(
    listing: Listing, prices: Floats, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    """Return bids and asks in price steps, at least one step apart."""
    middles = prices / float(listing.step)
    wander = rng.lognormal(0, _SPREAD_WANDER, len(prices))
    spreads = np.maximum(np.rint(middles * listing.spread_bp / 1e4 * wander), 1)
    bids = np.maximum(np.rint(middles - spreads / 2), 1)
    return bids.astype(np.int64).tolist(), (bids + spreads).astype(np.int64).tolist()


def _quote_sizes(
    listing: Listing, shape: tuple[int, int], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return sizes quoted: round lots of shares, or millionths of a coin."""
    sizes = rng.lognormal(np.log(listing.lot), _SIZE_WANDER, shape)
    if listing.asset.is_crypto:
        return np.maximum(sizes * _COIN_STEP, 1).astype(np.int64)
    return np.maximum(np.rint(sizes / _ROUND_LOT), 1).astype(np.int64) * _ROUND_LOT


def _print_sizes(listing: Listing, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return sizes traded: odd lots as often as on real tapes, else round lots."""
    if listing.asset.is_crypto:
        coins = rng.lognormal(np.log(listing.lot / 8), 1.0, count)
        return np.maximum(coins * _COIN_STEP, 1).astype(np.int64)
    odd = rng.integers(1, _ROUND_LOT, count)
    lots = np.ceil(rng.lognormal(np.log(listing.lot / _ROUND_LOT / 2), 0.8, count))
    is_odd = rng.random(count) < _ODD_LOT_SHARE
    return np.where(is_odd, odd, lots * _ROUND_LOT).astype(np.int64)
