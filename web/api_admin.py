"""How the stream does, for admins."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.feed import LinkStatus
from stream.wire import Json, time_text
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
    routes.add_url_rule("/links", view_func=links, methods=["GET"])
    return routes


def websocket_stats() -> Response:
    """Return the stream's figures as of now."""
    return answer(services().stream.stats())


def connections() -> Response:
    """List the open connections, each with its user's name."""
    parts = services()
    names = {str(user.user_id): user.username for user in parts.users.all()}
    found = [
        {**each, "userName": names.get(str(each.get("userId")))}
        for each in parts.stream.connections()
    ]
    return answer({"asOf": time_text(parts.clock()), "connections": found})


def stream_history() -> Response:
    """List the samples behind the charts, oldest first."""
    parts = services()
    return answer({"asOf": time_text(parts.clock()), "samples": list(parts.stream.history())})


def links() -> Response:
    """List the connections to the brokers, and how often their word corrected ours."""
    parts = services()
    return answer(
        {
            "asOf": time_text(parts.clock()),
            "corrections": parts.gateway.corrections(),
            "links": [_link(status) for status in parts.gateway.upstream()],
        }
    )


def _link(status: LinkStatus) -> Json:
    return {
        "name": status.name,
        "accounts": list(status.accounts),
        "state": status.state,
        "since": time_text(status.since),
        "detail": status.detail,
        "frames": status.frames,
        "malformed": dict(status.malformed),
        "connects": status.connects,
    }
