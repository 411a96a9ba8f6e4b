"""What the doors need from the rest of AlphaFlow, and how a request gets at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, cast

from flask import current_app

from broker.bars import Bar
from broker.executor import OrderChanges
from broker.feed import LinkStatus
from broker.reference import Asset, MarketClock
from db.accounts import AccountStore
from db.records import Records
from db.sessions import SessionStore
from db.users import UserStore
from portfolio.ids import AccountId, OrderId, UserId
from portfolio.orders import Order
from portfolio.ticket import OrderTicket
from portfolio.values import BookSnapshot, Quote
from stream.wire import Json

EXTENSION = "alphaflow"
"""Where a Flask app keeps its Services, in ``app.extensions``."""


class Gateway(Protocol):
    """What the doors ask of the accounts. Implemented by gateway.gateway.Gateway."""

    @property
    def feed_name(self) -> str:
        """Where prices come from: ``synthetic``, ``tape``, ``iex``, ``sip``."""

    def snapshot(self, account_id: AccountId) -> BookSnapshot:
        """Return an account whole."""

    def order(self, account_id: AccountId, order_id: OrderId) -> Order | None:
        """Return an order held in memory; older ones are in the record."""

    def submit(self, account_id: AccountId, ticket: OrderTicket) -> Order:
        """Store an order and send it; returns at once."""

    def cancel(self, account_id: AccountId, order_id: OrderId) -> Order:
        """Ask for a cancel."""

    def replace(self, account_id: AccountId, order_id: OrderId, changes: OrderChanges) -> Order:
        """Replace a working order; returns the new one."""

    def close_position(self, account_id: AccountId, symbol: str) -> Order:
        """Close a position at the market; returns the closing order."""

    def quote(self, account_id: AccountId, symbol: str) -> Quote | None:
        """Return the newest quote of a symbol."""

    def clock(self, account_id: AccountId) -> MarketClock | None:
        """Return the market's hours, None when nobody can tell."""

    def assets(self, account_id: AccountId) -> Sequence[Asset]:
        """Return what can be traded."""

    def bars(
        self, account_id: AccountId, symbols: frozenset[str], timeframe: str, since: datetime
    ) -> Mapping[str, Sequence[Bar]]:
        """Return each symbol's past prices, oldest first."""

    def upstream(self) -> Sequence[LinkStatus]:
        """Return all connections to brokers."""

    def corrections(self) -> int:
        """Return how many differences from the brokers were corrected since the start."""


class Stream(Protocol):
    """What the doors ask of the stream. Implemented by stream.service.PortfolioStream."""

    @property
    def enabled(self) -> bool:
        """Whether streaming is switched on."""

    @property
    def ready(self) -> bool:
        """Whether it has started and is not draining."""

    def close_session(self, session_id: str, reason: str = "session ended") -> int:
        """Close the connections of a session with 1008."""

    def set_accounts(self, user_id: UserId, accounts: frozenset[AccountId]) -> None:
        """Replace what a user may see; open connections follow at once."""

    def count_drift(self, corrections: int = 1) -> None:
        """Count differences that a page found between REST and stream (R10)."""

    def stats(self) -> Json:
        """Return the websocket-stats object."""

    def history(self) -> Sequence[Json]:
        """Return the samples behind the admin page's charts, oldest first."""

    def connections(self) -> Sequence[Json]:
        """Return one object per open connection."""


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A demo user whom the login page lets in with one click, on loopback only."""

    username: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Settings of the doors.

    Attributes:
        version: of AlphaFlow, shown by /health.
        secret_key: signs Flask's own cookies (AlphaFlow itself uses none of them).
        secure_cookies: True behind TLS: the session cookie travels over HTTPS only.
        allowed_origins: other origins whose pages may send state-changing requests,
            such as ``https://desk.example``.
        trusted_proxies: how many proxies in front append X-Forwarded-* headers; 0: none is read.
        login_attempts_per_minute: failed logins per user name and address.
        max_body_bytes: longer request bodies get 413.
    """

    version: str
    secret_key: str = field(repr=False)
    secure_cookies: bool = False
    allowed_origins: frozenset[str] = frozenset()
    trusted_proxies: int = 0
    login_attempts_per_minute: int = 10
    max_body_bytes: int = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that requests are answered from.

    Attributes:
        demo_users: empty unless the demo is on.
        clock: returns now, aware UTC.
    """

    users: UserStore
    sessions: SessionStore
    accounts: AccountStore
    records: Records
    gateway: Gateway
    stream: Stream
    settings: WebSettings
    demo_users: tuple[DemoUser, ...] = ()
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def services() -> Services:
    """Return the services of the app that handles this request."""
    extensions: Mapping[str, object] = current_app.extensions
    return cast("Services", extensions[EXTENSION])
