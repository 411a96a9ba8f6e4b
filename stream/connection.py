"""One open connection: its flow, its way out, its pulse."""

from __future__ import annotations

import random
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from portfolio.ids import AccountId
from stream import frames, messages
from stream.batch import Batch, select
from stream.clock import Clock
from stream.codes import GOING_AWAY, POLICY_VIOLATION, SILENT_PEER, SLOW_CONSUMER, sendable
from stream.filter import Subscription
from stream.flow import Control, Flow, Snapshot, Update
from stream.heartbeat import Heartbeat
from stream.limits import StreamLimits, seconds_ns
from stream.messages import SharedFrame
from stream.outbox import Outbox
from stream.protocol import Ack, BadClientMessage, Subscribe, Unsubscribe
from stream.rates import MessageRate
from stream.schedule import Schedule
from stream.stats import OpenConnection, StreamStats
from stream.viewer import StreamViewer, granted

_TIMELINE = 50


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every connection of a process shares."""

    limits: StreamLimits
    clock: Clock
    stats: StreamStats
    housekeeping: Schedule


class Connection:
    """Sends what its viewer asked for and may see. Thread-safe.

    Args:
        viewer: whose it is; replaced when grants change.
        outbox: its way out.
        shared: what all connections share.
        remote: the peer's address, for the admin page.
        spread: see Heartbeat.
    """

    def __init__(
        self,
        viewer: StreamViewer,
        outbox: Outbox,
        shared: Surroundings,
        *,
        remote: str = "",
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.connection_id = secrets.token_hex(8)
        self.viewer = viewer
        self.remote = remote
        self.opened_ns = shared.clock.monotonic_ns()
        self.opened_at: datetime = shared.clock.now()
        self.closed_with: tuple[int, str] | None = None
        self.subscription = Subscription()
        self.resumed = False
        self.events = 0
        self.messages = 0
        self.latency_ms: float | None = None
        self.timeline: deque[tuple[datetime, str]] = deque(maxlen=_TIMELINE)
        self._outbox = outbox
        self._shared = shared
        self._limits = shared.limits
        self._lock = threading.RLock()
        self._flow = Flow(hold_ns=shared.limits.control_hold_ns)
        self._heartbeat = Heartbeat(
            interval_ns=seconds_ns(shared.limits.heartbeat_interval_s),
            timeout_ns=seconds_ns(shared.limits.heartbeat_timeout_s),
            now_ns=self.opened_ns,
            spread=spread(),
        )
        self._rate = MessageRate(shared.limits.messages_per_second)
        self._hold_set: int | None = None
        self._write_watched = False
        self._over = False
        self._note("connected")

    def deliver(self, batch: Batch, shared: SharedFrame) -> None:
        """Take the next batch of an account that this connection joined."""
        with self._lock:
            if self.closed_with:
                return
            wanted = (
                batch if self.subscription.everything else select(batch, self.subscription.wants)
            )
            if wanted is None or not self._flow.push(wanted):
                return
            self._offered(wanted)
            self._pump(shared)

    def tell(self, message: Control) -> None:
        """Take a message outside every account's sequence."""
        with self._lock:
            if not self.closed_with:
                self._flow.control(message)
                self._pump()

    def subscribe(self, wish: Subscribe) -> Subscription:
        """Note a wish whose accounts are granted; return what holds now."""
        with self._lock:
            self.subscription = self.subscription.subscribed(wish)
            if wish.ack is not None:
                self._flow.expect_acks(acking=wish.ack)
            self._note(f"subscribed to {', '.join(sorted(self.subscription.channels))}")
            return self.subscription

    def unsubscribe(self, wish: Unsubscribe) -> Subscription:
        """Note what is given up; return what is left."""
        with self._lock:
            self.subscription = self.subscription.unsubscribed(wish, self._flow.accounts)
            self._note("unsubscribed")
            return self.subscription

    def join(self, account_id: AccountId) -> object:
        """Begin account_id with a snapshot to come; return the ticket for ``begin``."""
        with self._lock:
            if not granted(self.viewer, account_id):
                return None  # taken away since it was asked for
            return self._flow.join(account_id)

    def begin(self, ticket: object, snapshot: Snapshot) -> None:
        """Send the snapshot that the ticket's ``join`` waits for."""
        with self._lock:
            self._flow.begin(ticket, snapshot)
            self._pump()

    def resume(self, account_id: AccountId, seq: int, missed: Batch | None) -> None:
        """Go on after seq with what was missed since."""
        with self._lock:
            if not granted(self.viewer, account_id):
                return
            wanted = None if missed is None else select(missed, self.subscription.wants)
            self._flow.resume(account_id, seq, wanted)
            if wanted is not None:
                self._offered(wanted)

    def leave(self, account_id: AccountId) -> None:
        """Send nothing more of account_id."""
        with self._lock:
            self._flow.leave(account_id)

    def regrant(self, accounts: frozenset[AccountId]) -> None:
        """Replace what the viewer may see; what is taken away is sent no more."""
        with self._lock:
            self.viewer = replace(self.viewer, accounts=accounts)
            for account_id in self._flow.accounts:
                if not granted(self.viewer, account_id):
                    self._flow.leave(account_id)

    @property
    def accounts(self) -> frozenset[AccountId]:
        """Return the accounts that this connection receives."""
        with self._lock:
            return self._flow.accounts

    @property
    def acking(self) -> bool:
        """Say whether the client acks."""
        return self._flow.acking

    @property
    def idle(self) -> bool:
        """Say whether everything has left, and was acked where the client acks."""
        with self._lock:
            return bool(self.closed_with) or (self._flow.idle and self._outbox.clear)

    @property
    def backlog_bytes(self) -> int:
        """Return the bytes that wait, in merged events and for the socket."""
        with self._lock:
            return self._flow.pending_bytes + self._outbox.backlog_bytes

    def figures(self) -> OpenConnection:
        """Return what the statistics need."""
        return OpenConnection(self.viewer.user_id, self.opened_ns)

    def heard(self) -> None:
        """Note that bytes came from the peer."""
        self._heartbeat.heard(self._now_ns())

    def admit_message(self) -> bool:
        """Count a client message; say whether it is within the rate, closing where not."""
        if self._rate.admit(self._now_ns()):
            return True
        told = f"at most {self._limits.messages_per_second} messages per second"
        problem = BadClientMessage("rate_limited", "Too many messages", allowed=told)
        self.refuse(problem, POLICY_VIOLATION)
        return False

    def ack(self, message: Ack) -> bool:
        """Take an ack; say whether it was due (such a one doesn't count against the rate)."""
        with self._lock:
            held = self._flow.held_until is not None
            sent = self._flow.ack(message.account_id, message.epoch, message.seq)
            if sent is not None:
                now_ns = self._now_ns()
                self._shared.stats.acked(sent, now_ns, message.paint_ms)
                if sent.arrived_ns:
                    self.latency_ms = round((now_ns - sent.arrived_ns) / 1e6, 1)
            self._pump()
            return sent is not None or (message.seq is None and held)

    def pong(self, payload: bytes) -> None:
        """Answer a protocol ping."""
        self._write(frames.pong(payload))

    def refuse(self, problem: BadClientMessage, code: int) -> None:
        """Say what was wrong, at once, and close."""
        self.close(code, problem.message, told=Control("error", problem.data()))

    def close(self, code: int, reason: str, *, told: Control | None = None) -> None:
        """Close once; the first reason stands.

        Args:
            code: WebSocket close code.
            reason: for people, at most 123 bytes.
            told: sent just before.
        """
        with self._lock:
            if self.closed_with:
                return
            if told is not None:
                self._write(self._control_frame(told))
            if not self.closed_with:
                self._last(code, reason)

    def go_away(self, reason: str) -> None:
        """Send all that is left without waiting for acks, and close with 1001."""
        with self._lock:
            if not self.closed_with:
                self._flow.rush()
                self._pump()
            if not self.closed_with:
                self._last(GOING_AWAY, reason)

    def abort(self) -> None:
        """End it now, whatever waits."""
        self._outbox.abort()

    def over(self, code: int, reason: str) -> None:
        """Note that the peer is gone and free everything."""
        with self._lock:
            self.closed_with = self.closed_with or (code, reason)
            self._over = True
            self._note(f"closed with {self.closed_with[0]} {self.closed_with[1]}".rstrip())
        self._outbox.shutdown()

    def echo_close(self, code: int, reason: str) -> None:
        """Answer the peer's close, if it is not an answer itself."""
        with self._lock:
            if not self.closed_with:
                self.closed_with = (code, reason or "closed by the client")
                self._outbox.write_last(frames.close(code if sendable(code) else 1000))

    def start_beating(self) -> None:
        """Begin to ping the peer and to watch it."""
        self._shared.housekeeping.at(self._heartbeat.next_ns(), self._beat)

    def pump(self) -> None:
        """Send on, now that the socket takes data again or a hold is over."""
        with self._lock:
            self._pump()

    def _beat(self) -> None:
        now_ns = self._now_ns()
        with self._lock:
            if self._over or self.closed_with:
                return
            self._check_session()
            self._check_ack(now_ns)
            due = self._heartbeat.beat(now_ns)
            if due == "dead":
                self._last(SILENT_PEER, "no answer to pings")
            elif due == "ping" and self._outbox.clear:
                # behind a backlog a ping would only add to it
                self._write(frames.ping())
        self._shared.housekeeping.at(self._next_beat_ns(now_ns), self._beat)

    def _next_beat_ns(self, now_ns: int) -> int:
        due = self._heartbeat.next_ns()
        sent = self._flow.in_flight
        if sent is not None:
            due = min(due, sent.sent_ns + seconds_ns(self._limits.ack_timeout_s))
        return max(due, now_ns + 1_000_000)

    def _check_session(self) -> None:
        ends = self.viewer.expires_at
        if ends is not None and ends <= self._shared.clock.now():
            self.close(POLICY_VIOLATION, "session expired")

    def _check_ack(self, now_ns: int) -> None:
        sent = self._flow.in_flight
        if sent and now_ns - sent.sent_ns >= seconds_ns(self._limits.ack_timeout_s):
            self._too_slow("a message was not acknowledged in time")

    def _check_write(self) -> None:
        with self._lock:
            self._write_watched = False
            since = self._outbox.waiting_since_ns
            if since is None or self._over or self.closed_with:
                return
            if self._now_ns() - since >= seconds_ns(self._limits.write_timeout_s):
                self._too_slow("a message was not read in time")
            else:
                self._watch_write()

    def _pump(self, shared: SharedFrame | None = None) -> None:
        now_ns = self._now_ns()
        while not self.closed_with and (self._outbox.clear or self._flow.rushing):
            message = self._flow.next(now_ns)
            if message is None:
                break
            self._write(self._frame(message, shared))
        if not self.closed_with:
            self._set_hold()
            if self._flow.flooded or self._flow.pending_bytes > self._limits.send_cap_bytes:
                self._too_slow("too much waits to be read")

    def _frame(self, message: Control | Snapshot | Update, shared: SharedFrame | None) -> bytes:
        match message:
            case Control():
                return self._control_frame(message)
            case Snapshot():
                self._shared.stats.count("snapshots")
                book = self.subscription.narrow(message.book)
                return messages.snapshot_frame(message, book, self._shared.clock.now())
            case Update():
                self.messages += 1
                self._shared.stats.delivered()
                if shared is not None and shared.is_for(message):
                    return shared.frame
                return messages.update_frame(message, self._shared.clock.now())

    def _control_frame(self, message: Control) -> bytes:
        return messages.control_frame(message, self.viewer.user_id, self._shared.clock.now())

    def _write(self, frame: bytes) -> None:
        with self._lock:
            if not self._outbox.write(frame):
                self._too_slow("too much waits to be read")
            elif not self._outbox.clear:
                self._watch_write()

    def _too_slow(self, reason: str) -> None:
        if self.closed_with:
            return
        self._shared.stats.count("slow")
        self._last(SLOW_CONSUMER, f"slow consumer: {reason}", drop_waiting=True)

    def _last(self, code: int, reason: str, *, drop_waiting: bool = False) -> None:
        self.closed_with = (code, reason)
        self._outbox.write_last(frames.close(code, reason), drop_waiting=drop_waiting)
        self._shared.housekeeping.after(self._limits.close_timeout_s, self.abort)

    def _watch_write(self) -> None:
        since = self._outbox.waiting_since_ns
        if since is not None and not self._write_watched:
            self._write_watched = True
            due = since + seconds_ns(self._limits.write_timeout_s)
            self._shared.housekeeping.at(due, self._check_write)

    def _set_hold(self) -> None:
        until = self._flow.held_until
        if until is not None and until != self._hold_set:
            self._hold_set = until
            self._shared.housekeeping.at(until, self.pump)

    def _offered(self, batch: Batch) -> None:
        self.events += batch.events
        self._shared.stats.offered(batch.events)

    def _now_ns(self) -> int:
        return self._shared.clock.monotonic_ns()

    def _note(self, what: str) -> None:
        self.timeline.append((self._shared.clock.now(), what))
