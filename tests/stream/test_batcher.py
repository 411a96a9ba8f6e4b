from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from portfolio.changes import Change
from stream.batch import Batch, address, as_missed, merge, message_of, select
from stream.batcher import Batcher
from tests.stream.samples import ALPHA, ANN, MS, closed, ordered, priced, traded, valued

WINDOW = 250 * MS
NOW = 10_000 * MS


def batcher() -> Batcher:
    return Batcher(ALPHA, ANN, epoch="e1", window_ns=WINDOW)


def bodies(batch: Batch, channel: str) -> list[dict[str, object]]:
    return [msgspec.json.decode(part.raw) for part in batch.fragments if part.channel == channel]


def test_first_event_after_quiet_leaves_at_once() -> None:
    """R5: the first event after a quiet window leaves at once."""
    lane = batcher()
    first = lane.offer([priced()], NOW)
    assert first is not None
    assert lane.offer([priced()], NOW + WINDOW) is not None


def test_conflated_lane_waits_for_its_window_and_keeps_the_latest() -> None:
    """R5: within a window the latest value per key wins, and is sent at its end."""
    lane = batcher()
    lane.offer([priced(price="1")], NOW)
    assert lane.offer([priced(price="2")], NOW + 1) is None
    assert lane.offer([priced(price="3"), valued("5")], NOW + 2) is None
    assert lane.due_ns() == NOW + WINDOW
    batch = lane.flush(NOW + WINDOW)
    assert batch is not None
    assert [body["currentPrice"] for body in bodies(batch, "positions")] == ["3"]
    assert batch.events == 3


def test_urgent_event_takes_along_what_is_pending() -> None:
    """R5: a fill is flushed at once, together with the position it made."""
    lane = batcher()
    lane.offer([priced()], NOW)
    lane.offer([priced("MSFT")], NOW + 1)
    batch = lane.offer([traded(), ordered(status="filled")], NOW + 2)
    assert batch is not None
    assert [part.channel for part in batch.fragments] == ["positions", "trades", "orders"]


def test_orders_are_never_conflated() -> None:
    """R5: two updates of one order in one offer both arrive, in order."""
    batch = batcher().offer([ordered(status="new"), ordered(status="filled")], NOW)
    assert batch is not None
    assert [body["status"] for body in bodies(batch, "orders")] == ["new", "filled"]


def test_closed_position_is_delivered() -> None:
    """R5: a position that closes within a window arrives with quantity "0"."""
    lane = batcher()
    lane.offer([priced()], NOW)
    lane.offer([priced(price="11"), closed()], NOW + 1)
    batch = lane.flush(NOW + WINDOW)
    assert batch is not None
    assert [body["quantity"] for body in bodies(batch, "positions")] == ["0"]


def test_single_event_travels_under_its_own_type() -> None:
    """R5: one pending event is no batch."""
    one = batcher().offer([ordered()], NOW)
    two = batcher().offer([ordered(), priced()], NOW)
    assert one is not None
    assert two is not None
    assert message_of(one)[0] == "order_update"
    assert message_of(two)[0] == "batch"


