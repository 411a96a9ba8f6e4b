"""Signed-in sessions, kept on the server so that they can be ended there.

A session ends by idleness, by age, by logout, or with the rights of its user;
``on_end`` is told each time, so that open connections can be closed.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.orm import Session

from db.engine import Database
from db.tables import SessionRow, UserRow
from portfolio.ids import UserId

TOKEN_BYTES = 32
"""256 random bits; OWASP ASVS 5.0, 7.2.3 asks for 128."""
TOUCH_EVERY = timedelta(seconds=60)
"""How stale ``last_seen_at`` may be: a write per request would be one too many."""
KEPT_AFTER_END = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A living session and whose it is.

    Attributes:
        session_id: names the session; not the cookie's value.
        expires_at: when it ends at the latest, aware UTC.
    """

    session_id: str
    user_id: UserId
    username: str
    role: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """A session that is over, and why, in words."""

    session_id: str
    user_id: UserId
    reason: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session; ``token`` is the cookie's value and is stored nowhere."""

    session_id: str
    token: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Opened({self.session_id!r})"


class SessionStore:
    """Opens, finds and ends sessions. Thread-safe; all times are passed in, aware UTC.

    Args:
        database: where they are kept.
        idle: a session unused for so long is over.
        longest: a session older than this is over, used or not.
    """

    def __init__(
        self,
        database: Database,
        *,
        idle: timedelta = timedelta(hours=12),
        longest: timedelta = timedelta(days=7),
    ) -> None:
        self._database = database
        self.idle = idle
        self.longest = longest
        self._listeners: list[Callable[[SessionEnded], None]] = []

    def on_end(self, listener: Callable[[SessionEnded], None]) -> None:
        """Have listener called after each end of a session; it must be quick."""
        self._listeners.append(listener)

    def open(
        self, user_id: UserId, now: datetime, *, address: str = "", user_agent: str = ""
    ) -> Opened:
        """Begin a session with a new token."""
        opened = Opened(str(uuid4()), secrets.token_urlsafe(TOKEN_BYTES), now + self.longest)
        row = SessionRow(
            session_id=opened.session_id,
            token_hash=_hash(opened.token),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            expires_at=opened.expires_at,
            address=address[:64],
            user_agent=user_agent[:256],
        )
        with self._database.write() as session:
            session.add(row)
        return opened

    def find(self, token: str, now: datetime) -> SignedIn | None:
        """Return the living session that token opens, None when there is none."""
        query = (
            select(SessionRow, UserRow)
            .join(UserRow, UserRow.user_id == SessionRow.user_id)
            .where(SessionRow.token_hash == _hash(token), self._lives(now))
            .where(UserRow.disabled.is_(False))
        )
        with self._database.read() as session:
            found = session.execute(query).one_or_none()
        if found is None:
            return None
        row, user = found
        if now - row.last_seen_at >= TOUCH_EVERY:
            self._touch(row.session_id, now)
        return _signed_in(row, user)

    def end(self, session_id: str, now: datetime, reason: str = "signed out") -> bool:
        """End one session; say whether it was alive."""
        return bool(self._end(SessionRow.session_id == session_id, now, reason))

    def end_user(
        self, user_id: UserId, now: datetime, reason: str, *, keep: str | None = None
    ) -> int:
        """End all sessions of a user but ``keep``; return how many."""
        condition = SessionRow.user_id == user_id
        if keep is not None:
            condition = and_(condition, SessionRow.session_id != keep)
        return len(self._end(condition, now, reason))

    def sweep(self, now: datetime) -> int:
        """End what ran out of time and forget what ended long ago; return how many ended.

        Call it every few seconds: an open connection makes no requests, so only
        this notices that its session is over.
        """
        count = len(self._end(~self._in_time(now), now, "session expired"))
        old = SessionRow.ended_at < now - KEPT_AFTER_END
        with self._database.read() as session:
            any_old = session.scalars(select(SessionRow.session_id).where(old).limit(1)).first()
        if any_old is not None:
            with self._database.write() as session:
                session.execute(delete(SessionRow).where(old))
        return count

    def of_user(self, user_id: UserId, now: datetime) -> list[SignedIn]:
        """Return a user's living sessions, newest first."""
        query = (
            select(SessionRow, UserRow)
            .join(UserRow, UserRow.user_id == SessionRow.user_id)
            .where(SessionRow.user_id == user_id, self._lives(now))
            .order_by(SessionRow.created_at.desc())
        )
        with self._database.read() as session:
            return [_signed_in(row, user) for row, user in session.execute(query)]

    def _end(
        self, condition: ColumnElement[bool], now: datetime, reason: str
    ) -> list[SessionEnded]:
        living = and_(condition, SessionRow.ended_at.is_(None))
        with self._database.read() as session:
            if (
                session.scalars(select(SessionRow.session_id).where(living).limit(1)).first()
                is None
            ):
                return []
        with self._database.write() as session:
            ended = _mark_ended(session, living, now, reason)
        for each in ended:
            for listener in self._listeners:
                listener(each)
        return ended

    def _touch(self, session_id: str, now: datetime) -> None:
        with self._database.write() as session:
            row = session.get(SessionRow, session_id)
            if row is not None:
                row.last_seen_at = max(row.last_seen_at, now)

    def _in_time(self, now: datetime) -> ColumnElement[bool]:
        return and_(SessionRow.expires_at > now, SessionRow.last_seen_at > now - self.idle)

    def _lives(self, now: datetime) -> ColumnElement[bool]:
        return and_(SessionRow.ended_at.is_(None), self._in_time(now))


def _mark_ended(
    session: Session, living: ColumnElement[bool], now: datetime, reason: str
) -> list[SessionEnded]:
    rows = session.scalars(select(SessionRow).where(living).with_for_update()).all()
    for row in rows:
        row.ended_at, row.end_reason = now, reason
    return [SessionEnded(row.session_id, UserId(row.user_id), reason) for row in rows]


def _signed_in(row: SessionRow, user: UserRow) -> SignedIn:
    return SignedIn(
        session_id=row.session_id,
        user_id=UserId(user.user_id),
        username=user.username,
        role=user.role,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _hash(token: str) -> str:
    """Return what is stored of a token. It is random, so a fast hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
