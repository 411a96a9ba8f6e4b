"""What a market-data client may subscribe to, and what it has subscribed to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from exchange.data_errors import StreamError

STOCK_CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")
CRYPTO_CHANNELS = ("trades", "quotes", "orderbooks", "bars", "updatedBars", "dailyBars")
_FOLLOW_TRADES = ("corrections", "cancelErrors")
_UNCOUNTED = ("bars", "updatedBars", "dailyBars")
_SYMBOL = re.compile(r"\*|[A-Za-z0-9./]{1,21}")

Wanted = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Feed:
    """One endpoint of the stream.

    Attributes:
        path: its URL path.
        channels: what can be subscribed to, in the order acknowledged.
        is_crypto: crypto pairs, else stocks.
        followers: channels that come with trades and are acknowledged with them.
    """

    path: str
    channels: tuple[str, ...]
    is_crypto: bool = False
    followers: tuple[str, ...] = ()


FEEDS = (
    Feed("/v2/iex", STOCK_CHANNELS, followers=_FOLLOW_TRADES),
    Feed("/v2/sip", STOCK_CHANNELS, followers=_FOLLOW_TRADES),
    Feed("/v1beta3/crypto/us", CRYPTO_CHANNELS, is_crypto=True),
)
TEST_FEED = Feed("/v2/test", STOCK_CHANNELS, followers=_FOLLOW_TRADES)


def wanted_channels(message: Mapping[str, object], feed: Feed) -> Wanted:
    """Return the symbols by channel that a subscribe or unsubscribe message names.

    Raises:
        StreamError: 410 for a channel that only another feed has, 400 for anything malformed.
    """
    wanted: Wanted = {}
    for channel, symbols in message.items():
        if channel == "action" or channel in _FOLLOW_TRADES:
            continue
        if channel not in feed.channels:
            known = channel in STOCK_CHANNELS or channel in CRYPTO_CHANNELS
            raise StreamError(410 if known else 400)
        wanted[channel] = _symbols(symbols)
    return wanted


def _symbols(got: object) -> list[str]:
    if got is None:
        return []
    if not isinstance(got, list):
        raise StreamError(400)
    symbols = [item for item in got if isinstance(item, str) and _SYMBOL.fullmatch(item)]
    if len(symbols) != len(got):
        raise StreamError(400)
    return symbols


class Subscriptions:
    """One client's symbols by channel.

    Args:
        feed: what there is to subscribe to.
        symbol_limit: most symbols in all channels but bars; None is no limit.
    """

    def __init__(self, feed: Feed, symbol_limit: int | None = None) -> None:
        self._feed = feed
        self._limit = symbol_limit
        self._symbols: dict[str, dict[str, None]] = {channel: {} for channel in feed.channels}

    def add(self, wanted: Wanted) -> list[tuple[str, str]]:
        """Add symbols; return the (channel, symbol) pairs that are new.

        Raises:
            StreamError: 405, nothing was added as it would be too many symbols.
        """
        new = [
            (channel, symbol)
            for channel, symbols in wanted.items()
            for symbol in dict.fromkeys(symbols)
            if symbol not in self._symbols[channel]
        ]
        if self._limit is not None and len(self._counted(new)) > self._limit:
            raise StreamError(405)
        for channel, symbol in new:
            self._symbols[channel][symbol] = None
        return new

    def remove(self, wanted: Wanted) -> list[tuple[str, str]]:
        """Remove symbols; return the (channel, symbol) pairs that were there."""
        gone = []
        for channel, symbols in wanted.items():
            for symbol in symbols:
                if symbol in self._symbols[channel]:
                    del self._symbols[channel][symbol]
                    gone.append((channel, symbol))
        return gone

    def pairs(self) -> list[tuple[str, str]]:
        """Return all (channel, symbol) pairs."""
        return [(channel, symbol) for channel in self._symbols for symbol in self._symbols[channel]]

    def acknowledgement(self) -> dict[str, object]:
        """Return the ``subscription`` message: every channel of the feed, whole."""
        lists = {channel: list(symbols) for channel, symbols in self._symbols.items()}
        followers = dict.fromkeys(self._feed.followers, lists["trades"])
        return {"T": "subscription", **lists, **followers}

    def _counted(self, new: list[tuple[str, str]]) -> set[str]:
        pairs = [*self.pairs(), *new]
        return {symbol for channel, symbol in pairs if channel not in _UNCOUNTED}
