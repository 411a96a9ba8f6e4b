"""R6: 100 connections while 1,000 position updates arrive per second.

The whole journey is measured, nothing is fed in halfway: the embedded exchange trades
its synthetic market at ``--rate`` ticks per second, the trader buys its busiest symbols
so that about half of all trades price a position, and the updates per second that came
out of it are counted by the desk and printed: trades of symbols that are held. Quotes
come along and count for nothing.

    python -m benchmarks.capacity --connections 100 --rate 7500 --seconds 45
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any

from benchmarks.driver import Job
from benchmarks.figures import table, verdict
from benchmarks.measuring import measure
from benchmarks.serving import PASSWORD, Served, fetch, running, sign_in

BUSIEST = (
    "SPY", "TSLA", "NVDA", "AAPL", "MSFT", "QQQ", "AMZN", "AMD", "GOOGL", "PLTR", "META", "INTC",
)  # fmt: skip
USER = "trader"
RUNS = 3
_SETTLE_S = 5.0
_IDLE_S = 5.0
Figures = dict[str, float]


def measure_capacity(users: int, rate: int, seconds: float, *, runs: int = RUNS) -> list[Figures]:
    """Start a desk on a busy market and measure it a few times.

    Args:
        users: connections at once.
        rate: ticks per second of the whole market.
        seconds: measured, in so many runs.
        runs: how many.
    """
    settings = {
        "PORT": "0", "DEMO_PASSWORD": PASSWORD, "EXCHANGE_RATE": str(rate),
        "MAX_CONNECTIONS_PER_USER": str(users), "MAX_TOTAL_CONNECTIONS": str(max(users, 100)),
    }  # fmt: skip
    with running("app", in_child=True, **settings) as desk:
        cookie, admin = sign_in(desk.url, USER), sign_in(desk.url, "admin")
        _buy(desk, cookie)
        time.sleep(_SETTLE_S)
        job = Job("stream", desk.url, cookie, users, seconds / runs)
        before = desk.usage()
        time.sleep(_IDLE_S)
        after = desk.usage()
        idle = {"idle_cpu": (after.cpu_s - before.cpu_s) / _IDLE_S * 100, "idle_mb": after.rss_mb}
        return [{**idle, **_run(desk, admin, job)} for _ in range(runs)]


def _buy(desk: Served, cookie: str) -> None:
    for symbol in BUSIEST:
        order = {"symbol": symbol, "side": "buy", "qty": "3", "type": "market"}
        fetch(desk.url, "/api/orders", cookie, {**order, "timeInForce": "day"})


def _run(desk: Served, admin: str, job: Job) -> Figures:
    before, since_s = _stats(desk, admin), time.monotonic()
    figures = measure(desk, job)
    after = _stats(desk, admin)
    events, messages = (
        after[name] - before[name] for name in ("totalEventsEmitted", "totalMessagesDelivered")
    )
    latency = after["performance"]["latencyMs"]
    return {
        **figures,
        **{f"ack_{rank}": float(latency[rank]) for rank in ("p50", "p95", "p99")},
        "efficiency": (1 - messages / events) * 100,
        # an event of the account accompanies each of a position
        "updates": events / messages * figures["messages"] / 2 / job.users / job.seconds,
        "took_s": time.monotonic() - since_s,
    }


def _stats(desk: Served, admin: str) -> Any:
    return fetch(desk.url, "/api/admin/websocket-stats", admin)


ROWS = (
    ("position updates/s", "updates", 0),
    ("event→ack, server p50 ms", "ack_p50", 0),
    ("event→ack, server p95 ms", "ack_p95", 0),
    ("event→ack, server p99 ms", "ack_p99", 0),
    ("batch efficiency %", "efficiency", 2),
    ("messages/s, all connections", "per_second", 0),
    ("kB/user/min down", "down_kb", 0),
    ("CPU, % of a core", "cpu", 1),
    ("  of it with nobody there", "idle_cpu", 1),
    ("memory MB, nobody there", "idle_mb", 0),
    ("memory MB, all connected", "rss_mb", 0),
    ("driver CPU, % of a core", "driver_cpu", 1),
    ("lost connections", "failures", 0),
)


def report(runs: list[Figures], users: int, seconds: float) -> str:
    """Return the table, a column per run, and a line per target for the middle one."""
    for run in runs:
        run["per_second"] = run["messages"] / (seconds / len(runs))
    middle = sorted(runs, key=lambda run: run["ack_p95"])[len(runs) // 2]
    rows = [[label, *(f"{run[name]:,.{digits}f}" for run in runs)] for label, name, digits in ROWS]
    head = [f"{users} connections", *(f"run {number}" for number in range(1, len(runs) + 1))]
    more_mb = max(run["rss_mb"] for run in runs) - middle["idle_mb"]
    updates, p95, share = middle["updates"], middle["ack_p95"], middle["efficiency"]
    cpu = middle["cpu"]
    lines = [
        verdict("1,000 position updates/s were made", f"{updates:,.0f}", met=updates >= 1000),
        verdict("p95 event→ack < 500 ms", f"{p95:.0f} ms", met=p95 < 500),
        verdict("efficiency ≥ 99 %", f"{share:.2f} %", met=share >= 99),
        verdict("connections < 100 MB", f"{more_mb:.0f} MB more than idle", met=more_mb < 100),
        verdict("within one core", f"{cpu:.0f} % of a core", met=cpu < 100),
    ]
    return "\n".join([table(head, rows), "", *lines])


def main() -> int:
    """Measure, print, and return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity")
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--rate", type=int, default=7500, help="the market's ticks per second")
    parser.add_argument("--seconds", type=float, default=45, help="measured, in three runs")
    options = parser.parse_args()
    print(f"load before the start: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores", flush=True)
    runs = measure_capacity(options.connections, options.rate, options.seconds)
    print(report(runs, options.connections, options.seconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
