"""Where a broker listens: Alpaca itself, or an exchange that speaks its protocol."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from portfolio.errors import InvalidValue

_DATA_STREAM = "wss://stream.data.alpaca.markets"
_CRYPTO_PATH = "/v1beta3/crypto/us"
FEEDS = ("iex", "sip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """All addresses of one broker.

    Attributes:
        trading_url: trading REST, without version and trailing slash.
        data_url: market-data REST, likewise.
        trading_stream_url: whole WebSocket URL of ``trade_updates``.
        stock_stream_url: whole WebSocket URL of the stock feed.
        crypto_stream_url: whole WebSocket URL of the crypto feed.
        feed: stock feed asked for over REST, ``iex`` or ``sip``.
    """

    trading_url: str
    data_url: str
    trading_stream_url: str
    stock_stream_url: str
    crypto_stream_url: str
    feed: str = "iex"

    @classmethod
    def alpaca(cls, *, paper: bool, feed: str = "iex") -> Endpoints:
        """Return Alpaca's own addresses.

        Args:
            paper: paper trading instead of real money.
            feed: ``iex`` (free) or ``sip`` (subscription).

        Raises:
            InvalidValue: for another feed.
        """
        host = "paper-api.alpaca.markets" if paper else "api.alpaca.markets"
        return cls(
            trading_url=f"https://{host}",
            data_url="https://data.alpaca.markets",
            trading_stream_url=f"wss://{host}/stream",
            stock_stream_url=f"{_DATA_STREAM}/v2/{_known_feed(feed)}",
            crypto_stream_url=f"{_DATA_STREAM}{_CRYPTO_PATH}",
            feed=feed,
        )

    @classmethod
    def at(cls, base_url: str, *, feed: str = "iex") -> Endpoints:
        """Return the addresses of an exchange that serves everything on one port.

        Args:
            base_url: for example ``http://127.0.0.1:8061``; a trailing slash is dropped.
            feed: ``iex`` or ``sip``.

        Raises:
            InvalidValue: when base_url is not an http or https URL, or for another feed.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise InvalidValue("base_url", base_url, "an http or https URL with a host")
        http = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        stream = "ws" + http.removeprefix("http")
        return cls(
            trading_url=http,
            data_url=http,
            trading_stream_url=f"{stream}/stream",
            stock_stream_url=f"{stream}/v2/{_known_feed(feed)}",
            crypto_stream_url=f"{stream}{_CRYPTO_PATH}",
            feed=feed,
        )


def _known_feed(feed: str) -> str:
    if feed not in FEEDS:
        raise InvalidValue("feed", feed, " or ".join(FEEDS))
    return feed
