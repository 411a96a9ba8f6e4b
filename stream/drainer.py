"""One thread that sends on what full sockets left over, for all connections."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import suppress

import structlog

from stream.outbox import Outbox

_log = structlog.get_logger(__name__)


class SelectorDrainer:
    """Watches sockets with a backlog and sends when they take data.

    Registering happens on any thread while this one waits; epoll and kqueue allow it, and
    the wake-up socket makes the others (select, poll) look again.
    """

    def __init__(self) -> None:
        self._selector: selectors.BaseSelector | None = None
        self._lock = threading.Lock()
        self._watched: dict[Outbox, int] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    def start(self) -> None:
        """Start the thread; the descriptors are made here, so that no fork shares them."""
        self._selector = selectors.DefaultSelector()
        self._wake, self._woken = socket.socketpair()
        self._wake.settimeout(0)
        self._woken.settimeout(0)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="stream-drainer", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End the thread and give up the descriptors."""
        if self._selector is None or self._thread is None:
            return
        self._stopping = True
        self._nudge()
        self._thread.join(timeout_s)
        self._selector.close()
        self._wake.close()
        self._woken.close()

    def watch(self, outbox: Outbox) -> None:
        """Call ``outbox.send_on`` whenever its socket takes data."""
        with self._lock:
            if self._selector is None or outbox in self._watched or self._stopping:
                return
            number = outbox.sock.fileno()
            self._watched[outbox] = number
            self._selector.register(number, selectors.EVENT_WRITE, outbox)
        self._nudge()

    def forget(self, outbox: Outbox) -> None:
        """Stop watching outbox's socket."""
        with self._lock:
            number = self._watched.pop(outbox, None)
            if self._selector is not None and number is not None and not self._stopping:
                with suppress(KeyError, ValueError, OSError):
                    self._selector.unregister(number)

    def _nudge(self) -> None:
        with suppress(OSError):
            self._wake.send(b"\0")

    def _run(self) -> None:
        while self._selector is not None and not self._stopping:
            for key, _ in self._selector.select():
                if key.data is None:
                    with suppress(OSError):
                        self._woken.recv(4096)
                else:
                    self._send_on(key.data)

    def _send_on(self, outbox: Outbox) -> None:
        try:
            outbox.send_on()
        except Exception:  # noqa: BLE001 - top of a thread: one connection must not stop the others
            _log.exception("stream drainer failed", exc_info=True)
            outbox.shutdown()
