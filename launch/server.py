"""The web server: gunicorn with threads, one process, drained on the way out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from db.housekeeping import Housekeeping
from gateway.gateway import Gateway
from launch.accounts import Stores
from launch.settings import Settings
from stream.service import PortfolioStream, install_drain

HTTP_RESERVE = 24
"""Threads for plain requests beside one per WebSocket."""
DRAIN_S = 8.0
GRACEFUL_S = 15
STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class Running:
    """What runs beside the requests and has to be stopped after them."""

    stream: PortfolioStream
    gateway: Gateway
    housekeeping: Housekeeping
    stores: Stores

    def stop(self, timeout_s: float) -> None:
        """Stop the gateway, then close the database."""
        self.gateway.stop(timeout_s)
        self.housekeeping.stop(timeout_s)
        self.stores.database.dispose()


Build = Callable[[], tuple[Flask, Running]]


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
        build: Build,
        on_stopped: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._build = build
        self._on_stopped = on_stopped
        self._running: Running | None = None
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
            "control_socket_disable": True,
            "loglevel": "warning",
            "post_worker_init": self._serving,
            "worker_exit": self._worker_gone,
            "on_exit": lambda _: self._on_stopped(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the app in the worker."""
        flask, self._running = self._build()
        return flask

    def _serving(self, worker: Any) -> None:
        """Say that it serves, once it does, and leave cleanly when told to."""
        running = self._running
        if running is not None:
            install_drain(worker, lambda: running.stream.drain(DRAIN_S))
        host, port = worker.sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        sys.stdout.write(f"AlphaFlow ready at http://{shown}:{port}\n")
        sys.stdout.flush()

    def _worker_gone(self, _arbiter: Any, _worker: Any) -> None:
        """Stop the gateway after the last request, inside the worker."""
        if self._running is not None:
            self._running.stop(STOP_S)
