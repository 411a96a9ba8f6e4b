from __future__ import annotations

from collections.abc import Callable

import pytest

from portfolio.errors import UnknownAccount
from portfolio.ids import AccountId
from stream.protocol import BadClientMessage, Resume, Unsubscribe
from tests.stream.conftest import Desk
from tests.stream.samples import (
    ALPHA,
    ANN,
    BETA,
    BOB,
    FakeClock,
    closed,
    ordered,
    priced,
    traded,
)


def kinds(messages: list[dict[str, object]]) -> list[object]:
    return [message["type"] for message in messages]


def test_nothing_is_sent_before_subscribing(desk: Desk) -> None:
    """A client that never subscribes gets nothing."""
    peer = desk.peer()
    desk.hub.offer([priced()])
    assert peer.frames() == []


def test_subscribing_brings_a_snapshot_then_updates_that_join_up(desk: Desk) -> None:
    """R11: the snapshot names the position from which the updates go on."""
    desk.hub.offer([ordered()])
    peer = desk.peer()
    peer.subscribe()
    desk.hub.offer([ordered(status="filled")])
    subscribed, snapshot, update = peer.messages()
    assert subscribed["data"]["channels"] == ["account", "orders", "positions", "trades"]
    assert (snapshot["prevSeq"], snapshot["seq"], snapshot["data"]["recovered"]) == (None, 1, True)
    assert (update["prevSeq"], update["seq"], update["type"]) == (1, 2, "order_update")
    assert (update["userId"], update["accountId"]) == ("ann", "alpha")


def test_two_users_never_see_each_others_events(desk: Desk) -> None:
    """R2: each gets the events of granted accounts and of no other."""
    ann, bob = desk.peer(ANN, ALPHA), desk.peer(BOB, BETA)
    ann.subscribe()
    bob.subscribe()
    desk.hub.offer([ordered("a", account_id=ALPHA), ordered("b", account_id=BETA)])
    assert {m["accountId"] for m in ann.messages()} == {None, "alpha"}
    assert {m["accountId"] for m in bob.messages()} == {None, "beta"}


