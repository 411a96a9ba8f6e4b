"""Linked brokerage accounts, their sealed keys, and who may see and trade them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import uuid4

from sqlalchemy import delete, select

from db.engine import Database
from db.sealed import BrokerKeys, Sealer
from db.tables import AccountRow, GrantRow
from portfolio.errors import InvalidValue, UnknownAccount
from portfolio.ids import AccountId, UserId

Permission = Literal["trade", "read"]
PERMISSIONS: tuple[Permission, ...] = ("trade", "read")
Environment = Literal["exchange", "paper", "live"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAccess:
    """One account as one user may use it.

    Attributes:
        account_number: the broker's number, empty until it was first fetched.
        permission: ``read`` sees; ``trade`` sees and trades.
    """

    account_id: AccountId
    name: str
    account_number: str
    permission: Permission
    owner_id: UserId


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedAccount:
    """A linked account with its opened keys (not in ``repr``), for the gateway.

    Attributes:
        environment: where its broker is: the embedded ``exchange``, Alpaca ``paper`` or ``live``.
    """

    account_id: AccountId
    owner_id: UserId
    name: str
    account_number: str
    environment: Environment
    keys: BrokerKeys


class AccountStore:
    """Links accounts and grants them. Thread-safe.

    Args:
        database: where they are kept.
        sealer: encrypts the broker's keys.
    """

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._listeners: list[Callable[[UserId], None]] = []

    def on_grants_changed(self, listener: Callable[[UserId], None]) -> None:
        """Have listener called after a user's grants changed; it must be quick."""
        self._listeners.append(listener)

    def link(
        self,
        owner_id: UserId,
        name: str,
        keys: BrokerKeys,
        environment: Environment,
        now: datetime,
        *,
        account_number: str = "",
        account_id: AccountId | None = None,
    ) -> AccountId:
        """Add an account and grant its owner ``trade``; returns its id (a new one by default)."""
        account_id = account_id or AccountId(str(uuid4()))
        row = AccountRow(
            account_id=account_id,
            owner_id=owner_id,
            name=name,
            account_number=account_number,
            environment=environment,
            sealed_keys=self._sealer.seal(account_id, keys),
            created_at=now,
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            session.add(_grant_row(owner_id, account_id, "trade", now))
        self._tell(owner_id)
        return account_id

    def linked(self) -> list[LinkedAccount]:
        """Return all accounts with their keys, oldest first.

        Raises:
            SealBroken: keys that the CREDENTIALS_KEY in force doesn't open.
        """
        query = select(AccountRow).order_by(AccountRow.created_at, AccountRow.account_id)
        with self._database.read() as session:
            rows = session.scalars(query).all()
        return [self._linked(row) for row in rows]

    def get(self, account_id: AccountId) -> LinkedAccount:
        """Return one account with its keys.

        Raises:
            UnknownAccount: no such account.
            SealBroken: its keys can't be opened.
        """
        with self._database.read() as session:
            return self._linked(_row(session.get(AccountRow, account_id), account_id))

    def set_keys(self, account_id: AccountId, keys: BrokerKeys) -> None:
        """Replace an account's keys."""
        with self._database.write() as session:
            row = _row(session.get(AccountRow, account_id), account_id)
            row.sealed_keys = self._sealer.seal(account_id, keys)

    def set_number(self, account_id: AccountId, account_number: str) -> None:
        """Note the broker's number for an account."""
        with self._database.write() as session:
            _row(session.get(AccountRow, account_id), account_id).account_number = account_number

    def rotate(self) -> int:
        """Seal every account's keys with the key in force; return how many were changed."""
        changed = 0
        with self._database.write() as session:
            for row in session.scalars(select(AccountRow).with_for_update()):
                if not self._sealer.is_current(row.sealed_keys):
                    account_id = AccountId(row.account_id)
                    keys = self._sealer.open(account_id, row.sealed_keys)
                    row.sealed_keys = self._sealer.seal(account_id, keys)
                    changed += 1
        return changed

    def grant(
        self, user_id: UserId, account_id: AccountId, permission: Permission, now: datetime
    ) -> None:
        """Open an account to a user, or change the permission.

        Raises:
            InvalidValue: permission is not one of PERMISSIONS.
        """
        if permission not in PERMISSIONS:
            raise InvalidValue("permission", permission, ", ".join(PERMISSIONS))
        with self._database.write() as session:
            row = session.get(GrantRow, (user_id, account_id))
            if row is None:
                session.add(_grant_row(user_id, account_id, permission, now))
            else:
                row.permission = permission
        self._tell(user_id)

    def revoke(self, user_id: UserId, account_id: AccountId) -> None:
        """Close an account to a user."""
        with self._database.write() as session:
            session.execute(
                delete(GrantRow).where(
                    GrantRow.user_id == user_id, GrantRow.account_id == account_id
                )
            )
        self._tell(user_id)

    def accounts_of(self, user_id: UserId) -> list[AccountAccess]:
        """Return exactly the accounts granted to a user, oldest grant first (R2).

        This is the one lookup that decides what a person sees: REST, pages and
        stream all ask it, whatever the person's role.
        """
        query = (
            select(AccountRow, GrantRow.permission)
            .join(GrantRow, GrantRow.account_id == AccountRow.account_id)
            .where(GrantRow.user_id == user_id)
            .order_by(GrantRow.granted_at, AccountRow.account_id)
        )
        with self._database.read() as session:
            return [_access(row, permission) for row, permission in session.execute(query)]

    def _tell(self, user_id: UserId) -> None:
        for listener in self._listeners:
            listener(user_id)

    def _linked(self, row: AccountRow) -> LinkedAccount:
        account_id = AccountId(row.account_id)
        return LinkedAccount(
            account_id=account_id,
            owner_id=UserId(row.owner_id),
            name=row.name,
            account_number=row.account_number,
            environment=cast("Environment", row.environment),
            keys=self._sealer.open(account_id, row.sealed_keys),
        )


def _row(row: AccountRow | None, account_id: AccountId) -> AccountRow:
    if row is None:
        raise UnknownAccount(account_id)
    return row


def _grant_row(
    user_id: UserId, account_id: AccountId, permission: Permission, now: datetime
) -> GrantRow:
    return GrantRow(user_id=user_id, account_id=account_id, permission=permission, granted_at=now)


def _access(row: AccountRow, permission: str) -> AccountAccess:
    return AccountAccess(
        account_id=AccountId(row.account_id),
        name=row.name,
        account_number=row.account_number,
        permission=cast("Permission", permission),
        owner_id=UserId(row.owner_id),
    )
