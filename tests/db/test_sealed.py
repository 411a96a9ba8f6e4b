"""Broker keys at rest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from db.accounts import AccountStore
from db.engine import Database
from db.sealed import BrokerKeys, SealBroken, Sealer
from db.users import User
from portfolio.errors import InvalidValue
from portfolio.ids import AccountId
from tests.db.conftest import NOW

OLD, NEW = b"the key of last year", b"the key of this year"
MINE, OTHER = AccountId("mine"), AccountId("other")
KEYS = BrokerKeys("PKXYZ", "s3cret/with+signs")


@given(st.text(), st.text())
def test_keys_come_back_as_they_were(key_id: str, secret: str) -> None:
    """Sealing and opening is the identity for any text that UTF-8 can carry."""
    sealer = Sealer(NEW)
    keys = BrokerKeys(key_id, secret)
    assert keys == sealer.open(MINE, sealer.seal(MINE, keys))


def test_the_same_keys_look_different_each_time() -> None:
    """Two seals of the same keys share no ciphertext, and neither contains the secret."""
    first, second = Sealer(NEW).seal(MINE, KEYS), Sealer(NEW).seal(MINE, KEYS)
    assert first != second
    assert KEYS.secret_key.encode() not in first


def test_a_seal_opens_for_its_own_account_only() -> None:
    """A sealed value copied to another account's row does not open."""
    sealer = Sealer(NEW)
    with pytest.raises(SealBroken, match="account other"):
        sealer.open(OTHER, sealer.seal(MINE, KEYS))


@given(st.data())
def test_an_altered_seal_does_not_open(data: st.DataObject) -> None:
    """One flipped bit anywhere, or a missing end, is noticed."""
    sealer = Sealer(NEW)
    sealed = bytearray(sealer.seal(MINE, KEYS))
    index = data.draw(st.integers(0, len(sealed) - 1))
    if data.draw(st.booleans()):
        sealed[index] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del sealed[index:]
    with pytest.raises(SealBroken):
        sealer.open(MINE, bytes(sealed))


def test_another_key_does_not_open_it() -> None:
    """A wrong CREDENTIALS_KEY says so instead of giving garbage."""
    with pytest.raises(SealBroken, match="CREDENTIALS_KEY"):
        Sealer(NEW).open(MINE, Sealer(OLD).seal(MINE, KEYS))


def test_a_short_key_is_refused() -> None:
    """CREDENTIALS_KEY: at least 16 bytes, and the refusal doesn't show it."""
    with pytest.raises(InvalidValue, match="at least 16 bytes") as refusal:
        Sealer(b"short")
    assert "short" not in str(refusal.value)


def test_keys_never_show() -> None:
    """Neither half of the keys is in their repr."""
    assert "BrokerKeys()" == repr(KEYS)


def test_rotation_seals_every_account_with_the_new_key(database: Database, trader: User) -> None:
    """O9: after rotate() the old key is no longer needed; a second run changes nothing."""
    before = AccountStore(database, Sealer(OLD))
    account_id = before.link(trader.user_id, "Main", KEYS, "paper", NOW)
    both = AccountStore(database, Sealer(NEW, earlier=[OLD]))
    assert (1, 0) == (both.rotate(), both.rotate())
    assert KEYS == AccountStore(database, Sealer(NEW)).get(account_id).keys


def test_the_database_holds_no_key_in_the_clear(
    database: Database, accounts: AccountStore, trader: User
) -> None:
    """What is stored contains neither the key id nor the secret."""
    accounts.link(trader.user_id, "Main", KEYS, "live", NOW)
    with database.read() as session:
        stored = bytes(session.execute(text("SELECT sealed_keys FROM accounts")).scalar_one())
    assert (False, False) == (b"PKXYZ" in stored, b"s3cret" in stored)
