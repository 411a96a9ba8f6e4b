"""Which upgrade requests are answered with something else than an upgrade, and with what."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

VERSION = "13"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer in place of an upgrade.

    Attributes:
        status: HTTP status.
        code: for programs.
        detail: for people.
        headers: to send along.
    """

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)


def check_upgrade(environ: Mapping[str, object]) -> Refusal | None:
    """Return why a request can't be upgraded, None for a proper handshake.

    Source: RFC 6455 section 4.2.1.
    """
    connection = str(environ.get("HTTP_CONNECTION", "")).lower().split(",")
    upgrade = str(environ.get("HTTP_UPGRADE", "")).lower()
    if upgrade != "websocket" or "upgrade" not in (part.strip() for part in connection):
        return Refusal(
            426, "upgrade_required", "This address speaks WebSocket only",
            {"Upgrade": "websocket", "Connection": "Upgrade"},
        )  # fmt: skip
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != VERSION:
        return Refusal(
            426, "unsupported_version", f"Sec-WebSocket-Version must be {VERSION}",
            {"Sec-WebSocket-Version": VERSION},
        )  # fmt: skip
    if not _is_key(str(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))):
        return Refusal(400, "malformed_handshake", "Sec-WebSocket-Key must be 16 bytes in base64")
    return None


def check_origin(origin: str | None, host: str, allowed: frozenset[str]) -> Refusal | None:
    """Return a 403 for a page of another site, None for our own, a listed one, or no page (R1b).

    Args:
        origin: the Origin header.
        host: the Host header; behind a proxy that ends TLS the scheme is not compared.
        allowed: further origins, such as ``https://desk.example``.
    """
    if origin is None or origin in allowed:
        return None
    parts = urlsplit(origin)
    default = _DEFAULT_PORTS.get(parts.scheme)
    if default is not None and _with_port(parts.netloc, default) == _with_port(host, default):
        return None
    return Refusal(403, "forbidden_origin", "Pages of this origin may not connect")


def _with_port(netloc: str, default: int) -> str:
    lowered = netloc.lower()
    has_port = ":" in lowered.rpartition("]")[2]
    return lowered if has_port else f"{lowered}:{default}"


def _is_key(value: str) -> bool:
    try:
        return len(base64.b64decode(value, validate=True)) == 16
    except (binascii.Error, ValueError):
        return False
