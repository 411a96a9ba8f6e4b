from __future__ import annotations

import pytest

from portfolio.ids import UserId
from stream.flow import InFlight
from stream.latency import Latency, RollingHistogram
from stream.limits import StreamLimits
from stream.rates import MessageRate, Rate
from stream.stats import OpenConnection, StreamStats, duration_text
from tests.stream.samples import ALPHA, FakeClock

SECOND = 1_000_000_000


def opened(clock: FakeClock, *users: str) -> list[OpenConnection]:
    return [OpenConnection(UserId(user), clock.ns) for user in users]


@pytest.fixture
def stats(clock: FakeClock) -> StreamStats:
    """Figures that start now."""
    return StreamStats(StreamLimits(), clock)


def status(stats: StreamStats, connections: list[OpenConnection], **given: bool) -> str:
    told = stats.report(connections, **{"enabled": True, "broker_down": False, **given})
    return str(told["status"])


def test_report_has_the_specified_shape(stats: StreamStats, clock: FakeClock) -> None:
    """Specification, section 4: every field is there, with its type."""
    connections = opened(clock, "ann", "ann", "bob")
    clock.advance(65_000)
    stats.offered(1000)
    stats.delivered()
    stats.disconnected(5 * SECOND)
    report = stats.report(connections, enabled=True, broker_down=False)
    performance = report["performance"]
    assert report["connectionsByUser"] == {"ann": 2, "bob": 1}
    assert report["activeConnections"] == 3
    assert (report["totalMessagesDelivered"], report["totalEventsEmitted"]) == (1, 1000)
    assert (report["totalDisconnects"], report["totalReconnects"]) == (1, 0)
    assert (performance["batchEfficiency"], performance["batchEfficiencyRaw"]) == ("99.9%", 0.999)
    assert performance["avgConnectionDurationSeconds"] == (3 * 65 + 5) // 4
    assert performance["disconnectRatePerMinute"] == "1.00"
    assert performance["latencyMs"]["p95"] == 0
    assert set(performance["latencyMs"]["byHop"]) == {"batch", "queue", "network", "paint"}
    assert performance["driftCorrections"] == 0
    assert report["uptime"] == {"seconds": 65, "formatted": "0h 1m"}
    assert report["limits"] == {"maxConnectionsPerUser": 5, "maxTotalConnections": 100}
    assert report["timestamp"].endswith("Z")


def test_status_without_connections_or_switched_off(stats: StreamStats, clock: FakeClock) -> None:
    """Offline without a connection; disabled beats everything."""
    assert status(stats, []) == "offline"
    assert status(stats, opened(clock, "a"), enabled=False) == "disabled"
    assert status(stats, opened(clock, "a")) == "healthy"
    assert status(stats, opened(clock, "a"), broker_down=True) == "degraded"


def test_disconnects_degrade_only_in_number_and_share(stats: StreamStats, clock: FakeClock) -> None:
    """More than 10 % of the connections, and more than two, within a minute."""
    stats.disconnected(0)
    stats.disconnected(0)
    assert status(stats, opened(clock, "a")) == "healthy"
    stats.disconnected(0)
    assert status(stats, opened(clock, "a")) == "degraded"
    assert status(stats, opened(clock, *"abcdefghij" * 3)) == "healthy"
    clock.advance(61_000)
    assert status(stats, opened(clock, "a")) == "healthy"


def test_sparse_events_that_cannot_be_batched_are_healthy(
    stats: StreamStats, clock: FakeClock
) -> None:
    """Low efficiency counts only above 20 events/s per connected user."""
    for _ in range(150):
        stats.offered(1)
        stats.delivered()
    assert status(stats, opened(clock, "a")) == "healthy"
    for _ in range(100):
        stats.offered(1)
        stats.delivered()
    assert status(stats, opened(clock, "a")) == "degraded"
    assert status(stats, opened(clock, "a", "b")) == "healthy"


def test_slow_acks_degrade(stats: StreamStats, clock: FakeClock) -> None:
    """Latency p95 over a second degrades."""
    sent = InFlight(ALPHA, "e", 1, clock.ns, clock.ns, clock.ns)
    stats.acked(sent, clock.ns + 2 * SECOND, paint_ms=4.0)
    assert status(stats, opened(clock, "a")) == "degraded"


def test_samples_are_bounded_and_ordered(stats: StreamStats, clock: FakeClock) -> None:
    """An hour of samples at most, oldest first."""
    for turn in range(1805):
        stats.sample(turn)
        clock.advance(2_000)
    history = stats.history()
    assert (len(history), history[0]["connections"], history[-1]["connections"]) == (1800, 5, 1804)
    assert set(history[0]) == {
        "at", "connections", "messagesPerSecond", "eventsPerSecond", "efficiency",
        "disconnectsPerMinute", "p50", "p95", "p99",
    }  # fmt: skip


def test_rate_forgets_after_its_span() -> None:
    """Only the last seconds count, however long nothing was asked."""
    rate = Rate(10)
    rate.add(5, 100 * SECOND)
    rate.add(1, 105 * SECOND)
    assert rate.total(105 * SECOND) == 6
    assert rate.total(110 * SECOND) == 1
    assert rate.total(9000 * SECOND) == 0


def test_message_rate_slides() -> None:
    """Two messages a second means: never three within any one second."""
    rate = MessageRate(2)
    assert [rate.admit(int(at * SECOND)) for at in (0, 0.9, 0.95, 1.0, 1.5, 1.9)] == [
        True, True, False, True, False, True,
    ]  # fmt: skip


def test_percentiles_roll() -> None:
    """What is older than the slots is forgotten; an empty histogram reads 0."""
    histogram = RollingHistogram(slot_ns=SECOND, slots=2)
    histogram.record(100_000, 0)
    histogram.record(0, SECOND)
    assert histogram.percentiles(SECOND)["count"] == 2
    assert histogram.percentiles(2 * SECOND)["count"] == 1
    assert histogram.percentiles(9 * SECOND) == {"p50": 0, "p95": 0, "p99": 0, "count": 0}


def test_hops_are_named() -> None:
    """Latency is told hop by hop."""
    latency = Latency()
    latency.record("queue", 5_000_000, 0)
    assert latency.by_hop(0)["queue"]["p50"] == pytest.approx(5, rel=0.01)


def test_duration_in_words() -> None:
    """Hours and minutes."""
    assert duration_text(86_400) == "24h 0m"
