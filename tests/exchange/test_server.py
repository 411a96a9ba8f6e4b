"""The exchange as a program."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import MarketOrderRequest

from exchange.options import read_options
from exchange.server import _market, main
from exchange.synthetic import SLICE_S, Synthetic
from tests.exchange.desk import until

ROOT = Path(__file__).parents[2]
START_S = 60
TAPE = """timestamp_ms,symbol,kind,bid,bid_size,ask,ask_size,price,size
1000,AIG,q,49.9,500,50.1,500,,
1000,BAC,q,13.9,500,14.1,500,,
1000,IBM,q,184.9,500,185.1,500,,
1100,SPY,t,,,,,168.2,100
"""


@contextmanager
def program(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a running exchange and its address; it is ended if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "exchange", "--port", "0", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready.startswith("Exchange ready at http://127.0.0.1:"), process.communicate()
        yield process, ready.split()[-1]
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Return the exit code and what was written to standard error."""
    code = process.wait(START_S)
    assert process.stderr is not None
    return code, process.stderr.read()


@pytest.mark.parametrize("name", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(name: signal.Signals) -> None:
    """It serves everything on the port it names, and a signal ends it with 0 and no word."""
    with program("--exit-with-parent") as (process, address):
        headers = {"APCA-API-KEY-ID": "K", "APCA-API-SECRET-KEY": "paper"}
        for path in ("/v2/account", "/v2/clock", "/v2/assets/AAPL"):
            assert 200 == requests.get(address + path, headers=headers, timeout=10).status_code
        process.send_signal(name)
        assert (0, "") == ended(process)


def test_it_ends_with_its_parent() -> None:
    """With --exit-with-parent the end of standard input ends it."""
    with program("--exit-with-parent") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert (0, "") == ended(process)


def test_rate_makes_the_synthetic_market_busier() -> None:
    """With --rate the synthetic market makes that many ticks per second."""
    market = _market(read_options(["--port", "0", "--rate", "6000"]))
    assert isinstance(market._source, Synthetic)
    assert 6000 == pytest.approx(len(market._source.slice_of(350_000_000)) / SLICE_S, rel=0.1)


def test_end_of_input_alone_does_not_end_it() -> None:
    """Without the option it goes on when standard input ends."""
    with program() as (process, address):
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert 401 == requests.get(address + "/v2/account", timeout=10).status_code
        assert process.poll() is None


def test_state_survives_being_killed(tmp_path: Path) -> None:
    """What a client was told is there after a kill, in the middle of everything."""
    state = ("--state", str(tmp_path / "state.sqlite3"))
    with program(*state) as (process, address):
        client = TradingClient("K", "paper", url_override=address)
        order = client.submit_order(
            MarketOrderRequest(symbol="BTC/USD", qty=0.1, side="buy", time_in_force="gtc")
        )
        until(lambda: client.get_all_positions() != [], "position")
        cash = client.get_account().cash
        process.kill()
        process.wait(START_S)
    with program(*state) as (_, address):
        client = TradingClient("K", "paper", url_override=address)
        assert cash == client.get_account().cash
        assert "0.1" == client.get_order_by_id(order.id).filled_qty


def test_tape_gives_the_demonstration_its_symbols(tmp_path: Path) -> None:
    """With a tape, a demonstration account holds what is on the tape."""
    tape = tmp_path / "tape.csv"
    tape.write_text(TAPE)
    with program("--tape", str(tape)) as (_, address):
        positions = TradingClient("DEMO-1", "paper", url_override=address).get_all_positions()
        assert ["AIG", "BAC", "IBM", "SPY"] == [position.symbol for position in positions]
        assert {"long", "short"} == {position.side.value for position in positions}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--port"),
        (["--port", "x"], "--port x: allowed: a whole number from 0 to 65535"),
        (["--port", "70000"], "--port 70000"),
        (["--port", "0", "--seed", "-1"], "seed"),
        (["--port", "0", "--speed", "2"], "--speed 2: allowed only with --tape"),
        (["--port", "0", "--rate", "0"], "--rate 0: allowed: a whole number from 1 to 100000"),
        (
            ["--port", "0", "--rate", "9", "--tape", "tape.csv"],
            "--rate 9: allowed only without --tape",
        ),
        (["--port", "0", "--tape", "/nowhere/tape.csv"], "/nowhere/tape.csv"),
        (["--port", "0", "--hours", "sometimes"], "--hours"),
        (["--port", "0", "--state", "/proc/nowhere/state"], "--state /proc/nowhere/state"),
        (["--port", "0", "--host", "203.0.113.1"], "203.0.113.1"),
        (["--port", "0", "--what"], "--what"),
    ],
)
def test_wrong_arguments_are_told_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong argument is exit code 2 and one line that names it."""
    assert 2 == main(arguments)
    captured = capsys.readouterr()
    assert ("", 1) == (captured.out, captured.err.count("\n"))
    assert said in captured.err


def test_taken_port_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that another program has is exit code 2 and one line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert 2 == main(["--port", str(taken.getsockname()[1])])
    assert 1 == capsys.readouterr().err.count("\n")
