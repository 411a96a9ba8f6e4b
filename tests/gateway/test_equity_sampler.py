"""The record behind the equity line has no pause while AlphaFlow runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event

import pytest

from db.records import Records
from gateway.equity_sampler import EquitySampler
from portfolio.ids import AccountId
from portfolio.values import AccountFigures
from tests.gateway.conftest import Desk

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
FIGURES = AccountFigures(
    cash=Decimal(100), last_equity=Decimal(100), buying_power=Decimal(200),
    long_market_value=Decimal(0), short_market_value=Decimal(0), realized_pnl_today=Decimal(0),
    at=NOON,
)  # fmt: skip


class Sampled:
    """One account's sampler, and what it stored."""

    def __init__(self, records: Records, account_id: AccountId) -> None:
        self.now = NOON
        self.figures: AccountFigures | None = None
        self._records, self._account_id = records, account_id
        self._sampler = EquitySampler(records, self._all, Event(), clock=lambda: self.now)

    def _all(self) -> Iterator[tuple[AccountId, AccountFigures | None]]:
        yield self._account_id, self.figures

    def later(self, seconds: float) -> None:
        """Let time pass and sample."""
        self.now += timedelta(seconds=seconds)
        self._sampler.sample()

    def seconds(self) -> list[float]:
        """Return when samples are said to be, in seconds after noon."""
        stored = self._records.equity(self._account_id, NOON)
        return [(each.at - NOON).total_seconds() for each in stored]


@pytest.fixture
def sampled(desk: Desk) -> Sampled:
    return Sampled(desk.records, desk.account_id)


def test_nothing_is_stored_before_figures_are_known(sampled: Sampled) -> None:
    """A start without the broker leaves a pause in the record, as it should."""
    sampled.later(5)
    assert [] == sampled.seconds()


def test_figures_that_stand_still_are_stored_once_a_minute(sampled: Sampled) -> None:
    """A quiet market can be told from an outage: no pause is longer than a minute and a round."""
    sampled.figures = FIGURES
    for _ in range(40):
        sampled.later(5)
    assert [0, 60, 120, 180] == sampled.seconds()


def test_figures_that_moved_are_stored_at_their_own_time(sampled: Sampled) -> None:
    """And the minute of standing still begins anew."""
    sampled.figures = FIGURES
    sampled.later(5)
    sampled.figures = replace(FIGURES, cash=Decimal(101), at=NOON + timedelta(seconds=7))
    sampled.later(5)
    sampled.later(55)
    sampled.later(5)
    assert [0, 7, 70] == sampled.seconds()
