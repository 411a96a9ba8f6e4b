"""The ``alphaflow`` command as a person types it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desk_server import ROOT

HEADER = "timestamp_ms,symbol,kind,bid,bid_size,ask,ask_size,price,size\n"


def alphaflow(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(folder),
            **settings,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"PORT": "eighty"}, "PORT=eighty"),
        ({"BATCH_WINDOW_MS": "1"}, "BATCH_WINDOW_MS=1"),
        ({"ALPACA_API_KEY": "PK1"}, "ALPACA_SECRET_KEY"),
        ({"CREDENTIALS_KEY": "short"}, "CREDENTIALS_KEY"),
        ({"DATABASE_URL": "postgresql://ada:pw@127.0.0.1:9/desk"}, "DATABASE_URL"),
    ],
)
def test_a_wrong_setting_stops_the_start(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    """The start ends with status 2 and one line that names the setting."""
    outcome = alphaflow(tmp_path, "run", **settings)
    assert (2, 1, True) == (
        outcome.returncode,
        len(outcome.stderr.strip().splitlines()),
        said in outcome.stderr,
    )


def test_a_bad_tape_stops_the_start_with_its_line(tmp_path: Path) -> None:
    """A tape with a bad row is refused with the row's line number and what is wrong."""
    tape = tmp_path / "tape.csv"
    tape.write_text(HEADER + "1,AIG,q,1,1,2,1,,\n2,AIG,t,,,,,minus,5\n")
    outcome = alphaflow(tmp_path, "run", TAPE=str(tape))
    assert (2, True, True) == (
        outcome.returncode,
        "line 3" in outcome.stderr,
        "minus" in outcome.stderr,
    )


def test_an_unknown_command_says_which_there_are(tmp_path: Path) -> None:
    """A typo is answered with the list of commands."""
    outcome = alphaflow(tmp_path, "rnu")
    assert (2, True) == (outcome.returncode, "run" in outcome.stderr and "tail" in outcome.stderr)


def test_config_prints_what_is_in_force(tmp_path: Path) -> None:
    """``alphaflow config`` prints every setting with the values in force."""
    outcome = alphaflow(tmp_path, "config", PORT="8123")
    assert (0, True) == (outcome.returncode, "PORT=8123\n" in outcome.stdout)


def test_a_user_is_added_once(tmp_path: Path) -> None:
    """A second user of the same name is refused in one line."""
    first = alphaflow(tmp_path, "user", "ada", ALPHAFLOW_PASSWORD="a long password")
    second = alphaflow(tmp_path, "user", "ada", ALPHAFLOW_PASSWORD="a long password")
    assert (0, 2, True) == (first.returncode, second.returncode, "ada" in second.stderr)


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    """The error says how long a password must be, and doesn't repeat it."""
    outcome = alphaflow(tmp_path, "user", "ada", ALPHAFLOW_PASSWORD="tiny")
    assert (2, True, False) == (outcome.returncode, "8" in outcome.stderr, "tiny" in outcome.stderr)


def test_tail_of_a_server_that_is_not_there_says_so(tmp_path: Path) -> None:
    """``alphaflow tail`` ends with a line instead of a traceback."""
    outcome = alphaflow(tmp_path, "tail", "--url", "http://127.0.0.1:9", ALPHAFLOW_PASSWORD="x")
    assert (1, 1) == (outcome.returncode, len(outcome.stderr.strip().splitlines()))
