"""Bars are asked for once, however many pages open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from broker.bars import Bar
from gateway.bar_cache import KEPT_S, MOST_KEPT, BarCache
from portfolio.errors import BrokerUnreachable
from tests.gateway.conftest import Desk

BARS = {
    "AAPL": [
        Bar(
            at=datetime(2026, 1, 5, tzinfo=UTC), open=Decimal(1), high=Decimal(1),
            low=Decimal(1), close=Decimal(1), volume=Decimal(1),
        )
    ]
}  # fmt: skip


class Counted:
    """A broker that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.now_s = 0.0
        self.cache = BarCache(lambda: self.now_s)

    def get(self, key: str = "AAPL") -> None:
        assert BARS == self.cache.get((key,), self._fetch)

    def _fetch(self) -> dict[str, list[Bar]]:
        self.asked += 1
        return BARS


def test_an_answer_is_kept_for_a_while() -> None:
    """Two questions in a row are one at the broker; a later one is asked anew."""
    counted = Counted()
    counted.get()
    counted.now_s = KEPT_S - 1
    counted.get()
    assert 1 == counted.asked
    counted.now_s = KEPT_S
    counted.get()
    assert 2 == counted.asked


def test_the_cache_is_bounded() -> None:
    """Of many different questions only the newest are kept."""
    counted = Counted()
    for index in range(MOST_KEPT + 5):
        counted.get(str(index))
    counted.get(str(MOST_KEPT + 4))
    assert MOST_KEPT + 5 == counted.asked
    counted.get("0")
    assert MOST_KEPT + 6 == counted.asked


def test_a_failure_is_not_kept() -> None:
    """The next question is asked again."""
    counted = Counted()

    def fail() -> dict[str, list[Bar]]:
        raise BrokerUnreachable("no answer")

    with pytest.raises(BrokerUnreachable):
        counted.cache.get(("AAPL",), fail)
    counted.get()
    assert 1 == counted.asked


def test_a_gateway_answers_from_its_accounts_broker(desk: Desk) -> None:
    """Past prices of what the account holds come from the exchange itself."""
    gateway = desk.start()
    since = datetime.now(UTC) - timedelta(hours=1)
    bars = gateway.bars(desk.account_id, frozenset({"AAPL"}), "5Min", since)
    assert len(bars["AAPL"]) >= 10
