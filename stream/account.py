"""One account's side of the stream: batcher, history, and what is known to be silent."""

from __future__ import annotations

import secrets
import threading

from portfolio.ids import AccountId, UserId
from stream.batch import Batch, as_missed, merge_all
from stream.batcher import Batcher
from stream.flow import Control
from stream.history import History
from stream.limits import StreamLimits
from stream.protocol import Resume


class AccountStream:
    """Turns an account's changes into a sequence of batches.

    ``lock`` is held from an offer until the batch was handed to every connection, so all
    of them see the batches in order, and while a connection joins, so it misses none.

    Args:
        account_id: whose changes.
        owner: the account's owner.
        limits: window and history.
    """

    def __init__(self, account_id: AccountId, owner: UserId, limits: StreamLimits) -> None:
        self.account_id = account_id
        self.owner = owner
        self.lock = threading.RLock()
        self.batcher = Batcher(
            account_id, owner, epoch=secrets.token_hex(6), window_ns=limits.batch_window_ns
        )
        self.history = History(keep_ns=limits.history_ns, keep_batches=limits.history_batches)
        self.flush_planned = False
        self.silent: dict[str, Control] = {}
        self.logged_ns = 0
        self.unlogged_batches = 0

    def missed_since(self, resume: Resume, now_ns: int) -> tuple[Batch, ...] | None:
        """Return what a client missed as none or one batch, None where that isn't known any more.

        Trades in it are marked as missed.
        """
        if resume.epoch != self.batcher.epoch:
            return None
        missing = self.history.after(resume.seq, now_ns, self.batcher.seq)
        return missing and (as_missed(merge_all(missing)),)
