"""Who receives which tick: from the market to the subscribers' queues."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime

from exchange.bars import MINUTE, Bar
from exchange.data_channels import Wanted
from exchange.data_client import Client
from exchange.data_messages import (
    Fields,
    bar_fields,
    orderbook_fields,
    quote_fields,
    trade_fields,
)
from exchange.hours import new_york_day, new_york_midnight
from exchange.market import Market
from exchange.ticks import Quote, Tick

_TICK_CHANNELS = {"trades", "quotes", "bars", "orderbooks", "updatedBars", "dailyBars"}

Pairs = Iterable[tuple[str, str]]


class TickHub:
    """The subscriptions of all clients to one class of assets.

    Args:
        market: where the ticks come from.
        is_crypto: hand on crypto pairs, else stocks.
        patience_s: how long a source waits for one client before that client is given up.
    """

    def __init__(self, market: Market, *, is_crypto: bool, patience_s: float) -> None:
        self._market = market
        self._is_crypto = is_crypto
        self._patience_s = patience_s
        self._clients: dict[tuple[str, str], dict[Client, None]] = {}
        self._newest_bar: dict[str, datetime] = {}
        self._ends: tuple[Callable[[], None], ...] = (
            market.listen(self._on_tick),
            market.listen_bars(self._on_bar),
            market.on_drain(self._drain),
        )

    def subscribe(self, client: Client, pairs: Pairs) -> None:
        """Hand a client the ticks of (channel, symbol) pairs; symbol ``*`` is all."""
        for pair in pairs:
            self._clients.setdefault(pair, {})[client] = None

    def unsubscribe(self, client: Client, pairs: Pairs) -> None:
        """End some or all of a client's subscriptions."""
        for pair in pairs:
            clients = self._clients.get(pair, {})
            clients.pop(client, None)
            if not clients:
                self._clients.pop(pair, None)

    def watch(self, wanted: Wanted) -> None:
        """Tell the market that somebody watches, if they subscribed to anything that ticks."""
        if any(channel in _TICK_CHANNELS and symbols for channel, symbols in wanted.items()):
            self._market.watched.set()

    def close(self) -> None:
        """Stop listening to the market."""
        for end in self._ends:
            end()

    def _on_tick(self, tick: Tick) -> None:
        if not self._clients or ("/" in tick.symbol) is not self._is_crypto:
            return
        if isinstance(tick, Quote):
            self._send("quotes", "q", tick, lambda: quote_fields(tick, self._market))
            if self._is_crypto:
                self._send("orderbooks", "o", tick, lambda: {**orderbook_fields(tick), "r": True})
        else:
            self._send("trades", "t", tick, lambda: trade_fields(tick, self._market))

    def _on_bar(self, bar: Bar) -> None:
        if not self._clients or ("/" in bar.symbol) is not self._is_crypto:
            return
        is_late = self._newest_bar.get(bar.symbol) == bar.at
        self._newest_bar[bar.symbol] = bar.at
        channel, kind = ("updatedBars", "u") if is_late else ("bars", "b")
        self._send(channel, kind, bar, lambda: bar_fields(bar, self._market))
        self._send("dailyBars", "d", bar, lambda: bar_fields(self._day_of(bar), self._market))

    def _day_of(self, bar: Bar) -> Bar:
        """Return the day's bar up to the end of a minute bar."""
        start = new_york_midnight(new_york_day(bar.at))
        return self._market.bar(bar.symbol, start, bar.at + MINUTE) or bar

    def _send(self, channel: str, kind: str, about: Tick | Bar, make: Callable[[], Fields]) -> None:
        """Encode one message, once per codec in use, and queue it with its receivers."""
        named = self._clients.get((channel, about.symbol))
        every = self._clients.get((channel, "*"))
        if named is None and every is None:
            return
        message: Fields = {"T": kind, "S": about.symbol, **make()}
        encoded: dict[type, bytes] = {}
        for client in {**(named or {}), **(every or {})}:
            codec = client.codec
            if type(codec) not in encoded:
                encoded[type(codec)] = codec.encode(message)
            client.put(encoded[type(codec)])

    async def _drain(self) -> None:
        """Wait for every client that has much waiting; give up one that doesn't move."""
        for client in {client: None for clients in self._clients.values() for client in clients}:
            try:
                await asyncio.wait_for(client.caught_up(), self._patience_s)
            except TimeoutError:
                client.give_up()
