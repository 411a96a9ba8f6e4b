"""The arithmetic of one holding."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from portfolio.money import COST_QUANTUM, add, multiply, subtract
from portfolio.pnl import Holding

quantities = st.decimals(min_value=Decimal("-99999"), max_value=Decimal("99999"), places=9).filter(
    bool
)
prices = st.decimals(min_value=Decimal("0.000000001"), max_value=Decimal("99999"), places=9)
fills = st.lists(st.tuples(quantities, prices), max_size=30)


def played(steps: list[tuple[Decimal, Decimal]]) -> tuple[Holding, Decimal]:
    holding, realized = Holding(), Decimal(0)
    for quantity, price in steps:
        filled = holding.filled(quantity, price)
        holding, realized = filled.holding, add(realized, filled.realized_pnl)
    return holding, realized


@given(fills, prices)
@example([(Decimal("3"), Decimal("0.1")), (Decimal("-1"), Decimal("0.1"))], Decimal("0.1"))
def test_pnl_equals_cash_flows(steps: list[tuple[Decimal, Decimal]], mark: Decimal) -> None:
    """Realised + unrealised P&L is the cash that flowed + the value held, to the last digit."""
    holding, realized = played(steps)
    unrealized = subtract(multiply(holding.quantity, mark), holding.cost)
    cash = -sum((Fraction(quantity) * Fraction(price) for quantity, price in steps), Fraction(0))
    value = Fraction(holding.quantity) * Fraction(mark)
    assert cash + value == Fraction(add(realized, unrealized))


@given(fills)
def test_quantity_is_the_sum_of_fills(steps: list[tuple[Decimal, Decimal]]) -> None:
    """The quantity held is the exact sum of what was bought and sold."""
    assert sum((Fraction(q) for q, _ in steps), Fraction(0)) == Fraction(played(steps)[0].quantity)


@given(fills)
def test_flat_holding_costs_nothing(steps: list[tuple[Decimal, Decimal]]) -> None:
    """A holding that reaches zero has no cost left over, whatever was rounded on the way."""
    holding, _ = played(steps)
    closed = holding.filled(-holding.quantity, Decimal(7)) if holding.quantity else None
    assert closed is None or closed.holding == Holding(Decimal(0), Decimal(0))


@given(fills, prices)
@example(
    [(Decimal("4.076E-6"), Decimal("1.227E-4")), (Decimal("-4.075E-6"), Decimal("1E-9"))],
    Decimal(1),
)
def test_a_holding_has_the_sign_of_its_cost(
    steps: list[tuple[Decimal, Decimal]], mark: Decimal
) -> None:
    """A long costs money and a short brought some in, up to the rounding of a close."""
    holding, _ = played(steps)
    assert holding.quantity * holding.cost >= 0 or abs(holding.cost) <= COST_QUANTUM


def test_partial_close_of_a_long() -> None:
    """Selling part of a long realises against the average price."""
    holding, realized = played([(Decimal(10), Decimal(100)), (Decimal(-4), Decimal(120))])
    assert (Holding(Decimal(6), Decimal(600)), Decimal(80)) == (holding, realized)


def test_cover_of_a_short() -> None:
    """Buying back below the average price of a short is a gain."""
    holding, realized = played([(Decimal(-10), Decimal(100)), (Decimal(4), Decimal(90))])
    assert (Holding(Decimal(-6), Decimal(-600)), Decimal(40)) == (holding, realized)


def test_crossing_zero() -> None:
    """A fill larger than the holding closes it and opens the rest at the fill's price."""
    holding, realized = played([(Decimal(5), Decimal(10)), (Decimal(-8), Decimal(12))])
    assert (Holding(Decimal(-3), Decimal(-36)), Decimal(10)) == (holding, realized)


def test_crypto_fractions_keep_every_digit() -> None:
    """Nine decimals of quantity and price lose nothing."""
    holding, _ = played([(Decimal("0.123456789"), Decimal("43120.987654321"))])
    assert Decimal("5323.578674311112635269") == holding.cost
