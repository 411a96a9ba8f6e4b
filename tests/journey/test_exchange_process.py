"""The embedded exchange as AlphaFlow's child: never lost, never left behind."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path

from stream.client import PortfolioClient
from tests.desk_server import PASSWORD, DeskProcess, running_desk
from tests.journey.follower import Follower
from tests.waiting import wait_for


def exchange_pid(desk: DeskProcess) -> int | None:
    for pid in desk.workers():
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and b"exchange" in command.read_bytes():
            return pid
    return None


def test_a_dead_exchange_is_started_again(stack: ExitStack, tmp_path: Path) -> None:
    """The exchange is killed: viewers hear that the broker is silent, then that it speaks again."""
    desk = stack.enter_context(running_desk(tmp_path))
    follower = stack.enter_context(Follower(PortfolioClient(desk.url, "trader", PASSWORD)))
    held = {symbol: each["quantity"] for symbol, each in follower.mirror.positions.items()}
    first = exchange_pid(desk)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    hops = {"broker", "market_data"}
    wait_for(lambda: {m["data"]["hop"] for m in follower.of("stale")} == hops, 60)
    wait_for(lambda: {m["data"]["hop"] for m in follower.of("fresh")} == hops, 60)
    seq = follower.mirror.seq
    wait_for(lambda: (follower.mirror.seq or 0) > (seq or 0))
    after = {symbol: each["quantity"] for symbol, each in follower.mirror.positions.items()}
    assert (held, True) == (after, exchange_pid(desk) not in (None, first))


def test_an_exchange_never_outlives_its_desk(tmp_path: Path) -> None:
    """AlphaFlow is killed without a chance to tidy up; the exchange ends by itself."""
    desk = DeskProcess(tmp_path)
    desk.wait_ready()
    child = exchange_pid(desk)
    workers = desk.workers()
    desk.process.kill()
    wait_for(lambda: not Path(f"/proc/{child}").exists())
    for pid in workers:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGTERM)
    desk.stop()
    assert child is not None


def test_orders_survive_a_restart_of_everything(stack: ExitStack, tmp_path: Path) -> None:
    """After a clean stop and start the account is as it was, exchange included."""

    def figures(desk: DeskProcess) -> tuple[dict[str, str], str]:
        with Follower(PortfolioClient(desk.url, "trader", PASSWORD)) as follower:
            assert follower.mirror.account is not None
            held = {s: each["quantity"] for s, each in follower.mirror.positions.items()}
            return held, follower.mirror.account["cash"]

    with running_desk(tmp_path) as desk:
        before = figures(desk)
    desk = stack.enter_context(running_desk(tmp_path))
    assert before == figures(desk)
