"""What an account looks like over REST."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from portfolio.ids import AccountId, BrokerOrderId, OrderId, TradeId
from portfolio.orders import Side
from portfolio.values import AccountFigures, Trade
from stream.wire import account_json, position_json, trade_json
from tests.web.conftest import Site, fields_of, problem_of
from tests.web.doubles import NOW
from web.outages import outages
from web.thinning import thinned

AS_OF = "2026-01-05T15:00:00.000Z"
PATHS = (
    "positions", "account", "trades", "equity", "quotes", "assets", "bars", "pnl-by-symbol",
)  # fmt: skip


def _trade(index: int, realized: str = "1", symbol: str = "AAPL") -> Trade:
    return Trade(
        trade_id=TradeId(f"t{index}"), order_id=OrderId("o"), broker_order_id=BrokerOrderId("b"),
        symbol=symbol, side=Side.SELL, quantity=Decimal(1), price=Decimal("175.5"),
        cumulative_quantity=Decimal(index + 1), position_quantity=Decimal(0),
        realized_pnl=Decimal(realized), executed_at=NOW + timedelta(seconds=index),
    )  # fmt: skip


def _store(site: Site, account_id: AccountId, *trades: Trade) -> None:
    for trade in trades:
        site.services.records.store_trade(account_id, trade)


def test_positions_and_account_are_the_streams_own_objects(site: Site, trader: FlaskClient) -> None:
    """R10: the same JSON as on the stream, in an envelope with account and time."""
    book = site.gateway.snapshot(site.mine)
    assert book.account is not None
    envelope = {"accountId": site.mine, "asOf": AS_OF}
    positions = trader.get("/api/positions").get_json()
    account = trader.get("/api/account").get_json()
    assert {**envelope, "positions": [position_json(each) for each in book.positions]} == positions
    assert {**envelope, "account": account_json(book.account)} == account


def test_an_account_that_the_broker_was_not_asked_for_has_no_figures(
    site: Site, trader: FlaskClient
) -> None:
    """Null, not zeros."""
    site.gateway.books[site.mine] = replace(site.gateway.books[site.mine], account=None)
    assert None is trader.get("/api/account").get_json()["account"]


@pytest.mark.parametrize("path", PATHS)
def test_nobody_sees_an_account_that_was_not_granted(site: Site, path: str) -> None:
    """R2: not granted looks like not there; the default is never somebody else's."""
    query = f"?accountId={site.mine}&symbols=AAPL"
    allowed = {
        name: site.client(name).get(f"/api/{path}{query}").status_code
        for name in ("trader", "viewer", "reader", "other", "admin", "nobody")
    }
    assert {
        "trader": 200, "viewer": 200, "reader": 200, "other": 404, "admin": 404, "nobody": 404,
    } == allowed  # fmt: skip
    own = site.client("other").get(f"/api/{path}?symbols=AAPL").get_json()
    assert site.theirs == own["accountId"]
    assert 404 == site.client("admin").get(f"/api/{path}?symbols=AAPL").status_code


def test_an_account_that_exists_looks_like_one_that_does_not(site: Site) -> None:
    """R2: the answer doesn't tell whether there is such an account."""
    client = site.client("other")
    there = client.get(f"/api/positions?accountId={site.mine}").text.replace(site.mine, "X")
    nowhere = client.get("/api/positions?accountId=no-such-id").text.replace("no-such-id", "X")
    assert there == nowhere


def test_without_a_filter_trades_are_the_snapshots(site: Site, trader: FlaskClient) -> None:
    """R10: the last fifty, as the stream has them."""
    shown = _trade(1)
    site.gateway.books[site.mine] = replace(site.gateway.books[site.mine], trades=(shown,))
    body = trader.get("/api/trades").get_json()
    assert ([trade_json(shown)], None) == (body["trades"], body["next"])


