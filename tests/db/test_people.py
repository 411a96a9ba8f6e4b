"""Users, sessions, accounts and grants."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from db.accounts import AccountStore
from db.engine import Database
from db.passwords import Passwords
from db.sealed import BrokerKeys
from db.sessions import SessionEnded, SessionStore
from db.users import UnknownUser, User, UsernameTaken, UserStore
from portfolio.errors import InvalidValue, UnknownAccount
from portfolio.ids import AccountId, UserId
from tests.db.conftest import CHEAP, NOW, PASSWORD

MINUTE = timedelta(minutes=1)
KEYS = BrokerKeys("K", "S")


def test_a_user_is_let_in_by_the_right_password_only(users: UserStore, trader: User) -> None:
    """Case of the name doesn't matter, everything about the password does."""
    tries = [("Trader ", PASSWORD), ("trader", PASSWORD.upper()), ("trader", ""), ("x", PASSWORD)]
    assert [trader, None, None, None] == [users.verify(*each) for each in tries]


def test_an_unknown_name_costs_as_much_as_a_wrong_password(database: Database) -> None:
    """O9: whether a name exists can't be told from the time: both verify one hash."""
    hashes: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, *given: object) -> bool:
            hashes.append(str(given[0]))
            return super().verify(*given)  # type: ignore[arg-type]

    passwords = Passwords(Counting(time_cost=1, memory_cost=8, parallelism=1))
    users = UserStore(database, SessionStore(database), passwords)
    users.create("known", PASSWORD, "trader", NOW)
    for name in ("known", "unknown", "not even a name!"):
        users.verify(name, "wrong password")
    assert 3 == len(hashes)


