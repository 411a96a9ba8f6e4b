"""All accounts' live streams in one asyncio loop, in one thread of its own.

alpaca-py's streams each want a thread and a loop; twenty of them run in one
(facts: alpaca.md, section 1). Frames are handed on raw: converting them is the
sink's business, on whatever thread it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from broker.credentials import Credentials
from broker.ticks import TickBoard
from portfolio.ids import AccountId

Hop = Literal["broker", "market_data"]
LinkState = Literal["connecting", "live", "gap", "refused", "down"]


class FeedSink(Protocol):
    """Who listens. Called on the loop thread of all accounts: return at once."""

    def on_trade_update(
        self, account_id: AccountId, raw: Mapping[str, Any], arrived_ns: int
    ) -> None:
        """Take one trade_updates event.

        Args:
            account_id: whose order it is about.
            raw: the message's ``data`` object, for convert.trade_update.
            arrived_ns: time.monotonic_ns() at arrival of the frame.
        """

    def on_link(
        self, account_id: AccountId, hop: Hop, state: LinkState, at: datetime, detail: str
    ) -> None:
        """Take a change of a link.

        The states and what they mean:

        - ``connecting``: an attempt begins.
        - ``live``: events flow: ``listening`` was acknowledged, or the subscription was.
        - ``gap``: a live link was lost; events may be missed until it is live again. For
          market data also: the server refuses the subscription (405 symbol limit).
        - ``down``: an attempt failed and the next one waits, or nothing is watched,
          or the feed was stopped.
        - ``refused``: the broker does not take the credentials; no further attempt is made.

        Args:
            account_id: whose link.
            hop: ``broker`` (trade updates) or ``market_data`` (stocks and crypto together:
                the worse of the two).
            state: see above.
            at: aware UTC.
            detail: why, in words fit for a person; never a secret.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkStatus:
    """One upstream connection, for the admin page.

    Attributes:
        name: ``trade_updates``, ``stocks`` or ``crypto``.
        frames: received since the start.
        malformed: frames or messages that could not be read, by kind.
        connects: times it went live.
        last_frame_ns: time.monotonic_ns() of the last frame, 0 before the first.
    """

    name: str
    accounts: tuple[AccountId, ...]
    state: LinkState
    since: datetime
    detail: str
    frames: int
    malformed: Mapping[str, int] = field(default_factory=dict)
    connects: int = 0
    last_frame_ns: int = 0


class FeedLoop:
    """Keeps every linked account connected, from one thread.

    Args:
        sink: who listens.
    """

    def __init__(self, sink: FeedSink) -> None:
        self._sink = sink

    def start(self) -> None:
        """Start the thread. Accounts can be added before and after."""
        raise NotImplementedError

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Close every connection and end the thread.

        Safe from any thread, the loop's own included, and more than once.

        Returns:
            Whether the thread has ended within timeout_s.
        """
        raise NotImplementedError

    def add_account(self, account_id: AccountId, credentials: Credentials) -> None:
        """Link an account: its trade updates begin. Adding it again replaces the credentials."""
        raise NotImplementedError

    def remove_account(self, account_id: AccountId) -> None:
        """Unlink an account: its streams close, its board is forgotten. Unknown ids pass."""
        raise NotImplementedError

    def watch(self, account_id: AccountId, symbols: frozenset[str]) -> None:
        """Set the symbols whose trades and quotes the account wants.

        A symbol with ``/`` is crypto. The union per credential and feed is subscribed.

        Raises:
            UnknownAccount: when the account was not added.
        """
        raise NotImplementedError

    def board(self, account_id: AccountId) -> TickBoard:
        """Return the account's board: stocks and crypto, its own drain.

        Raises:
            UnknownAccount: when the account was not added.
        """
        raise NotImplementedError

    def retry_now(self, account_id: AccountId) -> None:
        """End the wait before the next attempt, for example when REST answers again."""
        raise NotImplementedError

    def links(self) -> list[LinkStatus]:
        """Return all upstream connections, in order of account."""
        raise NotImplementedError
