"""What all trading endpoints share: errors as JSON, and reading the query."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from exchange.errors import ExchangeError
from exchange.stamps import parse
from exchange.store import Page

Authenticate = Callable[[web.Request], str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LARGEST_BODY = 64 * 1024
"""Bytes; an order is a few hundred."""


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal in Alpaca's JSON form, aiohttp's own too."""
    try:
        return await handler(request)
    except ExchangeError as error:
        return web.json_response(error.body, status=error.status)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return web.json_response(_error_of(error).body, status=error.status)


def _error_of(error: web.HTTPException) -> ExchangeError:
    """Return aiohttp's refusal in Alpaca's words."""
    message = "endpoint not found." if error.status == 404 else (error.reason or "refused").lower()
    return ExchangeError(error.status, error.status * 100_000 + 10_000, message)


def limit(request: web.Request, name: str, *, default: int, most: int) -> int:
    """Return a whole number from 1 to ``most`` of the query.

    Raises:
        ExchangeError: 422 for anything else.
    """
    sent = request.query.get(name, "")
    if not sent:
        return default
    if not (sent.isascii() and sent.isdigit() and len(sent) < 10 and 1 <= int(sent) <= most):
        raise _invalid(name, sent, f"must be from 1 to {most}")
    return int(sent)


def moment(request: web.Request, name: str) -> int | None:
    """Return a time of the query as a stamp, None when it is not given.

    Raises:
        ExchangeError: 422 for what is neither a date nor a time.
    """
    sent = request.query.get(name, "")
    if not sent:
        return None
    at = parse(sent)
    if at is None:
        raise _invalid(name, sent, "must be a date or a time in RFC 3339")
    return at


def word(request: web.Request, name: str, allowed: tuple[str, ...], default: str) -> str:
    """Return a word of the query out of those allowed, in any case.

    Raises:
        ExchangeError: 422 for any other.
    """
    sent = request.query.get(name, "").lower() or default
    if sent not in allowed:
        raise _invalid(name, sent, f"must be one of {', '.join(allowed)}")
    return sent


def words(request: web.Request, name: str) -> list[str]:
    """Return a comma-separated list of the query, repeated parameters joined."""
    joined = ",".join(request.query.getall(name, []))
    return [part.strip() for part in joined.split(",") if part.strip()]


def flag(request: web.Request, name: str) -> bool:
    """Return a boolean of the query, false when it is not given; ``True`` counts as true.

    Raises:
        ExchangeError: 422 for any other word.
    """
    return word(request, name, ("true", "false", "1", "0"), "false") in ("true", "1")


def page(request: web.Request, size_name: str, *, default: int, most: int) -> Page:
    """Return which part of a list by time the query asks for, newest first by default."""
    return Page(
        limit=limit(request, size_name, default=default, most=most),
        after=moment(request, "after"),
        until=moment(request, "until"),
        newest_first=word(request, "direction", ("asc", "desc"), "desc") == "desc",
    )


def _invalid(name: str, got: str, why: str) -> ExchangeError:
    """Return the refusal of a query parameter."""
    return ExchangeError(422, 40010001, f"invalid {name} {got[:40]}: {why}")
