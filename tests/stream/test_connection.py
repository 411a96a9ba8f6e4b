from __future__ import annotations

import socket
import struct
from collections.abc import Callable

import pytest

from stream import frames
from stream.batch import Batch, Fragment
from stream.connection import Connection
from stream.messages import SharedFrame
from tests.stream.conftest import Desk, Peer
from tests.stream.samples import ALPHA, ANN, AT, FakeClock, ordered, priced
from tests.stream.serving import eventually


def close_code(peer: Peer) -> int | None:
    codes = [struct.unpack("!H", payload[:2])[0] for op, payload in peer.frames() if op == 8]
    return codes[0] if codes else None


def jam(peer: Peer) -> None:
    """Fill the peer's socket until the outbox has a backlog."""
    peer.here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    while peer.outbox.clear:
        peer.outbox.write(frames.text(b'{"type":"pad","prevSeq":null}' + b" " * 10_000))


def big(seq: int, size: int) -> Batch:
    raw = b'{"orderId":"' + str(seq).encode() + b'","pad":"' + b"x" * size + b'"}'
    part = Fragment("orders", str(seq), "AAPL", raw)
    return Batch(ALPHA, ANN, "e", seq - 1, seq, (part,))


def joined(desk: Desk) -> Peer:
    peer = desk.peer()
    peer.subscribe()
    peer.messages()
    return peer


def deliver(connection: Connection, batch: Batch) -> None:
    connection.deliver(batch, SharedFrame(batch, AT))


def test_message_flood_is_refused_exactly_above_the_rate(desk: Desk, clock: FakeClock) -> None:
    """R3: 100 messages in a second are fine, the next is told and closed with 1008."""
    peer = desk.peer()
    assert all(peer.connection.admit_message() for _ in range(100))
    clock.advance(1000)
    assert all(peer.connection.admit_message() for _ in range(100))
    assert not peer.connection.admit_message()
    received = peer.frames()
    assert b"rate_limited" in received[0][1]
    assert struct.unpack("!H", received[1][1][:2])[0] == 1008


def test_peer_is_pinged_and_a_silent_one_closed(desk: Desk, clock: FakeClock) -> None:
    """R7: a ping every 15 s; after 30 s without a byte it is closed and cut off."""
    peer = joined(desk)
    peer.connection.start_beating()
    clock.advance(15_000)
    desk.housekeeping.run_due()
    assert [opcode for opcode, _ in peer.frames()] == [9]
    clock.advance(15_000)
    desk.housekeeping.run_due()
    assert close_code(peer) == 4009
    clock.advance(1_000)
    desk.housekeeping.run_due()
    assert peer.here.recv(10) == b""


def test_peer_that_answers_stays(desk: Desk, clock: FakeClock) -> None:
    """R7: any byte from the peer counts as life."""
    peer = joined(desk)
    peer.connection.start_beating()
    for _ in range(10):
        clock.advance(15_000)
        peer.connection.heard()
        desk.housekeeping.run_due()
    assert [opcode for opcode, _ in peer.frames()] == [9] * 10


def test_silent_peer_with_a_full_socket_is_freed(desk: Desk, clock: FakeClock) -> None:
    """R7: the heartbeat needs no room in the socket to end a dead connection."""
    peer = joined(desk)
    peer.connection.start_beating()
    jam(peer)
    clock.advance(30_000)
    desk.housekeeping.run_due()
    clock.advance(1_000)
    desk.housekeeping.run_due()
    assert peer.here.recv(10) == b""
    assert peer.outbox.backlog_bytes == 0


def test_full_socket_merges_instead_of_queueing(desk: Desk) -> None:
    """R12: behind a full socket updates become one, and arrive once there is room."""
    peer = joined(desk)
    jam(peer)
    waiting = peer.outbox.backlog_bytes
    for turn in range(1000):
        desk.hub.offer([priced(price=str(turn + 1))])
        desk.hub.flush_all()
    assert peer.outbox.backlog_bytes == waiting
    assert peer.connection.backlog_bytes < waiting + 1000
    received: list[dict[str, object]] = []
    eventually(lambda: bool(received.extend(peer.updates()) or received))
    (update,) = received
    assert (update["prevSeq"], update["seq"]) == (0, 1000)
    assert update["data"]["currentPrice"] == "1000"  # type: ignore[index]


