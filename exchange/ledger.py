"""An account's books: cash, holdings at average cost, realised profit. Exact.

Cash + cost basis of all holdings − realised profit is the deposit, to the last
digit, whatever was traded: a fill moves money between the three and makes or
loses none. What a partial close gives up of the cost is a quotient and is
rounded once (``decimals.share``); the rest stays, so nothing falls between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from exchange.decimals import ZERO, add, multiply, ratio, share, subtract, total
from exchange.orders import Fill

DEPOSIT = Decimal(100_000)
"""What every new paper account holds, in USD."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of one symbol.

    Attributes:
        qty: signed; negative is short.
        cost: signed USD paid for it (negative: received for a short).
        intraday_cost: as cost, but what was held overnight counts at the last close.
    """

    qty: Decimal = ZERO
    cost: Decimal = ZERO
    intraday_cost: Decimal = ZERO

    @property
    def average_price(self) -> Decimal:
        """Return cost ÷ quantity to nine decimals, positive for a short too."""
        return ratio(self.cost, self.qty) * (1 if self.qty > 0 else -1)

    def grown(self, qty: Decimal, cost: Decimal) -> Holding:
        """Return this holding with qty (same sign) more, bought for cost."""
        return Holding(add(self.qty, qty), add(self.cost, cost), add(self.intraday_cost, cost))

    def shrunk(self, qty: Decimal) -> Holding:
        """Return what is left after giving up qty (same sign, no more than is held)."""
        return Holding(
            subtract(self.qty, qty),
            subtract(self.cost, share(self.cost, qty, self.qty)),
            subtract(self.intraday_cost, share(self.intraday_cost, qty, self.qty)),
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """One account's cash, holdings and realised profit, in USD.

    Attributes:
        holdings: by symbol (``BTC/USD`` form); none has quantity zero.
        last_equity: equity at the last close.
    """

    cash: Decimal = DEPOSIT
    realized: Decimal = ZERO
    last_equity: Decimal = DEPOSIT
    holdings: Mapping[str, Holding] = field(default_factory=dict)

    def holding(self, symbol: str) -> Holding:
        """Return what is held of symbol, empty when nothing is."""
        return self.holdings.get(symbol, Holding())

    def position(self, symbol: str) -> Decimal:
        """Return the signed quantity held of symbol."""
        return self.holding(symbol).qty

    def apply(self, fill: Fill) -> Ledger:
        """Return the books after a fill; one that crosses zero closes first, then opens."""
        held = self.holding(fill.symbol)
        closed = _part_that_closes(held.qty, fill.signed_qty)
        left = held.shrunk(-closed) if closed else held
        opened = subtract(fill.signed_qty, closed)
        after = left.grown(opened, multiply(opened, fill.price))
        given_up = subtract(held.cost, left.cost)
        return replace(
            self,
            cash=subtract(self.cash, fill.cost),
            realized=add(self.realized, -multiply(closed, fill.price), -given_up),
            holdings=_with(self.holdings, fill.symbol, after),
        )

    def turned_over(self, close_of: Callable[[str], Decimal]) -> Ledger:
        """Return the books at the start of a new day.

        Args:
            close_of: a symbol's last closing price in USD.
        """
        values = {
            symbol: multiply(holding.qty, close_of(symbol))
            for symbol, holding in self.holdings.items()
        }
        holdings = {
            symbol: replace(holding, intraday_cost=values[symbol])
            for symbol, holding in self.holdings.items()
        }
        equity = add(self.cash, total(values.values()))
        return replace(self, last_equity=equity, holdings=holdings)


def _part_that_closes(held: Decimal, traded: Decimal) -> Decimal:
    """Return how much of a signed trade reduces what is held, with the trade's sign."""
    if not held or (held > 0) == (traded > 0):
        return ZERO
    return traded if abs(traded) <= abs(held) else -held


def _with(holdings: Mapping[str, Holding], symbol: str, holding: Holding) -> Mapping[str, Holding]:
    """Return holdings with one of them changed, or gone when it is empty."""
    rest = {name: kept for name, kept in holdings.items() if name != symbol}
    return {**rest, symbol: holding} if holding.qty else rest
