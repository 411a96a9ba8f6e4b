"""Who looks at the stream, and the one decision about what they may see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portfolio.ids import AccountId, UserId


@dataclass(frozen=True, slots=True)
class StreamViewer:
    """A signed-in person with the brokerage accounts granted to them.

    Attributes:
        user_id: who it is; connections are limited per user.
        session_id: names the session in ``close_session`` (not the cookie's value).
        accounts: every account this person may see.
        expires_at: when the session ends by itself, aware UTC; None: somebody else watches it.
    """

    user_id: UserId
    session_id: str
    accounts: frozenset[AccountId]
    expires_at: datetime | None = None


def granted(viewer: StreamViewer, account_id: AccountId) -> bool:
    """Say whether viewer may receive events of account_id (R2).

    The only place that decides it: subscribing asks here, and so does every delivery.
    """
    return account_id in viewer.accounts
