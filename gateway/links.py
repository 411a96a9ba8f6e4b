"""How fresh the links to the broker are, per account and hop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from broker.feed import Hop, LinkState
from portfolio.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """State of one upstream hop of one account.

    Attributes:
        state: the feed's word for it.
        since: when it became so, aware UTC.
        detail: why, in words for a person.
    """

    state: LinkState
    since: datetime
    detail: str


class Links:
    """The newest state of every link. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._links: dict[AccountId, dict[Hop, Link]] = {}

    def record(self, account_id: AccountId, hop: Hop, link: Link) -> Link | None:
        """Note a link's new state and return the one before it."""
        with self._lock:
            hops = self._links.setdefault(account_id, {})
            before = hops.get(hop)
            hops[hop] = link
            return before

    def of(self, account_id: AccountId) -> dict[Hop, Link]:
        """Return the links of an account by hop."""
        with self._lock:
            return dict(self._links.get(account_id, {}))

    def any_broker_down(self) -> bool:
        """Say whether the order link of some account is not live."""
        with self._lock:
            return any(
                hops["broker"].state != "live" for hops in self._links.values() if "broker" in hops
            )
