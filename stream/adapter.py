"""The socket that flask-sock and simple-websocket get to see.

simple-websocket 1.1 writes with ``send`` (a partial send corrupts the stream), from two
threads, and closes a socket that belongs to gunicorn. Through this adapter all it writes
takes the connection's one way out, and its close is a shutdown.
"""

from __future__ import annotations

import socket

from stream.outbox import Outbox

READ_BYTES = 16 * 1024


class SocketAdapter:
    """Stands in for the server's socket during one connection.

    Args:
        sock: the server's socket; it stays the server's to close.
        outbox: where writes go.
    """

    def __init__(self, sock: socket.socket, outbox: Outbox) -> None:
        self._sock = sock
        self.outbox = outbox

    def send(self, data: bytes) -> int:
        """Write data whole, now or through the backlog."""
        self.outbox.write(data)
        return len(data)

    def sendall(self, data: bytes) -> None:
        """Write data whole, now or through the backlog."""
        self.outbox.write(data)

    def recv(self, size: int = READ_BYTES) -> bytes:
        """Wait for bytes; empty when the connection is over."""
        try:
            return self._sock.recv(size)
        except OSError:
            return b""

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._sock.fileno()

    def close(self) -> None:
        """Shut the connection down, leaving the descriptor to its owner."""
        self.outbox.shutdown()


class NoThread:
    """What simple-websocket starts instead of its reader thread: nothing.

    The thread that runs the route reads itself, so a connection costs one thread.
    """

    name = ""

    def __init__(self, target: object = None) -> None:
        self._target = target

    def start(self) -> None:
        """Do nothing."""
