"""Both hops of one account: its trade updates, and the prices of what it watches."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from broker.credentials import Credentials
from broker.link import Link
from broker.price_hub import Market, PriceHub, status_of
from broker.safe_sink import SafeSink
from broker.sink import LinkState, LinkStatus
from broker.symbols import is_crypto
from broker.ticks import TickBoard
from broker.trade_stream import TradeStream
from portfolio.ids import AccountId

_WORST_FIRST: tuple[LinkState, ...] = ("refused", "gap", "down", "connecting", "live")
_IDLE: tuple[LinkState, str] = ("down", "nothing is watched")


class AccountFeed:
    """One linked account on the feed's loop. Made on any thread, used on the loop's.

    Args:
        account_id: whose.
        credentials: its keys.
        board: where its prices go; outlives a change of credentials.
        sink: who listens.
    """

    def __init__(
        self, account_id: AccountId, credentials: Credentials, board: TickBoard, sink: SafeSink
    ) -> None:
        self.account_id = account_id
        self.credentials = credentials
        self.board = board
        self._sink = sink
        self._link: Link | None = None
        self._task: asyncio.Task[None] | None = None
        self._hubs: dict[Market, tuple[PriceHub, frozenset[str]]] = {}
        self._market: tuple[LinkState, str] | None = None

    def begin(self) -> None:
        """Start the trade updates."""
        stream = TradeStream(self.credentials, self._updated)
        self._link = Link(stream, self._broker_link)
        self._task = asyncio.create_task(self._link.run(), name=stream.meter.name)

    def end(self) -> list[asyncio.Task[None]]:
        """Stop the trade updates and leave the hubs; returns what to wait for."""
        for hub, _ in self._hubs.values():
            hub.leave(self.account_id)
        self._hubs.clear()
        if self._task is None:
            return []
        self._task.cancel()
        return [self._task]

    def watch(self, market: Market, symbols: frozenset[str], hub: PriceHub) -> None:
        """Take prices of symbols from hub."""
        self._hubs[market] = (hub, symbols)
        hub.want(self.account_id, symbols, self.board)
        self.market_changed()

    def retry_now(self) -> None:
        """End all waits."""
        for link in self._links():
            link.retry_now()

    def status(self) -> LinkStatus | None:
        """Return the trade updates' counts, None before begin()."""
        if self._link is None:
            return None
        return status_of(self._link, "trade_updates", (self.account_id,))

    def market_changed(self) -> None:
        """Tell the sink the worse of the account's market-data links, if that is news."""
        state = self._worst()
        if state != self._market:
            self._market = state
            self._sink.on_link(self.account_id, "market_data", state[0], _now(), state[1])

    def _worst(self) -> tuple[LinkState, str]:
        used = {name: hub.link for name, (hub, symbols) in self._hubs.items() if symbols}
        if not used:
            return _IDLE
        name = min(used, key=lambda market: _WORST_FIRST.index(used[market].state))
        link = used[name]
        return link.state, f"{name}: {link.detail}" if link.detail else ""

    def _links(self) -> list[Link]:
        own = [] if self._link is None else [self._link]
        return own + [hub.link for hub, _ in self._hubs.values()]

    def _updated(self, raw: Mapping[str, Any], arrived_ns: int) -> None:
        self._sink.on_trade_update(self.account_id, raw, arrived_ns)

    def _broker_link(self, state: LinkState, detail: str) -> None:
        self._sink.on_link(self.account_id, "broker", state, _now(), detail)


def split(symbols: frozenset[str]) -> dict[Market, frozenset[str]]:
    """Return the symbols by the data stream that carries them."""
    crypto = frozenset(filter(is_crypto, symbols))
    return {"stocks": symbols - crypto, "crypto": crypto}


def _now() -> datetime:
    return datetime.now(UTC)
