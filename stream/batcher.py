"""One account's changes become batches: two lanes, a window, a sequence (R5, R11).

Pure: time is passed in, nothing is sent. Not thread-safe; its account's lock guards it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from portfolio.changes import Change
from portfolio.ids import AccountId, UserId
from stream.batch import URGENT, Batch, Fragment, address, fragment_of, oldest

_PART_BETWEEN = 5
"""Two batches of conflated events are at least this part of a window apart."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """The latest change of a key, not encoded yet, and what it stands for."""

    change: Change
    count: int
    arrived_ns: int

    def fragment(self) -> Fragment:
        return replace(fragment_of(self.change), count=self.count, arrived_ns=self.arrived_ns)


class Batcher:
    """Holds back positions and account figures for a window, lets orders and trades through.

    A window starts with each batch. So the first event after a quiet window leaves at
    once, and an account sends one message per window plus one per urgent event. An event
    that has waited a window before it came here, as prices have that were conflated
    before they were parsed, doesn't wait another: it leaves once a fifth of a window has
    passed since the last batch. That batch moves the window, so the next such prices
    meet its end.

    Args:
        account_id: whose changes.
        owner: the account's owner.
        epoch: names this sequence; a new one after every start.
        window_ns: between two batches of conflated events.
    """

    def __init__(self, account_id: AccountId, owner: UserId, *, epoch: str, window_ns: int) -> None:
        self._account_id = account_id
        self._owner = owner
        self._window_ns = window_ns
        self._pending: dict[object, _Pending] = {}
        self._flushed_ns: int | None = None
        self._oldest_ns = 0
        self._urgent = False
        self.epoch = epoch
        self.seq = 0

    def offer(self, changes: Sequence[Change], now_ns: int) -> Batch | None:
        """Take changes in order; return the batch that has to leave at once, if one has."""
        for change in changes:
            self._add(change)
        due = self.due_ns()
        return self.flush(now_ns) if due is not None and due <= now_ns else None

    def due_ns(self) -> int | None:
        """Return when the next batch has to leave (the past: at once), None with nothing held."""
        if not self._pending:
            return None
        if self._urgent or self._flushed_ns is None:
            return 0
        due_ns = self._flushed_ns + self._window_ns
        if not self._oldest_ns:
            return due_ns
        soonest_ns = self._flushed_ns + self._window_ns // _PART_BETWEEN
        return max(soonest_ns, min(due_ns, self._oldest_ns + self._window_ns))

    def flush(self, now_ns: int) -> Batch | None:
        """Return all that is held as the next batch, None with nothing held."""
        if not self._pending:
            return None
        fragments = tuple(pending.fragment() for pending in self._pending.values())
        self._pending.clear()
        self._urgent = False
        self._oldest_ns = 0
        self._flushed_ns = now_ns
        self.seq += 1
        return Batch(
            self._account_id, self._owner, self.epoch, self.seq - 1, self.seq, fragments, now_ns
        )

    def _add(self, change: Change) -> None:
        channel, key, _ = address(change)
        urgent = channel in URGENT
        self._urgent = self._urgent or urgent
        slot: object = object() if urgent else (channel, key)
        held = self._pending.pop(slot, None)
        self._pending[slot] = _Pending(
            change,
            change.count + (held.count if held else 0),
            oldest((held.arrived_ns if held else 0, change.arrived_ns)),
        )
        self._oldest_ns = oldest((self._oldest_ns, change.arrived_ns))
