"""Going away without losing anything (R13), and how a gunicorn worker begins it."""

from __future__ import annotations

import queue
import random
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog

from stream.flow import Control
from stream.hub import Hub
from stream.limits import StreamLimits

_log = structlog.get_logger("stream")
_SETTLE_S = 0.5
_STEP_S = 0.01
_REASON = "server is going away"
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def drain_hub(hub: Hub, limits: StreamLimits, timeout_s: float) -> bool:
    """Say goodbye to every connection and wait until all are gone.

    Clients hear when to come back, get every batch, and have a moment to ack before the
    close, as a page may overlook the first of two frames that arrive together.

    Args:
        hub: whose connections.
        limits: bounds of the random pause that clients are asked to make.
        timeout_s: bound of the whole; connections that are left then are cut off.

    Returns:
        Whether every handler ended by itself within the time.
    """
    connections = hub.registry.open()
    for connection in connections:
        pause = random.randint(*limits.reconnect_after_ms)  # noqa: S311 - spreads load, no secret
        connection.tell(Control("draining", {"reconnectAfterMs": pause}))
    hub.flush_all()
    _wait(lambda: all(connection.idle for connection in connections), min(_SETTLE_S, timeout_s / 4))
    hub.flush_all()
    for connection in connections:
        connection.go_away(_REASON)
    ended = hub.registry.wait_until_empty(timeout_s)
    for connection in hub.registry.all():
        connection.abort()
    return ended or hub.registry.wait_until_empty(limits.close_timeout_s)


def _wait(condition: Callable[[], bool], timeout_s: float) -> None:
    pause = threading.Event()
    steps = int(timeout_s / _STEP_S)
    while steps > 0 and not condition():
        pause.wait(_STEP_S)
        steps -= 1


def install_drain(worker: Any, drain: Callable[[], object]) -> None:
    """Make a gunicorn gthread worker drain as soon as it is told to stop.

    Call it from ``post_worker_init``. Without it a worker waits for its WebSockets until the
    graceful timeout, without a word to them. SIGINT and SIGQUIT (Ctrl-C, which reaches the
    whole process group) drain too: gunicorn's quick exit would wait for the handlers' threads
    at interpreter exit, for ever.

    Args:
        worker: the gunicorn worker.
        drain: called once, on a thread of its own; it must be bounded.
    """
    told: queue.SimpleQueue[None] = queue.SimpleQueue()

    def wait() -> None:
        told.get()
        try:
            drain()
        except Exception:  # noqa: BLE001 - top of a thread; the worker exits either way
            _log.exception("drain failed")

    def stop(number: int, frame: FrameType | None) -> None:
        # a signal handler: SimpleQueue.put is the one primitive that may be interrupted by itself
        told.put(None)
        worker.handle_exit(number, frame)

    threading.Thread(target=wait, name="stream-drain", daemon=True).start()
    for number in _SIGNALS:
        signal.signal(number, stop)
        signal.siginterrupt(number, False)  # noqa: FBT003 - positional only
