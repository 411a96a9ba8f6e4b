"""Which symbols are followed, and in which order a small budget is spent."""

from __future__ import annotations

from decimal import Decimal

from gateway.watching import INTEREST_S, Interests, ranked
from portfolio.values import Position
from tests.portfolio.builders import T0, an_order


def a_position(symbol: str, quantity: str, price: str) -> Position:
    return Position(
        symbol=symbol,
        quantity=Decimal(quantity),
        cost_basis=Decimal(1),
        intraday_cost=Decimal(1),
        price=Decimal(price),
        price_at=T0,
        opened_at=T0,
    )


def test_money_comes_first() -> None:
    """Largest exposure first, shorts included, then orders, then what somebody looks at."""
    positions = [a_position("AAPL", "1", "10"), a_position("TSLA", "-5", "10")]
    orders = [an_order("1", symbol="KO"), an_order("2", symbol="AAPL")]
    assert ["TSLA", "AAPL", "KO", "IBM"] == ranked(positions, orders, {"IBM", "KO"})


def test_interest_fades() -> None:
    """A symbol that nobody asks for any more is dropped after a while."""
    interests = Interests()
    interests.look("KO", 0.0)
    assert ({"KO"}, frozenset()) == (
        interests.current(INTEREST_S - 1),
        interests.current(INTEREST_S + 1),
    )


def test_only_the_first_look_is_new() -> None:
    """Asking again keeps the interest alive and says that it is known."""
    interests = Interests()
    assert (True, False) == (interests.look("KO", 0.0), interests.look("KO", 1.0))
