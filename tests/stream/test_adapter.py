from __future__ import annotations

from stream.adapter import SocketAdapter
from tests.stream.conftest import Desk


def test_close_leaves_the_descriptor_to_its_owner(desk: Desk) -> None:
    """facts/realtime.md, trap 4: gunicorn counts a connection twice that somebody else closes."""
    peer = desk.peer()
    adapter = SocketAdapter(peer.here, peer.outbox)
    adapter.close()
    assert adapter.fileno() == peer.here.fileno() >= 0
    assert (adapter.recv(), peer.sock.recv(10)) == (b"", b"")


def test_every_write_takes_the_one_way_out(desk: Desk) -> None:
    """facts/realtime.md, traps 1 and 2: what the library writes is whole and in order."""
    peer = desk.peer()
    adapter = SocketAdapter(peer.here, peer.outbox)
    assert adapter.send(b"abc") == 3
    adapter.sendall(b"def")
    assert peer.sock.recv(10) == b"abcdef"
    peer.outbox.write_last(b"end")
    adapter.sendall(b"never")
    assert peer.sock.recv(10) == b"end"
