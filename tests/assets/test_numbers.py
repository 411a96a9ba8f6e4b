"""Exact arithmetic and how numbers are written."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest

from tests.assets.conftest import Run

NUMBERS = ["0", "-0.5", "1.005", "2.5", "3.5", "-2.675", "123456789.987654321", "0.000000001"]


@pytest.mark.parametrize("value", NUMBERS)
@pytest.mark.parametrize("places", [0, 2, 4])
def test_rounding_is_the_servers(js: Run, value: str, places: int) -> None:
    """A number rounds half to even, exactly as Decimal does, so page and server agree."""
    expected = Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
    assert expected == Decimal(js("alphaflow.decimal.fixed(v, p)", v=value, p=places))


def test_sums_are_exact(js: Run) -> None:
    """Tenths add up without a float's error, and what isn't a number counts as zero."""
    assert "0.3" == js('alphaflow.decimal.sum(["0.1", "0.2", null, "x"])')


def test_products_are_exact(js: Run) -> None:
    """A quantity of nine decimals times a price keeps every digit."""
    expected = Decimal("0.218500001") * Decimal("123.45")
    assert str(expected) == js('alphaflow.decimal.multiply("0.218500001", "123.45")')


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ('money("104550.234")', "$104,550.23"),
        ('money("-6004.5")', "−$6,004.50"),
        ('signedMoney("1284.11")', "+$1,284.11"),
        ('signedMoney("-0.004")', "$0.00"),
        ('signedMoney("0.004")', "$0.00"),
        ('signedPercent("-0.6")', "−0.60%"),
        ('price("188.4")', "188.40"),
        ('price("0.12345678")', "0.1235"),
        ('quantity("0.218500000")', "0.2185"),
        ('quantity("-2500")', "−2,500"),
        ("money(null)", "–"),
        ('arrow("-1")', "▼"),
        ("ago(12345)", "12 s ago"),
        ("span(8220000)", "2 h 17 min"),
    ],
)
def test_writing(js: Run, call: str, expected: str) -> None:
    """Numbers carry separators, a real minus, and a sign only where there is a change."""
    assert expected == js(f"alphaflow.format.{call}")


def test_decimal_points_line_up(js: Run) -> None:
    """A shorter number is padded with blanks as wide as digits."""
    widths = js(
        'alphaflow.format.aligned("120", 4) + "|" + alphaflow.format.aligned("0.2185", 4)'
    ).split("|")
    assert [8, 6] == [len(one) for one in widths]
    assert "120" == widths[0].strip("\u2007\u2008")
