"""What the benchmarks reckon with."""

from __future__ import annotations

import zlib

import pytest

from benchmarks.ages import PriceWatch, Seen, ages_ms
from benchmarks.figures import median_of, percentile, table, verdict
from benchmarks.tally import Tally, unix_ms

SHIFT = 1_000_000
TIMES = {"SPY": [0, 130, 270, 390, 1000], "BAC": [5, 17, 450]}


def seen(symbol: str, before: int, price: int, arrived: int) -> Seen:
    return Seen(symbol, before + SHIFT, price + SHIFT, float(arrived + SHIFT))


def test_age_counts_from_the_oldest_trade_not_seen_before() -> None:
    """R4: a price that stands for several trades is as old as the first of them."""
    arrivals = [seen("SPY", 0, 390, 400), seen("SPY", 390, 1000, 1040), seen("BAC", 5, 17, 99)]
    assert [270.0, 40.0, 82.0] == ages_ms(arrivals, TIMES)


def test_symbols_that_are_not_on_the_tape_have_no_age() -> None:
    """Only what the tape can date is dated."""
    assert [] == ages_ms([seen("BTC/USD", 0, 1, 2)], TIMES)


def test_first_price_of_a_user_is_no_news() -> None:
    """What a page shows when it opens is not counted, nor what it has seen already."""
    watch = PriceWatch()
    assert [None, Seen("SPY", 10, 20, 25.0), None] == [
        watch.saw("SPY", price_ms, 25.0) for price_ms in (10, 20, 20)
    ]


def test_percentiles_are_values_that_occurred() -> None:
    """A percentile is one of the values; of none it is 0."""
    values = [float(number) for number in range(100)]
    assert (50.0, 95.0, 99.0, 0.0) == (
        *(percentile(values, rank) for rank in (50, 95, 99)), percentile([], 95),
    )  # fmt: skip


def test_runs_are_reduced_to_their_median() -> None:
    """One disturbed run doesn't move the figure; a figure that some runs lack stays."""
    runs = [{"cpu": 1.0}, {"cpu": 90.0, "lost": 1.0}, {"cpu": 2.0}]
    assert {"cpu": 2.0, "lost": 1.0} == median_of(runs)


def test_table_is_aligned() -> None:
    """The first column is to the left, figures are to the right."""
    shown = table(["users", "1"], [["p95 ms", "250"], ["CPU", "–"]])
    assert "users     1\n------  ---\np95 ms  250\nCPU       –" == shown


def test_missed_target_stands_out() -> None:
    """A verdict begins with its outcome."""
    assert "MISSED  x: 1/2" == verdict("x", "1/2", met=False)


def test_only_the_window_counts() -> None:
    """Bytes and messages before and after the window are left out, prices are followed."""
    tally, watch = Tally(), PriceWatch()
    price = {"symbol": "SPY", "priceAt": "2026-01-04T10:30:00.123Z"}
    tally.moved(down=100, up=10)
    tally.arrived(watch, [price], 3)
    tally.counting = True
    tally.moved(down=7, up=1)
    tally.arrived(watch, [{**price, "priceAt": "2026-01-04T10:30:00.124Z"}], 4)
    assert (1, 7, 1, [4]) == (tally.messages, tally.down_bytes, tally.up_bytes, tally.waits_ms)
    assert [1] == [each.price_ms - each.before_ms for each in tally.seen]


def test_compression_is_reckoned_for_bodies_alone() -> None:
    """Framing and headers stay what they are."""
    tally, body = Tally(counting=True), b"price " * 100
    tally.moved(down=len(body) + 50)
    tally.body(body)
    assert len(zlib.compress(body, 6)) + 50 == pytest.approx(tally.packed_bytes())


def test_times_are_read_as_utc() -> None:
    """The wire's times are UTC whatever the machine's zone is."""
    assert 1_767_522_600_123 == unix_ms("2026-01-04T10:30:00.123Z")
