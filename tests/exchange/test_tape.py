"""Which tapes are read, and how the others are refused."""

from __future__ import annotations

import contextlib
import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import InvalidSetting
from exchange.tape import Tape
from exchange.tape_errors import TapeRefused
from exchange.tape_market import Speed
from exchange.tape_rows import COLUMNS, HEADER, PrintRow, QuoteRow, Row, read_row
from tests.exchange.openapi import SHARED

GOOD = [
    "1381411800014,AIG,q,48.2,500,48.3,600,,",
    "1381411800014,SPY,t,,,,,167.29,600",
    "1381411800020,BTC/USD,q,130.5,0.25,130.1,1,,",
]

numbers = st.decimals(
    min_value=Decimal("0.000000001"), max_value=Decimal("999999999999"), places=9
).map(lambda value: f"{value:f}")
symbols = st.from_regex(r"[A-Z][A-Z0-9.]{0,11}(/[A-Z]{2,6})?", fullmatch=True)
times = st.integers(min_value=0, max_value=10**14 - 1)


@st.composite
def good_fields(draw: st.DrawFn) -> list[str]:
    kind = draw(st.sampled_from("qt"))
    head = [str(draw(times)), draw(symbols), kind]
    count = 4 if kind == "q" else 2
    values = [draw(numbers) for _ in range(count)]
    return [*head, *values, "", ""] if kind == "q" else [*head, "", "", "", "", *values]


def written(path: Path, rows: list[str], header: str = HEADER, end: str = "\n") -> Path:
    path.write_text(end.join([header, *rows]) + end, newline="")
    return path


def refusal(path: Path) -> TapeRefused:
    with pytest.raises(TapeRefused) as caught:
        Tape(path)
    return caught.value


def test_good_rows_are_read_exactly(tmp_path: Path) -> None:
    """A tape's rows keep every digit, and a crossed quote is as good as any."""
    rows: list[Row] = list(Tape(written(tmp_path / "a.csv", GOOD)).rows())
    D = Decimal  # noqa: N806
    assert rows == [
        QuoteRow(1381411800014, "AIG", D("48.2"), D("500"), D("48.3"), D("600")),
        PrintRow(1381411800014, "SPY", D("167.29"), D("600")),
        QuoteRow(1381411800020, "BTC/USD", D("130.5"), D("0.25"), D("130.1"), D("1")),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_packed_tape_reads_like_a_plain_one(tmp_path: Path, end: str) -> None:
    """Gzip is recognised by its content, and either line end is fine."""
    plain = Tape(written(tmp_path / "a.csv", GOOD, end=end))
    packed = tmp_path / "packed.csv"
    packed.write_bytes(gzip.compress(plain.path.read_bytes()))
    assert list(Tape(packed).rows()) == list(plain.rows())


def test_what_a_tape_holds_is_summed_up(tmp_path: Path) -> None:
    """Symbols, their first price, the time span and the row count are known before replay."""
    tape = Tape(written(tmp_path / "a.csv", GOOD))
    assert (tape.rows_count, tape.first_ms, tape.duration_ms) == (3, 1381411800014, 6)
    assert {name: known.first_price for name, known in tape.symbols.items()} == {
        "AIG": Decimal("48.25"),
        "SPY": Decimal("167.29"),
        "BTC/USD": Decimal("130.3"),
    }
    assert [name for name, known in tape.symbols.items() if not known.is_quoted] == ["SPY"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ("1381411800015,AIG,x,48.2,500,48.3,600,,", "kind"),
        ("1381411800015,AIG,,48.2,500,48.3,600,,", "kind"),
        ("1381411800015,AIG,Q,48.2,500,48.3,600,,", "kind"),
        ("1381411800015,aig,q,48.2,500,48.3,600,,", "symbol"),
        ("1381411800015,,q,48.2,500,48.3,600,,", "symbol"),
        ("soon,AIG,q,48.2,500,48.3,600,,", "timestamp_ms"),
        ("-5,AIG,q,48.2,500,48.3,600,,", "timestamp_ms"),
        ("1381411800015.5,AIG,q,48.2,500,48.3,600,,", "timestamp_ms"),
        ("٣٤٥,AIG,q,48.2,500,48.3,600,,", "row"),
        ("1381411800015,AIG,q,,500,48.3,600,,", "bid"),
        ("1381411800015,AIG,q,-48.2,500,48.3,600,,", "bid"),
        ("1381411800015,AIG,q,NaN,500,48.3,600,,", "bid"),
        ("1381411800015,AIG,q,48.2,0,48.3,600,,", "bid_size"),
        ("1381411800015,AIG,q,48.2,500,Infinity,600,,", "ask"),
        ("1381411800015,AIG,q,48.2,500,48.3,1e3,,", "ask_size"),
        ("1381411800015,AIG,q,48.2,500,48.3,600,48.2,", "price"),
        ("1381411800015,AIG,q,48.2,500,48.3,600,,7", "size"),
        ("1381411800015,SPY,t,,,,,,600", "price"),
        ("1381411800015,SPY,t,,,,,0.00,600", "price"),
        ("1381411800015,SPY,t,,,,,167.29,", "size"),
        ("1381411800015,SPY,t,1,,,,167.29,600", "bid"),
        ("1381411800013,AIG,q,48.2,500,48.3,600,,", "timestamp_ms"),
        ("1381411800015,AIG,q,48.2,500,48.3,600,", "row"),
        ("1381411800015,AIG,q,48.2,500,48.3,600,,,", "row"),
        ("", "row"),
    ],
)
def test_a_bad_row_refuses_the_tape(tmp_path: Path, row: str, field: str) -> None:
    """The refusal names file, line and field, and says what is allowed."""
    path = written(tmp_path / "a.csv", [*GOOD[:2], row, GOOD[2]])
    refused = refusal(path)
    assert (refused.line, refused.field) == (4, field)
    assert str(refused).startswith(f"tape {path}: line 4: {field} ")
    assert "allowed: " in str(refused)


