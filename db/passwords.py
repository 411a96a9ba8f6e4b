"""Password hashes: Argon2id, and the same work for a name nobody has."""

from __future__ import annotations

from dataclasses import dataclass
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

LONGEST = 256
"""Longer passwords are refused unread, so that nobody can make the server hash megabytes."""
_AT_ONCE = 2
"""Hashes under way at once: each takes 64 MiB, and a flood of logins must not take them all."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Outcome of a password check.

    Attributes:
        right: whether the password is the user's.
        new_hash: replaces the stored one where its costs are outdated, else None.
    """

    right: bool
    new_hash: str | None = None


class Passwords:
    """Hashes and checks passwords.

    Args:
        hasher: Argon2id with the costs wanted; default RFC 9106's low-memory profile.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        with self._turn:
            return self._hasher.hash(password)

    def check(self, stored_hash: str | None, password: str) -> Checked:
        """Compare a password with a stored hash.

        Args:
            stored_hash: None where there is no such user; takes as long as a wrong password.
            password: as typed.
        """
        if len(password) > LONGEST:
            return Checked(right=False)
        with self._turn:
            right = self._matches(stored_hash or self._nobody, password) and stored_hash is not None
            if not right or stored_hash is None:
                return Checked(right=False)
            outdated = self._hasher.check_needs_rehash(stored_hash)
            return Checked(right=True, new_hash=self._hasher.hash(password) if outdated else None)

    def _matches(self, stored_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False
