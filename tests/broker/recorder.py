"""A listener that keeps everything it hears and can be waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from broker.feed import Hop, LinkState
from portfolio.ids import AccountId

PATIENCE_S = 15.0


class Recorder:
    """A FeedSink for tests."""

    def __init__(self) -> None:
        self.updates: list[tuple[AccountId, Mapping[str, Any], int]] = []
        self.links: list[tuple[AccountId, Hop, LinkState, str]] = []
        self._news = threading.Condition()

    def on_trade_update(
        self, account_id: AccountId, raw: Mapping[str, Any], arrived_ns: int
    ) -> None:
        """Keep it."""
        with self._news:
            self.updates.append((account_id, raw, arrived_ns))
            self._news.notify_all()

    def on_link(
        self, account_id: AccountId, hop: Hop, state: LinkState, at: datetime, detail: str
    ) -> None:
        """Keep it."""
        assert at.tzinfo is not None
        with self._news:
            self.links.append((account_id, hop, state, detail))
            self._news.notify_all()

    def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Return when condition holds after something was heard; fail after patience_s."""
        with self._news:
            held = self._news.wait_for(condition, patience_s)
        assert held, f"not reached; links {self.links[-8:]}, {len(self.updates)} updates"

    def states(self, hop: Hop, account_id: AccountId | None = None) -> list[LinkState]:
        """Return the states of a hop so far, in order."""
        return [
            state
            for who, where, state, _ in self.links
            if where == hop and account_id in (None, who)
        ]

    def detail(self, hop: Hop) -> str:
        """Return the last detail said about a hop."""
        return [detail for _, where, _, detail in self.links if where == hop][-1]

    def until_state(self, hop: Hop, state: LinkState, times: int = 1) -> None:
        """Return when the hop has been in a state so many times."""
        self.until(lambda: self.states(hop).count(state) >= times)


def eventually(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Return when condition holds; for what tells nobody that it changed."""
    deadline = time.monotonic() + patience_s
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "condition not reached"
        pause.wait(0.005)
