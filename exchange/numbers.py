"""Reading one decimal number from outside, exactly or not at all."""

from __future__ import annotations

import re
from decimal import Decimal

_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)


def number(got: object) -> Decimal | None:
    """Return the Decimal that a text spells, None when it is no finite decimal number.

    An exponent has at most four digits, so arithmetic on it stays bounded.
    """
    if not isinstance(got, str) or _NUMBER.fullmatch(got) is None:
        return None
    return Decimal(got)
