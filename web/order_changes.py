"""What a replacement may change, read from JSON with one problem per unusable field."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from broker.executor import OrderChanges
from portfolio.errors import InvalidOrder, InvalidValue
from portfolio.money import parse
from portfolio.ticket import EQUITY_TIMES_IN_FORCE

_NUMBERS = {
    "qty": "quantity",
    "limitPrice": "limit_price",
    "stopPrice": "stop_price",
    "trail": "trail",
}
_FIELDS = (*_NUMBERS, "timeInForce")
_ENVELOPE = "accountId"
_MOST_DECIMALS = 9


def read_changes(payload: Mapping[str, object]) -> OrderChanges:
    """Return the changes that a JSON object (camelCase) asks for.

    Args:
        payload: numbers may be JSON numbers or decimal strings; ``accountId`` may stand beside.

    Raises:
        InvalidOrder: with one problem per unknown or unusable field, or one for none at all.
    """
    problems: list[InvalidValue] = []
    numbers: dict[str, Decimal] = {}
    for name, value in payload.items():
        try:
            if name in _NUMBERS:
                numbers[_NUMBERS[name]] = _positive(name, value)
            else:
                _check_other(name, value)
        except InvalidValue as problem:
            problems.append(problem)
    if not problems and not set(payload) - {_ENVELOPE}:
        problems.append(InvalidValue("body", None, f"at least one of {', '.join(_FIELDS)}"))
    if problems:
        raise InvalidOrder(problems)
    time_in_force = payload.get("timeInForce")
    return OrderChanges(
        **numbers, time_in_force=None if time_in_force is None else str(time_in_force)
    )


def _positive(name: str, value: object) -> Decimal:
    number = parse(name, value)
    exponent = number.normalize().as_tuple().exponent
    if number <= 0 or not isinstance(exponent, int) or -exponent > _MOST_DECIMALS:
        raise InvalidValue(name, value, f"a number above 0 with at most {_MOST_DECIMALS} decimals")
    return number


def _check_other(name: str, value: object) -> None:
    if name not in (*_FIELDS, _ENVELOPE):
        raise InvalidValue(name, value, f"one of the fields {', '.join(_FIELDS)}")
    if name == "timeInForce" and value not in EQUITY_TIMES_IN_FORCE:
        raise InvalidValue("timeInForce", value, ", ".join(EQUITY_TIMES_IN_FORCE))
