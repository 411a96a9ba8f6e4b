"""How long to wait before asking a broker again: exponential, full jitter, capped."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S = 1.0
CEILING_S = 30.0
NOBODY_LISTENS_CEILING_S = 4.0
"""A refused TCP connection costs the other side nothing, and it is what a restart looks like:
a short ceiling keeps recovery within 5 s of the server's return (R8)."""
_FLOOR_S = 0.05
_MAX_DOUBLINGS = 10


def delay_s(
    failures: int,
    *,
    ceiling_s: float = CEILING_S,
    uniform: Callable[[float, float], float] = random.uniform,
) -> float:
    """Return the seconds to wait after so many failures in a row.

    Args:
        failures: 1 after the first.
        ceiling_s: upper bound.
        uniform: the jitter, random.uniform unless a test says otherwise.

    Returns:
        A random time of up to 1 s after the first failure, 2 s after the second, …
    """
    doublings = min(max(failures, 1) - 1, _MAX_DOUBLINGS)
    bound = min(ceiling_s, FIRST_S * 2.0**doublings)
    return max(_FLOOR_S, uniform(0.0, bound))
