"""Users on the stream: acking WebSocket connections, as many as wanted on one loop."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from benchmarks.ages import PriceWatch
from benchmarks.tally import Tally
from stream.wire import PATH

_decode = msgspec.json.Decoder().decode


class CountedConnection(ClientConnection):
    """A connection that tells a tally of every byte above TCP."""

    tally: Tally

    def data_received(self, data: bytes) -> None:
        """Count what came."""
        self.tally.moved(down=len(data))
        super().data_received(data)

    def send_data(self) -> None:
        """Write what is to be sent, counting it."""
        for data in self.protocol.data_to_send():
            self.tally.moved(up=len(data))
            self.transport.write(data)


async def follow(base_url: str, cookie: str, tally: Tally, ready: asyncio.Semaphore) -> None:
    """Follow the stream and ack every message until cancelled.

    Args:
        base_url: of the desk.
        cookie: of the user's session.
        tally: where to count.
        ready: released when the snapshot is here.
    """
    watch = PriceWatch()

    def counted(*args: Any, **options: Any) -> CountedConnection:
        connection = CountedConnection(*args, **options)
        connection.tally = tally
        return connection

    address = f"ws://{urlsplit(base_url).netloc}{PATH}"
    headers = {"Cookie": cookie}
    options: Any = {"compression": None, "create_connection": counted, "ping_interval": None}
    try:
        async with connect(address, additional_headers=headers, max_size=None, **options) as socket:
            await socket.send(msgspec.json.encode({"type": "subscribe", "ack": True}).decode())
            while True:
                text = await socket.recv(decode=False)
                message = _decode(text)
                acked = {name: message[name] for name in ("accountId", "epoch", "seq")}
                await socket.send(msgspec.json.encode({"type": "ack", **acked}).decode())
                tally.body(text)
                _take(message, watch, tally)
                if message["type"] == "snapshot":
                    ready.release()
    except (ConnectionClosed, OSError) as error:
        tally.failures.append(f"{type(error).__name__}: {error}")
        ready.release()


def _take(message: dict[str, Any], watch: PriceWatch, tally: Tally) -> None:
    """Count a message of an account; others are about the connection."""
    if message["seq"] is None:
        return
    data = message["data"]
    single = [data] if message["type"] == "position_update" else []
    tally.arrived(watch, data.get("positions") or single, -1)
