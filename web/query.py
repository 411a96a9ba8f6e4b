"""Reading query parameters: each says what was wrong and what is allowed."""

from __future__ import annotations

import base64
import re
from collections.abc import Collection
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
    # an unescaped + of an offset arrives as a space
    at = _aware(given.replace(" ", "+") if "T" in given else given)
    if at is None:
        allowed = "an ISO 8601 time with its offset, such as 2026-01-04T10:30:00Z"
        raise InvalidValue(name, given, allowed)
    return at


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


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """Return a parameter that is one of a few words.

    Raises:
        InvalidValue: none of them.
    """
    given = request.args.get(name, default)
    if given not in allowed:
        raise InvalidValue(name, given, f"one of {', '.join(allowed)}")
    return given


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
        plain = base64.urlsafe_b64decode(given.encode("utf-8", "replace")).decode()
    except ValueError:
        plain = ""
    at_text, _, item_id = plain.partition(" ")
    at = _aware(at_text)
    if at is None or not is_id(item_id):
        raise InvalidValue(name, given, "the value of next in an earlier answer")
    return Cursor(at, item_id)


def cursor_text(at: datetime, item_id: str) -> str:
    """Return a place in a list as the ``next`` of an answer."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {item_id}".encode()).decode()


def _aware(text: str) -> datetime | None:
    """Return an ISO 8601 time in UTC, None where it is none or has no offset."""
    try:
        at = datetime.fromisoformat(text)
        return None if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
