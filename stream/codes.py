"""WebSocket close codes that the stream uses.

Source: RFC 6455 section 7.4; 4000 and up are the application's own.
"""

from __future__ import annotations

GOING_AWAY = 1001
"""The server stops; come back as ``draining`` said."""
ABNORMAL = 1006
"""Never sent: the peer vanished without a close."""
POLICY_VIOLATION = 1008
"""Session ended, access ended, or too many messages."""
MESSAGE_TOO_BIG = 1009
"""A client message was too long."""
INTERNAL_ERROR = 1011
"""The server failed."""
TRY_AGAIN_LATER = 1013
"""A connection limit is reached."""
STREAMING_DISABLED = 4003
"""Streaming was switched off; poll instead."""
SLOW_CONSUMER = 4008
"""The peer doesn't read or ack what it is sent."""
SILENT_PEER = 4009
"""Nothing came from the peer, not even an answer to pings."""


def sendable(code: int) -> bool:
    """Say whether a close code may travel."""
    return code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code < 5000
