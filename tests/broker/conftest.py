"""What the broker's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from broker.credentials import Credentials
from broker.endpoints import Endpoints
from broker.feed import FeedLoop
from portfolio.ids import AccountId
from tests.broker.recorder import Recorder
from tests.broker.stand_in import SECRET, StandIn, stand_in

ACCOUNT = AccountId("acc-1")


@pytest.fixture
def broker() -> Iterator[StandIn]:
    """Return a running stand-in."""
    with stand_in() as running:
        yield running


@pytest.fixture
def credentials(broker: StandIn) -> Credentials:
    """Return keys that the stand-in accepts."""
    return Credentials("PKTESTKEY0001", SECRET, Endpoints.at(broker.url))


@pytest.fixture
def heard() -> Recorder:
    """Return a listener."""
    return Recorder()


@pytest.fixture
def feed(heard: Recorder) -> Iterator[FeedLoop]:
    """Return a running feed that is stopped, in time, after the test."""
    loop = FeedLoop(heard)
    loop.start()
    yield loop
    assert loop.stop(5.0)
