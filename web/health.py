"""Whether the process lives and wants requests, for load balancers and people."""

from __future__ import annotations

from flask import Blueprint, Response

from web.answers import answer
from web.services import services


def blueprint() -> Blueprint:
    """Return /health, /health/ready and /api/health; none needs a session."""
    routes = Blueprint("health", __name__)
    routes.add_url_rule("/health", view_func=health, methods=["GET"])
    routes.add_url_rule("/health/ready", view_func=ready, methods=["GET"])
    routes.add_url_rule("/api/health", view_func=api_health, methods=["GET"])
    return routes


def health() -> Response:
    """Say that the process lives, and its version."""
    return answer({"status": "ok", "version": services().settings.version})


def ready() -> Response:
    """Say whether new work is welcome: 503 while starting or draining."""
    if services().stream.ready:
        return answer({"status": "ready"})
    return answer({"status": "draining"}, 503)


def api_health() -> Response:
    """Say what pages need to know before they connect."""
    parts = services()
    return answer(
        {
            "status": "ok",
            "version": parts.settings.version,
            "realtimeEnabled": parts.stream.enabled,
        }
    )
