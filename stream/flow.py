"""What one connection may be sent now: one message in flight, the rest merged.

Pure: time is passed in, nothing is sent. Not thread-safe; its connection's lock guards it.

A client that acks has at most one unacknowledged message in flight, because a Dash page
loses the first of two frames that arrive in one burst. A client that doesn't ack gets
the next message once the socket has taken the one before. In both cases what comes
meanwhile is merged per account, never queued (R12). Messages about the connection
itself (control messages) come first; one that holds no seq can be acked too, else the
next message follows after a short hold.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from portfolio.ids import AccountId, UserId
from portfolio.values import BookSnapshot
from stream.batch import Batch, merge
from stream.wire import Json

MOST_CONTROLS = 64
"""Control messages that may wait; a client that provokes more does not read."""


@dataclass(frozen=True, slots=True)
class Control:
    """A message outside every account's sequence."""

    kind: str
    data: Json
    account_id: AccountId | None = None
    user_id: UserId | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An account whole, holding everything up to ``seq`` at least."""

    account_id: AccountId
    owner: UserId
    epoch: str
    seq: int
    book: BookSnapshot
    recovered: bool


@dataclass(frozen=True, slots=True)
class Update:
    """A batch as this connection gets it: it covers what came after ``prev_seq``."""

    batch: Batch
    prev_seq: int


Outgoing = Control | Snapshot | Update


@dataclass(frozen=True, slots=True)
class InFlight:
    """A message that was sent and not yet acked."""

    account_id: AccountId
    epoch: str
    seq: int
    arrived_ns: int
    flushed_ns: int
    sent_ns: int


@dataclass(slots=True)
class _Lane:
    """One account on one connection; ``sent`` is None until its snapshot has left."""

    sent: int | None = None
    snapshot: Snapshot | None = None
    pending: Batch | None = None

    @property
    def ready(self) -> bool:
        return self.snapshot is not None or (self.sent is not None and self.pending is not None)


class Flow:
    """Decides what is sent next on one connection.

    Args:
        hold_ns: pause after a control message to a client that acks.
    """

    def __init__(self, *, hold_ns: int) -> None:
        self._hold_ns = hold_ns
        self._held_until: int | None = None
        self._controls: deque[Control] = deque()
        self._lanes: dict[AccountId, _Lane] = {}
        self.rushing = False
        self.acking = False
        self.in_flight: InFlight | None = None

    @property
    def accounts(self) -> frozenset[AccountId]:
        """Return the accounts that this connection receives."""
        return frozenset(self._lanes)

    @property
    def pending_bytes(self) -> int:
        """Return the bytes of merged events that wait."""
        return sum(lane.pending.size for lane in self._lanes.values() if lane.pending)

    @property
    def idle(self) -> bool:
        """Say whether everything was sent, and acked where the client acks."""
        return not (
            self.in_flight or self._controls or any(lane.ready for lane in self._lanes.values())
        )

    @property
    def flooded(self) -> bool:
        """Say whether more control messages wait than a reading client lets pile up."""
        return len(self._controls) > MOST_CONTROLS

    @property
    def held_until(self) -> int | None:
        """Return when the hold after a control message ends, None without one."""
        return self._held_until

    def expect_acks(self, *, acking: bool) -> None:
        """Set whether the client acks from now on."""
        self.acking = acking
        if not acking:
            self.in_flight = self._held_until = None

    def join(self, account_id: AccountId) -> object:
        """Begin account_id anew; nothing is sent for it before ``begin`` or ``resume``.

        Returns:
            A ticket for ``begin``, void once the account is joined anew or left.
        """
        lane = self._lanes[account_id] = _Lane()
        return lane

    def begin(self, ticket: object, snapshot: Snapshot) -> None:
        """Send snapshot first, then what was pushed since ``join``."""
        lane = self._lanes.get(snapshot.account_id)
        if lane is ticket and lane is not None:
            lane.snapshot = snapshot

    def resume(self, account_id: AccountId, seq: int, missed: Batch | None) -> None:
        """Go on after seq, the last message that the client applied, with what it missed."""
        self._lanes[account_id] = _Lane(sent=seq, pending=missed)

    def leave(self, account_id: AccountId) -> None:
        """Send nothing more of account_id."""
        self._lanes.pop(account_id, None)

    def push(self, batch: Batch) -> bool:
        """Take a batch, already narrowed to what the client wants; say whether it waits for it."""
        lane = self._lanes.get(batch.account_id)
        if lane is None:
            return False
        lane.pending = batch if lane.pending is None else merge(lane.pending, batch)
        return True

    def control(self, message: Control) -> None:
        """Take a control message; of several pongs one is enough."""
        if message.kind == "pong" and any(held.kind == "pong" for held in self._controls):
            return
        self._controls.append(message)

    def rush(self) -> None:
        """Send everything that is left without waiting for acks: the connection is closing."""
        self.rushing = True

    def ack(self, account_id: AccountId | None, epoch: str | None, seq: int | None) -> (
        InFlight | None
    ):  # fmt: skip
        """Take an ack; return the message that it was for, None for a control message or none."""
        if seq is None:
            self._held_until = None
            return None
        sent = self.in_flight
        if sent is None or (sent.account_id, sent.epoch, sent.seq) != (account_id, epoch, seq):
            return None
        self.in_flight = None
        return sent

    def next(self, now_ns: int) -> Outgoing | None:
        """Return what is to be sent now, None when nothing is or the client isn't ready.

        The caller asks only while the socket takes data.
        """
        if not self.rushing and self._must_wait(now_ns):
            return None
        if self._controls:
            self._held_until = now_ns + self._hold_ns if self.acking else None
            return self._controls.popleft()
        for account_id, lane in self._lanes.items():
            if lane.ready:
                # to the end of the line, so that one busy account can't starve the others
                self._lanes[account_id] = self._lanes.pop(account_id)
                return self._take(lane, now_ns)
        return None

    def _must_wait(self, now_ns: int) -> bool:
        if self._held_until is not None and now_ns >= self._held_until:
            self._held_until = None
        return self.in_flight is not None or self._held_until is not None

    def _take(self, lane: _Lane, now_ns: int) -> Outgoing:
        if lane.snapshot is not None:
            snapshot, lane.snapshot = lane.snapshot, None
            lane.sent = snapshot.seq
            self._fly(snapshot.account_id, snapshot.epoch, snapshot.seq, 0, 0, now_ns)
            return snapshot
        if lane.pending is None or lane.sent is None:
            raise AssertionError("a lane that is not ready was taken")
        update = Update(lane.pending, lane.sent)
        batch = lane.pending
        lane.pending, lane.sent = None, batch.seq
        self._fly(
            batch.account_id, batch.epoch, batch.seq, batch.arrived_ns, batch.flushed_ns, now_ns
        )
        return update

    def _fly(
        self, account_id: AccountId, epoch: str, seq: int, arrived: int, flushed: int, sent: int
    ) -> None:
        if self.acking and not self.rushing:
            self.in_flight = InFlight(account_id, epoch, seq, arrived, flushed, sent)
