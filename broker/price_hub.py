"""One data connection per credential and feed, shared by every account that watches (S2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal

from broker.credentials import Credentials
from broker.link import Link
from broker.price_stream import CryptoPrices, StockPrices
from broker.sink import LinkState, LinkStatus
from broker.ticks import TickBoard
from portfolio.ids import AccountId

Market = Literal["stocks", "crypto"]
_STREAMS = {"stocks": StockPrices, "crypto": CryptoPrices}


class PriceHub:
    """A price stream, its link, and who watches what on it. Loop thread only.

    Args:
        credentials: who is connected.
        market: ``stocks`` or ``crypto``.
        changed: told which accounts are concerned when the link's state changes.
    """

    def __init__(
        self,
        credentials: Credentials,
        market: Market,
        changed: Callable[[tuple[AccountId, ...]], None],
    ) -> None:
        self._market = market
        self._changed = changed
        self._wants: dict[AccountId, tuple[frozenset[str], TickBoard]] = {}
        self._stream = _STREAMS[market](credentials)
        self.link = Link(self._stream, self._reported)
        self._task = asyncio.create_task(self.link.run(), name=self._stream.meter.name)

    @property
    def is_unused(self) -> bool:
        """Say whether no account is left."""
        return not self._wants

    def want(self, account_id: AccountId, symbols: frozenset[str], board: TickBoard) -> None:
        """Send the symbols' trades and quotes to board from now on, and no others."""
        self._wants[account_id] = (symbols, board)
        self._reroute()

    def leave(self, account_id: AccountId) -> None:
        """Forget an account."""
        self._wants.pop(account_id, None)
        self._reroute()

    def status(self) -> LinkStatus:
        """Return the connection's counts."""
        return status_of(self.link, self._market, tuple(self._wants))

    def cancel(self) -> asyncio.Task[None]:
        """End the link; returns the task to wait for."""
        self._task.cancel()
        return self._task

    def _reroute(self) -> None:
        routes: dict[str, tuple[TickBoard, ...]] = {}
        for symbols, board in self._wants.values():
            for symbol in symbols:
                routes[symbol] = (*routes.get(symbol, ()), board)
        self._stream.route(routes)

    def _reported(self, _state: LinkState, _detail: str) -> None:
        self._changed(tuple(self._wants))


def status_of(link: Link, name: str, accounts: tuple[AccountId, ...]) -> LinkStatus:
    """Return a link's state and counts as one value."""
    meter = link.upstream.meter
    return LinkStatus(
        name=name,
        accounts=accounts,
        state=link.state,
        since=link.since,
        detail=link.detail,
        frames=meter.frames,
        malformed=dict(meter.malformed),
        connects=link.connects,
        last_frame_ns=meter.last_frame_ns,
    )
