"""Outgoing messages of the flow, as frames."""

from __future__ import annotations

from datetime import datetime

from portfolio.ids import UserId
from portfolio.values import BookSnapshot
from stream import frames, wire
from stream.batch import Batch, message_of
from stream.flow import Control, Snapshot, Update


def control_frame(message: Control, user_id: UserId, at: datetime) -> bytes:
    """Return a message about the connection, or a notice about an account.

    Args:
        message: what to say.
        user_id: the connection's user, where the message names no account's owner.
        at: the moment of sending, aware UTC.
    """
    return frames.text(
        wire.envelope(
            message.kind,
            message.data,
            at=at,
            user_id=message.user_id or user_id,
            account_id=message.account_id,
        )
    )


def snapshot_frame(message: Snapshot, book: BookSnapshot, at: datetime) -> bytes:
    """Return a snapshot that holds book, the part of it that the client wants."""
    return frames.text(
        wire.envelope(
            "snapshot",
            {**wire.book_json(book), "recovered": message.recovered},
            at=at,
            user_id=message.owner,
            account_id=message.account_id,
            epoch=message.epoch,
            seq=message.seq,
        )
    )


def update_frame(message: Update, at: datetime) -> bytes:
    """Return a batch, or the single event that it holds."""
    batch = message.batch
    kind, data = message_of(batch)
    return frames.text(
        wire.envelope(
            kind,
            data,
            at=at,
            user_id=batch.owner,
            account_id=batch.account_id,
            epoch=batch.epoch,
            prev_seq=message.prev_seq,
            seq=batch.seq,
        )
    )


class SharedFrame:
    """A batch as one frame for every connection that takes it whole and at once.

    Encoded when first asked for, under the account's lock.
    """

    def __init__(self, batch: Batch, at: datetime) -> None:
        self._batch = batch
        self._at = at
        self._frame: bytes | None = None

    def is_for(self, message: Update) -> bool:
        """Say whether the frame is what message would become."""
        return message.batch is self._batch and message.prev_seq == self._batch.prev_seq

    @property
    def frame(self) -> bytes:
        """Return the encoded frame."""
        if self._frame is None:
            self._frame = update_frame(Update(self._batch, self._batch.prev_seq), self._at)
        return self._frame
