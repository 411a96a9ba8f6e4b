"""Whether and how an order trades against the market's quote. Pure arithmetic.

A buy takes at the ask and a sell at the bid, no worse than the order's limit
and for no more than is shown. What one quote shows is shared by all accounts
and taken once: the next quote brings new shares, so a large order fills in
several executions, one per tick. Quote sizes are counted in shares or coins as
the market gives them. So that an order never waits for ever on a thin quote, a
quote is good for at least ``LEAST_SHARES`` shares, or ``LEAST_VALUE`` dollars
of crypto. Orders do not move the market.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from exchange.decimals import EXACT, QUANTUM, ZERO, add, floor_to, subtract
from exchange.orders import Order, Side
from exchange.ticks import Print, Quote, Tick

LEAST_SHARES = Decimal(100)
LEAST_VALUE = Decimal(25_000)


class Execution(NamedTuple):
    """One possible trade: quantity, and price in USD."""

    qty: Decimal
    price: Decimal


class Depth:
    """What is left to take of one quote.

    Args:
        quote: the newest quote of a symbol.
        is_crypto: counts its least size in dollars.
    """

    def __init__(self, quote: Quote, *, is_crypto: bool) -> None:
        self.quote = quote
        self._is_crypto = is_crypto
        self._taken: dict[Side, Decimal] = {"buy": ZERO, "sell": ZERO}

    def price(self, side: Side) -> Decimal:
        """Return what an order of this side trades at: the ask for a buy."""
        return self.quote.ask if side == "buy" else self.quote.bid

    def available(self, side: Side) -> Decimal:
        """Return the quantity that an order of this side can still take."""
        shown = self.quote.ask_size if side == "buy" else self.quote.bid_size
        price = self.price(side)
        if price <= 0:
            return ZERO
        least = LEAST_SHARES
        if self._is_crypto:
            least = floor_to(EXACT.divide(LEAST_VALUE, price), QUANTUM)
        return max(ZERO, subtract(max(shown, least), self._taken[side]))

    def take(self, side: Side, qty: Decimal) -> None:
        """Note that qty is gone."""
        self._taken[side] = add(self._taken[side], qty)


def execution(order: Order, depth: Depth, *, at_most: Decimal | None = None) -> Execution | None:
    """Return the trade that an order can make against a quote now, None when it can't.

    Args:
        order: an active order; a stop that isn't triggered trades nothing.
        depth: what is left of the quote.
        at_most: a further bound of the quantity.
    """
    price = depth.price(order.side)
    if price <= 0 or not is_active(order) or not _within_limit(order, price):
        return None
    wanted = order.remaining_at(price)
    wanted = wanted if at_most is None else min(wanted, at_most)
    qty = min(wanted, depth.available(order.side))
    if qty <= 0 or (order.time_in_force == "fok" and qty < wanted):
        return None
    return Execution(qty, price)


def concerns(tick: Tick, order: Order) -> bool:
    """Say whether a tick of the order's symbol lets it trade, or triggers its stop."""
    if isinstance(tick, Print):
        return is_triggered(order, tick.price)
    price = tick.ask if order.side == "buy" else tick.bid
    return is_active(order) and _within_limit(order, price)


def is_active(order: Order) -> bool:
    """Say whether an order trades, or still waits for its stop price."""
    return order.stop_price is None or order.triggered


def is_triggered(order: Order, last: Decimal) -> bool:
    """Say whether a trade at price ``last`` reaches the order's stop price."""
    if is_active(order) or order.stop_price is None:
        return False
    return last >= order.stop_price if order.side == "buy" else last <= order.stop_price


def _within_limit(order: Order, price: Decimal) -> bool:
    """Say whether price is the order's limit or better."""
    if order.limit_price is None:
        return True
    return price <= order.limit_price if order.side == "buy" else price >= order.limit_price
