from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portfolio.ids import AccountId
from portfolio.values import BookSnapshot
from stream.batch import Batch
from stream.batcher import Batcher
from stream.flow import MOST_CONTROLS, Control, Flow, InFlight, Snapshot, Update
from tests.stream.samples import ALPHA, ANN, BETA, MS, ordered, priced

NOW = 1_000 * MS
HOLD = 50 * MS
PONG = Control("pong", {})


def started(*accounts: AccountId, acking: bool = True, seq: int = 0) -> Flow:
    """Return a flow whose accounts stand at seq, snapshots already applied."""
    flow = Flow(hold_ns=HOLD)
    flow.expect_acks(acking=acking)
    for account_id in accounts or (ALPHA,):
        flow.resume(account_id, seq, None)
    return flow


def batches(number: int, account_id: AccountId = ALPHA, step: int = 1) -> list[Batch]:
    lane = Batcher(account_id, ANN, epoch="e1", window_ns=0)
    made = [lane.offer([priced(price=str(n + 1))], NOW + n * step) for n in range(number)]
    return [batch for batch in made if batch is not None]


def test_one_message_in_flight_the_rest_merged() -> None:
    """R12: while a message is unacked, later batches become one message that spans them."""
    flow = started()
    first, *rest = batches(5)
    flow.push(first)
    assert flow.next(NOW) == Update(first, 0)
    for batch in rest:
        flow.push(batch)
    assert flow.next(NOW) is None
    assert isinstance(flow.ack(ALPHA, "e1", 1), InFlight)
    update = flow.next(NOW)
    assert isinstance(update, Update)
    assert (update.prev_seq, update.batch.seq) == (1, 5)


def test_ack_of_another_message_changes_nothing() -> None:
    """An ack that is late, or of another epoch or account, doesn't open the way."""
    flow = started()
    flow.push(batches(1)[0])
    flow.next(NOW)
    assert flow.ack(ALPHA, "e0", 1) is None
    assert flow.ack(BETA, "e1", 1) is None
    assert flow.ack(ALPHA, "e1", 0) is None
    assert flow.in_flight is not None


def test_control_message_is_followed_by_a_hold() -> None:
    """The next message waits for 50 ms after one that a page may overlook."""
    flow = started()
    flow.control(PONG)
    flow.push(batches(1)[0])
    assert flow.next(NOW) == PONG
    assert flow.next(NOW + HOLD - 1) is None
    assert isinstance(flow.next(NOW + HOLD), Update)


def test_control_message_may_be_acked() -> None:
    """An ack without a seq ends the hold."""
    flow = started()
    flow.control(PONG)
    flow.push(batches(1)[0])
    flow.next(NOW)
    flow.ack(None, None, None)
    assert isinstance(flow.next(NOW + 1), Update)


def test_control_message_waits_for_the_ack_of_an_account_message() -> None:
    """A page that overlooked an account message would never ack it."""
    flow = started()
    flow.push(batches(1)[0])
    flow.next(NOW)
    flow.control(PONG)
    assert flow.next(NOW) is None
    flow.ack(ALPHA, "e1", 1)
    assert flow.next(NOW) == PONG


def test_client_that_does_not_ack_is_not_held() -> None:
    """Scripts get message after message."""
    flow = started(acking=False)
    flow.control(PONG)
    flow.push(batches(1)[0])
    assert flow.next(NOW) == PONG
    assert isinstance(flow.next(NOW), Update)
    assert flow.idle


def test_snapshot_goes_before_what_was_pushed_meanwhile() -> None:
    """R11: what came while the snapshot was made follows it, from its seq on."""
    flow = Flow(hold_ns=HOLD)
    ticket = flow.join(ALPHA)
    for batch in batches(2):
        flow.push(batch)
    assert flow.next(NOW) is None
    snapshot = Snapshot(ALPHA, ANN, "e1", 0, BookSnapshot(), recovered=True)
    flow.begin(ticket, snapshot)
    assert flow.next(NOW) == snapshot
    update = flow.next(NOW)
    assert isinstance(update, Update)
    assert (update.prev_seq, update.batch.seq) == (0, 2)


