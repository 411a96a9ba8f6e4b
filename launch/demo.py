"""The demo's people and accounts: only while the embedded exchange is the broker."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.accounts import AccountStore
from db.sealed import BrokerKeys
from db.users import Role, User, UserStore

PAPER_SECRET = "paper"  # noqa: S105 - the embedded exchange's published one


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One demo user: role, what to say of it, and the key id of the own account if any."""

    username: str
    role: Role
    label: str
    account_name: str = ""
    key_id: str = ""


PEOPLE = (
    DemoPerson("trader", "trader", "Trades the Momentum account", "Momentum", "DEMO-TRADER"),
    DemoPerson("trader2", "trader", "Trades the Income account", "Income", "DEMO-TRADER2"),
    DemoPerson("analyst", "viewer", "Looks at Momentum, can't trade"),
    DemoPerson("admin", "admin", "Watches the stream's health"),
)


def demo_password(given: str | None, data_dir: Path) -> str:
    """Return the demo users' password: the given one, or one made once and kept."""
    if given is not None:
        return given
    path = data_dir / "demo_password.txt"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9))
    return path.read_text().strip()


def prepare_demo(
    users: UserStore, accounts: AccountStore, password: str, now: datetime
) -> tuple[User, ...]:
    """Create the demo's users, accounts and grants where they are missing.

    The password is set anew when it is not the one given.

    Returns:
        The demo users, in the order of PEOPLE.
    """
    people = {person.username: _user(users, person, password, now) for person in PEOPLE}
    for person in PEOPLE:
        owner = people[person.username]
        if person.key_id and not accounts.accounts_of(owner.user_id):
            keys = BrokerKeys(person.key_id, PAPER_SECRET)
            accounts.link(owner.user_id, person.account_name, keys, "exchange", now)
    watched = accounts.accounts_of(people["trader"].user_id)[0].account_id
    analyst = people["analyst"].user_id
    if not accounts.accounts_of(analyst):
        accounts.grant(analyst, watched, "read", now)
    return tuple(people.values())


def _user(users: UserStore, person: DemoPerson, password: str, now: datetime) -> User:
    known = users.by_name(person.username)
    if known is None:
        return users.create(person.username, password, person.role, now, shortest_password=1)
    if users.verify(person.username, password) is None:
        users.set_password(known.user_id, password, now, shortest_password=1)
    return known
