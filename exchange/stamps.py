"""Moments: nanoseconds since the epoch inside, RFC 3339 with nine decimals on the wire.

Every stamp the exchange gives is later than the one before, so orders and
fills can be paged by time without two of them sharing a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND_NS = 1_000_000_000
LAST_NS = 2**63 - 1
"""The last moment a stamp can name (in the year 2262); later ones are read as this one."""


def to_ns(at: datetime) -> int:
    """Return nanoseconds since the epoch of an aware time."""
    return (at - _EPOCH) // timedelta(microseconds=1) * 1000


def to_datetime(stamp_ns: int) -> datetime:
    """Return the aware UTC time of a stamp, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=stamp_ns // 1000)


def rfc3339(stamp_ns: int) -> str:
    """Return a stamp as ``2026-01-04T10:30:00.123456789Z``."""
    whole, fraction = divmod(stamp_ns, SECOND_NS)
    return f"{to_datetime(whole * SECOND_NS):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"


def parse(text: str) -> int | None:
    """Return the stamp of an ISO 8601 date or time, None when it is neither.

    A time without an offset is UTC. Digits beyond nanoseconds are cut.
    """
    head, tail = _split_fraction(text.strip().replace(" ", "+"))
    try:
        at = datetime.fromisoformat(head)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        stamp_ns = to_ns(at) + int(tail[:9].ljust(9, "0"))
    except (ValueError, OverflowError):
        return None
    return max(0, min(stamp_ns, LAST_NS))


def _split_fraction(text: str) -> tuple[str, str]:
    """Return text without its fraction of a second, and the fraction's digits."""
    head, dot, rest = text.partition(".")
    if not dot:
        return text, ""
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return head + rest[digits:], rest[:digits]


class Stamps:
    """Gives strictly increasing stamps.

    Args:
        now: returns the present, aware UTC.
        after_ns: the newest stamp already given, by an earlier run.
    """

    def __init__(self, now: Callable[[], datetime], after_ns: int = 0) -> None:
        self._now = now
        self._last_ns = after_ns

    def next(self) -> int:
        """Return the present, or one nanosecond after the last stamp if that is later."""
        self._last_ns = max(to_ns(self._now()), self._last_ns + 1)
        return self._last_ns
