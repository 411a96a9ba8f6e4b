"""Speaking to the market-data stream word by word, in JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from exchange.ticks import Print, Quote
from tests.exchange.market_server import MarketServer

NOON = datetime(2026, 3, 4, 17, 0, 0, 123456, tzinfo=UTC)
AAPL = Quote("AAPL", Decimal("210.10"), Decimal(300), Decimal("210.11"), Decimal(100), NOON)
SALE = Print("AAPL", Decimal("210.11"), Decimal(40), NOON)
COIN = Print("BTC/USD", Decimal("58000.5"), Decimal("0.125"), NOON)
AUTH = {"action": "auth", "key": "PKTEST", "secret": "paper"}
WAIT_S = 20


class Talk:
    """One connection that speaks JSON."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    def say(self, message: object) -> None:
        self._socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))

    def hear(self) -> list[dict[str, Any]]:
        frame: list[dict[str, Any]] = json.loads(self._socket.recv(WAIT_S))
        return frame

    def ask(self, message: object) -> list[dict[str, Any]]:
        self.say(message)
        return self.hear()

    def hear_to_the_end(self) -> None:
        while True:
            self.hear()

    def ends(self) -> None:
        with pytest.raises(ConnectionClosed):
            self._socket.recv(WAIT_S)


class Talks:
    """Opens connections and closes them at the end of a test."""

    def __init__(self, server: MarketServer) -> None:
        self._server = server
        self._open: list[ClientConnection] = []

    def open(self, path: str = "/v2/iex", headers: dict[str, str] | None = None) -> Talk:
        socket = connect(self._server.ws + path, additional_headers=headers, legacy=True)
        self._open.append(socket)
        talk = Talk(socket)
        assert talk.hear() == [{"T": "success", "msg": "connected"}]
        return talk

    def authenticated(self, path: str = "/v2/iex", key: str = "PKTEST") -> Talk:
        talk = self.open(path)
        assert talk.ask({**AUTH, "key": key}) == [{"T": "success", "msg": "authenticated"}]
        return talk

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def error(code: int, words: str) -> list[dict[str, object]]:
    return [{"T": "error", "code": code, "msg": words}]


def publish(server: MarketServer, *ticks: Quote | Print) -> None:
    def all_at_once() -> None:
        for tick in ticks:
            server.market.publish(tick)

    server.call(all_at_once)
