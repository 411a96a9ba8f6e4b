"""The only way bytes leave on one connection's socket.

Every frame, ours and the library's, goes through ``write``: a non-blocking send under
one lock, and what the socket doesn't take waits in a backlog that the drainer sends on.
So frames never mix, a partial send loses nothing and no caller ever blocks.
"""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

_ABORT = struct.pack("ii", 1, 0)


class Drainer(Protocol):
    """Sends on what a full socket left over."""

    def watch(self, outbox: Outbox) -> None:
        """Call ``outbox.send_on`` whenever its socket takes data, until its backlog is empty."""

    def forget(self, outbox: Outbox) -> None:
        """Stop watching; when it returns, the socket's descriptor is no longer looked at."""


class Outbox:
    """Writes whole frames to a socket that others may be slow to read.

    Args:
        sock: a connected stream socket; it may be in blocking mode.
        drainer: sends the backlog.
        cap_bytes: the most that may wait behind the first waiting frame.
        now_ns: monotonic time.

    Attributes:
        on_writable: called without any lock held once an emptied backlog makes room.
    """

    def __init__(
        self,
        sock: socket.socket,
        drainer: Drainer,
        *,
        cap_bytes: int,
        now_ns: Callable[[], int],
    ) -> None:
        self.sock = sock
        # under gevent the wrapped socket would wait for room; the one inside never does
        self._raw: socket.socket = getattr(sock, "_sock", sock)
        self._drainer = drainer
        self._cap_bytes = cap_bytes
        self.on_writable: Callable[[], None] | None = None
        self._now_ns = now_ns
        self._lock = threading.RLock()
        self._backlog: deque[tuple[memoryview, int]] = deque()
        self._started = False
        self._closed = False
        self._last = False

    @property
    def clear(self) -> bool:
        """Say whether the socket took everything so far."""
        return not self._backlog

    @property
    def backlog_bytes(self) -> int:
        """Return how many bytes wait."""
        with self._lock:
            return sum(len(part) for part, _ in self._backlog)

    @property
    def waiting_since_ns(self) -> int | None:
        """Return when the oldest waiting frame was written, None with nothing waiting."""
        with self._lock:
            return self._backlog[0][1] if self._backlog else None

    def write(self, frame: bytes) -> bool:
        """Send frame, or keep what the socket doesn't take.

        Returns:
            False when it would exceed the cap; then it was not taken.
        """
        with self._lock:
            if self._closed or self._last:
                return True
            if self._backlog and self.backlog_bytes + len(frame) > self._cap_bytes:
                return False
            self._put(frame)
            return True

    def write_last(self, frame: bytes, *, drop_waiting: bool = False) -> None:
        """Send frame and take nothing after it.

        Args:
            frame: a close frame.
            drop_waiting: forget frames that have not begun to leave; one that has is finished,
                as half a frame would corrupt the stream.
        """
        with self._lock:
            if self._closed or self._last:
                return
            self._last = True
            if drop_waiting:
                kept = [self._backlog[0]] if self._backlog and self._started else []
                self._backlog = deque(kept)
            self._put(frame)

    def send_on(self) -> None:
        """Send as much of the backlog as the socket takes. Runs on the drainer's thread."""
        with self._lock:
            if not self._closed:
                self._send_backlog()
            emptied = not self._backlog
            if emptied:
                self._drainer.forget(self)
        if emptied and self.on_writable is not None:
            self.on_writable()

    def abort(self) -> None:
        """End the connection now, whatever waits; its reader wakes up."""
        with self._lock:
            if self._closed:
                return
            # the kernel drops its own buffer too, instead of keeping it for a dead peer
            if self._backlog:
                self._raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        self.shutdown()

    def shutdown(self) -> None:
        """Stop both directions and forget the backlog.

        The descriptor stays open: it belongs to the server that accepted it, which counts a
        connection twice when somebody else closes it.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._backlog.clear()
            self._drainer.forget(self)
            try:
                self._raw.shutdown(socket.SHUT_RDWR)
            except OSError:
                return  # the peer was faster

    def _put(self, frame: bytes) -> None:
        blocked = bool(self._backlog)
        self._backlog.append((memoryview(frame), self._now_ns()))
        if blocked:
            return
        self._started = False
        self._send_backlog()
        if self._backlog:
            self._drainer.watch(self)

    def _send_backlog(self) -> None:
        while self._backlog:
            part, since = self._backlog[0]
            try:
                sent = self._raw.send(part, socket.MSG_DONTWAIT)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._gone()
                return
            if sent < len(part):
                self._started = self._started or sent > 0
                self._backlog[0] = (part[sent:], since)
                continue
            self._backlog.popleft()
            self._started = False

    def _gone(self) -> None:
        """Note that the peer reset the connection; the reader finds out by itself."""
        self.shutdown()