def test_trades_are_filtered_and_paged(site: Site, trader: FlaskClient) -> None:
    """By symbol, by span, by pages; never another account's."""
    _store(site, site.mine, *(_trade(n, symbol="MSFT" if n == 2 else "AAPL") for n in range(5)))
    _store(site, site.theirs, _trade(9))

    def ids(query: str) -> list[str]:
        body = trader.get(f"/api/trades?{query}").get_json()
        return [each["tradeId"] for each in body["trades"]]

    assert ["t2"] == ids("symbol=MSFT")
    assert ["t3", "t2"] == ids("since=2026-01-05T15:00:02Z&until=2026-01-05T15:00:04Z")
    assert ["t3"] == ids("since=2026-01-05T16:00:02+01:00&until=2026-01-05T15:00:04Z&symbol=AAPL")
    first = trader.get("/api/trades?limit=3").get_json()
    assert ["t1", "t0"] == ids(f"limit=3&before={first['next']}")


def _figures(second: int) -> AccountFigures:
    return AccountFigures(
        cash=Decimal(second), last_equity=Decimal(1), buying_power=Decimal(1),
        long_market_value=Decimal(0), short_market_value=Decimal(0),
        realized_pnl_today=Decimal(0), at=NOW + timedelta(seconds=second),
    )  # fmt: skip


def test_the_equity_line_is_thinned_to_what_is_asked(site: Site, trader: FlaskClient) -> None:
    """Samples since a moment (default a day), oldest first, at most ``points`` of them."""
    for second in (-90_000, *range(100)):
        figures = _figures(second)
        site.services.records.add_equity_sample(site.mine, figures.at, figures)
    whole = trader.get("/api/equity").get_json()["equity"]
    few = trader.get("/api/equity?points=5").get_json()["equity"]
    late = trader.get("/api/equity?since=2026-01-05T15:01:38Z").get_json()["equity"]
    assert (100, account_json(_figures(0))) == (len(whole), whole[0])
    assert (5, "0", "99") == (len(few), few[0]["cash"], few[-1]["cash"])
    assert ["98", "99"] == [each["cash"] for each in late]


def test_the_equity_line_tells_when_nothing_was_recorded(site: Site, trader: FlaskClient) -> None:
    """A pause longer than a minute and a half is an outage, however few points are asked for."""
    for second in (-3600, -3570, -3480, -3389, 0):
        figures = _figures(second)
        site.services.records.add_equity_sample(site.mine, figures.at, figures)
    gaps = trader.get("/api/equity?points=2").get_json()["gaps"]
    assert [
        {"from": "2026-01-05T14:02:00.000Z", "to": "2026-01-05T14:03:31.000Z"},
        {"from": "2026-01-05T14:03:31.000Z", "to": AS_OF},
    ] == gaps


@pytest.mark.parametrize(
    ("age", "pause_s", "gaps"),
    [
        (timedelta(hours=1), 90, 0), (timedelta(hours=1), 91, 1),
        (timedelta(days=3), 120, 0), (timedelta(days=3), 151, 1),
        (timedelta(days=40), 7200, 0), (timedelta(days=40), 9001, 1),
    ],
)  # fmt: skip
def test_an_outage_is_judged_by_how_many_samples_are_kept(
    age: timedelta, pause_s: int, gaps: int
) -> None:
    """Old samples are thinned: the space between them is no outage."""
    start = _figures(0)
    end = _figures(pause_s)
    assert gaps == len(list(outages([start, end], NOW + age)))


@pytest.mark.parametrize("most", [2, 3, 10, 99, 100, 101])
def test_thinning_keeps_both_ends(most: int) -> None:
    """However few points are wanted, the line begins and ends where it does."""
    samples = [_figures(second) for second in range(100)]
    kept = thinned(samples, most)
    assert (samples[0], samples[-1], True) == (kept[0], kept[-1], len(kept) <= most)


def test_thinning_takes_samples_of_one_moment() -> None:
    """Equal times divide by nothing."""
    assert 2 == len(thinned([_figures(1)] * 5, 3))


def test_quotes_come_by_symbol(trader: FlaskClient) -> None:
    """Each symbol once; one nobody quotes is null."""
    quotes = trader.get("/api/quotes?symbols=aapl,AAPL,NONE,btc/usd").get_json()["quotes"]
    assert ["AAPL", "NONE", "BTC/USD"] == list(quotes)
    assert {
        "symbol": "AAPL", "bid": "175.4", "bidSize": "2", "ask": "175.6", "askSize": "0.5",
        "at": AS_OF,
    } == quotes["AAPL"]  # fmt: skip
    assert quotes["NONE"] is None