def test_event_that_waited_before_it_came_does_not_wait_a_second_window() -> None:
    """R4: prices conflated upstream leave as soon as they are offered, a window old."""
    lane = batcher()
    lane.offer([priced()], NOW)
    assert lane.offer([priced(arrived_ns=NOW - WINDOW // 2)], NOW + WINDOW // 2) is not None


def test_window_follows_the_rhythm_of_prices_after_an_urgent_event() -> None:
    """R4: whenever an order was sent between, no price waits past a window and a fifth."""
    lane, waits = batcher(), []
    lane.offer([priced(arrived_ns=NOW)], NOW)
    lane.offer([ordered()], NOW + 240 * MS)
    for round_ns in (NOW + WINDOW, NOW + 2 * WINDOW, NOW + 3 * WINDOW):
        arrived_ns = round_ns - WINDOW + MS
        if lane.offer([priced(arrived_ns=arrived_ns)], round_ns) is None:
            due_ns = lane.due_ns()
            assert due_ns is not None
            lane.flush(due_ns)
            waits.append(due_ns - arrived_ns)
        else:
            waits.append(round_ns - arrived_ns)
    assert [289 * MS, 250 * MS, 250 * MS] == waits


def test_stale_events_do_not_undo_batching() -> None:
    """R5: however old what comes is, two batches of prices are a fifth of a window apart."""
    lane = batcher()
    lane.offer([priced(arrived_ns=1)], NOW)
    assert lane.offer([priced(arrived_ns=1)], NOW + 1) is None
    assert lane.due_ns() == NOW + WINDOW // 5


def test_latency_counts_from_the_oldest_event() -> None:
    """R4: conflation doesn't make an old event look young."""
    lane = batcher()
    lane.offer([priced()], NOW)
    lane.offer([priced(arrived_ns=7), priced(arrived_ns=9), priced("MSFT")], NOW + 1)
    batch = lane.flush(NOW + WINDOW)
    assert batch is not None
    assert batch.arrived_ns == 7


def test_offered_count_is_kept_through_conflation() -> None:
    """R5: events that were conflated before they came here count too."""
    batch = batcher().offer([priced(count=40), priced(count=2)], NOW)
    assert batch is not None
    assert batch.events == 42


def test_missed_trades_are_marked() -> None:
    """R11: a replayed trade says that it was missed, other events are as they were."""
    batch = batcher().offer([traded(), priced()], NOW)
    assert batch is not None
    marked = as_missed(batch)
    assert [body["missed"] for body in bodies(marked, "trades")] == [True]
    assert bodies(marked, "positions") == bodies(batch, "positions")


def test_selecting_nothing_leaves_no_batch() -> None:
    """A filtered-out batch is no message; a batch that passes whole stays the same object."""
    batch = batcher().offer([priced()], NOW)
    assert batch is not None
    assert select(batch, lambda _: False) is None
    assert select(batch, lambda _: True) is batch


steps = st.lists(
    st.tuples(
        st.lists(
            st.one_of(
                st.builds(
                    lambda s, p: priced(s, str(p)),
                    st.sampled_from("ABC"), st.integers(1, 99),
                ),
                st.builds(
                    ordered,
                    st.sampled_from(["o1", "o2"]), st.sampled_from(["new", "filled"]),
                ),
                st.builds(traded, st.sampled_from(["t1", "t2", "t3"])),
                st.builds(lambda c: valued(str(c)), st.integers(1, 9)),
                st.builds(closed, st.sampled_from("ABC")),
            ),
            max_size=6,
        ),
        st.integers(0, 400),
    ),
    max_size=25,
)  # fmt: skip


def run(script: list[tuple[list[Change], int]]) -> tuple[list[Change], list[Batch]]:
    """Offer as a flusher would, and flush what is left."""
    lane, now, offered, batches = batcher(), NOW, [], []
    for changes, pause_ms in script:
        offered += changes
        batches.append(lane.offer(changes, now))
        now += pause_ms * MS
        due = lane.due_ns()
        if due is not None and due <= now:
            batches.append(lane.flush(now))
    batches.append(lane.flush(now))
    return offered, [batch for batch in batches if batch is not None]


def expected(offered: list[Change], channel: str) -> list[str]:
    return [address(change)[1] for change in offered if address(change)[0] == channel]


@given(steps)
def test_nothing_urgent_is_lost_or_reordered(script: list[tuple[list[Change], int]]) -> None:
    """R5: every order and trade arrives, in order, whatever the timing."""
    offered, batches = run(script)
    for channel in ("orders", "trades"):
        sent = [p.key for batch in batches for p in batch.fragments if p.channel == channel]
        assert sent == expected(offered, channel)


@given(steps)
def test_last_value_per_key_wins(script: list[tuple[list[Change], int]]) -> None:
    """R5: applying all batches ends in the last value of every position and of the account."""
    offered, batches = run(script)
    last = {
        address(change)[:2]: msgspec.json.decode(part.raw)
        for change in offered
        for part in [single(change)]
        if not part.urgent
    }
    seen = {
        (part.channel, part.key): msgspec.json.decode(part.raw)
        for batch in batches
        for part in batch.fragments
        if not part.urgent
    }
    assert seen == last


def single(change: Change):  # type: ignore[no-untyped-def]
    """Return the fragment of a change alone."""
    batch = batcher().offer([change], NOW)
    assert batch is not None
    return batch.fragments[0]


@given(steps)
def test_sequence_is_contiguous_and_counts_every_event(
    script: list[tuple[list[Change], int]],
) -> None:
    """R11: batch n covers n−1 to n, and no offered event goes uncounted."""
    offered, batches = run(script)
    assert [(b.prev_seq, b.seq) for b in batches] == [(n, n + 1) for n in range(len(batches))]
    assert sum(batch.events for batch in batches) == len(offered)


@given(steps)
def test_merging_all_equals_applying_each(script: list[tuple[list[Change], int]]) -> None:
    """R12: a merged batch says the same as the batches it stands for, and spans them."""
    _, batches = run(script)
    if not batches:
        return
    whole = batches[0]
    for batch in batches[1:]:
        whole = merge(whole, batch)
    each = [part for batch in batches for part in batch.fragments]
    assert (whole.prev_seq, whole.seq) == (0, batches[-1].seq)
    assert [p.raw for p in whole.fragments if p.urgent] == [p.raw for p in each if p.urgent]
    assert {p.key: p.raw for p in whole.fragments if p.channel == "positions"} == {
        p.key: p.raw for p in each if p.channel == "positions"
    }
    assert whole.events == sum(batch.events for batch in batches)
