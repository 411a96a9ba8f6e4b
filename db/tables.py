"""The tables of people: users, sessions, brokerage accounts and grants."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import ForeignKey, LargeBinary, MetaData, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from db.columns import ExactDecimal, UtcDateTime


class Base(DeclarativeBase):
    """What every table shares: exact numbers, aware times, constraints with names."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as it stands
        Decimal: ExactDecimal(),
        datetime: UtcDateTime(),
        str: String(),
    }


class UserRow(Base):
    """A person who signs in; ``username`` is lower case."""

    __tablename__ = "users"

    user_id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str]
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    password_changed_at: Mapped[datetime]


class SessionRow(Base):
    """One signed-in browser or script. Only the token's SHA-256 is stored."""

    __tablename__ = "sessions"

    session_id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    address: Mapped[str]
    user_agent: Mapped[str]


class AccountRow(Base):
    """A linked brokerage account; its keys are sealed (db/sealed.py)."""

    __tablename__ = "accounts"

    account_id: Mapped[str] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.user_id"), index=True)
    name: Mapped[str]
    account_number: Mapped[str]
    environment: Mapped[str]
    sealed_keys: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class GrantRow(Base):
    """Whose eyes and hands an account is open to."""

    __tablename__ = "grants"

    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(
        ForeignKey("accounts.account_id"), primary_key=True, index=True
    )
    permission: Mapped[str]
    granted_at: Mapped[datetime]
