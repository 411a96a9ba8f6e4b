"""Keeps a listener's own failure from ending the stream that told it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from broker.sink import FeedSink, Hop, LinkState
from portfolio.ids import AccountId

log = logging.getLogger(__name__)


class SafeSink:
    """A FeedSink around a FeedSink: what it raises is logged and counted, never passed on.

    Args:
        sink: who listens.
    """

    def __init__(self, sink: FeedSink) -> None:
        self._sink = sink
        self.failures = 0

    def on_trade_update(
        self, account_id: AccountId, raw: Mapping[str, Any], arrived_ns: int
    ) -> None:
        """Hand on an event."""
        try:
            self._sink.on_trade_update(account_id, raw, arrived_ns)
        except Exception as error:  # noqa: BLE001 - one bad event must not lose the next ones
            self._failed("trade update", account_id, error)

    def on_link(
        self, account_id: AccountId, hop: Hop, state: LinkState, at: datetime, detail: str
    ) -> None:
        """Hand on a change of a link."""
        try:
            self._sink.on_link(account_id, hop, state, at, detail)
        except Exception as error:  # noqa: BLE001 - the link lives on whatever its listener does
            self._failed(f"{hop} {state}", account_id, error)

    def _failed(self, what: str, account_id: AccountId, error: Exception) -> None:
        self.failures += 1
        log.error("listener failed on %s of account %s", what, account_id, exc_info=error)
