from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portfolio.ids import AccountId, UserId
from portfolio.values import BookSnapshot
from stream.clock import Clock
from stream.connection import Connection, Surroundings
from stream.drainer import SelectorDrainer
from stream.hub import Hub
from stream.limits import StreamLimits
from stream.outbox import Outbox
from stream.protocol import Ack, Subscribe
from stream.schedule import Schedule
from stream.stats import StreamStats
from stream.viewer import StreamViewer
from tests.stream.samples import ALPHA, ANN, BETA, BOB, FakeClock, book


class Peer:
    """The client's end of a connection on a socket pair, in this thread."""

    def __init__(self, desk: Desk, viewer: StreamViewer) -> None:
        self.here, self.sock = socket.socketpair()
        self.outbox = Outbox(
            self.here, desk.drainer, cap_bytes=desk.limits.send_cap_bytes,
            now_ns=desk.clock.monotonic_ns,
        )  # fmt: skip
        self.connection = Connection(viewer, self.outbox, desk.shared, spread=lambda: 1.0)
        self.outbox.on_writable = self.connection.pump
        self.admitted = desk.hub.registry.admit(self.connection)
        self._desk = desk
        self._bytes = b""

    def subscribe(self, **wish: Any) -> None:
        """Do what the endpoint does with a subscribe."""
        self._desk.hub.subscribe(self.connection, Subscribe(**wish))

    def frames(self) -> list[tuple[int, bytes]]:
        """Return opcode and payload of the frames that have arrived whole."""
        self.sock.settimeout(0)
        try:
            while data := self.sock.recv(1 << 20):
                self._bytes += data
        except BlockingIOError:
            pass
        return list(self._parsed())

    def messages(self) -> list[dict[str, Any]]:
        """Return the JSON messages that have arrived."""
        return [json.loads(payload) for opcode, payload in self.frames() if opcode == 1]

    def updates(self) -> list[dict[str, Any]]:
        """Return the messages about accounts that are no snapshots."""
        return [each for each in self.messages() if each["prevSeq"] is not None]

    def ack(self, message: dict[str, Any]) -> None:
        """Ack a message."""
        self.connection.ack(Ack(message["accountId"], message["epoch"], message["seq"]))

    def close(self) -> None:
        """End both ends."""
        self.connection.over(1006, "")
        self._desk.hub.registry.remove(self.connection)
        self.here.close()
        self.sock.close()

    def _parsed(self) -> Iterator[tuple[int, bytes]]:
        while len(self._bytes) >= 2:
            opcode, size, start = self._bytes[0] & 0xF, self._bytes[1], 2
            if size >= 126:
                start = 4 if size == 126 else 10
                size = int.from_bytes(self._bytes[2:start], "big")
            if len(self._bytes) < start + size:
                return
            payload = self._bytes[start : start + size]
            self._bytes = self._bytes[start + size :]
            yield opcode, payload


class Desk:
    """Hub, threads and clock of one process, with peers on socket pairs."""

    def __init__(self, clock: Clock, **limits: Any) -> None:
        self.clock = clock
        self.limits = StreamLimits(**limits)
        self.stats = StreamStats(self.limits, clock)
        self.housekeeping = Schedule("housekeeping", clock)
        self.flusher = Schedule("flusher", clock)
        self.drainer = SelectorDrainer()
        self.drainer.start()
        self.shared = Surroundings(self.limits, clock, self.stats, self.housekeeping)
        self.snapshot_of: Callable[[AccountId], BookSnapshot] = lambda _: book("AAPL")
        self.hub = Hub(self.shared, self.flusher, self._snapshot)
        self.peers: list[Peer] = []
        self.hub.open_account(ALPHA, ANN)
        self.hub.open_account(BETA, BOB)

    def peer(self, user_id: UserId = ANN, *accounts: AccountId) -> Peer:
        """Connect a viewer; Ann sees alpha unless told otherwise."""
        viewer = StreamViewer(user_id, f"{user_id}-session", frozenset(accounts or (ALPHA,)))
        self.peers.append(Peer(self, viewer))
        return self.peers[-1]

    def _snapshot(self, account_id: AccountId) -> BookSnapshot:
        return self.snapshot_of(account_id)  # tests replace it

    def stop(self) -> None:
        """End all peers and the drainer."""
        for peer in self.peers:
            peer.close()
        self.drainer.stop()


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still."""
    return FakeClock()


@pytest.fixture
def desk_of(clock: FakeClock) -> Iterator[Callable[..., Desk]]:
    """Make a desk with limits."""
    desks: list[Desk] = []

    def make(**limits: Any) -> Desk:
        desks.append(Desk(clock, **limits))
        return desks[-1]

    yield make
    for desk in desks:
        desk.stop()


@pytest.fixture
def desk(desk_of: Callable[..., Desk]) -> Desk:
    """A desk with the default limits."""
    return desk_of()
