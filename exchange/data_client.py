"""One market-data subscriber: what waits for it, and the one task that writes to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from exchange.data_codec import Codec
from exchange.data_messages import Fields

_FRAME_MESSAGES = 128
"""Most ticks put into one frame."""
_LOW = 256
"""A source that waits for this client goes on at this many waiting messages."""


class _Alone(bytes):
    """An encoded control message; it gets a frame of its own, as clients read its first item."""

    __slots__ = ()


class Client:
    """A bounded queue of encoded messages and its writer.

    Args:
        codec: how this client's messages are encoded.
        send: writes one frame and waits while the socket is full.
        queue_limit: most messages that may wait.
    """

    def __init__(
        self, codec: Codec, send: Callable[[bytes], Awaitable[None]], *, queue_limit: int
    ) -> None:
        self.codec = codec
        self.too_slow = asyncio.Event()
        """Set once more messages waited than may; nothing is taken any more."""
        self._send = send
        self._limit = queue_limit
        self._waiting: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._low = asyncio.Event()
        self._low.set()

    def put(self, encoded: bytes) -> None:
        """Queue one message that ``codec`` encoded; loop thread only."""
        if self.too_slow.is_set():
            return
        waiting = self._waiting
        waiting.append(encoded)
        self._wake.set()
        if len(waiting) > _LOW:
            self._low.clear()
        if len(waiting) > self._limit:
            self.give_up()

    def tell(self, message: Fields) -> None:
        """Queue a control message, to be sent in a frame of its own."""
        self.put(_Alone(self.codec.encode(message)))

    def give_up(self) -> None:
        """Drop what waits and take nothing more; the connection is about to be closed."""
        self.too_slow.set()
        self._waiting.clear()
        self._low.set()

    async def write(self) -> None:
        """Send what is queued until cancelled; ticks that wait together share a frame."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._send(self.codec.frame(self._next()))
                if len(self._waiting) <= _LOW:
                    self._low.set()

    async def caught_up(self) -> None:
        """Wait until few enough messages wait."""
        await self._low.wait()

    def _next(self) -> list[bytes]:
        """Return the messages of the next frame."""
        waiting = self._waiting
        if isinstance(waiting[0], _Alone):
            return [waiting.popleft()]
        messages: list[bytes] = []
        while waiting and len(messages) < _FRAME_MESSAGES and not isinstance(waiting[0], _Alone):
            messages.append(waiting.popleft())
        return messages
