"""The stream's own figures: the websocket-stats object and its last hour.

Counters are kept per connection and event: an event that two connections want counts
twice, as it would have cost two messages unbatched.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from portfolio.ids import UserId
from stream.clock import Clock
from stream.flow import InFlight
from stream.latency import Latency
from stream.limits import StreamLimits
from stream.rates import Rate
from stream.wire import Json, time_text

SAMPLE_S = 2.0
_SAMPLES = 1800
_RATE_S = 10
_NS = 1_000_000_000
SLOW_P95_MS = 1000
BUSY_EVENTS_PER_USER = 20


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """What the figures need of an open connection: whose it is, and since when."""

    user_id: UserId
    opened_ns: int


class StreamStats:
    """Counts from any thread, and tells.

    Args:
        limits: shown in the figures.
        clock: where to read the time.
    """

    def __init__(self, limits: StreamLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._started_ns = clock.monotonic_ns()
        self._totals: Counter[str] = Counter()
        self._ended_ns = 0
        self._events, self._messages, self._disconnects = Rate(), Rate(), Rate()
        self._latency = Latency()
        self._samples: deque[Json] = deque(maxlen=_SAMPLES)

    def count(self, name: str, number: int = 1) -> None:
        """Count something that has no rate: reconnects, refused, drift, snapshots, slow."""
        with self._lock:
            self._totals[name] += number

    def offered(self, events: int) -> None:
        """Count events that a connection is to get."""
        with self._lock:
            self._totals["events"] += events
            self._events.add(events, self._clock.monotonic_ns())

    def delivered(self) -> None:
        """Count a message that carried events to a connection."""
        with self._lock:
            self._totals["messages"] += 1
            self._messages.add(1, self._clock.monotonic_ns())

    def disconnected(self, duration_ns: int) -> None:
        """Count the end of a connection that had lasted duration_ns."""
        with self._lock:
            self._totals["disconnects"] += 1
            self._ended_ns += duration_ns
            self._disconnects.add(1, self._clock.monotonic_ns())

    def acked(self, sent: InFlight, acked_ns: int, paint_ms: float | None) -> None:
        """Record how long the oldest event of an acked message took, hop by hop."""
        if not sent.flushed_ns:
            return  # a snapshot: asked for, not an event
        hops = {"network": acked_ns - sent.sent_ns, "queue": sent.sent_ns - sent.flushed_ns}
        if sent.arrived_ns:
            hops["total"] = acked_ns - sent.arrived_ns
            hops["batch"] = max(0, sent.flushed_ns - sent.arrived_ns)
        if paint_ms is not None and 0 <= paint_ms < 600_000:
            hops["paint"] = int(paint_ms * 1_000_000)
        with self._lock:
            for hop, nanoseconds in hops.items():
                self._latency.record(hop, nanoseconds, acked_ns)

    def sample(self, connections: int) -> None:
        """Keep the present figures for the charts."""
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            total = self._latency.total(now_ns)
            self._samples.append(
                {
                    "at": time_text(self._clock.now()),
                    "connections": connections,
                    "messagesPerSecond": self._per_second(self._messages, now_ns),
                    "eventsPerSecond": self._per_second(self._events, now_ns),
                    "efficiency": round(self._lately(now_ns), 4),
                    "disconnectsPerMinute": self._disconnects.total(now_ns),
                    "p50": total["p50"],
                    "p95": total["p95"],
                    "p99": total["p99"],
                }
            )

    def history(self) -> list[Json]:
        """Return the samples of the last hour, oldest first."""
        with self._lock:
            return list(self._samples)

    def report(
        self, open_now: Iterable[OpenConnection], *, enabled: bool, broker_down: bool
    ) -> Json:
        """Return the websocket-stats object (specification, section 4)."""
        connections = list(open_now)
        by_user = Counter(connection.user_id for connection in connections)
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            performance = self._performance(connections, now_ns)
            uptime_s = (now_ns - self._started_ns) // _NS
            status = self._status(len(connections), len(by_user), broker_down, now_ns)
            return {
                "status": status if enabled else "disabled",
                "enabled": enabled,
                "activeConnections": len(connections),
                "connectionsByUser": dict(by_user),
                "totalMessagesDelivered": self._totals["messages"],
                "totalEventsEmitted": self._totals["events"],
                "totalDisconnects": self._totals["disconnects"],
                "totalReconnects": self._totals["reconnects"],
                "totalConnections": self._totals["connections"],
                "totalRefused": self._totals["refused"],
                "totalSnapshots": self._totals["snapshots"],
                "totalSlowConsumers": self._totals["slow"],
                "performance": performance,
                "uptime": {"seconds": uptime_s, "formatted": duration_text(uptime_s)},
                "limits": {
                    "maxConnectionsPerUser": self._limits.max_connections_per_user,
                    "maxTotalConnections": self._limits.max_total_connections,
                },
                "timestamp": time_text(self._clock.now()),
            }

    def _performance(self, connections: list[OpenConnection], now_ns: int) -> Json:
        efficiency = _efficiency(self._totals["messages"], self._totals["events"])
        ages = self._ended_ns + sum(now_ns - connection.opened_ns for connection in connections)
        lasted = self._totals["disconnects"] + len(connections)
        return {
            "batchEfficiency": f"{efficiency * 100:.1f}%",
            "batchEfficiencyRaw": round(efficiency, 4),
            "recentEfficiencyRaw": round(self._lately(now_ns), 4),
            "avgConnectionDurationSeconds": ages // _NS // lasted if lasted else 0,
            "disconnectRatePerMinute": f"{self._disconnects.total(now_ns):.2f}",
            "messagesPerSecond": self._per_second(self._messages, now_ns),
            "eventsPerSecond": self._per_second(self._events, now_ns),
            "latencyMs": {
                **self._latency.total(now_ns),
                "byHop": self._latency.by_hop(now_ns),
            },
            "driftCorrections": self._totals["drift"],
        }

    def _status(self, connections: int, users: int, broker_down: bool, now_ns: int) -> str:  # noqa: FBT001 - private
        if not connections:
            return "offline"
        lost = self._disconnects.total(now_ns)
        busy = self._per_second(self._events, now_ns) > BUSY_EVENTS_PER_USER * users
        degraded = (
            (lost > 2 and lost > connections * 0.1)
            or self._latency.total(now_ns)["p95"] > SLOW_P95_MS
            or (busy and self._lately(now_ns) < 0.5)
            or broker_down
        )
        return "degraded" if degraded else "healthy"

    def _lately(self, now_ns: int) -> float:
        return _efficiency(self._messages.total(now_ns), self._events.total(now_ns))

    @staticmethod
    def _per_second(rate: Rate, now_ns: int) -> float:
        return round(rate.total(now_ns, _RATE_S) / _RATE_S, 1)


def duration_text(seconds: int) -> str:
    """Return seconds as hours and minutes, ``24h 0m``."""
    return f"{seconds // 3600}h {seconds % 3600 // 60}m"


def _efficiency(messages: int, events: int) -> float:
    """Return 1 − messages ÷ events, 0 where there were none."""
    return max(0.0, 1 - messages / events) if events else 0.0
