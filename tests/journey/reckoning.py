"""The figures worked out a second way: from the tape and the fills alone, in fractions.

Shares no code with the product. The one rule it has to share is how a partial
close rounds the cost it gives up: half-even to nine decimals.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
NINE = Decimal("1E-9")
FOUR = Decimal("1E-4")


def last_prints(tape: Path) -> dict[str, Fraction]:
    """Return the last traded price of each symbol on a gzipped tape."""
    with gzip.open(tape, "rt", newline="") as lines:
        return {
            row["symbol"]: Fraction(row["price"])
            for row in csv.DictReader(lines)
            if row["kind"] == "t"
        }


def decimal(value: Fraction) -> Decimal:
    """Return a fraction that terminates as a Decimal."""
    quotient = WIDE.divide(Decimal(value.numerator), Decimal(value.denominator))
    assert Fraction(quotient) == value, f"{value} has no end"
    return quotient


def rounded(value: Fraction, quantum: Decimal) -> Decimal:
    """Return a fraction rounded half-even."""
    steps = value / Fraction(quantum)
    return WIDE.multiply(Decimal(round(steps)), quantum)


def plain(value: Decimal) -> str:
    """Return plain notation without trailing zeros, as JSON carries it."""
    text = format(value, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


@dataclass
class Account:
    """One account, reckoned from its fills."""

    cash: Fraction
    held: dict[str, Fraction] = field(default_factory=dict)
    cost: dict[str, Fraction] = field(default_factory=dict)
    realized: Fraction = Fraction(0)

    def book(self, fills: Iterable[Mapping[str, Any]]) -> Account:
        """Book the broker's FILL activities, oldest first."""
        for fill in fills:
            sign = 1 if fill["side"] == "buy" else -1
            self._fill(fill["symbol"], sign * Fraction(fill["qty"]), Fraction(fill["price"]))
        return self

    def _fill(self, symbol: str, quantity: Fraction, price: Fraction) -> None:
        self.cash -= quantity * price
        held, cost = self.held.get(symbol, Fraction(0)), self.cost.get(symbol, Fraction(0))
        closing = Fraction(0)
        if held * quantity < 0:
            closing = quantity if abs(quantity) <= abs(held) else -held
            left = held + closing
            given_up = cost if not left else Fraction(rounded(cost * -closing / held, NINE))
            self.realized += -closing * price - given_up
            held, cost = left, cost - given_up
        opening = quantity - closing
        self.held[symbol], self.cost[symbol] = held + opening, cost + opening * price

    def positions(self, prices: Mapping[str, Fraction]) -> dict[str, dict[str, str]]:
        """Return each open position's figures as the stream writes them."""
        return {
            symbol: _figures(quantity, self.cost[symbol], prices[symbol])
            for symbol, quantity in self.held.items()
            if quantity
        }

    def equity(self, prices: Mapping[str, Fraction]) -> Fraction:
        """Return cash and the value of everything held."""
        return self.cash + sum(quantity * prices[s] for s, quantity in self.held.items())


def _figures(quantity: Fraction, cost: Fraction, price: Fraction) -> dict[str, str]:
    value = quantity * price
    pnl = value - cost
    return {
        "quantity": plain(decimal(quantity)),
        "currentPrice": plain(decimal(price)),
        "entryPrice": plain(rounded(cost / quantity, NINE)),
        "costBasis": plain(decimal(cost)),
        "marketValue": plain(decimal(value)),
        "unrealizedPnl": plain(decimal(pnl)),
        "unrealizedPnlPercent": plain(rounded(pnl / abs(cost) * 100, FOUR)),
    }
