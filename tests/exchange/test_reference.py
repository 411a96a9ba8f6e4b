"""Clock, calendar and assets, asked by the real client and checked against the schemas."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import AssetClass
from alpaca.trading.requests import GetAssetsRequest, GetCalendarRequest

from exchange.hours import Hours
from exchange.listing import listings
from exchange.nyse_hours import NyseHours
from exchange.synthetic import Synthetic, synthetic_market
from tests.exchange.market_server import KEYS, MarketServer, serve
from tests.exchange.openapi import check


@pytest.fixture(scope="module")
def server() -> Iterator[MarketServer]:
    with serve(synthetic_market(seed=7)) as server:
        yield server


@pytest.fixture(scope="module")
def nyse() -> Iterator[MarketServer]:
    hours: Hours = NyseHours()
    with serve(Synthetic(7, listings(), rate=50.0, hours=hours).market()) as server:
        yield server


def client(server: MarketServer) -> TradingClient:
    return TradingClient("PKTEST", "paper", url_override=server.http)


def get(server: MarketServer, path: str) -> Any:
    answer = requests.get(server.http + path, headers=KEYS, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_clock_of_a_market_that_never_closes(server: MarketServer) -> None:
    """It is open; the day turns at New York midnight; times have Eastern offsets."""
    raw = get(server, "/v2/clock")
    check(raw, "trading-api", "legacy_clock")
    assert raw["next_close"].endswith(("T00:00:00-05:00", "T00:00:00-04:00"))
    clock: Any = client(server).get_clock()
    assert clock.is_open
    assert clock.next_close == clock.next_open > clock.timestamp


@pytest.mark.parametrize(
    ("now", "is_open", "next_open", "next_close"),
    [
        ("2026-03-04T14:29:59", False, "2026-03-04T09:30:00-05:00", "2026-03-04T16:00:00-05:00"),
        ("2026-03-04T14:30:00", True, "2026-03-05T09:30:00-05:00", "2026-03-04T16:00:00-05:00"),
        ("2026-03-04T21:00:00", False, "2026-03-05T09:30:00-05:00", "2026-03-05T16:00:00-05:00"),
        ("2026-03-07T12:00:00", False, "2026-03-09T09:30:00-04:00", "2026-03-09T16:00:00-04:00"),
        ("2025-11-28T17:59:00", True, "2025-12-01T09:30:00-05:00", "2025-11-28T13:00:00-05:00"),
    ],
)
def test_the_clock_of_the_real_exchange(
    nyse: MarketServer,
    now: str,
    *,
    is_open: bool,
    next_open: str,
    next_close: str,
) -> None:
    """Sessions, weekends, clock changes and early closes are the New York Stock Exchange's."""
    nyse.market.now = lambda: datetime.fromisoformat(now).replace(tzinfo=UTC)
    clock = get(nyse, "/v2/clock")
    assert (clock["is_open"], clock["next_open"], clock["next_close"]) == (
        is_open,
        next_open,
        next_close,
    )


def test_the_calendar_of_the_real_exchange(nyse: MarketServer) -> None:
    """Thanksgiving is missing and the day after closes at one."""
    check(get(nyse, "/v2/calendar?start=2025-11-24&end=2025-12-01"), "trading-api",
          "legacy_public_calendar_resp")  # fmt: skip
    request = GetCalendarRequest(start=date(2025, 11, 26), end=date(2025, 12, 1))
    days: Any = client(nyse).get_calendar(request)
    assert [
        (day.date.day, day.open.strftime("%H:%M"), day.close.strftime("%H:%M")) for day in days
    ] == [
        (26, "09:30", "16:00"),
        (28, "09:30", "13:00"),
        (1, "09:30", "16:00"),
    ]


def test_the_calendar_of_a_market_that_never_closes(server: MarketServer) -> None:
    """Every date is a session of the whole day, clock changes included."""
    days: Any = client(server).get_calendar(
        GetCalendarRequest(start=date(2026, 3, 7), end=date(2026, 3, 9))
    )
    assert [day.date.day for day in days] == [7, 8, 9]
    assert {day.close.strftime("%H:%M") for day in days} == {"23:59"}


def test_the_whole_calendar_has_an_end(server: MarketServer, nyse: MarketServer) -> None:
    """Without dates, or with absurd ones, the calendar is all that is known."""
    assert get(server, "/v2/calendar?start=0001-01-01&end=9999-12-31")[0]["date"] == "2016-01-01"
    assert len(get(nyse, "/v2/calendar")) > 2500


def test_a_bad_date_is_refused(server: MarketServer) -> None:
    """What is no date is a 400 that names it."""
    answer = requests.get(f"{server.http}/v2/calendar?start=soon", headers=KEYS, timeout=30)
    assert (answer.status_code, answer.json()["message"]) == (400, "invalid start: soon")


def test_assets_by_class_and_exchange(server: MarketServer) -> None:
    """The client lists stocks by default and crypto pairs when asked; both fit the schema."""
    stocks: Any = client(server).get_all_assets()
    pairs: Any = client(server).get_all_assets(GetAssetsRequest(asset_class=AssetClass.CRYPTO))
    assert len(stocks) >= 40
    assert {"BTC/USD", "ETH/USD"} <= {asset.symbol for asset in pairs}
    assert all(asset.min_trade_increment for asset in pairs)
    for raw in get(server, "/v2/assets"):
        check(raw, "trading-api", "Assets")
    nasdaq = get(server, "/v2/assets?exchange=NASDAQ")
    assert {asset["exchange"] for asset in nasdaq} == {"NASDAQ"}
    assert get(server, "/v2/assets?status=inactive") == []


@pytest.mark.parametrize("name", ["BTC/USD", "BTC%2FUSD", "BTCUSD"])
def test_a_pair_is_found_in_either_spelling(server: MarketServer, name: str) -> None:
    """With slash, escaped slash or none, it is the same asset."""
    assert get(server, f"/v2/assets/{name}")["symbol"] == "BTC/USD"


def test_an_asset_is_found_by_symbol_and_by_id(server: MarketServer) -> None:
    """The id, which is the same in every run, leads back to the asset."""
    apple: Any = client(server).get_asset("AAPL")
    assert str(apple.id) == str(synthetic_market(seed=99).universe.find("AAPL").id)  # type: ignore[union-attr]
    again: Any = client(server).get_asset(str(apple.id))
    assert (again.symbol, again.fractionable) == ("AAPL", True)


def test_an_unknown_asset_is_a_404(server: MarketServer) -> None:
    """The answer names what wasn't found."""
    answer = requests.get(f"{server.http}/v2/assets/ZZZZ", headers=KEYS, timeout=30)
    assert answer.status_code == 404
    assert answer.json() == {"code": 40410000, "message": "asset not found for ZZZZ"}


@pytest.mark.parametrize("path", ["/v2/clock", "/v2/calendar", "/v2/assets", "/v2/assets/AAPL"])
def test_without_credentials_nothing_is_told(server: MarketServer, path: str) -> None:
    """No key is a 401."""
    assert requests.get(server.http + path, timeout=30).status_code == 401
