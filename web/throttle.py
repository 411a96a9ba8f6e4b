"""Slowing down whoever guesses passwords, without locking the owner out.

Failures are counted per user name and address, and per address. A refused try
is not counted, so a lock lasts at most one window; a right password clears
the name's count. In one process: several web processes would each count.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from portfolio.errors import AlphaFlowError

WINDOW_S = 60.0
PER_ADDRESS = 10
"""An address may fail so many times more often than one name: people share addresses."""
_KEYS_KEPT = 20_000
_STRIPES = 64


class TooManyTries(AlphaFlowError):
    """Logins failed too often.

    Args:
        retry_after_s: when the next try is listened to, in seconds, at least 1.
    """

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(retry_after_s)
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return f"Too many failed logins; try again in {self.retry_after_s} s"


class LoginThrottle:
    """Counts failed logins. Thread-safe.

    Args:
        attempts: failures allowed per name and address within WINDOW_S.
        monotonic: returns seconds.
    """

    def __init__(self, attempts: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._monotonic = monotonic
        self._failures: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()
        self._lock = Lock()
        self._stripes = tuple(Lock() for _ in range(_STRIPES))

    @contextmanager
    def attempt(self, username: str, address: str) -> Iterator[Callable[[], None]]:
        """Enclose one try; call what is yielded when the password was right.

        Tries for one name from one address run one after the other, so that a
        burst of them can't all pass before the first has failed.

        Raises:
            TooManyTries: before anything was tried.
        """
        name = (username.strip().lower()[:80], address)
        with self._stripes[hash(name) % _STRIPES]:
            self._refuse_if_full(name, self._attempts)
            self._refuse_if_full((address,), self._attempts * PER_ADDRESS)
            right: list[bool] = []
            yield lambda: right.append(True)
            self._count(name, (address,), right=bool(right))

    def _refuse_if_full(self, key: tuple[str, ...], most: int) -> None:
        with self._lock:
            failures = self._recent(key)
            if failures is not None and len(failures) >= most:
                wait_s = WINDOW_S - (self._monotonic() - failures[0])
                raise TooManyTries(max(1, int(wait_s + 0.999)))

    def _count(self, name: tuple[str, ...], address: tuple[str, ...], *, right: bool) -> None:
        with self._lock:
            if right:
                self._failures.pop(name, None)
                return
            for key in (name, address):
                self._failures.setdefault(key, deque()).append(self._monotonic())
                self._failures.move_to_end(key)
            while len(self._failures) > _KEYS_KEPT:
                self._failures.popitem(last=False)

    def _recent(self, key: tuple[str, ...]) -> deque[float] | None:
        failures = self._failures.get(key)
        if failures is None:
            return None
        oldest = self._monotonic() - WINDOW_S
        while failures and failures[0] <= oldest:
            failures.popleft()
        if not failures:
            del self._failures[key]
        return failures
