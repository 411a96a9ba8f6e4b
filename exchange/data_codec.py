"""The two encodings of the market-data stream: msgpack and JSON.

A message is encoded once, whoever receives it; a frame is an array of encoded
messages, put together without encoding them again.

Source: Alpaca "Real-time stock data": the encoding follows the Content-Type header.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgpack
import msgspec

from exchange.data_messages import Fields


class Codec(Protocol):
    """How messages become frames, and frames become messages."""

    is_text: bool

    def encode(self, message: Fields) -> bytes:
        """Return one encoded message."""
        ...

    def frame(self, messages: Sequence[bytes]) -> bytes:
        """Return the array of encoded messages."""
        ...

    def decode(self, data: bytes) -> object:
        """Return what a client sent.

        Raises:
            ValueError: it isn't in this encoding.
        """
        ...


class JsonCodec:
    """JSON in text frames; times in RFC 3339."""

    is_text = True

    def __init__(self) -> None:
        self._encoder = msgspec.json.Encoder()

    def encode(self, message: Fields) -> bytes:
        """Return one JSON object."""
        return self._encoder.encode(message)

    def frame(self, messages: Sequence[bytes]) -> bytes:
        """Return a JSON array."""
        return b"[" + b",".join(messages) + b"]"

    def decode(self, data: bytes) -> object:
        """Return the JSON value; msgspec's error is a ValueError."""
        return msgspec.json.decode(data)


class MsgpackCodec:
    """Msgpack in binary frames; times are the Timestamp extension, which clients rely on."""

    is_text = False

    def __init__(self) -> None:
        self._packer = msgpack.Packer(datetime=True)

    def encode(self, message: Fields) -> bytes:
        """Return one msgpack map."""
        packed: bytes = self._packer.pack(message)
        return packed

    def frame(self, messages: Sequence[bytes]) -> bytes:
        """Return a msgpack array."""
        header: bytes = self._packer.pack_array_header(len(messages))
        return header + b"".join(messages)

    def decode(self, data: bytes) -> object:
        """Return the msgpack value; whatever is wrong with it is a ValueError."""
        try:
            return msgpack.unpackb(data)
        except (msgpack.UnpackException, RecursionError) as fault:
            raise ValueError(str(fault)) from None


def codec_for(content_type: str) -> Codec:
    """Return the codec that a request's Content-Type header asks for."""
    return MsgpackCodec() if "msgpack" in content_type.lower() else JsonCodec()
