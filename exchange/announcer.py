"""Who hears of an account's orders: any number of listeners per account.

A listener that doesn't keep up is dropped, never queued for without bound. All
listeners of an account get its events in one and the same order. Loop thread
only.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict

from exchange.wire import Json

WAITING = 10_000
"""Messages that may wait for one listener before it is dropped."""


class Listener:
    """One subscriber's waiting messages, encoded."""

    def __init__(self, limit: int = WAITING) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(limit)
        self._overrun = asyncio.Event()

    def put(self, message: bytes) -> bool:
        """Add a message; say whether there was room."""
        try:
            self._waiting.put_nowait(message)
        except asyncio.QueueFull:
            self._overrun.set()
            return False
        return True

    async def next(self) -> bytes | None:
        """Return the next message when there is one; None once the listener was dropped."""
        if self._overrun.is_set():
            return None
        return await self._waiting.get()


class Announcer:
    """Passes an account's messages to its listeners."""

    def __init__(self) -> None:
        self._listeners: defaultdict[str, set[Listener]] = defaultdict(set)

    def add(self, key_id: str, listener: Listener) -> None:
        """Let a listener hear an account from now on."""
        self._listeners[key_id].add(listener)

    def remove(self, key_id: str, listener: Listener) -> None:
        """Let a listener hear it no more."""
        self._listeners[key_id].discard(listener)

    def announce(self, key_id: str, message: Json) -> None:
        """Give a message to all listeners of an account; it is encoded once."""
        listeners = self._listeners.get(key_id)
        if not listeners:
            return
        encoded = json.dumps(message, separators=(",", ":")).encode()
        for listener in [one for one in listeners if not one.put(encoded)]:
            listeners.discard(listener)
