"""What clients may say, and what they are told when they say something else."""

from __future__ import annotations

from typing import Literal

import msgspec

from portfolio.errors import AlphaFlowError
from portfolio.ids import AccountId
from stream.wire import CHANNELS, Json

MOST_NAMES = 1000
"""Symbols or accounts in one message."""


class Resume(msgspec.Struct, frozen=True):
    """The last message of an account that the client applied."""

    epoch: str
    seq: int


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    """Asks for events; an account without a resume entry starts with a snapshot."""

    channels: list[str] | None = None
    symbols: list[str] | None = None
    accounts: list[AccountId] | None = None
    resume: dict[AccountId, Resume] | None = None
    ack: bool | None = None


class Unsubscribe(msgspec.Struct, frozen=True, tag="unsubscribe", forbid_unknown_fields=True):
    """Gives up what it names, or everything."""

    channels: list[str] | None = None
    symbols: list[str] | None = None
    accounts: list[AccountId] | None = None


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """Asks for a pong, because a page can't see protocol pings."""


class Ack(msgspec.Struct, frozen=True, tag="ack", rename="camel"):
    """Says that a message was applied; all None for one without a seq.

    ``paint_ms`` is applied-to-painted on the client's own clock.
    """

    account_id: AccountId | None = None
    epoch: str | None = None
    seq: int | None = None
    paint_ms: float | None = None


ClientMessage = Subscribe | Unsubscribe | Ping | Ack
_TYPES = ("subscribe", "unsubscribe", "ping", "ack")

Code = Literal[
    "invalid_json", "invalid_message", "unknown_type", "invalid_field", "unknown_channel",
    "too_many", "forbidden_account", "rate_limited", "max_connections", "message_too_big",
    "disabled", "snapshot_unavailable", "slow_consumer", "internal_error",
]  # fmt: skip


class BadClientMessage(AlphaFlowError):
    """A client message that can't be followed; the connection stays.

    Args:
        code: for programs.
        message: for people: what was wrong.
        got: the part that was wrong.
        allowed: what would have been accepted.
    """

    def __init__(
        self, code: Code, message: str, *, got: object = None, allowed: object = None
    ) -> None:
        super().__init__(code, message, got, allowed)
        self.code = code
        self.message = message
        self.got = got
        self.allowed = allowed

    def __str__(self) -> str:
        return self.message

    def data(self) -> Json:
        """Return the ``data`` of the error message."""
        told: Json = {"code": self.code, "message": self.message}
        if self.got is not None:
            told["got"] = str(self.got)[:80]
        if self.allowed is not None:
            told["allowed"] = self.allowed
        return told


def parse(raw: str | bytes) -> ClientMessage:
    """Return the client message that raw holds.

    Raises:
        BadClientMessage: with a code that says what was wrong with it.
    """
    try:
        whole = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise BadClientMessage(
            "invalid_json", f"Not JSON: {problem}", allowed="one JSON object per message"
        ) from None
    try:
        message: ClientMessage = msgspec.convert(whole, ClientMessage)
    except msgspec.ValidationError as problem:
        raise _explained(whole, problem) from None
    _check(message)
    return message


def _explained(whole: object, problem: msgspec.ValidationError) -> BadClientMessage:
    """Return the error that tells an unknown type from a wrong field."""
    if not isinstance(whole, dict):
        return BadClientMessage(
            "invalid_message",
            "A message is a JSON object",
            got=type(whole).__name__,
            allowed='{"type": ...}',
        )
    kind = whole.get("type")
    if kind not in _TYPES:
        return BadClientMessage(
            "unknown_type", "Unknown message type", got=kind, allowed=list(_TYPES)
        )
    return BadClientMessage("invalid_field", f"Invalid {kind}: {problem}")


def _check(message: ClientMessage) -> None:
    if isinstance(message, Subscribe | Unsubscribe):
        for channel in message.channels or ():
            if channel not in CHANNELS:
                raise BadClientMessage(
                    "unknown_channel", "Unknown channel", got=channel, allowed=list(CHANNELS)
                )
        for names in (message.symbols, message.accounts):
            if names and len(names) > MOST_NAMES:
                raise BadClientMessage(
                    "too_many", "Too many names in one message",
                    got=len(names), allowed=f"at most {MOST_NAMES}",
                )  # fmt: skip
