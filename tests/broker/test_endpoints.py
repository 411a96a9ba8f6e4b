"""Where a broker listens, and who may speak to it."""

from __future__ import annotations

import pytest

from broker.backoff import CEILING_S, delay_s
from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.link import nobody_listens
from portfolio.errors import InvalidValue


def test_alpaca_paper() -> None:
    """Paper trading has its own host; market data has one for both."""
    found = Endpoints.alpaca(paper=True, feed="sip")
    assert found.trading_url == "https://paper-api.alpaca.markets"
    assert found.trading_stream_url == "wss://paper-api.alpaca.markets/stream"
    assert found.stock_stream_url == "wss://stream.data.alpaca.markets/v2/sip"
    assert found.crypto_stream_url == "wss://stream.data.alpaca.markets/v1beta3/crypto/us"
    assert Endpoints.alpaca(paper=False).trading_url == "https://api.alpaca.markets"


def test_everything_on_one_port() -> None:
    """An exchange serves all of it under one base address."""
    found = Endpoints.at("http://127.0.0.1:8061/")
    assert found.trading_url == found.data_url == "http://127.0.0.1:8061"
    assert found.trading_stream_url == "ws://127.0.0.1:8061/stream"
    assert found.stock_stream_url == "ws://127.0.0.1:8061/v2/iex"
    assert found.crypto_stream_url == "ws://127.0.0.1:8061/v1beta3/crypto/us"
    assert Endpoints.at("https://x.example").trading_stream_url == "wss://x.example/stream"


@pytest.mark.parametrize("url", ["", "127.0.0.1:8061", "ftp://x", "http://"])
def test_no_address(url: str) -> None:
    """What is not an http address is refused."""
    with pytest.raises(InvalidValue):
        Endpoints.at(url)


def test_unknown_feed() -> None:
    """There are two stock feeds."""
    with pytest.raises(InvalidValue, match="iex or sip"):
        Endpoints.alpaca(paper=True, feed="otc")
    with pytest.raises(InvalidValue, match="iex or sip"):
        Endpoints.at("http://h", feed="otc")


def test_secret_never_shows() -> None:
    """Neither repr nor str of credentials holds the secret or the whole key id."""
    keys = Credentials("PKABCDEFGH7Q", "sesame", Endpoints.at("http://h"))
    assert keys.masked == "PK••••7Q"
    assert "sesame" not in f"{keys!r} {keys}"
    assert "PKABCDEFGH7Q" not in f"{keys!r} {keys}"
    assert Credentials("short", "x", Endpoints.at("http://h")).masked == "••••"


def test_backoff_grows_to_its_ceiling() -> None:
    """The bound doubles from 1 s to 30 s, and the wait is anywhere below it."""
    bounds = [delay_s(n, uniform=lambda _, high: high) for n in (0, 1, 2, 3, 4, 5, 6, 7, 10**9)]
    assert bounds == [1, 1, 2, 4, 8, 16, CEILING_S, CEILING_S, CEILING_S]
    assert delay_s(9, uniform=lambda low, _: low) == 0.05
    assert delay_s(9, ceiling_s=4, uniform=lambda _, high: high) == 4


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(111, "Connect call failed"), True),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 111] ..."), True),
        (ConnectionResetError(104, "reset"), False),
        (TimeoutError(), False),
        (ValueError("[Errno 111]"), False),
    ],
)
def test_refused_connections_are_told_apart(error: Exception, *, expected: bool) -> None:
    """Only a refused connection is tried again soon for ever."""
    assert nobody_listens(error) is expected
