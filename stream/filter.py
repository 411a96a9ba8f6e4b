"""What one connection asked for: channels, symbols, accounts."""

from __future__ import annotations

from dataclasses import dataclass, replace

from portfolio.ids import AccountId
from portfolio.values import BookSnapshot
from stream.batch import Fragment
from stream.protocol import Subscribe, Unsubscribe
from stream.wire import CHANNELS


@dataclass(frozen=True, slots=True)
class Subscription:
    """A connection's wishes; None stands for all.

    Attributes:
        channels: which kinds of events; empty: the client wants nothing (more).
        symbols: account figures have no symbol and always pass.
        accounts: never more than what the viewer may see, which is decided elsewhere.
    """

    channels: frozenset[str] = frozenset()
    symbols: frozenset[str] | None = None
    accounts: frozenset[AccountId] | None = None

    @property
    def everything(self) -> bool:
        """Say whether no event is filtered out."""
        return self.symbols is None and len(self.channels) == len(CHANNELS)

    def wants(self, fragment: Fragment) -> bool:
        """Say whether the client asked for this event."""
        return fragment.channel in self.channels and (
            self.symbols is None or not fragment.symbol or fragment.symbol in self.symbols
        )

    def wants_account(self, account_id: AccountId) -> bool:
        """Say whether the client asked for this account."""
        return bool(self.channels) and (self.accounts is None or account_id in self.accounts)

    def subscribed(self, wish: Subscribe) -> Subscription:
        """Return what holds after a subscribe: each part given replaces that part.

        An omitted part stays as it was; at first (or after everything was given up) it is all.
        """
        before = self if self.channels else Subscription(frozenset(CHANNELS))
        return Subscription(
            before.channels if wish.channels is None else frozenset(wish.channels),
            before.symbols if wish.symbols is None else _all_if_empty(wish.symbols),
            before.accounts if wish.accounts is None else frozenset(wish.accounts) or None,
        )

    def unsubscribed(self, wish: Unsubscribe, accounts: frozenset[AccountId]) -> Subscription:
        """Return what holds after an unsubscribe: the parts given are taken away.

        With no part given, everything is. Symbols can be taken only from a list of symbols;
        the last one taken leaves nothing.

        Args:
            wish: the client's message.
            accounts: those this connection receives now.
        """
        if wish.channels is None and wish.symbols is None and wish.accounts is None:
            return Subscription()
        after = replace(self, channels=self.channels - frozenset(wish.channels or ()))
        if wish.symbols and after.symbols is not None:
            after = replace(after, symbols=after.symbols - _upper(wish.symbols))
        if wish.accounts:
            after = replace(after, accounts=accounts - frozenset(wish.accounts))
        empty = not after.channels or after.symbols == frozenset() or after.accounts == frozenset()
        return Subscription() if empty else after

    def narrow(self, book: BookSnapshot) -> BookSnapshot:
        """Return the part of a snapshot that the client asked for."""
        return BookSnapshot(
            positions=tuple(p for p in book.positions if self._passes("positions", p.symbol)),
            orders=tuple(o for o in book.orders if self._passes("orders", o.symbol)),
            trades=tuple(t for t in book.trades if self._passes("trades", t.symbol)),
            account=book.account if "account" in self.channels else None,
        )

    def _passes(self, channel: str, symbol: str) -> bool:
        return channel in self.channels and (self.symbols is None or symbol in self.symbols)


def _all_if_empty(symbols: list[str]) -> frozenset[str] | None:
    return _upper(symbols) or None


def _upper(symbols: list[str]) -> frozenset[str]:
    return frozenset(symbol.strip().upper() for symbol in symbols)
