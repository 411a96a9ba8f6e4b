"""The web server: gunicorn with threads, one process, drained on the way out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from launch.settings import Settings
from stream.drain import install_drain
from stream.service import PortfolioStream

HTTP_RESERVE = 24
"""Threads for plain requests beside one per WebSocket."""
DRAIN_S = 8.0
GRACEFUL_S = 15
STOP_S = 5.0


class DeskServer(BaseApplication):  # type: ignore[misc]
    """Serves one AlphaFlow process.

    Args:
        settings: host, port, limits.
        build: makes the Flask app inside the worker process, after the fork.
        on_stopped: called in the parent when the worker has ended.
    """

    def __init__(
        self,
        settings: Settings,
        build: Callable[[], Flask],
        on_stopped: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._build = build
        self._on_stopped = on_stopped
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's options; none come from its own files or command line."""
        settings = self._settings
        options = {
            "bind": f"{settings.host}:{settings.port}",
            "worker_class": "gthread",
            "workers": 1,
            "threads": settings.max_total_connections + HTTP_RESERVE,
            "worker_connections": settings.max_total_connections + 1000,
            "graceful_timeout": GRACEFUL_S,
            "timeout": 60,
            "keepalive": 15,
            "accesslog": None,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._serving,
            "worker_exit": self._worker_gone,
            "on_exit": lambda _: self._on_stopped(),
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the app in the worker."""
        return self._build()

    def _serving(self, worker: Any) -> None:
        """Say that it serves, once it does, and leave cleanly when told to."""
        stream = _stream(worker.app.callable)
        install_drain(worker, lambda: stream.drain(DRAIN_S))
        host, port = worker.sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"AlphaFlow ready at http://{shown}:{port}\n")
        sys.stdout.flush()

    def _worker_gone(self, _arbiter: Any, worker: Any) -> None:
        """Stop the gateway after the last request, inside the worker."""
        app = worker.app.callable
        if app is not None:
            app.extensions["alphaflow_stop"](STOP_S)


def _stream(app: Flask) -> PortfolioStream:
    stream: PortfolioStream = app.extensions["alphaflow_stream"]
    return stream
