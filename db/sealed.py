"""Broker keys encrypted at rest: AES-256-GCM, bound to their account, rotatable.

Layout of a sealed value: ``v1`` ‖ key id (4 bytes) ‖ nonce (12 bytes) ‖
ciphertext with tag. The account id is the associated data, so a value copied
to another account's row does not open. Source: OWASP ASVS 5.0, 11.3.2–11.3.4.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from portfolio.errors import AlphaFlowError, InvalidValue
from portfolio.ids import AccountId

_VERSION = b"v1"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_SHORTEST_KEY_BYTES = 16


class SealBroken(AlphaFlowError):
    """Sealed keys that don't open: another CREDENTIALS_KEY, or altered bytes.

    Args:
        account_id: whose keys.
    """

    def __init__(self, account_id: AccountId) -> None:
        super().__init__(account_id)
        self.account_id = account_id

    def __str__(self) -> str:
        return (
            f"the broker keys of account {self.account_id} can't be opened: they were sealed with "
            "another CREDENTIALS_KEY, or altered; enter the keys again or restore the setting"
        )


@dataclass(frozen=True, slots=True)
class BrokerKeys:
    """A broker's key id and secret; neither shows in ``repr``."""

    key_id: str = field(repr=False)
    secret_key: str = field(repr=False)


class Sealer:
    """Seals and opens broker keys.

    Args:
        current: the CREDENTIALS_KEY in force, at least 16 bytes; any text will do.
        earlier: keys that may still be met in the database, while rotating.

    Raises:
        InvalidValue: a key is too short.
    """

    def __init__(self, current: bytes, earlier: Sequence[bytes] = ()) -> None:
        self._current = _key_id(current)
        self._ciphers = {_key_id(secret): _cipher(secret) for secret in (*earlier, current)}

    def seal(self, account_id: AccountId, keys: BrokerKeys) -> bytes:
        """Return keys encrypted for the row of account_id."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = json.dumps([keys.key_id, keys.secret_key]).encode()
        sealed = self._ciphers[self._current].encrypt(nonce, plain, account_id.encode())
        return _VERSION + self._current + nonce + sealed

    def open(self, account_id: AccountId, sealed: bytes) -> BrokerKeys:
        """Return the keys in sealed.

        Raises:
            SealBroken: sealed for another account, with an unknown key, or altered.
        """
        start = len(_VERSION) + _KEY_ID_BYTES
        cipher = self._ciphers.get(sealed[len(_VERSION) : start])
        nonce, body = sealed[start : start + _NONCE_BYTES], sealed[start + _NONCE_BYTES :]
        if cipher is None or not sealed.startswith(_VERSION) or len(nonce) < _NONCE_BYTES:
            raise SealBroken(account_id)
        try:
            key_id, secret_key = json.loads(cipher.decrypt(nonce, body, account_id.encode()))
        except InvalidTag:
            raise SealBroken(account_id) from None
        return BrokerKeys(key_id, secret_key)

    def is_current(self, sealed: bytes) -> bool:
        """Say whether sealed was made with the key in force; if not, seal it anew."""
        return sealed.startswith(_VERSION + self._current)


def _cipher(secret: bytes) -> AESGCM:
    if len(secret) < _SHORTEST_KEY_BYTES:
        raise InvalidValue("CREDENTIALS_KEY", "…", f"at least {_SHORTEST_KEY_BYTES} bytes")
    derived = HKDF(SHA256(), 32, salt=None, info=b"alphaflow broker keys v1").derive(secret)
    return AESGCM(derived)


def _key_id(secret: bytes) -> bytes:
    """Return a short name of a key that tells nothing of it."""
    return hashlib.sha256(b"alphaflow key id" + secret).digest()[:_KEY_ID_BYTES]
