"""The stream beside a plain polling page: latency, bytes, efficiency, CPU and memory.

Starts the desk with the recorded tape at its own speed, once per number of users, and
lets a driver process be those users: on the stream (acking WebSockets), on a plain
Dash page that polls every second (benchmarks/polling_page.py), on the REST fallback
every second. The ways take turns, three times; medians are printed. Before the first
run the account trades for a day's worth of orders, as the tables show up to 50.

    python -m benchmarks.stream_vs_polling --connections 1,20,100 --seconds 45
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.desk import USER
from benchmarks.driver import Job
from benchmarks.figures import median_of, table, verdict
from benchmarks.measuring import measure
from benchmarks.polling_clients import Browser
from benchmarks.serving import PASSWORD, TAPE, Served, Usage, fetch, running, sign_in

WAYS = ("stream", "polling", "REST")
RUNS = 3
ORDERS = 44
_IDLE_S = 4.0
_PAUSE_S = 0.05
_SETTLE_S = 3.0

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Compared:
    """What was measured for one number of users.

    Attributes:
        users: how many.
        ways: figures by way.
        tables_kb: what a page without its chart would poll per minute.
        new_kb: the same for an account that never traded since it was opened.
    """

    users: int
    ways: dict[str, Figures]
    tables_kb: float
    new_kb: float


def compare(
    users: int,
    seconds: float,
    tape: Path,
    ways: Iterable[str] = WAYS,
    *,
    runs: int = RUNS,
    orders: int = ORDERS,
) -> Compared:
    """Start a desk and measure every way in turns.

    Args:
        users: connections at once.
        seconds: measured per way, in so many runs.
        tape: to replay.
        ways: some of WAYS.
        runs: turns of each way.
        orders: that make up the account's day.
    """
    settings = {
        "PORT": "0", "DEMO_PASSWORD": PASSWORD, "TAPE": str(tape),
        "MAX_CONNECTIONS_PER_USER": str(users), "MAX_TOTAL_CONNECTIONS": str(max(users, 100)),
    }  # fmt: skip
    with running("benchmarks.desk", in_child=True, **settings) as desk:
        cookie, admin = sign_in(desk.url, USER), sign_in(desk.url, "admin")
        new_kb = asyncio.run(_weigh(desk, cookie))
        _trade(desk, cookie, orders)
        time.sleep(_SETTLE_S)
        tables_kb = asyncio.run(_weigh(desk, cookie))
        idle = _idle(desk)
        collected: dict[str, list[Figures]] = {way: [] for way in ways}
        for _ in range(runs):
            for way, found in collected.items():
                job = Job(way, desk.url, cookie, users, seconds / runs, str(tape))
                found.append(_above_idle(measure(desk, job), idle, users))
        figures = {way: _reduced(found, users, seconds / runs) for way, found in collected.items()}
        if "stream" in figures:
            figures["stream"].update(_server_side(desk, admin))
    return Compared(users, figures, tables_kb, new_kb)


async def _weigh(desk: Served, cookie: str) -> float:
    """Return kB per minute of a polling page that has no chart."""
    browser = Browser(desk.url, cookie)
    answer = await browser.tick(1, with_line=False)
    browser.close()
    return (answer.down + answer.up) * 60 / 1000


def _trade(desk: Served, cookie: str, orders: int) -> None:
    """Buy and sell one share, again and again, as a day's record."""
    positions: Any = fetch(desk.url, "/api/positions", cookie)
    symbol = positions["positions"][0]["symbol"]
    for number in range(orders):
        order = {"symbol": symbol, "side": ("buy", "sell")[number % 2], "qty": "1"}
        fetch(desk.url, "/api/orders", cookie, {**order, "type": "market", "timeInForce": "day"})
        time.sleep(_PAUSE_S)


def _idle(desk: Served) -> Usage:
    """Return what the desk uses with nobody there: CPU in percent of a core, and memory."""
    before = desk.usage()
    time.sleep(_IDLE_S)
    after = desk.usage()
    return Usage((after.cpu_s - before.cpu_s) / _IDLE_S * 100, after.rss_mb)


def _above_idle(run: Figures, idle: Usage, users: int) -> Figures:
    cpu = max(0.0, run["cpu"] - idle.cpu_s)
    return {
        **run,
        "idle_cpu": idle.cpu_s,
        "user_cpu": cpu * 10 / users,
        "idle_mb": idle.rss_mb,
        "more_mb": run["rss_mb"] - idle.rss_mb,
    }


def _reduced(runs: list[Figures], users: int, seconds: float) -> Figures:
    """Return the runs' medians, and messages per user and minute."""
    middle = median_of(runs)
    return {**middle, "per_user": middle["messages"] / users * 60 / seconds}


