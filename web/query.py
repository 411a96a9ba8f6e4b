"""Reading query parameters: each says what was wrong and what is allowed."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime

from flask import request

from db.records import Cursor
from portfolio.errors import InvalidValue

_SYMBOL = re.compile(r"[A-Z][A-Z0-9.]{0,9}(/?[A-Z]{3,5})?")
_ID = re.compile(r"[\x21-\x7e]{1,128}")
SYMBOLS_AT_ONCE = 50


def integer(name: str, default: int, least: int, most: int) -> int:
    """Return an integer parameter within its bounds.

    Raises:
        InvalidValue: not an integer, or out of bounds.
    """
    given = request.args.get(name)
    if given is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", given) or not least <= int(given) <= most:
        raise InvalidValue(name, given, f"an integer from {least} to {most}")
    return int(given)


def moment(name: str) -> datetime | None:
    """Return a time parameter, None when it is not given.

    Raises:
        InvalidValue: not ISO 8601, or without an offset.
    """
    given = request.args.get(name)
    if given is None:
        return None
    try:
        # an unescaped + of an offset arrives as a space
        at = datetime.fromisoformat(given.replace(" ", "+") if "T" in given else given)
        if at.tzinfo is None:
            raise ValueError
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        allowed = "an ISO 8601 time with its offset, such as 2026-01-04T10:30:00Z"
        raise InvalidValue(name, given, allowed) from None


def symbol(name: str = "symbol") -> str | None:
    """Return a symbol parameter in upper case, None when it is not given."""
    given = request.args.get(name)
    return None if given is None else checked_symbol(name, given)


def checked_symbol(name: str, given: str) -> str:
    """Return given as a symbol.

    Raises:
        InvalidValue: no symbol can look like this.
    """
    upper = given.strip().upper()
    if not _SYMBOL.fullmatch(upper):
        raise InvalidValue(name, given, "a ticker such as AAPL or BRK.B, or a pair such as BTC/USD")
    return upper


def symbols(name: str = "symbols") -> list[str]:
    """Return a comma-separated list of symbols, each once.

    Raises:
        InvalidValue: none, too many, or one that is no symbol.
    """
    given = request.args.get(name, "")
    parts = [part for part in given.split(",") if part.strip()]
    if not 1 <= len(parts) <= SYMBOLS_AT_ONCE:
        allowed = f"1 to {SYMBOLS_AT_ONCE} symbols with commas between them, such as AAPL,BTC/USD"
        raise InvalidValue(name, given or None, allowed)
    return list(dict.fromkeys(checked_symbol(name, part) for part in parts))


def is_id(value: str) -> bool:
    """Say whether value could be one of our ids; anything else need not be looked up."""
    return _ID.fullmatch(value) is not None


def cursor(name: str = "before") -> Cursor | None:
    """Return the place that a ``next`` of an earlier answer names.

    Raises:
        InvalidValue: not what an earlier answer gave.
    """
    given = request.args.get(name)
    if given is None:
        return None
    try:
        at, _, item_id = base64.urlsafe_b64decode(given.encode()).decode().partition(" ")
        place = Cursor(datetime.fromisoformat(at).astimezone(UTC), item_id)
        if not is_id(item_id):
            raise ValueError
    except (ValueError, OverflowError, binascii.Error):
        raise InvalidValue(name, given, "the value of next in an earlier answer") from None
    return place


def cursor_text(at: datetime, item_id: str) -> str:
    """Return a place in a list as the ``next`` of an answer."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {item_id}".encode()).decode()
