"""What a connection's thread does: read until the peer is gone, answer what it says."""

from __future__ import annotations

import structlog
from simple_websocket import Server

from stream.adapter import SocketAdapter
from stream.codes import ABNORMAL, INTERNAL_ERROR, MESSAGE_TOO_BIG
from stream.connection import Connection
from stream.flow import Control
from stream.hub import Hub
from stream.inbound import Inbound, Left, Pinged, Reader, Said, TooBig
from stream.protocol import Ack, BadClientMessage, Ping, Subscribe, Unsubscribe, parse

_log = structlog.get_logger("stream")
_GONE = Left(ABNORMAL, "connection lost")


def converse(hub: Hub, connection: Connection, ws: Server, sock: SocketAdapter, *, most: int) -> (
    Left
):  # fmt: skip
    """Read and answer until the peer has left or the socket is shut down.

    Args:
        hub: does what the client asks for.
        connection: says the answers.
        ws: after its handshake.
        sock: the same connection's socket.
        most: bytes of a client message.

    Returns:
        How the peer left.
    """
    reader = Reader(ws.ws, most_bytes=most)
    while data := sock.recv():
        connection.heard()
        for heard in reader.feed(data):
            if isinstance(heard, Left):
                connection.echo_close(heard.code, heard.reason)
                return heard
            if isinstance(heard, TooBig):
                _too_big(connection, most)
            elif not connection.closed_with:
                _answer(hub, connection, heard)
    return _GONE


def _answer(hub: Hub, connection: Connection, heard: Inbound) -> None:
    try:
        if isinstance(heard, Pinged) and connection.admit_message():
            connection.pong(heard.payload)
        elif isinstance(heard, Said):
            _follow(hub, connection, heard.raw)
    except BadClientMessage as problem:
        connection.tell(Control("error", problem.data()))
    except Exception:  # noqa: BLE001 - an error page in a WebSocket stream would be gibberish
        _log.exception("stream handler failed", connection_id=connection.connection_id)
        failed = BadClientMessage("internal_error", "The server failed on this message")
        connection.refuse(failed, INTERNAL_ERROR)


def _follow(hub: Hub, connection: Connection, raw: bytes) -> None:
    try:
        message = parse(raw)
    except BadClientMessage:
        if connection.admit_message():
            raise
        return
    # the server paces the acks it waits for, so those can't be too many
    if isinstance(message, Ack) and connection.ack(message):
        return
    if not connection.admit_message():
        return
    match message:
        case Subscribe():
            hub.subscribe(connection, message)
        case Unsubscribe():
            hub.unsubscribe(connection, message)
        case Ping():
            connection.tell(Control("pong", {}))


def _too_big(connection: Connection, most: int) -> None:
    """Say so and close; what the peer still sends is read and thrown away until it answers."""
    problem = BadClientMessage(
        "message_too_big", "Message too big", allowed=f"at most {most} bytes"
    )
    connection.refuse(problem, MESSAGE_TOO_BIG)
