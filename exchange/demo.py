"""What a demonstration account holds when it is opened: trades of the day before.

They are ordinary filled orders, so the books add up from the deposit as in any
account. Which symbols, how much and at what distance from the last close they
were bought depends on the key id alone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID, uuid5

from exchange.assets import Asset
from exchange.decimals import EXACT, ONE, ZERO, floor_to, multiply
from exchange.market import Market
from exchange.orders import Fill, Order, Side
from exchange.stamps import SECOND_NS, to_ns

DEMO_PREFIX = "DEMO"

Role = Literal["long", "short", "fraction"]

_NAMESPACE = UUID("3a0b6a3c-0b9d-4a55-9a0e-0a4a1d7a5a61")
_STOCKS = 7
_CENT = Decimal("0.01")
_FRACTION = Decimal("0.0001")
_MINUTE_NS = 60 * SECOND_NS
_PREFERRED = ("AAPL", "MSFT", "NVDA", "AMZN", "GOOGL", "TSLA", "JPM", "KO", "SPY", "JNJ", "XOM")
"""Names that a demonstration should show, where the market lists them."""


def demo_trades(key_id: str, market: Market) -> Iterator[tuple[Order, Fill]]:
    """Yield a demonstration account's filled orders, oldest first.

    Up to seven stocks, the last of them sold short and one of them held in
    fractions, and one crypto pair, each for about $6,000 to $14,000; a tape's
    fewer symbols give fewer positions.

    Args:
        key_id: decides what is bought.
        market: its universe, last closes and present.
    """
    rng = random.Random(f"demo {key_id}")  # noqa: S311 - play money
    at = demo_start(market)
    for asset, role in _chosen(rng, market):
        at += 5 * _MINUTE_NS + rng.randrange(2 * _MINUTE_NS)
        close = market.previous_close(asset.symbol)
        if close is not None and close > 0:
            yield _trade(key_id, asset, role, close, at, rng)


def demo_start(market: Market) -> int:
    """Return when a demonstration account began, one day ago, in nanoseconds."""
    return to_ns(market.now() - timedelta(days=1))


def _chosen(rng: random.Random, market: Market) -> Iterator[tuple[Asset, Role]]:
    """Yield what to trade: stocks, the first in fractions, the last short, then one coin."""
    priced = [asset for asset in market.universe if market.previous_close(asset.symbol)]
    tradable = [asset for asset in priced if asset.tradable]
    stocks = [asset for asset in tradable if not asset.is_crypto]
    known = [asset for asset in stocks if asset.symbol in _PREFERRED]
    pool = known if len(known) >= _STOCKS else stocks
    picked = rng.sample(pool, min(_STOCKS, len(pool)))
    for asset in picked:
        role: Role = "fraction" if asset is picked[0] else "long"
        yield asset, "short" if asset is picked[-1] and len(picked) > 2 else role
    yield from ((asset, "fraction") for asset in tradable if asset.symbol == "BTC/USD")


def _trade(
    key_id: str, asset: Asset, role: Role, close: Decimal, at: int, rng: random.Random
) -> tuple[Order, Fill]:
    """Return one filled market order, and its one execution."""
    drift = 1 + Decimal(rng.randint(-35, 25)) / 1000
    price = EXACT.quantize(multiply(close, drift), _CENT) or close
    side: Side = "sell" if role == "short" and asset.shortable else "buy"
    money = Decimal(rng.randint(6_000, 14_000))
    step = _FRACTION if role == "fraction" and asset.fractionable else ONE
    qty = max(step, floor_to(EXACT.divide(money, price), step))
    order = _order(key_id, asset, side, qty, at)
    fill = Fill(
        execution_id=str(uuid5(_NAMESPACE, f"execution {order.id}")),
        order_id=order.id,
        key_id=key_id,
        symbol=asset.symbol,
        side=side,
        qty=qty,
        price=price,
        cum_qty=qty,
        leaves_qty=ZERO,
        position_qty=qty if side == "buy" else -qty,
        at=at + SECOND_NS // 5,
        is_last=True,
    )
    return order.with_fill(fill), fill


def _order(key_id: str, asset: Asset, side: Side, qty: Decimal, at: int) -> Order:
    """Return the market order of a demonstration trade, before its fill."""
    order_id = str(uuid5(_NAMESPACE, f"{key_id} {asset.symbol}"))
    return Order(
        id=order_id,
        key_id=key_id,
        client_order_id=str(uuid5(_NAMESPACE, f"client {order_id}")),
        symbol=asset.symbol,
        asset_id=str(asset.id),
        asset_class=asset.asset_class,
        side=side,
        type="market",
        time_in_force="gtc" if asset.is_crypto else "day",
        status="new",
        created_at=at,
        updated_at=at,
        qty=qty,
    )
