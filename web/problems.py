"""Every failure as an answer: what was wrong and what is allowed, with the right status."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from portfolio.errors import (
    BrokerError,
    BrokerUnreachable,
    CredentialsRefused,
    InvalidOrder,
    InvalidValue,
    OrderNotCancelable,
    UnknownAccount,
    UnknownOrder,
)
from web.answers import problem

UNPROCESSABLE = 422


def install(app: Flask) -> None:
    """Have app answer failures with problem documents."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(InvalidOrder, _invalid_order)
    app.register_error_handler(InvalidValue, _invalid_value)
    app.register_error_handler(UnknownAccount, _unknown)
    app.register_error_handler(UnknownOrder, _unknown)
    app.register_error_handler(OrderNotCancelable, _not_cancelable)
    app.register_error_handler(BrokerError, _broker)


def _http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None:
        return cast("Response", error.get_response())
    code = error.name.lower().replace(" ", "-")
    headers = {
        name: value
        for name, value in error.get_headers()
        if name.lower() not in ("content-type", "content-length")
    }
    detail = error.description or error.name
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        detail = f"Allowed: {', '.join(sorted(error.valid_methods))}"
    return problem(error.code, code, error.name, detail, headers=headers)


def _invalid_order(error: InvalidOrder) -> Response:
    return problem(
        UNPROCESSABLE, "invalid-order", "The order can't be placed", str(error),
        errors=error.problems,
    )  # fmt: skip


def _invalid_value(error: InvalidValue) -> Response:
    return problem(
        UNPROCESSABLE, "invalid-value", "A value can't be used", str(error), errors=(error,)
    )


def _unknown(error: UnknownAccount | UnknownOrder) -> Response:
    kind = "account" if isinstance(error, UnknownAccount) else "order"
    return problem(404, f"unknown-{kind}", f"No such {kind}", str(error))


def _not_cancelable(error: OrderNotCancelable) -> Response:
    return problem(409, "order-not-cancelable", "The order can't be changed any more", str(error))


def _broker(error: BrokerError) -> Response:
    """Answer with whose fault it is: the broker is away, or it said no in its own words."""
    if isinstance(error, BrokerUnreachable):
        detail = f"The broker could not be reached: {error.message}"
        return problem(503, "broker-unreachable", "The broker can't be reached", detail)
    if isinstance(error, CredentialsRefused):
        return problem(502, "broker-refused-keys", "The broker refuses the keys", error.message)
    if error.status in (403, 404, 409, 422):
        return problem(UNPROCESSABLE, "broker-refused", "The broker refused", error.message)
    return problem(502, "broker-failed", "The broker failed", error.message)
