"""How the stream does, for admins."""

from __future__ import annotations

from flask import Blueprint, Response

from stream.wire import time_text
from web.answers import answer
from web.guard import require_admin
from web.services import services


def blueprint() -> Blueprint:
    """Return the routes under /api/admin."""
    routes = Blueprint("admin", __name__, url_prefix="/api/admin")
    routes.before_request(require_admin)
    routes.add_url_rule("/websocket-stats", view_func=websocket_stats, methods=["GET"])
    routes.add_url_rule("/connections", view_func=connections, methods=["GET"])
    routes.add_url_rule("/stream-history", view_func=stream_history, methods=["GET"])
    return routes


def websocket_stats() -> Response:
    """Return the stream's figures as of now."""
    return answer(services().stream.stats())


def connections() -> Response:
    """List the open connections."""
    parts = services()
    found = list(parts.stream.connections())
    return answer({"asOf": time_text(parts.clock()), "connections": found})


def stream_history() -> Response:
    """List the samples behind the charts, oldest first."""
    parts = services()
    return answer({"asOf": time_text(parts.clock()), "samples": list(parts.stream.history())})
