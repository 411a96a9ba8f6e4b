"""When to ask the broker's REST API next. Pure: the time is passed in, in seconds."""

from __future__ import annotations

PERIOD_S = 60.0
SOON_S = 1.0
ACCOUNT_DELAY_S = 0.3
"""A burst of fills asks for buying power once, this long after its first."""
RETRY_S = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)


class SyncPlan:
    """Due times of the full fetch and of the account-only fetch.

    At most one fetch of each is under way.

    Args:
        now_s: monotonic seconds; the first full fetch is due at once.
    """

    def __init__(self, now_s: float) -> None:
        self._state_due: float | None = now_s
        self._account_due: float | None = None
        self._failures = 0
        self._fetching_state = False
        self._fetching_account = False

    def take_state(self, now_s: float) -> bool:
        """Say whether to start a full fetch now; if so it counts as under way."""
        if self._fetching_state or self._state_due is None or now_s < self._state_due:
            return False
        self._fetching_state, self._state_due = True, None
        return True

    def take_account(self, now_s: float) -> bool:
        """Say whether to start an account fetch now; if so it counts as under way."""
        if self._fetching_account or self._account_due is None or now_s < self._account_due:
            return False
        self._fetching_account, self._account_due = True, None
        return True

    def want_state(self, due_s: float) -> None:
        """Ask for a full fetch at due_s, or earlier where one is due earlier."""
        self._state_due = due_s if self._state_due is None else min(self._state_due, due_s)

    def want_account(self, now_s: float) -> None:
        """Ask for the account figures soon."""
        if self._account_due is None:
            self._account_due = now_s + ACCOUNT_DELAY_S

    def state_done(self, now_s: float, *, again_soon: bool) -> None:
        """Note a full fetch that answered; the next is due in a period, or soon."""
        self._fetching_state, self._failures = False, 0
        self.want_state(now_s + (SOON_S if again_soon else PERIOD_S))

    def account_done(self) -> None:
        """Note an account fetch that answered or failed."""
        self._fetching_account = False

    def state_failed(self, now_s: float) -> None:
        """Note a full fetch that failed; the next waits longer each time."""
        self._fetching_state = False
        self.want_state(now_s + RETRY_S[min(self._failures, len(RETRY_S) - 1)])
        self._failures += 1

    def wait_s(self, now_s: float) -> float | None:
        """Return seconds until something is due, None when nothing is."""
        dues = [
            due
            for due, under_way in (
                (self._state_due, self._fetching_state),
                (self._account_due, self._fetching_account),
            )
            if due is not None and not under_way
        ]
        return max(0.0, min(dues) - now_s) if dues else None
