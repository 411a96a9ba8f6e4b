"""P&L arithmetic of one holding by the average-cost method, long and short alike.

The law: realised + unrealised P&L equals the cash that flowed plus the value
still held, exactly, whatever the sequence of fills. It holds because the cost
given up on a partial close is rounded once and the same rounded figure leaves
the cost and enters the realised P&L.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from portfolio.money import ZERO, add, multiply, share, subtract


@dataclass(frozen=True, slots=True)
class Holding:
    """Quantity held and what it cost, both signed (negative for a short).

    Attributes:
        quantity: shares or coins.
        cost: USD paid for them; a short's cost is the negative of its proceeds.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO

    def filled(self, signed_quantity: Decimal, price: Decimal) -> Filled:
        """Return the holding after a fill, and what the fill realised.

        A fill against the holding closes it first; what is left over opens a
        holding of the other sign at the fill's price.

        Args:
            signed_quantity: positive bought, negative sold; shares or coins.
            price: USD per share or coin.
        """
        if self.quantity * signed_quantity >= 0:
            opened = Holding(
                add(self.quantity, signed_quantity),
                add(self.cost, multiply(signed_quantity, price)),
            )
            return Filled(opened, ZERO)
        if abs(signed_quantity) <= abs(self.quantity):
            return self._reduced(signed_quantity, price)
        closed = self._reduced(-self.quantity, price)
        rest = add(signed_quantity, self.quantity)
        return Filled(Holding(rest, multiply(rest, price)), closed.realized_pnl)

    def _reduced(self, signed_quantity: Decimal, price: Decimal) -> Filled:
        """Return the outcome of a fill that closes all or part and opens nothing."""
        left = add(self.quantity, signed_quantity)
        given_up = self.cost if not left else share(self.cost, -signed_quantity, self.quantity)
        proceeds = multiply(-signed_quantity, price)
        return Filled(Holding(left, subtract(self.cost, given_up)), subtract(proceeds, given_up))


@dataclass(frozen=True, slots=True)
class Filled:
    """Outcome of one fill: the holding after it and the P&L it realised, in USD."""

    holding: Holding
    realized_pnl: Decimal