def test_late_snapshot_of_an_older_join_is_dropped() -> None:
    """A snapshot that was made for a former subscription is not sent."""
    flow = Flow(hold_ns=HOLD)
    old = flow.join(ALPHA)
    flow.join(ALPHA)
    flow.begin(old, Snapshot(ALPHA, ANN, "e1", 0, BookSnapshot(), recovered=True))
    assert flow.next(NOW) is None


def test_filtered_batch_makes_no_false_gap() -> None:
    """R11: prevSeq is the last seq that this connection was sent."""
    flow = started(acking=False)
    first, _, third = batches(3)
    flow.push(first)
    flow.next(NOW)
    flow.push(third)
    assert flow.next(NOW) == Update(third, 1)


def test_accounts_take_turns() -> None:
    """A busy account doesn't starve another."""
    flow = started(ALPHA, BETA)
    first, *more = batches(3)
    flow.push(first)
    other = batches(1, BETA)[0]
    flow.push(other)
    assert flow.next(NOW) == Update(first, 0)
    flow.push(more[0])
    flow.ack(ALPHA, "e1", 1)
    assert flow.next(NOW) == Update(other, 0)


def test_left_account_gets_nothing() -> None:
    """What waited for an account that was left is not sent."""
    flow = started()
    flow.push(batches(1)[0])
    flow.leave(ALPHA)
    assert flow.next(NOW) is None
    assert not flow.push(batches(1)[0])


def test_pongs_collapse_and_other_controls_are_bounded() -> None:
    """A client that provokes answers and doesn't read them is noticed."""
    flow = started()
    for _ in range(MOST_CONTROLS * 2):
        flow.control(PONG)
    assert not flow.flooded
    for _ in range(MOST_CONTROLS):
        flow.control(Control("error", {}))
    assert flow.flooded


def test_rush_waits_for_nothing() -> None:
    """R13: on the way out everything leaves, acked or not."""
    flow = started(ALPHA, BETA)
    first, second = batches(2)
    flow.push(first)
    flow.next(NOW)
    flow.push(second)
    flow.control(PONG)
    flow.rush()
    assert flow.next(NOW) == PONG
    assert flow.next(NOW) == Update(second, 1)
    assert flow.next(NOW) is None


@given(st.lists(st.sampled_from(["order", "price", "ack", "next"]), max_size=80))
def test_any_interleaving_delivers_everything_in_order(script: list[str]) -> None:
    """R5, R11, R12: whatever the pace of acks, messages join up and no order is lost."""
    flow, lane = started(), Batcher(ALPHA, ANN, epoch="e1", window_ns=0)
    updates: list[Update] = []
    orders = 0

    def step() -> None:
        message = flow.next(NOW)
        if isinstance(message, Update):
            updates.append(message)

    def ack() -> None:
        if flow.in_flight is not None:
            flow.ack(ALPHA, "e1", flow.in_flight.seq)

    for number, action in enumerate(script):
        if action in ("order", "price"):
            change = ordered(f"o{orders}") if action == "order" else priced(price=str(number + 1))
            orders += action == "order"
            batch = lane.offer([change], NOW + number)
            assert batch is not None
            flow.push(batch)
        elif action == "ack":
            ack()
        else:
            step()
    for _ in range(3):
        ack()
        step()
    spans = [(update.prev_seq, update.batch.seq) for update in updates]
    assert [low for low, _ in spans] == [0, *(high for _, high in spans)][: len(spans)]
    assert (spans[-1][1] if spans else 0) == lane.seq
    sent = [p.key for u in updates for p in u.batch.fragments if p.channel == "orders"]
    assert sent == [f"o{number}" for number in range(orders)]
