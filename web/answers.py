"""JSON in and out, in one form for every door."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import cast

from flask import Response, request
from werkzeug.exceptions import BadRequest

from portfolio.errors import InvalidValue
from stream.wire import Json, encode

_SHOWN = 80


def answer(data: Json, status: int = 200) -> Response:
    """Return data as a JSON response."""
    return Response(encode(data), status, mimetype="application/json")


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Iterable[InvalidValue] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem document.

    Args:
        status: HTTP status.
        code: short name for programs; the end of the ``type`` URN.
        title: the kind of problem, in words.
        detail: this problem, in words.
        errors: one per unusable field.
        headers: to send along.

    Source: RFC 9457.
    """
    body: Json = {
        "type": f"urn:alphaflow:problem:{code}",
        "title": title,
        "status": status,
        "detail": _clean(detail),
    }
    fields = [_error(each) for each in errors]
    if fields:
        body["errors"] = fields
    response = Response(encode(body), status, mimetype="application/problem+json")
    response.headers.extend(headers or {})
    return response


def read_object() -> Json:
    """Return the request's JSON object.

    Raises:
        BadRequest: the body is not JSON, nested without end, or no object.
    """
    try:
        body = request.get_json()
    except RecursionError:
        raise BadRequest("The body is nested too deeply; allowed: one flat JSON object") from None
    if not isinstance(body, dict):
        raise BadRequest(f"The body is a JSON {_kind(body)}; allowed: one JSON object")
    return cast("Json", body)


def _error(error: InvalidValue) -> Json:
    return {"field": _clean(error.field), "got": _got(error.got), "allowed": error.allowed}


def _got(value: object) -> object:
    """Return what was received, as JSON of bounded size."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    shown = value if isinstance(value, str) else _repr(value)
    return _clean(shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…")


def _repr(value: object) -> str:
    try:
        return repr(value)
    except (RecursionError, ValueError):  # nested without end; an integer of 5,000 digits
        return type(value).__name__


def _clean(value: str) -> str:
    """Return text that UTF-8 can carry: JSON lets lone surrogates in."""
    return value.encode("utf-8", "replace").decode()


def _kind(body: object) -> str:
    kinds = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return kinds.get(type(body), "number")
