"""When to ask the broker's REST API next. Pure: the time is passed in, in seconds."""

from __future__ import annotations

PERIOD_S = 60.0
SOON_S = 1.0
ACCOUNT_DELAY_S = 0.3
"""A burst of fills asks for buying power once, this long after its first."""
PRICES_PERIOD_S = 5.0
"""How often symbols over the symbol budget are priced."""
RETRY_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


class Errand:
    """Something to fetch: due at a time, at most one under way."""

    def __init__(self, due_s: float | None = None) -> None:
        self._due_s = due_s
        self._under_way = False

    def want(self, due_s: float) -> None:
        """Ask for it at due_s, or earlier where it is due earlier."""
        self._due_s = due_s if self._due_s is None else min(self._due_s, due_s)

    def take(self, now_s: float) -> bool:
        """Say whether to start now; if so it counts as under way."""
        if self._under_way or self._due_s is None or now_s < self._due_s:
            return False
        self._under_way, self._due_s = True, None
        return True

    def done(self) -> None:
        """Note that it answered or failed."""
        self._under_way = False

    @property
    def starts_s(self) -> float | None:
        """Return when it can start, None when nothing is wanted or it is under way."""
        return None if self._under_way else self._due_s


class SyncPlan:
    """Due times of the full fetch, the account-only fetch and the REST prices.

    Args:
        now_s: monotonic seconds; the first full fetch is due at once.
    """

    def __init__(self, now_s: float) -> None:
        self.state = Errand(now_s)
        self.account = Errand()
        self.prices = Errand()
        self._failures = 0

    def state_done(self, now_s: float, *, again_soon: bool) -> None:
        """Note a full fetch that answered; the next is due in a period, or soon."""
        self._failures = 0
        self.state.done()
        self.state.want(now_s + (SOON_S if again_soon else PERIOD_S))

    def state_failed(self, now_s: float) -> None:
        """Note a full fetch that failed; the next waits longer each time."""
        self.state.done()
        self.state.want(now_s + RETRY_S[min(self._failures, len(RETRY_S) - 1)])
        self._failures += 1

    def wait_s(self, now_s: float) -> float | None:
        """Return seconds until something is due, None when nothing is."""
        starts = [each.starts_s for each in (self.state, self.account, self.prices)]
        dues = [each for each in starts if each is not None]
        return max(0.0, min(dues) - now_s) if dues else None