def test_the_lookup_is_what_isolates(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: with the one lookup skipped the events leak, so nothing else hides a fault of it."""
    for module in ("hub", "registry", "connection"):
        monkeypatch.setattr(f"stream.{module}.granted", lambda *_: True)
    ann = desk.peer(ANN, ALPHA)
    ann.subscribe()
    desk.hub.offer([ordered("b", account_id=BETA)])
    assert "beta" in {m["accountId"] for m in ann.messages()}


def test_delivery_asks_again_what_is_granted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: a connection that got into an account's list wrongly still receives nothing of it."""
    ann = desk.peer(ANN, ALPHA)
    ann.subscribe()
    desk.hub.registry.join(ann.connection, BETA)
    assert desk.hub.registry.audience(BETA) == []


def test_foreign_account_is_refused_and_changes_nothing(desk: Desk) -> None:
    """R2: naming an account that isn't granted is an error, the same for one that doesn't exist."""
    ann = desk.peer()
    for foreign in (BETA, AccountId("nowhere")):
        with pytest.raises(BadClientMessage) as problem:
            ann.subscribe(accounts=[ALPHA, foreign])
        assert problem.value.code == "forbidden_account"
        assert problem.value.allowed == ["alpha"]
        with pytest.raises(BadClientMessage):
            ann.subscribe(resume={foreign: Resume("e", 1)})
    assert ann.frames() == []


def test_one_user_several_accounts(desk: Desk) -> None:
    """Each account has its own sequence on one connection; accounts narrows to some."""
    peer = desk.peer(ANN, ALPHA, BETA)
    peer.subscribe()
    assert [m["accountId"] for m in peer.messages()] == [None, "alpha", "beta"]
    peer.subscribe(accounts=[BETA])
    desk.hub.offer([ordered(account_id=ALPHA), ordered(account_id=BETA)])
    assert [m["accountId"] for m in peer.messages()] == [None, "beta", "beta"]


def test_grant_taken_away_ends_the_events_at_once(desk: Desk) -> None:
    """R2: after set_accounts nothing of the lost account is sent, what is new starts whole."""
    peer = desk.peer(ANN, ALPHA)
    peer.subscribe()
    peer.messages()
    desk.hub.set_accounts(ANN, frozenset({BETA}))
    desk.hub.offer([ordered(account_id=ALPHA), ordered(account_id=BETA)])
    assert [(m["accountId"], m["type"]) for m in peer.messages()] == [
        ("beta", "snapshot"),
        ("beta", "order_update"),
    ]


def test_grant_lost_while_the_snapshot_is_made(desk: Desk) -> None:
    """R2: a snapshot that was begun before the grant ended is not sent."""
    peer = desk.peer(ANN, ALPHA)
    make = desk.snapshot_of

    def lose_grant(account_id: AccountId):  # type: ignore[no-untyped-def]
        desk.hub.set_accounts(ANN, frozenset())
        return make(account_id)

    desk.snapshot_of = lose_grant
    peer.subscribe()
    assert kinds(peer.messages()) == ["subscribed"]


def test_account_opened_later_is_joined(desk: Desk) -> None:
    """Who asked for all accounts gets one that is linked later."""
    late = AccountId("late")
    peer = desk.peer(ANN, ALPHA, late)
    peer.subscribe()
    peer.messages()
    desk.hub.open_account(late, ANN)
    assert [(m["accountId"], m["type"]) for m in peer.messages()] == [("late", "snapshot")]


def test_filter_drops_events_without_a_false_gap(desk: Desk) -> None:
    """R11: what is filtered out still moves the sequence on."""
    peer = desk.peer()
    peer.subscribe(channels=["orders"], symbols=["aapl"])
    peer.messages()
    desk.hub.offer([ordered("1")])
    desk.hub.offer([traded(), ordered("2", symbol="MSFT")])
    desk.hub.offer([ordered("3"), priced()])
    updates = peer.updates()
    assert [(m["type"], m["prevSeq"], m["seq"]) for m in updates] == [
        ("order_update", 0, 1),
        ("order_update", 1, 3),
    ]


def test_unsubscribed_client_gets_nothing_more(desk: Desk) -> None:
    """An unsubscribe ends the events; a later subscribe starts whole."""
    peer = desk.peer()
    peer.subscribe()
    desk.hub.unsubscribe(peer.connection, Unsubscribe())
    peer.messages()
    desk.hub.offer([ordered()])
    assert peer.messages() == []
    peer.subscribe()
    assert kinds(peer.messages()) == ["subscribed", "snapshot"]


def test_resume_replays_what_was_missed_as_one_message(desk: Desk) -> None:
    """R11: a client that comes back gets one batch, its trades marked as missed."""
    first = desk.peer()
    first.subscribe()
    desk.hub.offer([ordered("1")])
    seen = first.messages()[-1]
    first.close()
    desk.hub.offer([traded("t2"), ordered("2")])
    desk.hub.offer([traded("t3"), ordered("3")])
    again = desk.peer()
    again.subscribe(resume={ALPHA: Resume(seen["epoch"], seen["seq"])})
    _, replay = again.messages()
    assert (replay["type"], replay["prevSeq"], replay["seq"]) == ("batch", 1, 3)
    assert [(t["tradeId"], t["missed"]) for t in replay["data"]["trades"]] == [
        ("t2", True),
        ("t3", True),
    ]
    assert [o["orderId"] for o in replay["data"]["orders"]] == ["2", "3"]
    desk.hub.offer([traded("t4")])
    (live,) = again.updates()
    assert (live["prevSeq"], "missed" in live["data"]) == (3, False)


@pytest.mark.parametrize("resume", [Resume("other", 0), Resume("", 5), Resume("{epoch}", 99)])
def test_resume_that_cannot_be_honoured_says_so(desk: Desk, resume: Resume) -> None:
    """R11: another epoch or an unknown position brings a snapshot with recovered false."""
    peer = desk.peer()
    peer.subscribe(resume={ALPHA: resume})
    _, snapshot = peer.messages()
    assert (snapshot["type"], snapshot["data"]["recovered"]) == ("snapshot", False)


def test_failing_snapshot_is_told_and_nothing_half_is_sent(desk: Desk) -> None:
    """A book that can't be read makes an error message; the connection stays."""

    def fail(_: AccountId) -> object:
        raise RuntimeError("no book")

    desk.snapshot_of = fail  # type: ignore[assignment]
    peer = desk.peer()
    peer.subscribe()
    desk.hub.offer([ordered()])
    assert [m["data"].get("code") for m in peer.messages()] == [None, "snapshot_unavailable"]


def test_changes_during_the_snapshot_are_not_lost(desk: Desk) -> None:
    """R11: the position is read before the snapshot, so what happens meanwhile follows it."""
    make = desk.snapshot_of

    def busy(account_id: AccountId):  # type: ignore[no-untyped-def]
        desk.hub.offer([ordered("during")])
        return make(account_id)

    desk.snapshot_of = busy
    peer = desk.peer()
    peer.subscribe()
    _, snapshot, update = peer.messages()
    assert (snapshot["seq"], update["prevSeq"], update["seq"]) == (0, 0, 1)
    assert update["data"]["orderId"] == "during"


def test_window_ends_by_the_flusher(desk: Desk, clock: FakeClock) -> None:
    """R5: what waits is sent when its window ends, closed positions included."""
    peer = desk.peer()
    peer.subscribe()
    desk.hub.offer([priced()])
    desk.hub.offer([priced(price="11"), closed("MSFT")])
    assert len(peer.updates()) == 1
    clock.advance(249)
    desk.flusher.run_due()
    assert peer.updates() == []
    clock.advance(1)
    desk.flusher.run_due()
    (batch,) = peer.updates()
    assert [p["quantity"] for p in batch["data"]["positions"]] == ["10", "0"]


def test_burst_is_completely_reflected_at_an_acking_client(desk: Desk) -> None:
    """R5, R12: of 100 events in no time nothing urgent is missing after the acks."""
    peer = desk.peer()
    peer.subscribe(ack=True)
    for message in peer.messages():
        peer.ack(message)
    for message in peer.messages():
        peer.ack(message)
    for number in range(100):
        desk.hub.offer([ordered(f"o{number}")])
    (first,) = peer.updates()
    peer.ack(first)
    (rest,) = peer.updates()
    assert first["data"]["orderId"] == "o0"
    assert [o["orderId"] for o in rest["data"]["orders"]] == [f"o{n}" for n in range(1, 100)]
    assert (rest["prevSeq"], rest["seq"]) == (1, 100)


def test_latency_is_measured_from_the_oldest_event_to_the_ack(desk: Desk, clock: FakeClock) -> None:
    """R4: one clock, from the frame's arrival to the acknowledgement."""
    peer = desk.peer()
    peer.subscribe(ack=True)
    for _ in range(2):
        for message in peer.messages():
            peer.ack(message)
    arrived = clock.ns
    clock.advance(20)
    desk.hub.offer([ordered(arrived_ns=arrived)])
    (update,) = peer.updates()
    clock.advance(30)
    peer.ack(update)
    latency = desk.stats.report([], enabled=True, broker_down=False)["performance"]["latencyMs"]
    assert latency["count"] == 1
    assert latency["p95"] == pytest.approx(50, rel=0.01)
    assert latency["byHop"]["network"]["p50"] == pytest.approx(30, rel=0.01)
    assert latency["byHop"]["batch"]["p50"] == pytest.approx(20, rel=0.01)


def test_silent_hop_is_told_to_those_who_watch_and_who_come_later(desk: Desk) -> None:
    """R14: stale reaches viewers now and later ones until it is fresh again."""
    ann, bob = desk.peer(), desk.peer(BOB, BETA)
    ann.subscribe()
    bob.subscribe()
    ann.messages()
    bob.messages()
    desk.hub.announce(ALPHA, "stale", {"hop": "broker", "since": "2026-01-04T10:30:00.000Z"})
    (stale,) = ann.messages()
    assert (stale["type"], stale["accountId"], stale["data"]["hop"]) == ("stale", "alpha", "broker")
    assert bob.messages() == []
    later = desk.peer()
    later.subscribe()
    assert kinds(later.messages()) == ["subscribed", "snapshot", "stale"]
    desk.hub.announce(ALPHA, "fresh", {"hop": "broker", "since": "2026-01-04T10:31:00.000Z"})
    after = desk.peer()
    after.subscribe()
    assert kinds(after.messages()) == ["subscribed", "snapshot"]


def test_unknown_account_is_an_error_of_the_caller(desk: Desk) -> None:
    """An offer for an account that was never opened is not dropped in silence."""
    with pytest.raises(UnknownAccount):
        desk.hub.offer([ordered(account_id=AccountId("nowhere"))])


def test_limits_of_connections(desk_of: Callable[..., Desk]) -> None:
    """R3: per user and in total; one that is closing doesn't count."""
    desk = desk_of(max_connections_per_user=2, max_total_connections=3)
    first, second = desk.peer(), desk.peer()
    assert (first.admitted, second.admitted) == (1, 2)
    assert desk.peer().admitted is None
    assert desk.peer(BOB, BETA).admitted == 1
    assert desk.peer(BOB, BETA).admitted is None
    first.connection.close(1000, "")
    assert desk.peer().admitted == 2


def test_statistics_count_per_connection(desk: Desk) -> None:
    """An event for two connections counts twice, and so do its messages."""
    for _ in range(2):
        desk.peer().subscribe()
    desk.hub.offer([priced(count=10), ordered()])
    report = desk.stats.report([], enabled=True, broker_down=False)
    assert report["totalEventsEmitted"] == 22
    assert report["totalMessagesDelivered"] == 2
    assert report["performance"]["batchEfficiency"] == "90.9%"
