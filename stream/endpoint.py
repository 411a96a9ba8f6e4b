"""The route ``/ws/portfolio``: who is let in, and what surrounds a conversation."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import cast

import structlog
from flask import Blueprint, Flask, Response, g, request
from flask_sock import Sock
from h11 import RemoteProtocolError
from simple_websocket import Server

from stream import logs, wire
from stream.adapter import NoThread, SocketAdapter
from stream.codes import INTERNAL_ERROR, TRY_AGAIN_LATER
from stream.connection import Connection, Surroundings
from stream.dialogue import converse
from stream.handshake import Refusal, check_origin, check_upgrade
from stream.hub import Hub
from stream.inbound import Left
from stream.outbox import Drainer, Outbox
from stream.protocol import BadClientMessage
from stream.viewer import StreamViewer
from stream.wire import PATH

_SOCKET = "gunicorn.socket"
_log = structlog.get_logger("stream")

Authenticate = Callable[[], StreamViewer | None]


class Endpoint:
    """Lets viewers in and stays with each on its handler's thread until it has left.

    Args:
        hub: what connections are connected to.
        shared: limits, clock, statistics.
        drainer: sends on what full sockets leave over.
        closed: a refusal for everybody (switched off, draining), None normally.
    """

    def __init__(
        self,
        hub: Hub,
        shared: Surroundings,
        drainer: Drainer,
        closed: Callable[[], Refusal | None],
    ) -> None:
        self._hub = hub
        self._shared = shared
        self._drainer = drainer
        self._closed = closed

    def register(self, app: Flask, authenticate: Authenticate) -> None:
        """Mount the route on app."""
        blueprint = Blueprint("portfolio_stream", __name__)
        blueprint.before_request(lambda: self._admit(authenticate))
        blueprint.register_error_handler(RemoteProtocolError, _malformed)
        # the plain route exists so that a request without an upgrade gets an answer that says so
        blueprint.add_url_rule(PATH, "plain", lambda: _answer(_NO_UPGRADE), methods=["GET"])
        app.config.setdefault("SOCK_SERVER_OPTIONS", {"thread_class": NoThread})
        Sock().route(PATH, bp=blueprint)(self._serve)
        app.register_blueprint(blueprint)
        logs.initialized(PATH)

    def _admit(self, authenticate: Authenticate) -> Response | None:
        """Answer who may not come in; prepare the socket for who may."""
        refusal = (
            check_upgrade(request.environ)
            or self._closed()
            or check_origin(
                request.headers.get("Origin"), request.host, self._shared.limits.allowed_origins
            )
        )
        if refusal is not None:
            return _answer(refusal)
        viewer = authenticate()
        if viewer is None:
            return _answer(_NO_SESSION)
        if _SOCKET not in request.environ:
            return _answer(_NO_SOCKET)
        g.stream_viewer = viewer
        self._wrap_socket()
        return None

    def _wrap_socket(self) -> None:
        sock = cast("socket.socket", request.environ[_SOCKET])
        outbox = Outbox(
            sock,
            self._drainer,
            cap_bytes=self._shared.limits.send_cap_bytes,
            now_ns=self._shared.clock.monotonic_ns,
        )
        request.environ[_SOCKET] = SocketAdapter(sock, outbox)
        # simple-websocket would accept compression: costly here, and a side channel (CRIME)
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)

    def _serve(self, ws: Server) -> None:
        """Converse until the peer has left. Nothing raised here may reach the HTTP server."""
        sock = cast("SocketAdapter", request.environ[_SOCKET])
        connection = Connection(
            g.stream_viewer, sock.outbox, self._shared, remote=request.remote_addr or ""
        )
        sock.outbox.on_writable = connection.pump
        left = Left(INTERNAL_ERROR, "handler failed")
        admitted = self._hub.registry.admit(connection)
        try:
            left = self._attend(connection, ws, sock, admitted)
        except Exception:  # noqa: BLE001 - an error page in a WebSocket stream would be gibberish
            _log.exception("stream connection failed", connection_id=connection.connection_id)
        finally:
            ws.connected = False  # flask-sock closes once more otherwise
            self._part(connection, left, admitted=admitted is not None)

    def _attend(
        self, connection: Connection, ws: Server, sock: SocketAdapter, admitted: int | None
    ) -> Left:
        if admitted is None:
            problem = BadClientMessage("max_connections", "Maximum connections exceeded")
            connection.refuse(problem, TRY_AGAIN_LATER)
        else:
            self._shared.stats.count("connections")
            logs.connected(connection.viewer.user_id, connection.connection_id, admitted)
            connection.start_beating()
        return converse(self._hub, connection, ws, sock, most=self._shared.limits.max_message_bytes)

    def _part(self, connection: Connection, left: Left, *, admitted: bool) -> None:
        connection.over(left.code, left.reason)
        code, reason = connection.closed_with or (left.code, left.reason)
        user_id = connection.viewer.user_id
        if not admitted:
            self._shared.stats.count("refused")
            logs.refused(user_id, code, reason)
            return
        lasted_ns = self._shared.clock.monotonic_ns() - connection.opened_ns
        self._shared.stats.disconnected(lasted_ns)
        self._hub.registry.remove(connection)
        logs.disconnected(user_id, code, reason, lasted_ns // 1_000_000_000)


_NO_UPGRADE = Refusal(426, "upgrade_required", "This address speaks WebSocket only")
_NO_SESSION = Refusal(401, "unauthorized", "Sign in first: there is no valid session")
_NO_SOCKET = Refusal(501, "unsupported_server", "Streaming needs gunicorn")
_TITLES = {
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 426: "Upgrade Required",
    501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


def _answer(refusal: Refusal) -> Response:
    """Return the problem document (RFC 9457) that a refusal is told with."""
    body = wire.encode(
        {
            "type": "about:blank",
            "title": _TITLES[refusal.status],
            "status": refusal.status,
            "detail": refusal.detail,
            "code": refusal.code,
        }
    )
    return Response(
        body, refusal.status, dict(refusal.headers), content_type="application/problem+json"
    )


def _malformed(problem: Exception) -> Response:
    """Answer a handshake that the library can't read; nothing of an upgrade was sent yet."""
    return _answer(Refusal(400, "malformed_handshake", str(problem)))
