"""Bytes from a client become whole messages, bounded in size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wsproto import WSConnection, events
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

PROTOCOL_ERROR = 1002


@dataclass(frozen=True, slots=True)
class Said:
    """A whole message, text or (tolerated) binary."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class Pinged:
    """A protocol ping, to be answered with its payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Left:
    """The peer closed, or spoke something that isn't WebSocket."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class TooBig:
    """A message grew over the bound; what follows of it makes no sense any more."""

    size: int


Inbound = Said | Pinged | Left | TooBig


class Reader:
    """Puts fragments together. The library never buffers more than what one read brought.

    Args:
        protocol: the connection after its handshake.
        most_bytes: a longer message is thrown away.
    """

    def __init__(self, protocol: WSConnection, *, most_bytes: int) -> None:
        self._protocol = protocol
        self._most_bytes = most_bytes
        self._parts = bytearray()

    def feed(self, data: bytes) -> Iterator[Inbound]:
        """Yield what data completes."""
        try:
            self._protocol.receive_data(data)
            for event in self._protocol.events():
                heard = self._heard(event)
                if heard is not None:
                    yield heard
        except (LocalProtocolError, RemoteProtocolError) as problem:
            yield Left(PROTOCOL_ERROR, str(problem))

    def _heard(self, event: events.Event) -> Inbound | None:
        match event:
            case events.TextMessage():
                return self._more(event.data.encode(), finished=event.message_finished)
            case events.BytesMessage():
                return self._more(bytes(event.data), finished=event.message_finished)
            case events.Ping():
                return Pinged(bytes(event.payload))
            case events.CloseConnection():
                return Left(int(event.code), event.reason or "")
        return None

    def _more(self, data: bytes, *, finished: bool) -> Inbound | None:
        self._parts += data
        size = len(self._parts)
        if size > self._most_bytes:
            self._parts.clear()
            return TooBig(size)
        if not finished:
            return None
        whole = bytes(self._parts)
        self._parts.clear()
        return Said(whole)
