"""The stores, opened from the settings, and the account that the environment configures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from broker.credentials import Credentials
from broker.endpoints import Endpoints
from db.accounts import AccountStore, Environment, LinkedAccount
from db.engine import Database
from db.records import Records
from db.sealed import BrokerKeys, Sealer
from db.sessions import SessionStore
from db.users import UserStore
from launch.settings import Settings


@dataclass(frozen=True, slots=True)
class Stores:
    """Everything that is kept, by kind."""

    database: Database
    users: UserStore
    sessions: SessionStore
    accounts: AccountStore
    records: Records


def open_stores(settings: Settings) -> Stores:
    """Open the database, bring its schema up to date and return its stores."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(settings.database)
    database.upgrade()
    sessions = SessionStore(database)
    sealer = Sealer(settings.stored_secret("credentials_key").encode())
    return Stores(
        database,
        UserStore(database, sessions),
        sessions,
        AccountStore(database, sealer),
        Records(database),
    )


def link_configured_account(settings: Settings, stores: Stores, now: datetime) -> None:
    """Link the account of ALPACA_API_KEY once there is a user to own it.

    Its owner is the first trader or admin that was created; changed keys replace the stored ones.
    """
    if settings.alpaca_api_key is None or settings.alpaca_secret_key is None:
        return
    keys = BrokerKeys(
        settings.alpaca_api_key.get_secret_value(), settings.alpaca_secret_key.get_secret_value()
    )
    environment: Environment = "paper" if settings.alpaca_paper else "live"
    known = [each for each in stores.accounts.linked() if each.environment == environment]
    if known:
        if known[0].keys != keys:
            stores.accounts.set_keys(known[0].account_id, keys)
        return
    owners = [user for user in stores.users.all() if user.role != "viewer"]
    if owners:
        owner = min(owners, key=lambda user: user.created_at)
        stores.accounts.link(owner.user_id, f"Alpaca {environment}", keys, environment, now)


def credentials_of(
    account: LinkedAccount, settings: Settings, exchange_url: str | None
) -> Credentials | None:
    """Return what opens an account at its broker; None while its broker is not in use."""
    if account.environment == "exchange":
        if exchange_url is None:
            return None
        endpoints = Endpoints.at(exchange_url)
    elif settings.embedded_exchange:
        return None
    elif settings.alpaca_base_url is not None:
        endpoints = Endpoints.at(settings.alpaca_base_url, feed=settings.alpaca_feed)
    else:
        endpoints = Endpoints.alpaca(
            paper=account.environment == "paper", feed=settings.alpaca_feed
        )
    return Credentials(account.keys.key_id, account.keys.secret_key, endpoints)
