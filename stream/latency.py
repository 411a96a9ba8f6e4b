"""Latency of the last minutes, hop by hop, in HdrHistograms (R4)."""

from __future__ import annotations

from collections import deque

from hdrh.histogram import HdrHistogram

from stream.wire import Json

HOPS = ("total", "batch", "queue", "network", "paint")
"""total: broker event to ack. batch: waited for its window. queue: waited for the ack before it.
network: sent to ack, the page's work included. paint: applied to painted, the page's own clock."""

_HIGHEST_US = 600_000_000
_PERCENTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


class RollingHistogram:
    """Microseconds of the last ``slots`` spans. Not thread-safe.

    Args:
        slot_ns: length of one span.
        slots: how many spans are remembered.
    """

    def __init__(self, *, slot_ns: int = 60_000_000_000, slots: int = 5) -> None:
        self._slot_ns = slot_ns
        self._slots: deque[tuple[int, HdrHistogram]] = deque(maxlen=slots)

    def record(self, microseconds: int, now_ns: int) -> None:
        """Record one value; below one microsecond counts as one."""
        slot = now_ns // self._slot_ns
        if not self._slots or self._slots[-1][0] != slot:
            self._slots.append((slot, HdrHistogram(1, _HIGHEST_US, 2)))
        self._slots[-1][1].record_value(max(1, min(microseconds, _HIGHEST_US)))

    def percentiles(self, now_ns: int) -> Json:
        """Return p50, p95, p99 in milliseconds (one decimal) and how many values there are."""
        oldest = now_ns // self._slot_ns - (self._slots.maxlen or 0) + 1
        whole = HdrHistogram(1, _HIGHEST_US, 2)
        for slot, histogram in self._slots:
            if slot >= oldest:
                whole.add(histogram)
        found = {
            name: round(whole.get_value_at_percentile(rank) / 1000, 1) if whole.total_count else 0
            for name, rank in _PERCENTILES.items()
        }
        return {**found, "count": whole.total_count}


class Latency:
    """A rolling histogram per hop. Not thread-safe."""

    def __init__(self) -> None:
        self._hops = {hop: RollingHistogram() for hop in HOPS}

    def record(self, hop: str, nanoseconds: int, now_ns: int) -> None:
        """Record how long hop took."""
        self._hops[hop].record(nanoseconds // 1000, now_ns)

    def total(self, now_ns: int) -> Json:
        """Return the percentiles from broker event to ack, in milliseconds."""
        return self._hops["total"].percentiles(now_ns)

    def by_hop(self, now_ns: int) -> Json:
        """Return each hop's percentiles in milliseconds."""
        return {hop: self._hops[hop].percentiles(now_ns) for hop in HOPS[1:]}
