"""What one flush of an account sends: encoded events with their place in the sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from portfolio.changes import (
    AccountUpdated,
    Change,
    OrderUpdated,
    PositionClosed,
    PositionUpdated,
    TradeExecuted,
)
from portfolio.ids import AccountId, UserId
from stream import wire

URGENT = frozenset({"orders", "trades"})
"""Channels that are never conflated and never dropped (R5)."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One event as it travels, encoded once and shared by every message that carries it.

    Attributes:
        channel: positions, orders, account or trades.
        key: a later fragment with the same channel and key replaces it, if not urgent.
        symbol: for filters; empty for account figures.
        raw: the object as JSON.
        count: how many events it stands for.
        arrived_ns: monotonic arrival of the oldest of them; 0: unknown.
    """

    channel: str
    key: str
    symbol: str
    raw: bytes
    count: int = 1
    arrived_ns: int = 0

    @property
    def urgent(self) -> bool:
        """Say whether it belongs to the lane that is sent at once."""
        return self.channel in URGENT


@dataclass(frozen=True, slots=True)
class Batch:
    """The events of an account after ``prev_seq`` up to ``seq``, in order.

    Attributes:
        owner: the account's owner, the envelope's userId.
        epoch: names the sequence; another epoch starts another sequence.
        flushed_ns: monotonic time of the (oldest contained) flush.
    """

    account_id: AccountId
    owner: UserId
    epoch: str
    prev_seq: int
    seq: int
    fragments: tuple[Fragment, ...]
    flushed_ns: int = 0

    @property
    def events(self) -> int:
        """Return how many offered events it stands for."""
        return sum(fragment.count for fragment in self.fragments)

    @property
    def arrived_ns(self) -> int:
        """Return the arrival of the oldest contained event; 0 where none is known."""
        return oldest(fragment.arrived_ns for fragment in self.fragments)

    @property
    def size(self) -> int:
        """Return the bytes of its events, encoded."""
        return sum(len(fragment.raw) for fragment in self.fragments)

    def count(self, channel: str) -> int:
        """Return how many objects of channel it carries."""
        return sum(1 for fragment in self.fragments if fragment.channel == channel)


def fragment_of(change: Change) -> Fragment:
    """Return change encoded."""
    channel, key, symbol = address(change)
    return Fragment(
        channel, key, symbol, wire.encode(_body(change)), change.count, change.arrived_ns
    )


def address(change: Change) -> tuple[str, str, str]:
    """Return a change's channel, conflation key and symbol."""
    match change:
        case PositionUpdated() | PositionClosed():
            return "positions", change.position.symbol, change.position.symbol
        case OrderUpdated():
            return "orders", change.order.order_id, change.order.symbol
        case TradeExecuted():
            return "trades", change.trade.trade_id, change.trade.symbol
        case AccountUpdated():
            return "account", "", ""


def _body(change: Change) -> wire.Json:
    match change:
        case PositionUpdated() | PositionClosed():
            return wire.position_json(change.position)
        case OrderUpdated():
            return wire.order_json(change.order)
        case TradeExecuted():
            return wire.trade_json(change.trade)
        case AccountUpdated():
            return wire.account_json(change.account)


def coalesce(fragments: Iterable[Fragment]) -> tuple[Fragment, ...]:
    """Return fragments with the latest per key in the conflated lane, all of the urgent one.

    What is left takes over the count and the age of what it replaces, so neither the
    efficiency nor the latency looks better than it is.
    """
    kept: dict[object, Fragment] = {}
    for position, fragment in enumerate(fragments):
        key: object = position if fragment.urgent else (fragment.channel, fragment.key)
        older = kept.pop(key, None)
        kept[key] = fragment if older is None else _succeed(older, fragment)
    return tuple(kept.values())


def _succeed(older: Fragment, newer: Fragment) -> Fragment:
    return replace(
        newer,
        count=older.count + newer.count,
        arrived_ns=oldest((older.arrived_ns, newer.arrived_ns)),
    )


def merge(older: Batch, newer: Batch) -> Batch:
    """Return one batch that stands for both, older directly before newer.

    Both are of the same account and epoch; ``newer`` may start later where batches between
    held nothing for this reader.
    """
    return replace(
        newer,
        prev_seq=older.prev_seq,
        fragments=coalesce(older.fragments + newer.fragments),
        flushed_ns=oldest((older.flushed_ns, newer.flushed_ns)),
    )


def merge_all(batches: Sequence[Batch]) -> Batch:
    """Return one batch that stands for all of a non-empty run, oldest first."""
    last = batches[-1]
    return replace(
        last,
        prev_seq=batches[0].prev_seq,
        fragments=coalesce(part for batch in batches for part in batch.fragments),
        flushed_ns=oldest(batch.flushed_ns for batch in batches),
    )


def select(batch: Batch, wanted: Callable[[Fragment], bool]) -> Batch | None:
    """Return the part of batch that is wanted, itself when all is, None when nothing is."""
    fragments = tuple(fragment for fragment in batch.fragments if wanted(fragment))
    if len(fragments) == len(batch.fragments):
        return batch
    return replace(batch, fragments=fragments) if fragments else None


def as_missed(batch: Batch) -> Batch:
    """Return batch with its trades marked as learnt after a gap."""
    return replace(batch, fragments=tuple(_missed(part) for part in batch.fragments))


def _missed(fragment: Fragment) -> Fragment:
    if fragment.channel != "trades":
        return fragment
    body: wire.Json = msgspec.json.decode(fragment.raw)
    return replace(fragment, raw=wire.encode({**body, "missed": True}))


def message_of(batch: Batch) -> tuple[str, object]:
    """Return the type and data under which batch travels.

    A single event goes under its own type; several are a ``batch``.
    """
    if len(batch.fragments) == 1:
        only = batch.fragments[0]
        return wire.OWN_TYPE[only.channel], msgspec.Raw(only.raw)
    data: dict[str, Any] = {}
    for fragment in batch.fragments:
        raw = msgspec.Raw(fragment.raw)
        if fragment.channel == "account":
            data["account"] = raw
        else:
            data.setdefault(fragment.channel, []).append(raw)
    return "batch", data


def oldest(times_ns: Iterable[int]) -> int:
    """Return the smallest time that is known (not 0), 0 where none is."""
    return min((at for at in times_ns if at), default=0)
