"""The users' side, in a process of its own: opens connections, measures, tells.

Reads one JSON object from standard input, prints ``measuring`` and ``measured`` at the
ends of its window, then its result as one JSON line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import psutil

from benchmarks.ages import ages_ms, trade_times
from benchmarks.figures import percentile
from benchmarks.polling_clients import poll_page, poll_rest
from benchmarks.serving import pin
from benchmarks.stream_clients import follow
from benchmarks.tally import Tally

User = Callable[[str, str, Tally, asyncio.Semaphore], Awaitable[None]]
USERS: dict[str, User] = {"stream": follow, "polling": poll_page, "REST": poll_rest}
_OPEN_TOGETHER = 10


class Job(msgspec.Struct, frozen=True):
    """What to measure.

    Attributes:
        way: a key of USERS.
        url: of the desk.
        cookie: of the session.
        users: how many connections.
        seconds: length of the window.
        tape: which trades there are; empty when that isn't known.
        settle_s: between the last connection and the window.
    """

    way: str
    url: str
    cookie: str
    users: int
    seconds: float
    tape: str = ""
    settle_s: float = 2.0


async def run(job: Job) -> Tally:
    """Open all connections, then measure for the window."""
    tally, ready = Tally(), asyncio.Semaphore(0)
    users = []
    for number in range(job.users):
        users.append(asyncio.ensure_future(USERS[job.way](job.url, job.cookie, tally, ready)))
        if number % _OPEN_TOGETHER == _OPEN_TOGETHER - 1:
            await asyncio.sleep(0.1)
    for _ in range(job.users):
        await ready.acquire()
    await asyncio.sleep(job.settle_s)
    print("measuring", flush=True)
    tally.counting = True
    await asyncio.sleep(job.seconds)
    tally.counting = False
    print("measured", flush=True)
    for each in users:
        each.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*users, return_exceptions=True)
    return tally


def result(job: Job, tally: Tally, cpu_s: float) -> dict[str, float]:
    """Return the figures of a run."""
    ages = ages_ms(tally.seen, trade_times(Path(job.tape))) if job.tape else []
    per_user = 60 / job.seconds / job.users
    shown = {
        "messages": tally.messages,
        "failures": len(tally.failures),
        "down_kb": tally.down_bytes / 1000 * per_user,
        "packed_kb": tally.packed_bytes() / 1000 * per_user,
        "up_kb": tally.up_bytes / 1000 * per_user,
        "driver_cpu": cpu_s / job.seconds * 100,
    }
    for name, values in (("age", ages), ("wait", tally.waits_ms)):
        if values:
            shown.update({f"{name}_p{rank}": percentile(values, rank) for rank in (50, 95, 99)})
    return shown


def main() -> None:
    """Do the job on standard input."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    pin(os.getpid(), first=False)
    me = psutil.Process()
    before = sum(me.cpu_times()[:2])
    tally = asyncio.run(run(job))
    shown = result(job, tally, sum(me.cpu_times()[:2]) - before)
    for failure in sorted(set(tally.failures)):
        print(failure, file=sys.stderr)
    print(msgspec.json.encode(shown).decode(), flush=True)


if __name__ == "__main__":
    main()
