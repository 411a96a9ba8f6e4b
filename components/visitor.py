"""Who is looking at the page, and what the page may know of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portfolio.ids import AccountId, UserId
from web import session
from web.login import masked
from web.services import services

FEED_LABELS = {
    "synthetic": "Synthetic market",
    "tape": "Recorded tape",
    "iex": "Alpaca · IEX",
    "sip": "Alpaca · SIP",
}


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account as the page names it; the broker's number is masked."""

    account_id: AccountId
    name: str
    masked_number: str
    permission: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person signed in: role trader, viewer or admin, and the accounts granted."""

    user_id: UserId
    name: str
    role: str
    accounts: tuple[AccountView, ...]

    @property
    def is_admin(self) -> bool:
        """Say whether admin pages open for this person."""
        return self.role == "admin"

    @property
    def may_trade(self) -> bool:
        """Say whether a trading control may be shown at all."""
        return self.role != "viewer" and any(one.permission == "trade" for one in self.accounts)

    @property
    def initials(self) -> str:
        """Return one or two letters for the user menu."""
        words = self.name.replace(".", " ").replace("_", " ").split()
        return "".join(word[0] for word in words[:2]).upper() or "?"


def current_visitor() -> Visitor | None:
    """Return who made this request, None when nobody is signed in."""
    user_id = session.current_user_id()
    role = session.current_role()
    if user_id is None or role is None:
        return None
    return Visitor(user_id, session.current_user_name() or str(user_id), role, _accounts())


def _accounts() -> tuple[AccountView, ...]:
    return tuple(
        AccountView(one.account_id, one.name, masked(one.account_number), one.permission)
        for one in session.current_accounts()
    )


def session_data(visitor: Visitor) -> dict[str, Any]:
    """Return what the page's scripts need to know, as plain JSON.

    Args:
        visitor: the person signed in.

    Returns:
        camelCase keys; no secret, no whole account number.
    """
    parts = services()
    return {
        "user": visitor.name,
        "userId": str(visitor.user_id),
        "role": visitor.role,
        "accounts": [_account_json(one) for one in visitor.accounts],
        "feed": parts.gateway.feed_name,
        "feedLabel": FEED_LABELS.get(parts.gateway.feed_name, parts.gateway.feed_name),
        "realtime": bool(parts.stream.enabled),
        "clock": market_clock(visitor),
    }


def _account_json(account: AccountView) -> Mapping[str, str]:
    return {
        "accountId": str(account.account_id),
        "name": account.name,
        "number": account.masked_number,
        "permission": account.permission,
    }


def market_clock(visitor: Visitor) -> dict[str, Any] | None:
    """Return the market's hours as the broker of the visitor's first account gives them.

    Returns:
        isOpen, nextOpen, nextClose (ISO 8601), or None where there is no account or no answer.
    """
    if not visitor.accounts:
        return None
    clock = services().gateway.clock(visitor.accounts[0].account_id)
    if clock is None:
        return None
    return {
        "isOpen": clock.is_open,
        "nextOpen": clock.next_open.isoformat(),
        "nextClose": clock.next_close.isoformat(),
    }
