"""Exact decimal arithmetic and its one text form.

Money, prices and quantities are Decimal from the wire to the wire. Products of
two nine-decimal numbers need more than the default context's 28 digits, so all
arithmetic here runs in EXACT, wide enough that no product or sum is rounded.
Only a quotient is, and then to a stated number of decimals.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation

from portfolio.errors import InvalidValue

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
ZERO = Decimal(0)
HUNDRED = Decimal(100)
COST_QUANTUM = Decimal("1E-9")
"""A quotient that stays in the books (cost given up on a partial close) is rounded to this."""
PERCENT_QUANTUM = Decimal("0.0001")


def add(*terms: Decimal) -> Decimal:
    """Return the exact sum of terms."""
    return total(terms)


def total(terms: Iterable[Decimal]) -> Decimal:
    """Return the exact sum of terms, zero for none."""
    result = ZERO
    for term in terms:
        result = EXACT.add(result, term)
    return result


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """Return left − right, exact."""
    return EXACT.subtract(left, right)


def multiply(left: Decimal, right: Decimal) -> Decimal:
    """Return left × right, exact."""
    return EXACT.multiply(left, right)


def share(whole: Decimal, part: Decimal, of: Decimal) -> Decimal:
    """Return whole × part ÷ of, half-even to COST_QUANTUM; ``of`` must not be zero."""
    return EXACT.quantize(EXACT.divide(EXACT.multiply(whole, part), of), COST_QUANTUM)


def percent(part: Decimal, of: Decimal) -> Decimal:
    """Return part ÷ |of| in percent, to PERCENT_QUANTUM; zero when ``of`` is zero."""
    if not of:
        return ZERO
    return EXACT.quantize(EXACT.divide(EXACT.multiply(part, HUNDRED), abs(of)), PERCENT_QUANTUM)


def text(value: Decimal) -> str:
    """Return value in plain decimal notation, no exponent, no trailing zeros.

    ``Decimal("-0")`` and ``Decimal("0E-9")`` both read ``0``.
    """
    if not value:
        return "0"
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def parse(field: str, value: object) -> Decimal:
    """Return a finite Decimal from a decimal string, an int or a float.

    A float is read through its shortest repr, so JSON's ``0.1`` is ``0.1``.

    Args:
        field: name used in the error.
        value: what came from outside.

    Raises:
        InvalidValue: not a number, not finite, or longer than 40 characters.
    """
    allowed = "a decimal number such as 12.5"
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal)):
        raise InvalidValue(field, value, allowed)
    plain = str(value).strip()
    if len(plain) > 40:
        raise InvalidValue(field, value, allowed)
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise InvalidValue(field, value, allowed) from None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise InvalidValue(field, value, allowed)
    return number
