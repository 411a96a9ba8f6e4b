"""Reads single fields of a broker payload: exact, or a ConversionError that names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn

from msgpack import Timestamp

from portfolio.errors import ConversionError, InvalidValue
from portfolio.money import parse

# Decimal() itself also takes "1_000", "NaN" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,12}))?(Z|z|[+-]\d\d:?\d\d)", re.ASCII
)
_A_NUMBER = "a decimal number such as 12.5"
_A_TIME = "a time with offset such as 2026-01-04T10:30:00.123456789Z"


class Fields:
    """One JSON object of the broker, read field by field.

    Args:
        source: which payload, for errors: ``trade_updates fill``, ``order``.
        raw: what came; anything but a JSON object is refused.

    Raises:
        ConversionError: raw is not an object.
    """

    __slots__ = ("_raw", "source")

    def __init__(self, source: str, raw: object) -> None:
        self.source = source
        if not isinstance(raw, Mapping):
            self.refuse("(whole)", raw, "a JSON object")
        self._raw: Mapping[object, object] = raw

    def refuse(self, field: str, got: object, allowed: str) -> NoReturn:
        """Raise the ConversionError for one field of this payload."""
        raise ConversionError(self.source, field, got, allowed)

    def get(self, field: str) -> object:
        """Return the field as it came, None when absent, null or empty."""
        value = self._raw.get(field)
        return None if value == "" else value

    def text(self, field: str) -> str:
        """Return a string that is not empty."""
        value = self.get(field)
        if not isinstance(value, str):
            self.refuse(field, value, "a string that is not empty")
        return value

    def text_or_none(self, field: str) -> str | None:
        """Return a string, None when absent, null or empty."""
        return None if self.get(field) is None else self.text(field)

    def flag(self, field: str, *, default: bool) -> bool:
        """Return a boolean, the default when absent or null."""
        value = self.get(field)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(field, value, "true or false")
        return value

    def number(self, field: str) -> Decimal:
        """Return a finite decimal with every digit it came with."""
        value = self.get(field)
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            self.refuse(field, value, _A_NUMBER)
        try:
            return parse(field, value)
        except InvalidValue:
            self.refuse(field, value, _A_NUMBER)

    def number_or_none(self, field: str) -> Decimal | None:
        """Return a finite decimal, None when absent or null."""
        return None if self.get(field) is None else self.number(field)

    def first_number(self, *names: str) -> Decimal:
        """Return the first of the fields that is given; the last must be."""
        for field in names[:-1]:
            value = self.number_or_none(field)
            if value is not None:
                return value
        return self.number(names[-1])

    def positive(self, field: str) -> Decimal:
        """Return a decimal above zero."""
        value = self.number(field)
        if value <= 0:
            self.refuse(field, self.get(field), "a number above 0")
        return value

    def not_negative(self, field: str) -> Decimal:
        """Return a decimal of zero or above."""
        value = self.number(field)
        if value < 0:
            self.refuse(field, self.get(field), "a number not below 0")
        return value

    def moment(self, field: str) -> datetime:
        """Return a time as aware UTC, nanoseconds cut to microseconds."""
        value = self.get(field)
        try:
            found = _moment(value)
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self.refuse(field, value, _A_TIME)
        return found

    def moment_or_none(self, field: str) -> datetime | None:
        """Return a time as aware UTC, None when absent or null."""
        return None if self.get(field) is None else self.moment(field)

    def first_moment(self, *names: str) -> datetime:
        """Return the first of the fields that is given; the last must be."""
        for field in names[:-1]:
            value = self.moment_or_none(field)
            if value is not None:
                return value
        return self.moment(names[-1])


def _moment(value: object) -> datetime | None:
    """Return value as aware UTC; None for what names no one moment, such as a naive time."""
    if isinstance(value, str):
        return _parsed(value)
    if isinstance(value, Timestamp):
        stamp: datetime = value.to_datetime()
        return stamp.astimezone(UTC)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return None


def _parsed(text: str) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    date, clock, fraction, offset = match.groups()
    micros = (fraction or "").ljust(6, "0")[:6]
    return datetime.fromisoformat(f"{date}T{clock}.{micros}{offset.upper()}").astimezone(UTC)