def _server_side(desk: Served, admin: str) -> Figures:
    """Return what the desk itself measured over all runs."""
    stats: Any = fetch(desk.url, "/api/admin/websocket-stats", admin)
    latency = stats["performance"]["latencyMs"]
    shown = {f"ack_{rank}": float(latency[rank]) for rank in ("p50", "p95", "p99")}
    return {**shown, "efficiency": stats["performance"]["batchEfficiencyRaw"] * 100}


ROWS = (
    ("event→ack, server p50 ms", "ack_p50", 0),
    ("event→ack, server p95 ms", "ack_p95", 0),
    ("event→ack, server p99 ms", "ack_p99", 0),
    ("oldest change→user p50 ms", "age_p50", 0),
    ("oldest change→user p95 ms", "age_p95", 0),
    ("oldest change→user p99 ms", "age_p99", 0),
    ("request p50 ms", "wait_p50", 1),
    ("request p95 ms", "wait_p95", 1),
    ("messages/user/min", "per_user", 0),
    ("batch efficiency %", "efficiency", 1),
    ("kB/user/min down", "down_kb", 0),
    ("  if all were compressed", "packed_kb", 0),
    ("kB/user/min up", "up_kb", 0),
    ("CPU, % of a core", "cpu", 1),
    ("  of it with nobody there", "idle_cpu", 1),
    ("CPU ms/user/s above that", "user_cpu", 2),
    ("memory MB, nobody there", "idle_mb", 0),
    ("memory MB more with users", "more_mb", 1),
    ("lost connections", "failures", 0),
)


def report(compared: list[Compared]) -> str:
    """Return the table and a line per target."""
    columns = [(each.users, way, shown) for each in compared for way, shown in each.ways.items()]
    rows = [
        [label, *(_cell(shown, name, digits) for *_, shown in columns)]
        for label, name, digits in ROWS
    ]
    head = ["users", *(f"{users} {way}" for users, way, _ in columns)]
    return "\n".join([table(head, rows), "", *_verdicts(compared)])


def _cell(figures: Figures, name: str, digits: int) -> str:
    return f"{figures[name]:,.{digits}f}" if name in figures else "–"


def _verdicts(compared: list[Compared]) -> Iterable[str]:
    for each in compared:
        stream = each.ways["stream"]
        who, p95 = f"{each.users} users", stream["ack_p95"]
        yield verdict(f"{who}, p95 event→ack < 500 ms", f"{p95:.0f} ms", met=p95 < 500)
        share = stream["efficiency"]
        yield verdict(f"{who}, efficiency ≥ 95 %", f"{share:.1f} %", met=share >= 95)
        own = stream["down_kb"] + stream["up_kb"]
        if "polling" in each.ways:
            polling = each.ways["polling"]
            times = (polling["down_kb"] + polling["up_kb"]) / own
            yield verdict(f"{who}, bytes ≤ 1/10 of polling", f"1/{times:.1f}", met=times >= 10)
            packed_kb = polling["packed_kb"] + polling["up_kb"]
            yield f"        {who}, bytes beside gzip-compressed polling: 1/{packed_kb / own:.1f}"
        lighter = (
            ("without its chart", each.tables_kb),
            ("without chart and without a day's orders", each.new_kb),
        )
        for less, polled_kb in lighter:
            yield f"        {who}, bytes beside polling {less}: 1/{polled_kb / own:.1f}"


def read_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream_vs_polling")
    parser.add_argument("--connections", default="1,20,100", help="numbers of users")
    parser.add_argument("--seconds", type=float, default=45, help="measured per way, in three runs")
    parser.add_argument("--tape", type=Path, default=TAPE, help="the tape to replay")
    parser.add_argument("--ways", default=",".join(WAYS), help=f"some of {', '.join(WAYS)}")
    options = parser.parse_args(argv)
    options.connections = [int(each) for each in options.connections.split(",")]
    options.ways = options.ways.split(",")
    if "stream" not in options.ways or set(options.ways) - set(WAYS):
        parser.error(f"--ways: stream, and others of {', '.join(WAYS)}")
    if not options.tape.is_file():
        parser.error(f"no tape at {options.tape}; name one with --tape")
    return options


def main() -> int:
    """Measure, print, and return 0."""
    options = read_arguments()
    load = os.getloadavg()[0]
    print(f"load before the start: {load:.2f} on {os.cpu_count()} cores", flush=True)
    compared = []
    for users in options.connections:
        compared.append(compare(users, options.seconds, options.tape.resolve(), options.ways))
        print(f"measured {users} users", flush=True)
    print(report(compared))
    return 0


if __name__ == "__main__":
    sys.exit(main())
