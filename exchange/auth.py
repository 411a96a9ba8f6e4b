"""Who is asking: Alpaca's three ways to send a key id and a secret.

Every key id opens its own paper account; the one secret is ``paper``. It keeps
out typing errors, not people: the exchange holds play money.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re

from aiohttp import web

from exchange.errors import ExchangeError

SECRET = "paper"  # noqa: S105 - a public word, not a credential
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def credentials_ok(key_id: object, secret: object) -> bool:
    """Say whether this pair opens an account; anything but two strings does not."""
    if not isinstance(key_id, str) or not isinstance(secret, str):
        return False
    same = hmac.compare_digest(secret.encode(errors="replace"), SECRET.encode())
    return same and _KEY_ID.fullmatch(key_id) is not None


def authenticate(request: web.Request) -> str:
    """Return the key id that a request's headers prove.

    Read in this order: ``APCA-API-KEY-ID`` with ``APCA-API-SECRET-KEY``,
    ``Authorization: Basic`` and ``Authorization: Bearer <key id>:<secret>``
    (Alpaca's own bearer tokens are opaque; here they spell the pair).

    Raises:
        ExchangeError: 401 when there are none, or wrong ones.

    Source: Alpaca "Authentication".
    """
    key_id, secret = _sent_credentials(request)
    if not credentials_ok(key_id, secret):
        raise ExchangeError(401, None, "unauthorized")
    return key_id


def _sent_credentials(request: web.Request) -> tuple[str, str]:
    """Return key id and secret as sent, empty where missing."""
    headers = request.headers
    if "APCA-API-KEY-ID" in headers or "APCA-API-SECRET-KEY" in headers:
        return headers.get("APCA-API-KEY-ID", ""), headers.get("APCA-API-SECRET-KEY", "")
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    pair = _basic(value) if scheme.lower() == "basic" else value if scheme == "Bearer" else ""
    key_id, _, secret = pair.partition(":")
    return key_id, secret


def _basic(value: str) -> str:
    """Return the decoded pair of a Basic header, empty when it isn't one."""
    try:
        return base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
