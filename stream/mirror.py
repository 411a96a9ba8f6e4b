"""What a client knows of an account from the messages it applied (R11).

Pure; the reference for every client: which message fits, which is a gap.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from stream.wire import Json

_SINGLE = {
    "position_update": "positions",
    "order_update": "orders",
    "trade_executed": "trades",
}
_KEYS = {"positions": "symbol", "orders": "orderId", "trades": "tradeId"}

Fit = Literal["applied", "gap", "ignored"]


@dataclass(slots=True)
class AccountMirror:
    """One account, as far as the stream has told.

    Attributes:
        positions: open positions by symbol.
        orders: by order id.
        trades: by trade id, in the order learnt.
        account: the figures, None before the first.
        epoch: of the sequence; None before the snapshot.
        seq: the last one applied.
        recovered: False when the last snapshot replaced a resume that couldn't be honoured.
        gaps: how many messages didn't follow the one before.
    """

    positions: dict[str, Json] = field(default_factory=dict)
    orders: dict[str, Json] = field(default_factory=dict)
    trades: dict[str, Json] = field(default_factory=dict)
    account: Json | None = None
    epoch: str | None = None
    seq: int | None = None
    recovered: bool = True
    gaps: int = 0

    def apply(self, message: Json) -> Fit:
        """Apply a message that carries a seq.

        Returns:
            ``gap`` when something before it is missing: it was not applied, and a snapshot has
            to be asked for. ``ignored`` when it belongs to no sequence.
        """
        if message.get("seq") is None:
            return "ignored"
        if message["type"] == "snapshot":
            self._replace(message["data"])
        elif (message["epoch"], message["prevSeq"]) != (self.epoch, self.seq):
            self.gaps += 1
            return "gap"
        else:
            self._update(_as_batch(message))
        self.epoch, self.seq = message["epoch"], message["seq"]
        return "applied"

    def _replace(self, whole: Json) -> None:
        for channel in _KEYS:
            getattr(self, channel).clear()
        self.account = None
        self.recovered = whole["recovered"]
        self._update({**whole, "trades": whole["trades"][::-1]})

    def _update(self, batch: Json) -> None:
        for channel, key in _KEYS.items():
            known: dict[str, Json] = getattr(self, channel)
            for item in batch.get(channel) or ():
                known[item[key]] = item
        for item in batch.get("positions") or ():
            if item["quantity"] == "0":
                self.positions.pop(item["symbol"], None)
        self.account = batch.get("account") or self.account


def _as_batch(message: Json) -> Json:
    kind, data = message["type"], message["data"]
    if kind == "account_update":
        return {"account": data}
    return {_SINGLE[kind]: [data]} if kind in _SINGLE else dict(data)