@pytest.mark.parametrize("content", ["", "\n", f"{HEADER}x\n", "date,SPY\n1998-01-02,97.36\n"])
def test_another_header_refuses_the_tape(tmp_path: Path, content: str) -> None:
    """A file that doesn't begin with the header is not a tape, an empty one neither."""
    path = tmp_path / "a.csv"
    path.write_text(content)
    refused = refusal(path)
    assert (refused.line, refused.field, refused.allowed) == (1, "header", HEADER)


def test_a_header_alone_refuses_the_tape(tmp_path: Path) -> None:
    """A tape without a row can't be replayed."""
    assert refusal(written(tmp_path / "a.csv", [])).line == 2


def test_a_cut_off_gzip_file_is_refused(tmp_path: Path) -> None:
    """Where packed data end too early, the tape is refused, not replayed in part."""
    whole = gzip.compress((HEADER + "\n" + "\n".join(GOOD * 1)).encode())
    path = tmp_path / "a.csv.gz"
    for length in range(2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert refusal(path).allowed == "complete gzip data"


def test_a_damaged_gzip_file_is_refused(tmp_path: Path) -> None:
    """Packed data whose checksum is wrong refuse the tape."""
    whole = bytearray(gzip.compress((HEADER + "\n" + "\n".join(GOOD)).encode()))
    whole[-6] ^= 0xFF
    path = tmp_path / "a.csv.gz"
    path.write_bytes(whole)
    assert refusal(path).field == "file"


def test_an_endless_line_is_refused_unread(tmp_path: Path) -> None:
    """A line longer than any row is refused without reading it whole."""
    path = written(tmp_path / "a.csv", ["1" * 5000])
    assert (refusal(path).line, refusal(path).allowed) == (2, "lines under 512 bytes")


@pytest.mark.parametrize("name", [".", "missing.csv"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file or a folder is refused like a bad one."""
    assert refusal(tmp_path / name).allowed == "a readable file"


@given(good_fields())
def test_every_row_that_follows_the_format_is_read(fields: list[str]) -> None:
    """Whatever the allowed numbers, a row is read and its numbers are the written ones."""
    row = read_row(",".join(fields), 2, 0)
    assert (row.ms, row.symbol) == (int(fields[0]), fields[1])
    names = ("bid", "bid_size", "ask", "ask_size") if fields[2] == "q" else ("price", "size")
    got = [getattr(row, name) for name in names]
    assert got == [Decimal(text) for text in fields[3:] if text]


@given(good_fields(), st.data())
def test_one_bad_field_is_found_and_named(fields: list[str], data: st.DataObject) -> None:
    """Spoiling any one field of a good row refuses it, naming that field."""
    spoiled = data.draw(st.sampled_from(range(len(COLUMNS))))
    bad = data.draw(st.sampled_from(["NaN", "-1", "+1", " 1", "0", "1_0", "0x1", "٣", "1e5", "∞"]))
    # zero is a time, and a time alone
    if COLUMNS[spoiled] == "timestamp_ms" and bad == "0":
        bad = "-0"
    fields[spoiled] = bad
    with pytest.raises(TapeRefused) as caught:
        read_row(",".join(fields), 7, 0)
    assert (caught.value.line, caught.value.field) == (7, COLUMNS[spoiled])


@given(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=60))
def test_any_text_is_a_row_or_refused(text: str) -> None:
    """No line does anything else than be read or be refused."""
    with contextlib.suppress(TapeRefused):
        assert read_row(text, 2, 0).ms >= 0


def test_the_recorded_quarter_of_an_hour_is_a_good_tape() -> None:
    """The recorded real tape is read to its last row."""
    path = SHARED / "market" / "2013-10-10-ticks-0930-0945.csv.gz"
    if not path.exists():
        pytest.skip(f"needs the recorded tape at {path}")
    tape = Tape(path)
    assert (tape.rows_count, sorted(tape.symbols)) == (168_211, ["AIG", "BAC", "IBM", "SPY"])


@pytest.mark.parametrize(
    ("text", "factor"), [("1", 1.0), ("60x", 60.0), ("0.5", 0.5), ("max", None)]
)
def test_speeds_are_read(text: str, factor: float | None) -> None:
    """A speed is a number, with or without an x, or max."""
    assert Speed.parse(text) == Speed(factor)


@pytest.mark.parametrize("text", ["", "0", "0.0x", "-1", "fast", "nan", "inf", "1e3", "Max!"])
def test_other_speeds_are_refused(text: str) -> None:
    """Anything else is refused with what is allowed."""
    with pytest.raises(InvalidSetting, match="allowed: a number above zero, or max"):
        Speed.parse(text)
