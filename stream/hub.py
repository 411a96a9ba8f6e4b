"""Accounts on one side, connections on the other: who gets what, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import structlog

from portfolio.changes import Change
from portfolio.errors import UnknownAccount
from portfolio.ids import AccountId, UserId
from portfolio.values import BookSnapshot
from stream import logs
from stream.account import AccountStream
from stream.batch import Batch
from stream.connection import Connection, Surroundings
from stream.filter import Subscription
from stream.flow import Control, Snapshot
from stream.messages import SharedFrame
from stream.protocol import BadClientMessage, Resume, Subscribe, Unsubscribe
from stream.registry import Registry
from stream.schedule import Schedule
from stream.viewer import granted
from stream.wire import Json, time_text

_log = structlog.get_logger("stream")


class Hub:
    """Flushes accounts to connections and answers what clients ask for. Thread-safe.

    Locks are taken in one order: an account's, then a connection's. A book snapshot is
    made with neither held, because the book offers its changes with its own lock held.

    Args:
        shared: limits, clock, statistics.
        flusher: calls when a window ends.
        snapshot_of: the account whole.
    """

    def __init__(
        self,
        shared: Surroundings,
        flusher: Schedule,
        snapshot_of: Callable[[AccountId], BookSnapshot],
    ) -> None:
        self._shared = shared
        self._flusher = flusher
        self._snapshot_of = snapshot_of
        self._accounts: dict[AccountId, AccountStream] = {}
        self.registry = Registry(shared.limits)

    # --- accounts ------------------------------------------------------------------------

    def open_account(self, account_id: AccountId, owner: UserId) -> None:
        """Make account_id known; who asked for all accounts gets it from now on."""
        if account_id in self._accounts:
            return
        account = AccountStream(account_id, owner, self._shared.limits)
        # replaced, not changed: other threads walk through it without a lock
        self._accounts = {**self._accounts, account_id: account}
        for connection in self.registry.open():
            self._settle(connection, {})

    def offer(self, changes: Sequence[Change]) -> None:
        """Take changes of any accounts, in order."""
        by_account: dict[AccountId, list[Change]] = {}
        for change in changes:
            by_account.setdefault(change.account_id, []).append(change)
        for account_id, own in by_account.items():
            account = self._account(account_id)
            with account.lock:
                now_ns = self._shared.clock.monotonic_ns()
                self._publish(account, account.batcher.offer(own, now_ns))
                self._plan_flush(account)

    def flush_all(self) -> None:
        """Send whatever any account holds back."""
        for account in list(self._accounts.values()):
            with account.lock:
                now_ns = self._shared.clock.monotonic_ns()
                self._publish(account, account.batcher.flush(now_ns))

    def announce(self, account_id: AccountId, kind: str, data: Json) -> None:
        """Tell an account's viewers that a hop is silent or speaks again; later comers too."""
        account = self._account(account_id)
        notice = Control(kind, data, account_id, account.owner)
        with account.lock:
            if kind == "stale":
                account.silent[str(data["hop"])] = notice
            else:
                account.silent.pop(str(data["hop"]), None)
            for connection in self.registry.audience(account_id):
                connection.tell(notice)

    # --- connections -----------------------------------------------------------------------

    def subscribe(self, connection: Connection, wish: Subscribe) -> None:
        """Do what a client asked for.

        Raises:
            BadClientMessage: an account that isn't granted; then nothing changed.
        """
        self._check_granted(connection, (*(wish.accounts or ()), *(wish.resume or ())))
        subscription = connection.subscribe(wish)
        if wish.resume and not connection.resumed:
            connection.resumed = True
            self._shared.stats.count("reconnects")
        logs.subscribed(sorted(subscription.channels))
        self._confirm(connection, "subscribed", subscription)
        for account_id in connection.accounts:
            self._part(connection, account_id)
        self._settle(connection, wish.resume or {})

    def unsubscribe(self, connection: Connection, wish: Unsubscribe) -> None:
        """Stop sending what a client gives up."""
        subscription = connection.unsubscribe(wish)
        for account_id in connection.accounts:
            if not subscription.wants_account(account_id):
                self._part(connection, account_id)
        self._confirm(connection, "unsubscribed", subscription)

    def set_accounts(self, user_id: UserId, accounts: frozenset[AccountId]) -> None:
        """Let a user's connections see these accounts and no others."""
        for connection in self.registry.of_user(user_id):
            connection.regrant(accounts)
            self._settle(connection, {})

    def _check_granted(self, connection: Connection, accounts: Iterable[AccountId]) -> None:
        for account_id in accounts:
            if not granted(connection.viewer, account_id):
                raise BadClientMessage(
                    "forbidden_account", "No access to this account",
                    got=account_id, allowed=sorted(connection.viewer.accounts),
                )  # fmt: skip

    def _confirm(self, connection: Connection, kind: str, subscription: Subscription) -> None:
        limits = self._shared.limits
        data: Json = {
            "channels": sorted(subscription.channels),
            "symbols": _listed(subscription.symbols),
            "accounts": [a for a in self._visible(connection) if subscription.wants_account(a)],
            "heartbeatMs": int(limits.heartbeat_interval_s * 1000),
            "batchWindowMs": limits.batch_window_ms,
            "serverTime": time_text(self._shared.clock.now()),
        }
        connection.tell(Control(kind, data))

    def _visible(self, connection: Connection) -> list[AccountId]:
        return sorted(known for known in self._accounts if granted(connection.viewer, known))

    def _settle(self, connection: Connection, resumes: dict[AccountId, Resume]) -> None:
        """Join what connection asked for and may see, and doesn't receive yet."""
        for account_id in self._visible(connection):
            wanted = connection.subscription.wants_account(account_id)
            if wanted and account_id not in connection.accounts:
                self._join(connection, self._accounts[account_id], resumes.get(account_id))

    def _join(self, connection: Connection, account: AccountStream, resume: Resume | None) -> None:
        with account.lock:
            now_ns = self._shared.clock.monotonic_ns()
            missed = None if resume is None else account.missed_since(resume, now_ns)
            # the position is read before the snapshot: what the snapshot holds beyond it is
            # sent again and changes nothing, what it would lack otherwise would be lost
            seq, epoch = account.batcher.seq, account.batcher.epoch
            if resume is not None and missed is not None:
                connection.resume(account.account_id, resume.seq, *(missed or (None,)))
                ticket = None
            else:
                ticket = connection.join(account.account_id)
            self.registry.join(connection, account.account_id)
        connection.pump()
        if ticket is not None:
            self._send_snapshot(connection, account, ticket, seq, epoch, recovered=not resume)
        if account.account_id in connection.accounts:
            for notice in list(account.silent.values()):
                connection.tell(notice)

    def _send_snapshot(
        self,
        connection: Connection,
        account: AccountStream,
        ticket: object,
        seq: int,
        epoch: str,
        *,
        recovered: bool,
    ) -> None:
        try:
            book = self._snapshot_of(account.account_id)
        except Exception:  # noqa: BLE001 - whatever broke, the connection lives and is told
            _log.exception("snapshot failed", account_id=account.account_id)
            self._part(connection, account.account_id)
            problem = BadClientMessage(
                "snapshot_unavailable", "The account can't be read now; subscribe again later"
            )
            connection.tell(Control("error", problem.data(), account.account_id, account.owner))
            return
        snapshot = Snapshot(account.account_id, account.owner, epoch, seq, book, recovered)
        connection.begin(ticket, snapshot)

    def _part(self, connection: Connection, account_id: AccountId) -> None:
        self.registry.part(connection, account_id)
        connection.leave(account_id)

    # --- flushing, with the account's lock held ----------------------------------------------

    def _publish(self, account: AccountStream, batch: Batch | None) -> None:
        if batch is None:
            return
        account.history.add(batch)
        shared = SharedFrame(batch, self._shared.clock.now())
        for connection in self.registry.audience(account.account_id):
            connection.deliver(batch, shared)
        logs.flushed(account, batch)

    def _plan_flush(self, account: AccountStream) -> None:
        due_ns = account.batcher.due_ns()
        if due_ns is not None and not account.flush_planned:
            account.flush_planned = True
            self._flusher.at(due_ns, lambda: self._flush_due(account))

    def _flush_due(self, account: AccountStream) -> None:
        with account.lock:
            account.flush_planned = False
            self._publish(account, account.batcher.offer((), self._shared.clock.monotonic_ns()))
            self._plan_flush(account)

    def _account(self, account_id: AccountId) -> AccountStream:
        account = self._accounts.get(account_id)
        if account is None:
            raise UnknownAccount(account_id)
        return account


def _listed(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)
