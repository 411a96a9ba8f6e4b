"""How figures are written for people, worked out apart from the page's own scripts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

CENT = Decimal("0.01")


def money(value: Decimal) -> str:
    """Write USD: ``$1,234.50``, ``−$6,004.50``."""
    return f"{_minus(value)}${abs(_cents(value)):,.2f}"


def signed_money(value: Decimal) -> str:
    """Write a change in USD with its sign."""
    return ("+" if _cents(value) > 0 else "") + money(value)


def signed_percent(value: Decimal) -> str:
    """Write a change in percent with its sign."""
    sign = "+" if _cents(value) > 0 else _minus(value)
    return f"{sign}{abs(_cents(value)):,.2f}%"


def arrow(value: Decimal) -> str:
    """Return the arrow that goes with a change."""
    return "▲" if value > 0 else "▼" if value < 0 else ""


def price(value: Decimal) -> str:
    """Write a price: two decimals from $1 up, up to four below."""
    own = -int(value.normalize().as_tuple().exponent)
    least = 2 if abs(value) >= 1 else 4
    places = min(max(least, own), max(least, 4))
    return f"{value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN):,f}"


def quantity(value: Decimal) -> str:
    """Write a quantity with the decimals it has."""
    plain = f"{abs(value):,f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    return ("−" if value < 0 else "") + plain


def position_cells(held: Mapping[str, str], last: Decimal | None = None) -> dict[str, str]:
    """Return what a position's cells must say.

    Args:
        held: quantity, costBasis and currentPrice as the API gives them.
        last: the price, where it is known from elsewhere.
    """
    amount, cost = Decimal(held["quantity"]), Decimal(held["costBasis"])
    now = Decimal(held["currentPrice"]) if last is None else last
    pnl = amount * now - cost
    return {
        "quantity": quantity(amount),
        "price": price(now),
        "value": money(amount * now),
        "pnl": f"{arrow(pnl)}{signed_money(pnl)}\n{signed_percent(100 * pnl / abs(cost))}",
    }


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_EVEN)


def _minus(value: Decimal) -> str:
    return "−" if _cents(value) < 0 else ""
