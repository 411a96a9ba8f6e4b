"""A client that follows the stream on a thread and keeps every message."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import Any, Self

from websockets.exceptions import ConnectionClosed

from stream.client import PortfolioClient
from stream.mirror import AccountMirror
from tests.waiting import wait_for


class Follower:
    """Follows one user's only account.

    Args:
        client: not connected yet.
    """

    def __init__(self, client: PortfolioClient) -> None:
        self.client = client
        self.messages: list[dict[str, Any]] = []
        self._thread = Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self.client.connect()
        self.client.subscribe()
        self._thread.start()
        wait_for(lambda: self.client.mirrors and self.mirror.account)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self._thread.join(10)

    @property
    def mirror(self) -> AccountMirror:
        return next(iter(self.client.mirrors.values()))

    def of(self, type_: str) -> list[dict[str, Any]]:
        return [message for message in self.messages if message["type"] == type_]

    def wait(self, condition: Callable[[AccountMirror], bool], timeout_s: float = 30.0) -> None:
        wait_for(lambda: condition(self.mirror), timeout_s)

    def _run(self) -> None:
        try:
            while True:
                self.messages.append(self.client.receive())
        except (ConnectionClosed, OSError):
            return
