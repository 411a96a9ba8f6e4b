from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portfolio.values import BookSnapshot
from stream.batch import Batch
from stream.batcher import Batcher
from stream.history import History
from stream.mirror import AccountMirror
from tests.stream.samples import ALPHA, ANN, MS, ordered

SECOND = 1000 * MS


def filled(number: int, *, keep: int = 300, keep_s: int = 120) -> History:
    history = History(keep_ns=keep_s * SECOND, keep_batches=keep)
    lane = Batcher(ALPHA, ANN, epoch="e1", window_ns=0)
    for n in range(number):
        batch = lane.offer([ordered(f"o{n}")], (n + 1) * SECOND)
        assert batch is not None
        history.add(batch)
    return history


def seqs(found: tuple[Batch, ...] | None) -> list[int] | None:
    return None if found is None else [batch.seq for batch in found]


def test_gives_everything_after_the_position() -> None:
    """R11: the server replays what is missing."""
    assert seqs(filled(5).after(2, 5 * SECOND, 5)) == [3, 4, 5]


def test_nothing_missing_is_not_a_gap() -> None:
    """R11: a client that has everything gets nothing, even after a long quiet."""
    assert seqs(filled(5).after(5, 9000 * SECOND, 5)) == []


def test_position_before_the_oldest_batch_is_not_answered_in_part() -> None:
    """R11: a partial recovery would be a wrong one."""
    history = filled(5, keep=2)
    assert history.after(2, 5 * SECOND, 5) is None
    assert seqs(history.after(3, 5 * SECOND, 5)) == [4, 5]


def test_position_from_the_future_is_refused() -> None:
    """A seq that was never given out is not believed."""
    assert filled(5).after(6, 5 * SECOND, 5) is None


def test_old_batches_are_forgotten() -> None:
    """R11: two minutes at most."""
    history = filled(5)
    assert seqs(history.after(4, 125 * SECOND, 5)) == [5]
    assert history.after(3, 125 * SECOND, 5) is None


@given(st.integers(0, 30), st.integers(0, 35), st.integers(1, 20), st.integers(0, 200))
def test_answer_is_complete_or_none(number: int, seq: int, keep: int, late_s: int) -> None:
    """R11: whatever the bounds, the answer is exactly what follows, or none."""
    history = filled(number, keep=keep)
    found = seqs(history.after(seq, (number + late_s) * SECOND, number))
    assert found is None or found == list(range(seq + 1, number + 1))


def test_mirror_notices_a_gap_and_does_not_apply_it() -> None:
    """R11: a message whose prevSeq is not the last applied seq shows a gap."""
    mirror = AccountMirror()
    whole = {"positions": [], "orders": [], "trades": [], "account": None, "recovered": True}
    snapshot = {"type": "snapshot", "epoch": "e", "prevSeq": None, "seq": 3, "data": whole}
    assert mirror.apply(snapshot) == "applied"
    update = {"type": "order_update", "epoch": "e", "seq": 5, "data": {"orderId": "o1"}}
    assert mirror.apply({**update, "prevSeq": 4}) == "gap"
    assert (mirror.gaps, mirror.orders, mirror.seq) == (1, {}, 3)
    assert mirror.apply({**update, "prevSeq": 3}) == "applied"
    assert list(mirror.orders) == ["o1"]
    assert BookSnapshot().account is mirror.account
