"""The command line of ``alphaflow exchange``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exchange.errors import InvalidSetting
from exchange.synthetic import DEFAULT_RATE
from exchange.tape_market import Speed

NORMAL_SPEED = Speed()
_FASTEST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the exchange is started with.

    Attributes:
        port: 0 takes any free one.
        tape: file to replay, None for the synthetic market.
        speed: of the tape.
        seed: of the synthetic market.
        rate: of the synthetic market, ticks per second of all symbols together.
        state: file that keeps accounts and orders, None to forget them at the end.
        hours: ``always`` or ``nyse``; of the synthetic market.
        exit_with_parent: stop when standard input ends.
    """

    port: int
    host: str = "127.0.0.1"
    tape: Path | None = None
    speed: Speed = NORMAL_SPEED
    seed: int = 1
    rate: float = DEFAULT_RATE
    state: Path | None = None
    hours: str = "always"
    exit_with_parent: bool = False


class _Parser(argparse.ArgumentParser):
    """Raises instead of printing usage and leaving."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Refuse the arguments."""
        raise InvalidSetting("arguments", "", message)


def read_options(argv: Sequence[str]) -> Options:
    """Return the options that the arguments spell.

    Raises:
        InvalidSetting: they spell none.
        SystemExit: 0, after ``--help``.
    """
    given = _parser().parse_args(argv)
    return Options(
        port=_whole("--port", given.port, 0, 65_535),
        host=given.host,
        tape=given.tape,
        speed=_speed(given.speed, given.tape),
        seed=_whole("--seed", given.seed, 0, 2**63 - 1),
        rate=_rate(given.rate, given.tape),
        state=given.state,
        hours=given.hours,
        exit_with_parent=given.exit_with_parent,
    )


def _parser() -> argparse.ArgumentParser:
    """Return the parser, with its help."""
    parser = _Parser(
        prog="alphaflow exchange",
        description="A paper exchange that speaks Alpaca's protocol. Any key id with the secret"
        " 'paper' opens an own account with $100,000.",
        allow_abbrev=False,
    )
    parser.add_argument("--port", required=True, help="port to listen on, 0 for any free one")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--tape", type=Path, help="replay this file instead of a synthetic market")
    parser.add_argument("--speed", help="tape seconds per second, or max (default 1)")
    parser.add_argument("--seed", default="1", help="of the synthetic market (default 1)")
    parser.add_argument(
        "--rate", help=f"synthetic ticks per second, all symbols (default {DEFAULT_RATE:.0f})"
    )
    parser.add_argument("--state", type=Path, help="file that keeps accounts and orders")
    parser.add_argument("--hours", choices=("always", "nyse"), default="always")
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when standard input ends"
    )
    return parser


def _whole(name: str, sent: str, least: int, most: int) -> int:
    """Return a whole number from least to most."""
    if not (sent.isascii() and sent.isdigit() and len(sent) < 20 and least <= int(sent) <= most):
        raise InvalidSetting(name, sent, f"allowed: a whole number from {least} to {most}")
    return int(sent)


def _rate(sent: str | None, tape: Path | None) -> float:
    """Return the synthetic market's rate; a tape has its own."""
    if sent is None:
        return DEFAULT_RATE
    if tape is not None:
        raise InvalidSetting("--rate", sent, "allowed only without --tape, which has --speed")
    return float(_whole("--rate", sent, 1, _FASTEST))


def _speed(sent: str | None, tape: Path | None) -> Speed:
    """Return the tape's speed; without a tape there is none to set."""
    if sent is None:
        return NORMAL_SPEED
    if tape is None:
        raise InvalidSetting("--speed", sent, "allowed only with --tape")
    return Speed.parse(sent)
