"""One HTTP answer of the broker -> JSON with exact numbers, or the error it stands for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from requests import JSONDecodeError, Response

from portfolio.errors import BrokerError, BrokerUnreachable, CredentialsRefused

_KEY_CODES = (40110000, 40310001)
_KEY_WORDS = ("unauthorized", "forbidden", "access key", "not authorized")
_PASSING = (408, 425, 429)
_MAX_MESSAGE = 500


def read(response: Response) -> object:
    """Return the answer's JSON, None for an empty body; numbers with a point as Decimal.

    Raises:
        CredentialsRefused: 401, or a 403 that speaks of the keys.
        BrokerUnreachable: 408, 425, 429, 5xx, a redirect, or a body that is no JSON.
        BrokerError: any other refusal, with the broker's code and words.
    """
    if response.status_code >= 300:
        raise error_of(response)
    if not response.content:
        return None
    return _json(response)


def error_of(response: Response) -> BrokerError:
    """Return the error that a response other than 2xx stands for."""
    status = response.status_code
    code, message = _explained(response)
    if status >= 500 or status in _PASSING or status < 400:
        return BrokerUnreachable(f"{message} (HTTP {status})", status=status)
    if status == 401 or (status == 403 and _about_keys(code, message)):
        return CredentialsRefused(status=status, code=code, message=message)
    return BrokerError(status=status, code=code, message=message)


def _json(response: Response) -> object:
    try:
        return response.json(parse_float=Decimal)
    except (JSONDecodeError, ValueError, RecursionError):
        status = response.status_code
        raise BrokerUnreachable("the broker's answer is not JSON", status=status) from None


def _explained(response: Response) -> tuple[int | None, str]:
    """Return code and message; a proxy's HTML page or an odd object is shown as it is."""
    try:
        body = _json(response)
    except BrokerUnreachable:
        body = None
    if not isinstance(body, Mapping):
        return None, response.text[:_MAX_MESSAGE].strip() or str(response.reason)
    code, message = body.get("code"), body.get("message")
    words = message if isinstance(message, str) and message else response.text[:_MAX_MESSAGE]
    return (code if type(code) is int else None), words


def _about_keys(code: int | None, message: str) -> bool:
    """Say whether a 403 refuses the keys. Alpaca refuses orders with 403 too, with a code."""
    if code is not None:
        return code in _KEY_CODES
    return message.lower().startswith(_KEY_WORDS)