def test_byte_cap_closes_a_slow_consumer(desk: Desk) -> None:
    """R12: more than a MiB of orders that can't be conflated: 4008."""
    peer = joined(desk)
    jam(peer)
    for seq in range(1, 12):
        deliver(peer.connection, big(seq, 100_000))
    assert peer.connection.closed_with is not None
    assert peer.connection.closed_with[0] == 4008
    assert desk.stats.report([], enabled=True, broker_down=False)["totalSlowConsumers"] == 1


def test_slow_consumer_that_reads_on_sees_whole_frames_and_4008(desk: Desk) -> None:
    """R12: the frame that had begun to leave is finished before the close."""
    peer = joined(desk)
    jam(peer)
    for seq in range(1, 12):
        deliver(peer.connection, big(seq, 100_000))
    received: list[tuple[int, bytes]] = []

    def has_the_close() -> bool:
        received.extend(peer.frames())
        return bool(received) and received[-1][0] == 8

    eventually(has_the_close)
    assert {opcode for opcode, _ in received} == {1, 8}
    assert struct.unpack("!H", received[-1][1][:2])[0] == 4008


def test_write_deadline_is_absolute(desk: Desk, clock: FakeClock) -> None:
    """R12: a peer that reads drop by drop is closed at the deadline all the same."""
    peer = joined(desk)
    desk.hub.offer([ordered()])
    peer.messages()
    jam(peer)
    deliver(peer.connection, big(2, 10))
    peer.connection.pong(b"")
    for _ in range(9):
        clock.advance(1_000)
        peer.sock.recv(1)
        desk.housekeeping.run_due()
    assert peer.connection.closed_with is None
    clock.advance(1_000)
    desk.housekeeping.run_due()
    assert peer.connection.closed_with is not None
    assert peer.connection.closed_with[0] == 4008


def test_client_that_never_acks_is_closed(desk: Desk, clock: FakeClock) -> None:
    """R12: pongs alone don't keep a page that has stopped applying messages."""
    peer = desk.peer()
    peer.connection.start_beating()
    peer.subscribe(ack=True)
    clock.advance(50)
    desk.housekeeping.run_due()
    for _ in range(4):
        clock.advance(14_999)
        peer.connection.heard()
        desk.housekeeping.run_due()
    assert close_code(peer) == 4008


def test_session_that_expires_is_closed(desk: Desk, clock: FakeClock) -> None:
    """R1: at its end, 1008."""
    peer = desk.peer()
    viewer = peer.connection.viewer
    peer.connection.viewer = type(viewer)(ANN, "s", viewer.accounts, expires_at=clock.now())
    peer.connection.start_beating()
    clock.advance(15_000)
    desk.housekeeping.run_due()
    assert close_code(peer) == 1008


def test_large_frames_survive_partial_sends(desk_of: Callable[..., Desk]) -> None:
    """facts/realtime.md, trap 1: a frame far larger than the socket's buffer arrives intact."""
    desk = desk_of(send_cap_bytes=50_000_000)
    peer = joined(desk)
    peer.here.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    for seq in range(1, 4):
        deliver(peer.connection, big(seq, 3_000_000))
        peer.connection.pong(b"between")
    received: list[dict[str, object]] = []
    eventually(lambda: (received.extend(peer.updates()), bool(received) and covers(received, 3))[1])
    assert received[0]["prevSeq"] == 0


def covers(updates: list[dict[str, object]], seq: int) -> bool:
    return updates[-1]["seq"] == seq


def test_frame_lengths_follow_the_rfc() -> None:
    """RFC 6455 5.2: 7, 16 and 64 bit lengths, unmasked."""
    assert frames.text(b"x" * 125)[:2] == bytes([0x81, 125])
    assert frames.text(b"x" * 126)[:4] == bytes([0x81, 126, 0, 126])
    assert frames.text(b"x" * 65536)[:10] == bytes([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0])


@pytest.mark.parametrize("reason", ["", "ok", "ü" * 100])
def test_close_reason_fits_a_control_frame(reason: str) -> None:
    """RFC 6455 5.5: at most 125 bytes, and no half character."""
    frame = frames.close(1008, reason)
    assert len(frame) <= 127
    assert reason.startswith(frame[4:].decode())
