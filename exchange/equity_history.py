"""An account's equity over time, from samples taken every minute."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchange.decimals import ratio, subtract
from exchange.errors import ExchangeError
from exchange.stamps import SECOND_NS, parse
from exchange.wire import Json

_DAY_S = 86_400
_FRAMES_S = {"1Min": 60, "5Min": 300, "15Min": 900, "1H": 3600, "1D": _DAY_S}
_UNITS_DAYS = {"D": 1, "W": 7, "M": 30, "A": 365}


@dataclass(frozen=True, slots=True)
class Span:
    """What part of the history is asked for: stamps in nanoseconds, and the step's name."""

    start: int
    end: int
    timeframe: str


def read_span(query: Mapping[str, str], now_ns: int) -> Span:
    """Return the span that a query asks for: by default the last month.

    Raises:
        ExchangeError: 422 for a period, time or timeframe that isn't one.

    Source: Alpaca OpenAPI ``GET /v2/account/portfolio/history``.
    """
    period_s = _period_s(query.get("period") or "1M")
    end = _moment(query, "end", now_ns)
    start = _moment(query, "start", max(0, end - period_s * SECOND_NS))
    days = (end - start) / SECOND_NS / _DAY_S
    fitting = "1Min" if days < 7 else "15Min" if days < 30 else "1D"
    timeframe = query.get("timeframe") or fitting
    if timeframe not in _FRAMES_S:
        raise _invalid("timeframe", timeframe)
    return Span(start, end, timeframe)


def history_json(span: Span, samples: Sequence[tuple[int, Decimal]], base: Decimal) -> Json:
    """Return the last sample of every step, and its gain over ``base``.

    Args:
        span: what was asked for.
        samples: stamps and equity in USD, oldest first.
        base: equity at the last close, in USD.

    Source: Alpaca OpenAPI ``PortfolioHistory``.
    """
    step_s = _FRAMES_S[span.timeframe]
    last = {at // SECOND_NS // step_s * step_s: equity for at, equity in samples}
    gains = [subtract(equity, base) for equity in last.values()]
    return {
        "timestamp": list(last),
        "equity": [float(equity) for equity in last.values()],
        "profit_loss": [float(gain) for gain in gains],
        "profit_loss_pct": [float(ratio(gain, base)) for gain in gains],
        "base_value": float(base),
        "timeframe": span.timeframe,
        "cashflow": {},
    }


def _period_s(period: str) -> int:
    """Return the seconds of a period such as ``1D``."""
    match = re.fullmatch(r"(\d{1,4})([DWMA])", period, re.ASCII)
    if match is None:
        raise _invalid("period", period)
    return int(match[1]) * _UNITS_DAYS[match[2]] * _DAY_S


def _moment(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a time of the query as a stamp."""
    sent = query.get(name)
    at = parse(sent) if sent else default
    if at is None:
        raise _invalid(name, sent)
    return at


def _invalid(name: str, got: object) -> ExchangeError:
    """Return the refusal of a query parameter."""
    return ExchangeError(422, 40010001, f"invalid {name} {str(got)[:40]}")
