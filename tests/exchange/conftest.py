"""Fixtures of the exchange's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.exchange.desk import Bench, HandMarket, Live


@pytest.fixture
def bench() -> Bench:
    """Return an engine on a market moved by hand."""
    return Bench()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """Return a served exchange on a market moved by hand."""
    exchange = Live(HandMarket(), tmp_path / "state.sqlite3")
    exchange.start()
    yield exchange
    exchange.stop()
