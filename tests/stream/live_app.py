"""The stream under a real gunicorn, with a producer that tests drive over HTTP.

Not a test itself: ``serving`` starts it as a process.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any

import structlog
from flask import Flask, Response, jsonify, request
from gunicorn.app.base import BaseApplication

from portfolio.ids import AccountId, UserId
from portfolio.values import BookSnapshot
from stream.service import PortfolioStream, StreamLimits, StreamViewer, install_drain
from tests.stream import samples

USERS = {
    "ann": frozenset({samples.ALPHA}),
    "bob": frozenset({samples.BETA}),
    "eve": frozenset({samples.ALPHA, samples.BETA}),
}


def authenticate() -> StreamViewer | None:
    """Take the cookie ``session=<user>:<anything>``."""
    session = request.cookies.get("session", "")
    user = session.partition(":")[0]
    if user not in USERS:
        return None
    return StreamViewer(UserId(user), session, USERS[user])


class Desk:
    """The app: a book of sample positions, and routes that change it."""

    def __init__(self, limits: StreamLimits) -> None:
        self.books: dict[AccountId, dict[str, Any]] = {samples.ALPHA: {}, samples.BETA: {}}
        self.stream = PortfolioStream(limits, self.snapshot)
        self.worker: Any = None
        self.stream.open_account(samples.ALPHA, samples.ANN)
        self.stream.open_account(samples.BETA, samples.BOB)

    def snapshot(self, account_id: AccountId) -> BookSnapshot:
        """Return the positions made so far."""
        if "BROKEN" in self.books[account_id]:
            raise RuntimeError("no book")
        return BookSnapshot(positions=tuple(self.books[account_id].values()))

    def produce(self, script: dict[str, Any]) -> None:
        """Offer ``rounds`` times ``width`` price updates, then ``orders`` orders."""
        account_id = AccountId(script.get("account", "alpha"))
        for turn in range(script.get("rounds", 1)):
            changes = [
                samples.priced(
                    f"S{number}",
                    str(script.get("price", 0) + turn + 1),
                    account_id=account_id,
                    arrived_ns=self.stream._clock.monotonic_ns(),
                )
                for number in range(script.get("width", 1))
            ]
            for change in changes:
                self.books[account_id][change.position.symbol] = change.position
            self.stream.offer(changes)
            if script.get("flush"):
                self.stream._hub.flush_all()
        for number in range(script.get("orders", 0)):
            self.stream.offer([samples.ordered(f"o{number}", account_id=account_id)])


def create_app() -> Flask:
    """Return the app; limits come from the environment as JSON."""
    desk = Desk(StreamLimits(**json.loads(os.environ.get("STREAM_LIMITS", "{}"))))
    app = Flask(__name__)
    app.extensions["desk"] = desk
    desk.stream.register(app, authenticate)
    desk.stream.start()

    @app.post("/produce")
    def produce() -> str:
        desk.produce(request.get_json())
        return "done"

    @app.post("/call/<name>")
    def call(name: str) -> Response:
        return jsonify(getattr(desk.stream, name)(**request.get_json()))

    @app.get("/stats")
    def stats() -> Response:
        return jsonify(desk.stream.stats())

    @app.get("/connections")
    def connections() -> Response:
        return jsonify(desk.stream.connections())

    @app.get("/process")
    def process() -> Response:
        names = sorted(thread.name for thread in threading.enumerate())
        return jsonify(nrConns=desk.worker.nr_conns, threads=names)

    @app.post("/break")
    def break_book() -> str:
        def fail(*_: object) -> None:
            raise RuntimeError("broken on purpose")

        desk.stream._hub.subscribe = fail  # type: ignore[method-assign]
        return "broken"

    return app


def serve() -> None:
    """Serve until told to stop; print the port."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    Server().run()


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one gthread worker on a free port."""

    def load_config(self) -> None:
        """Set what differs from the defaults."""
        settings = {
            "bind": "127.0.0.1:0", "worker_class": "gthread", "threads": 40,
            "graceful_timeout": 20, "control_socket_disable": True,
            "when_ready": _announce, "post_worker_init": _attach,
        }  # fmt: skip
        for name, value in settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the app, in the worker."""
        return create_app()


def _announce(arbiter: Any) -> None:
    print("listening", arbiter.LISTENERS[0].getsockname()[1], flush=True)


def _attach(worker: Any) -> None:
    desk = worker.wsgi.extensions["desk"]
    desk.worker = worker
    install_drain(worker, lambda: desk.stream.drain(5.0))


if __name__ == "__main__":
    serve()
    sys.exit(0)
