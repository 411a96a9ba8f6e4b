"""The batches of the last two minutes, for clients that come back (R11)."""

from __future__ import annotations

from collections import deque

from stream.batch import Batch


class History:
    """Keeps one account's newest batches, bounded in age and number.

    Args:
        keep_ns: a batch older than this is forgotten.
        keep_batches: the most that are kept.
    """

    def __init__(self, *, keep_ns: int, keep_batches: int) -> None:
        self._keep_ns = keep_ns
        self._batches: deque[Batch] = deque(maxlen=keep_batches)

    def add(self, batch: Batch) -> None:
        """Keep batch, the next of the sequence, and forget what grew too old."""
        self._batches.append(batch)
        self.forget(batch.flushed_ns)

    def forget(self, now_ns: int) -> None:
        """Drop what is older than the bound."""
        while self._batches and now_ns - self._batches[0].flushed_ns > self._keep_ns:
            self._batches.popleft()

    def after(self, seq: int, now_ns: int, current: int) -> tuple[Batch, ...] | None:
        """Return every batch after seq, oldest first.

        Args:
            seq: the last one the client applied.
            now_ns: monotonic time.
            current: the account's newest seq.

        Returns:
            An empty tuple when the client has everything, None when something after seq is
            forgotten or seq was never given out: a partial answer would be a wrong one.
        """
        self.forget(now_ns)
        if seq == current:
            return ()
        missing = tuple(batch for batch in self._batches if batch.seq > seq)
        if seq > current or not missing or missing[0].prev_seq != seq:
            return None
        return missing