def test_an_outdated_hash_is_replaced_at_login(database: Database, tmp_path: Path) -> None:
    """Raised costs reach old users without a password change."""
    sessions = SessionStore(database)
    UserStore(database, sessions, Passwords(CHEAP)).create("old", PASSWORD, "trader", NOW)
    dearer = UserStore(
        database, sessions, Passwords(PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    )
    assert dearer.verify("old", PASSWORD) is not None
    with database.read() as session:
        stored = session.execute(text("SELECT password_hash FROM users")).scalar_one()
    assert "m=16,t=2,p=1" in stored
    assert dearer.verify("old", PASSWORD) is not None


def test_the_default_hash_is_argon2id() -> None:
    """O9: RFC 9106's low-memory profile at least."""
    assert Passwords().hash("x").startswith("$argon2id$v=19$m=65536,t=3,p=4$")


@pytest.mark.parametrize("password", ["", "short", "x" * 257])
def test_unusable_passwords_are_refused_unseen(users: UserStore, password: str) -> None:
    """The refusal says how long it was and may be, never what it was."""
    with pytest.raises(InvalidValue, match=f"{len(password)} characters.*8 to 256") as refusal:
        users.create("someone", password, "trader", NOW)
    assert not password or password not in str(refusal.value)


@pytest.mark.parametrize("name", ["", "a b", "-a", "é", "x" * 65, "a\x00b", "a/b"])
def test_unusable_names_are_refused(users: UserStore, name: str) -> None:
    """Names are plain, so that logs and addresses can carry them."""
    with pytest.raises(InvalidValue, match=r"username.*allowed"):
        users.create(name, PASSWORD, "trader", NOW)


@pytest.mark.parametrize("role", ["", "root", "Admin"])
def test_unknown_roles_are_refused(users: UserStore, role: str) -> None:
    """The refusal lists the roles."""
    with pytest.raises(InvalidValue, match="trader, viewer, admin"):
        users.create("someone", PASSWORD, role, NOW)  # type: ignore[arg-type]


def test_a_name_belongs_to_one_user(users: UserStore, trader: User) -> None:
    """A second user of the same name is refused, whatever the case."""
    with pytest.raises(UsernameTaken, match="'trader'"):
        users.create("TRADER", PASSWORD, "viewer", NOW)
    assert ([trader], 1) == (users.all(), users.count())


def test_a_session_opens_with_its_token_only(
    database: Database, sessions: SessionStore, trader: User
) -> None:
    """R1: the token is found again, and the database holds only its hash."""
    opened = sessions.open(trader.user_id, NOW)
    found = sessions.find(opened.token, NOW)
    assert found is not None
    assert (trader.user_id, opened.session_id) == (found.user_id, found.session_id)
    assert [None, None] == [sessions.find(bad, NOW) for bad in ("", opened.session_id)]
    with database.read() as session:
        row = session.execute(text("SELECT * FROM sessions")).one()
    assert opened.token not in f"{row}{opened!r}"


def test_a_session_ends_when_idle_or_old(database: Database, trader: User) -> None:
    """O9: use keeps a session alive, but not beyond its longest life."""
    sessions = SessionStore(database, idle=10 * MINUTE, longest=25 * MINUTE)
    idle = sessions.open(trader.user_id, NOW).token
    used = sessions.open(trader.user_id, NOW).token
    alive = [sessions.find(used, NOW + n * MINUTE) is not None for n in (9, 18, 24, 25)]
    assert ([True, True, True, False], None) == (alive, sessions.find(idle, NOW + 10 * MINUTE))


def test_the_sweep_tells_which_sessions_ran_out(database: Database, trader: User) -> None:
    """R1: an open connection is closed though it makes no request."""
    sessions = SessionStore(database, idle=10 * MINUTE)
    ended: list[SessionEnded] = []
    sessions.on_end(ended.append)
    first = sessions.open(trader.user_id, NOW)
    sessions.open(trader.user_id, NOW + 5 * MINUTE)
    counts = [sessions.sweep(NOW + n * MINUTE) for n in (9, 11, 11)]
    expected = [SessionEnded(first.session_id, trader.user_id, "session expired")]
    assert ([0, 1, 0], expected) == (counts, ended)


def test_long_ended_sessions_are_forgotten(
    database: Database, sessions: SessionStore, trader: User
) -> None:
    """The table doesn't grow for ever."""
    opened = sessions.open(trader.user_id, NOW)
    sessions.end(opened.session_id, NOW)
    left = []
    for days in (29, 31):
        sessions.sweep(NOW + timedelta(days=days))
        with database.read() as session:
            left.append(session.execute(text("SELECT count(*) FROM sessions")).scalar())
    assert [1, 0] == left


def test_logout_ends_one_session_once(sessions: SessionStore, trader: User) -> None:
    """The other sessions of the user stay; a second logout ends nothing."""
    ended: list[SessionEnded] = []
    sessions.on_end(ended.append)
    one, two = (sessions.open(trader.user_id, NOW) for _ in range(2))
    assert (True, False) == (sessions.end(one.session_id, NOW), sessions.end(one.session_id, NOW))
    assert [None, two.session_id] == [
        getattr(sessions.find(each.token, NOW), "session_id", None) for each in (one, two)
    ]
    assert [one.session_id] == [each.session_id for each in ended]


def test_a_new_password_ends_the_other_sessions(
    users: UserStore, sessions: SessionStore, trader: User
) -> None:
    """R1: the session that changed the password stays, all others end."""
    keep, lose = (sessions.open(trader.user_id, NOW) for _ in range(2))
    users.set_password(trader.user_id, "another password", NOW, keep=keep.session_id)
    assert [keep.session_id] == [each.session_id for each in sessions.of_user(trader.user_id, NOW)]
    assert (None, None) == (sessions.find(lose.token, NOW), users.verify("trader", PASSWORD))
    assert users.verify("trader", "another password") is not None


def test_a_disabled_user_is_out_at_once(
    users: UserStore, sessions: SessionStore, trader: User
) -> None:
    """R1: sessions end, the password no longer works, and enabling lets in again."""
    opened = sessions.open(trader.user_id, NOW)
    users.set_disabled(trader.user_id, NOW, disabled=True)
    assert (None, None) == (sessions.find(opened.token, NOW), users.verify("trader", PASSWORD))
    users.set_disabled(trader.user_id, NOW, disabled=False)
    assert users.verify("trader", PASSWORD) is not None


def test_another_role_needs_another_session(
    users: UserStore, sessions: SessionStore, trader: User
) -> None:
    """A session opened with the old role ends; setting the same role ends none."""
    opened = sessions.open(trader.user_id, NOW)
    users.set_role(trader.user_id, "trader", NOW)
    assert sessions.find(opened.token, NOW) is not None
    users.set_role(trader.user_id, "viewer", NOW)
    assert sessions.find(opened.token, NOW) is None


def test_changes_to_nobody_are_refused(users: UserStore) -> None:
    """An unknown user id is named."""
    with pytest.raises(UnknownUser, match="'ghost'"):
        users.set_password(UserId("ghost"), PASSWORD, NOW)
    with pytest.raises(UnknownUser):
        users.set_role(UserId("ghost"), "admin", NOW)


def test_a_user_has_exactly_the_accounts_granted(
    accounts: AccountStore, users: UserStore, trader: User
) -> None:
    """R2: owner, reader and admin alike see what was granted to them and nothing else."""
    other = users.create("other", PASSWORD, "trader", NOW)
    admin = users.create("admin", PASSWORD, "admin", NOW)
    mine = accounts.link(trader.user_id, "Mine", KEYS, "exchange", NOW, account_number="PA1")
    theirs = accounts.link(other.user_id, "Theirs", KEYS, "exchange", NOW)
    accounts.grant(other.user_id, mine, "read", NOW + MINUTE)
    seen = {
        name: [(each.account_id, each.permission) for each in accounts.accounts_of(user_id)]
        for name, user_id in (
            ("trader", trader.user_id), ("other", other.user_id), ("admin", admin.user_id),
            ("nobody", UserId("nobody")), ("empty", UserId("")),
        )
    }  # fmt: skip
    assert {
        "trader": [(mine, "trade")],
        "other": [(theirs, "trade"), (mine, "read")],
        "admin": [],
        "nobody": [],
        "empty": [],
    } == seen


def test_a_grant_can_change_and_end(
    accounts: AccountStore, users: UserStore, account_id: AccountId
) -> None:
    """R2: listeners hear of each change, so that open connections follow."""
    viewer = users.create("viewer", PASSWORD, "viewer", NOW)
    told: list[UserId] = []
    accounts.on_grants_changed(told.append)
    seen = []
    for step in (
        lambda: accounts.grant(viewer.user_id, account_id, "read", NOW),
        lambda: accounts.grant(viewer.user_id, account_id, "trade", NOW),
        lambda: accounts.revoke(viewer.user_id, account_id),
    ):
        step()
        seen.append([each.permission for each in accounts.accounts_of(viewer.user_id)])
    assert ([["read"], ["trade"], []], [viewer.user_id] * 3) == (seen, told)


def test_an_unknown_permission_is_refused(
    accounts: AccountStore, trader: User, account_id: AccountId
) -> None:
    """The refusal lists the permissions."""
    with pytest.raises(InvalidValue, match="trade, read"):
        accounts.grant(trader.user_id, account_id, "write", NOW)  # type: ignore[arg-type]


def test_an_account_can_get_new_keys_and_its_number(
    accounts: AccountStore, account_id: AccountId
) -> None:
    """What was linked can be corrected; unknown accounts are named."""
    accounts.set_keys(account_id, BrokerKeys("NEW", "KEY"))
    accounts.set_number(account_id, "PA123")
    found = accounts.get(account_id)
    assert (BrokerKeys("NEW", "KEY"), "PA123", [found]) == (
        found.keys, found.account_number, accounts.linked(),
    )  # fmt: skip
    with pytest.raises(UnknownAccount):
        accounts.get(AccountId("none"))