def test_assets_are_what_can_be_traded(trader: FlaskClient) -> None:
    """By symbol; what can't be traded is left out."""
    assets = trader.get("/api/assets").get_json()["assets"]
    assert ["AAPL", "MSFT"] == [each["symbol"] for each in assets]


def test_single_assets_are_named_even_when_they_cannot_be_traded(trader: FlaskClient) -> None:
    """A page asks for what it holds; what nobody lists is absent."""
    assets = trader.get("/api/assets?symbols=msft,GONE,NONE").get_json()["assets"]
    assert [("GONE", "GONE Inc.", False), ("MSFT", "MSFT Inc.", True)] == [
        (each["symbol"], each["name"], each["tradable"]) for each in assets
    ]


def test_bars_come_by_symbol_as_exact_decimals(trader: FlaskClient) -> None:
    """Each symbol once; one without any trade has an empty list."""
    since = "2026-01-05T12:00:00.000Z"
    query = f"symbols=aapl,NONE&timeframe=15Min&since={since}"
    answered = trader.get(f"/api/bars?{query}").get_json()
    bar = {"at": since, "open": "1.5", "high": "3", "low": "1", "close": "2", "volume": "100"}
    assert {
        "accountId": answered["accountId"], "asOf": AS_OF, "timeframe": "15Min", "since": since,
        "bars": {"AAPL": [bar], "NONE": []},
    } == answered  # fmt: skip


def test_pnl_by_symbol_has_both_kinds(site: Site, trader: FlaskClient) -> None:
    """Realised and unrealised are told apart, for what is held and what was sold."""
    _store(site, site.mine, _trade(0, "1.25"), _trade(1, "2"), _trade(2, "-3", "MSFT"))
    rows = trader.get("/api/pnl-by-symbol").get_json()["symbols"]
    assert [
        {"symbol": "AAPL", "realizedPnl": "3.25", "unrealizedPnl": "55"},
        {"symbol": "MSFT", "realizedPnl": "-3", "unrealizedPnl": "0"},
    ] == rows


def test_drift_is_counted(site: Site, trader: FlaskClient) -> None:
    """R10: a page reports what it had to correct."""
    body = {"accountId": site.mine, "corrections": 3, "details": ["AAPL quantity"]}
    assert (204, 3) == (trader.post("/api/drift", json=body).status_code, site.stream.drift)


@pytest.mark.parametrize("count", [0, -1, 10_001, "3", 1.5, True, None, []])
def test_a_drift_that_is_no_count_is_refused(
    site: Site, trader: FlaskClient, count: object
) -> None:
    """Nobody can put the counter out of order."""
    response = trader.post("/api/drift", json={"corrections": count})
    assert (["corrections"], 0) == (fields_of(response), site.stream.drift)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("quotes", "symbols"), ("quotes?symbols=", "symbols"), ("quotes?symbols=,,", "symbols"),
        ("quotes?symbols=A B", "symbols"), (f"quotes?symbols={'A,' * 51}", "symbols"),
        ("assets?symbols=", "symbols"), ("assets?symbols=A B", "symbols"),
        ("bars", "symbols"), ("bars?symbols=AAPL&timeframe=2Min", "timeframe"),
        ("bars?symbols=AAPL&since=2025-01-01T00:00:00Z", "since"),
        ("bars?symbols=AAPL&since=2026-01-05T15:00:01Z", "since"),
        ("equity?since=yesterday", "since"), ("equity?since=2026-01-05T15:00:00", "since"),
        ("equity?since=0001-01-01T00:00:00%2B14:00", "since"), ("equity?points=1", "points"),
        ("equity?points=5001", "points"), ("trades?since=", "since"), ("trades?limit=0", "limit"),
        ("trades?since=2026-01-05T15:00:00Z&until=x", "until"), ("pnl-by-symbol?since=1", "since"),
    ],
)  # fmt: skip
def test_unusable_parameters_are_named(trader: FlaskClient, path: str, field: str) -> None:
    """422 with the parameter, what it was and what is allowed."""
    response = trader.get(f"/api/{path}")
    assert ((422, "invalid-value"), [field]) == (problem_of(response), fields_of(response))
