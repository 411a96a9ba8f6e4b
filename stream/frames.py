"""Outgoing WebSocket frames, whole and unmasked, as a server sends them.

A frame for one connection is byte for byte the frame for another, so a batch is
encoded once and shared.

Source: RFC 6455 sections 5.2, 5.5 and 7.4.
"""

from __future__ import annotations

import struct

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FINAL = 0x80
_SHORT, _MEDIUM = 125, 0xFFFF
CONTROL_LIMIT = 125
"""The most payload bytes of a ping, pong or close (section 5.5)."""


def text(payload: bytes) -> bytes:
    """Return payload, UTF-8, as one text frame."""
    return _frame(_TEXT, payload)


def ping(payload: bytes = b"") -> bytes:
    """Return a ping."""
    return _frame(_PING, payload)


def pong(payload: bytes) -> bytes:
    """Return the answer to a ping with that payload."""
    return _frame(_PONG, payload)


def close(code: int, reason: str = "") -> bytes:
    """Return a close; the reason is cut to what fits, on a character boundary."""
    told = reason.encode()[: CONTROL_LIMIT - 2].decode(errors="ignore").encode()
    return _frame(_CLOSE, struct.pack("!H", code) + told)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size <= _SHORT:
        head = struct.pack("!BB", _FINAL | opcode, size)
    elif size <= _MEDIUM:
        head = struct.pack("!BBH", _FINAL | opcode, 126, size)
    else:
        head = struct.pack("!BBQ", _FINAL | opcode, 127, size)
    return head + payload
