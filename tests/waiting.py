"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")
_POLL_S = 0.01


def wait_for(condition: Callable[[], T], timeout_s: float = 20.0) -> T:
    """Return the condition's first true value; fail when there is none within timeout_s."""
    deadline = time.monotonic() + timeout_s
    pause = Event()
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain"
        pause.wait(_POLL_S)
