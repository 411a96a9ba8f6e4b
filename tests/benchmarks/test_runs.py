"""The benchmarks run: a moment of each, on a small tape."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import capacity, stream_vs_polling
from benchmarks.stream_vs_polling import WAYS, compare, read_arguments, report

SECONDS = 1.0
SYMBOLS = (("AIG", 50), ("BAC", 14), ("IBM", 185), ("SPY", 168))


@pytest.fixture
def tape(tmp_path: Path) -> Path:
    """Return a minute in which every symbol is quoted and traded ten times a second."""
    path = tmp_path / "tape.csv"
    rows = ["timestamp_ms,symbol,kind,bid,bid_size,ask,ask_size,price,size"]
    for number in range(600):
        at = 1_381_411_800_000 + number * 100
        for place, (symbol, price) in enumerate(SYMBOLS):
            rows.append(f"{at + place},{symbol},q,{price},900,{price}.02,900,,")
            rows.append(f"{at + place},{symbol},t,,,,,{price}.0{1 + number % 2},100")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (capacity, stream_vs_polling):
        monkeypatch.setattr(module, "_IDLE_S", 0.2)
        monkeypatch.setattr(module, "_SETTLE_S", 1.0)


def test_every_way_delivers_and_is_measured(tape: Path) -> None:
    """Stream, polling page and REST serve their users, and the table has a column for each."""
    compared = compare(2, SECONDS, tape, runs=1, orders=4)
    assert set(WAYS) == set(compared.ways)
    for figures in compared.ways.values():
        assert figures["failures"] == 0
        assert figures["messages"] > 0
        assert figures["down_kb"] > figures["packed_kb"] > 0
        assert figures["age_p95"] > 0
    assert compared.ways["stream"]["ack_p95"] > 0
    assert compared.tables_kb > compared.new_kb > 0
    text = report([compared])
    assert ["2 stream", "2 polling", "2 REST"] == [f"2 {way}" for way in WAYS if f"2 {way}" in text]


def test_capacity_counts_updates_of_held_symbols() -> None:
    """The busy market's trades price the positions, and every connection gets them."""
    runs = capacity.measure_capacity(3, 2000, SECONDS, runs=1)
    assert [0.0] == [run["failures"] for run in runs]
    assert all(run["updates"] > 0 and run["ack_p95"] > 0 for run in runs)
    assert "3 connections" in capacity.report(runs, 3, SECONDS)


def test_absent_tape_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a tape the benchmark says how to name one."""
    with pytest.raises(SystemExit):
        read_arguments(["--tape", "/nowhere.csv"])
    assert "no tape at /nowhere.csv; name one with --tape" in capsys.readouterr().err


def test_targets_need_the_stream(capsys: pytest.CaptureFixture[str]) -> None:
    """The stream is always among the ways that are compared."""
    with pytest.raises(SystemExit):
        read_arguments(["--ways", "polling", "--tape", stream_vs_polling.__file__])
    assert "--ways: stream" in capsys.readouterr().err
