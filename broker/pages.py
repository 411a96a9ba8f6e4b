"""Fetches long lists page by page, each item once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from broker.fields import Fields
from portfolio.errors import ConversionError

Get = Callable[[str, Mapping[str, str]], object]

ORDERS_LIMIT = 500
ACTIVITIES_LIMIT = 100
_STEP_BACK = timedelta(microseconds=1)


def orders(get: Get, since: datetime, status: str) -> list[object]:
    """Return the raw orders of a status, oldest first, legs nested.

    ``after`` leaves out the moment itself and orders can share one, so each page
    begins a microsecond before the last order of the page before it and what was
    seen is left out.

    Args:
        get: fetches a path with query parameters.
        since: submitted after this moment, aware UTC.
        status: ``open`` or ``closed``.
    """
    found: dict[str, object] = {}
    after = since
    while True:
        page = _listed("orders", get("/orders", _orders_query(after, status)))
        fresh = {_id("order", raw): raw for raw in page}
        stuck = fresh.keys() <= found.keys()
        found |= fresh
        if _count(page) < ORDERS_LIMIT or stuck:
            return list(found.values())
        after = _submitted(page[-1]) - _STEP_BACK


def fills(get: Get, since: datetime) -> list[object]:
    """Return the raw FILL activities after a moment (aware UTC), oldest first."""
    return list(_fills(get, since))


def _fills(get: Get, since: datetime) -> Iterator[object]:
    token: str | None = None
    while True:
        query = {
            "after": text(since),
            "direction": "asc",
            "page_size": str(ACTIVITIES_LIMIT),
        } | ({} if token is None else {"page_token": token})
        page = _listed("activities", get("/account/activities/FILL", query))
        yield from page
        if len(page) < ACTIVITIES_LIMIT:
            return
        last = _id("FILL activity", page[-1])
        if last == token:
            return  # a server that ignores page_token would feed us for ever
        token = last


def text(moment: datetime) -> str:
    """Return a moment as the broker's queries want it: RFC 3339, UTC."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _orders_query(after: datetime, status: str) -> dict[str, str]:
    return {
        "status": status,
        "limit": str(ORDERS_LIMIT),
        "direction": "asc",
        "nested": "true",
        "after": text(after),
    }


def _count(page: list[object]) -> int:
    """Count orders and legs: the limit may be applied before legs are nested, or after."""
    legs = (raw.get("legs") for raw in page if isinstance(raw, dict))
    return len(page) + sum(len(nested) for nested in legs if isinstance(nested, list))


def _submitted(raw: object) -> datetime:
    return Fields("order", raw).first_moment("submitted_at", "created_at")


def _id(source: str, raw: object) -> str:
    return Fields(source, raw).text("id")


def _listed(source: str, answer: object) -> list[object]:
    if not isinstance(answer, list):
        raise ConversionError(source, "(whole)", answer, "a JSON array")
    return answer
