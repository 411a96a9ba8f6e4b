"""Exact decimal arithmetic, and the text that Alpaca puts on the wire.

Nothing in the ledger is ever rounded but a quotient, and then to nine
decimals, half-even. Sums and products keep every digit they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
ZERO = Decimal(0)
ONE = Decimal(1)
QUANTUM = Decimal("1E-9")
"""The smallest quantity, and the precision of every quotient that is kept."""


def add(*terms: Decimal) -> Decimal:
    """Return the exact sum of terms."""
    return total(terms)


def total(terms: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of terms, zero for none."""
    result = ZERO
    for term in terms:
        result = EXACT.add(result, term)
    return result


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Return left × right, exact."""
    return EXACT.multiply(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """Return left − right, exact."""
    return EXACT.subtract(left, right)


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Return whole × part ÷ of, half-even to nine decimals; exactly whole when part is all.

    ``of`` must not be zero. A whole with more than nine decimals is given back
    unrounded with its last part, so nothing is left behind.
    """
    if part == of:
        return whole
    return EXACT.quantize(EXACT.divide(EXACT.multiply(whole, part), of), QUANTUM)


def ratio(part: Decimal, of: Decimal) -> Decimal:
    """Return part ÷ |of| to nine decimals, zero when ``of`` is zero."""
    if not of:
        return ZERO
    return EXACT.quantize(EXACT.divide(part, abs(of)), QUANTUM)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """Return the largest multiple of step that is not above value."""
    steps = EXACT.divide(value, step).to_integral_value(rounding=ROUND_FLOOR)
    return EXACT.multiply(steps, step)


def affordable(money: Decimal, price: Decimal) -> Decimal:
    """Return the largest quantity, in nine decimals, that costs no more than money.

    Nothing is affordable where there is no price.
    """
    if price <= 0:
        return ZERO
    return max(ZERO, floor_to(EXACT.divide(money, price), QUANTUM))


def is_whole(value: Decimal) -> bool:
    """Say whether value has no fraction."""
    return value == value.to_integral_value()


def text(value: Decimal) -> str:
    """Return value in plain notation: no exponent, no trailing zeros, never ``-0``."""
    if not value:
        return "0"
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def cents(value: Decimal) -> str:
    """Return value rounded half-even to cents, as text; for figures nobody adds up again."""
    return text(EXACT.quantize(value, Decimal("0.01")))
