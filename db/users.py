"""The people who sign in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from db.engine import Database
from db.passwords import LONGEST, Passwords
from db.sessions import SessionStore
from db.tables import UserRow
from portfolio.errors import AlphaFlowError, InvalidValue
from portfolio.ids import UserId

Role = Literal["trader", "viewer", "admin"]
ROLES: tuple[Role, ...] = ("trader", "viewer", "admin")
SHORTEST_PASSWORD = 8
"""OWASP ASVS 5.0, 6.2.1."""
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")


class UsernameTaken(AlphaFlowError):
    """A user name that somebody has."""

    def __init__(self, username: str) -> None:
        super().__init__(username)
        self.username = username

    def __str__(self) -> str:
        return f"there is a user {self.username!r} already"


class UnknownUser(AlphaFlowError):
    """A user id that nobody has."""

    def __init__(self, user_id: str) -> None:
        super().__init__(user_id)
        self.user_id = user_id

    def __str__(self) -> str:
        return f"no user {self.user_id!r}"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person: trader and admin may trade where granted, a viewer nowhere."""

    user_id: UserId
    username: str
    role: Role
    disabled: bool
    created_at: datetime


class UserStore:
    """Creates users and checks their passwords. Thread-safe.

    Args:
        database: where they are kept.
        sessions: ended when a user's rights or password change.
        passwords: hashes.
    """

    def __init__(
        self, database: Database, sessions: SessionStore, passwords: Passwords | None = None
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._passwords = passwords or Passwords()

    def create(
        self,
        username: str,
        password: str,
        role: Role,
        now: datetime,
        *,
        shortest_password: int = SHORTEST_PASSWORD,
    ) -> User:
        """Add a user.

        Args:
            username: case doesn't matter.
            password: stored as an Argon2id hash only.
            role: one of ROLES.
            now: aware UTC.
            shortest_password: lowered for demo users only.

        Raises:
            InvalidValue: a field can't be used.
            UsernameTaken: somebody has that name.
        """
        name = _checked_name(username)
        if role not in ROLES:
            raise InvalidValue("role", role, ", ".join(ROLES))
        _check_length(password, shortest_password)
        row = UserRow(
            user_id=str(uuid4()),
            username=name,
            password_hash=self._passwords.hash(password),
            role=role,
            disabled=False,
            created_at=now,
            password_changed_at=now,
        )
        try:
            with self._database.write() as session:
                session.add(row)
        except IntegrityError:
            raise UsernameTaken(name) from None
        return _user(row)

    def verify(self, username: str, password: str) -> User | None:
        """Return the user whose name and password these are, else None.

        Takes the same time whether or not there is such a user. A hash with
        outdated costs is replaced on the way.
        """
        name = username.strip().lower()
        row = self._row(name) if _USERNAME.fullmatch(name) else None
        stored = None if row is None or row.disabled else row.password_hash
        checked = self._passwords.check(stored, password)
        if row is None or not checked.right:
            return None
        if checked.new_hash is not None:
            self._replace_hash(row.user_id, stored, checked.new_hash)
        return _user(row)

    def set_password(
        self, user_id: UserId, password: str, now: datetime, *, keep: str | None = None,
        shortest_password: int = SHORTEST_PASSWORD,
    ) -> None:  # fmt: skip
        """Change a password and end the user's sessions, all but ``keep``.

        Raises:
            UnknownUser: no such user.
            InvalidValue: the password is too short or too long.
        """
        _check_length(password, shortest_password)
        new_hash = self._passwords.hash(password)
        with self._database.write() as session:
            row = session.get(UserRow, user_id)
            if row is None:
                raise UnknownUser(user_id)
            row.password_hash, row.password_changed_at = new_hash, now
        self._sessions.end_user(user_id, now, "password changed", keep=keep)

    def set_disabled(self, user_id: UserId, now: datetime, *, disabled: bool) -> None:
        """Lock a user out, sessions included, or let them in again."""
        with self._database.write() as session:
            row = session.get(UserRow, user_id)
            if row is None:
                raise UnknownUser(user_id)
            row.disabled = disabled
        if disabled:
            self._sessions.end_user(user_id, now, "user disabled")

    def set_role(self, user_id: UserId, role: Role, now: datetime) -> None:
        """Change a role and end the user's sessions, which were opened with the old one."""
        if role not in ROLES:
            raise InvalidValue("role", role, ", ".join(ROLES))
        with self._database.write() as session:
            row = session.get(UserRow, user_id)
            if row is None:
                raise UnknownUser(user_id)
            changed, row.role = row.role != role, role
        if changed:
            self._sessions.end_user(user_id, now, "role changed")

    def by_id(self, user_id: UserId) -> User | None:
        """Return a user, None when there is none."""
        with self._database.read() as session:
            row = session.get(UserRow, user_id)
        return None if row is None else _user(row)

    def by_name(self, username: str) -> User | None:
        """Return the user of that name, None when there is none."""
        row = self._row(username.strip().lower())
        return None if row is None else _user(row)

    def all(self) -> list[User]:
        """Return all users by name."""
        with self._database.read() as session:
            rows = session.scalars(select(UserRow).order_by(UserRow.username)).all()
        return [_user(row) for row in rows]

    def count(self) -> int:
        """Return how many users there are."""
        with self._database.read() as session:
            return session.scalar(select(func.count()).select_from(UserRow)) or 0

    def _row(self, name: str) -> UserRow | None:
        with self._database.read() as session:
            return session.scalars(select(UserRow).where(UserRow.username == name)).one_or_none()

    def _replace_hash(self, user_id: str, old: str | None, new: str) -> None:
        with self._database.write() as session:
            row = session.get(UserRow, user_id)
            if row is not None and row.password_hash == old:  # not changed meanwhile
                row.password_hash = new


def _checked_name(username: str) -> str:
    name = username.strip().lower()
    if not _USERNAME.fullmatch(name):
        raise InvalidValue(
            "username", username, "1 to 64 of a-z, 0-9, . _ @ -, beginning with a letter or digit"
        )
    return name


def _check_length(password: str, shortest: int) -> None:
    if not shortest <= len(password) <= LONGEST:
        got = f"{len(password)} characters"  # never the password itself
        raise InvalidValue("password", got, f"{shortest} to {LONGEST} characters")


def _user(row: UserRow) -> User:
    return User(
        user_id=UserId(row.user_id),
        username=row.username,
        role=cast("Role", row.role),
        disabled=row.disabled,
        created_at=row.created_at,
    )
