"""What the feed tells its listener: trade updates, and how each link is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

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
        accounts: who is served by it.
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
