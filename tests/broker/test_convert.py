"""Broker JSON -> portfolio types."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import convert
from broker.reference import read_asset, read_clock
from portfolio.errors import ConversionError
from portfolio.money import text
from portfolio.orders import AssetClass, Order, Side
from portfolio.values import Quote
from tests.broker.payloads import payload

D = Decimal


def order(name: str = "order_limit", /, **changes: object) -> Order:
    """Return a recorded order, changed, converted."""
    return convert.order(payload(name) | changes)


def test_limit_order() -> None:
    """Every field of a plain order is read, exactly."""
    found = order()
    assert (
        str(found.order_id) == str(found.broker_order_id) == "61e69015-8549-4bfd-b9c3-01e75843f47d"
    )
    assert (found.symbol, found.side, found.type) == ("AAPL", Side.BUY, "limit")
    assert (found.quantity, found.notional) == (D("10.5"), None)
    assert (found.limit_price, found.stop_price) == (D("189.4"), None)
    assert (found.status, found.order_class, found.legs) == ("new", "", ())
    assert found.submitted_at == datetime(2021, 3, 16, 18, 38, 1, 937734, tzinfo=UTC)


def test_notional_order_has_no_quantity() -> None:
    """The qty is null on a notional order; submitted_at may be null and created_at stands in."""
    found = order("order_notional")
    assert (found.quantity, found.notional) == (None, D("500.25"))
    assert found.submitted_at == datetime(2021, 3, 16, 18, 38, 1, 942282, tzinfo=UTC)


def test_bracket_legs() -> None:
    """Legs are orders of their own, held until the entry fills."""
    found = order("order_bracket")
    assert found.order_class == "bracket"
    assert [(leg.type, leg.status, leg.side) for leg in found.legs] == [
        ("limit", "held", Side.SELL),
        ("stop", "held", Side.SELL),
    ]


def test_replace_chain() -> None:
    """A replaced order names its successor."""
    assert order("order_replaced").replaced_by == "7b08df51-c1ac-453c-99f9-323a5f075f0d"


@pytest.mark.parametrize("spelling", ["BTC/USD", "BTCUSD"])
def test_crypto_order_keeps_nine_decimals(spelling: str) -> None:
    """A crypto order is BTC/USD in either spelling, nine decimals untouched."""
    found = order("order_crypto", symbol=spelling)
    assert (found.symbol, found.asset_class) == ("BTC/USD", AssetClass.CRYPTO)
    assert (found.quantity, found.limit_price) == (D("0.123456789"), D("64210.123456789"))


def test_unknown_words_pass() -> None:
    """A status, class, type or asset class of tomorrow does not cost the order."""
    found = order(status="levitating", order_class="swarm", type="psychic", asset_class="moonrock")
    assert (found.status, found.order_class, found.type) == ("levitating", "swarm", "psychic")
    assert found.asset_class is AssetClass.US_EQUITY


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        ("EquityOrderResponse", ("AAPL", "limit", AssetClass.US_EQUITY)),
        ("CryptoOrderResponse", ("ETH/USD", "limit", AssetClass.CRYPTO)),
        ("OptionOrderResponse", ("AAPL250620C00100000", "limit", AssetClass.US_OPTION)),
        ("IPOOrderResponse", ("FI111225", "market", AssetClass.US_EQUITY)),
    ],
)
def test_examples_of_the_brokers_own_document(
    example: str, expected: tuple[str, str, AssetClass]
) -> None:
    """The order examples of Alpaca's OpenAPI document are understood as they stand."""
    found = convert.order(payload("openapi_orders")[example])
    assert (found.symbol, found.type, found.asset_class) == expected


def test_multi_leg_order_is_refused_and_its_legs_are_not() -> None:
    """A multi-leg order has no symbol and no side, which is said; its legs are plain orders."""
    raw = payload("openapi_orders")["MultilegOptionsOrderResponse"]
    with pytest.raises(ConversionError) as caught:
        convert.order(raw)
    assert caught.value.field == "symbol"
    assert [(leg.side, leg.type) for leg in map(convert.order, raw["legs"])] == [
        (Side.BUY, ""),
        (Side.SELL, ""),
    ]


def test_simple_class_reads_as_none() -> None:
    """The class of a simple order is empty, however the broker spells it."""
    assert order(order_class="simple").order_class == order(order_class="").order_class == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "hold"),
        ("side", None),
        ("side", ["buy"]),
        ("symbol", ""),
        ("symbol", 3),
        ("id", None),
        ("qty", "ten"),
        ("qty", "1_000"),
        ("qty", "NaN"),
        ("qty", "Infinity"),
        ("qty", "١٠"),
        ("qty", True),
        ("qty", 10**50),
        ("qty", float("inf")),
        ("limit_price", {}),
        ("limit_price", "1e999"),
        ("submitted_at", "2021-03-16T18:38:01"),
        ("submitted_at", "2021-03-16"),
        ("submitted_at", "2021-02-30T18:38:01Z"),
        ("submitted_at", "0001-01-01T00:00:00+14:00"),
        ("submitted_at", "9999-12-31T23:59:59-14:00"),
        ("submitted_at", 1615919881),
        ("extended_hours", "yes"),
        ("legs", {"a": 1}),
        ("legs", [3]),
        ("status", None),
    ],
)
def test_unusable_field_is_named(field: str, value: object) -> None:
    """What a number on screen depends on is refused with source, field and value."""
    with pytest.raises(ConversionError) as caught:
        order(**{field: value})
    assert caught.value.field in (field, "(whole)")
    assert caught.value.source.startswith("order")
    assert str(caught.value)


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("2021-03-16T18:38:01.942282123Z", datetime(2021, 3, 16, 18, 38, 1, 942282, tzinfo=UTC)),
        ("2021-03-16T14:38:01-04:00", datetime(2021, 3, 16, 18, 38, 1, tzinfo=UTC)),
        ("2021-03-16T14:38:01.5-0400", datetime(2021, 3, 16, 18, 38, 1, 500000, tzinfo=UTC)),
        ("2021-03-16 18:38:01z", datetime(2021, 3, 16, 18, 38, 1, tzinfo=UTC)),
        (
            msgpack.Timestamp(1_615_919_881, 942_282_999),
            datetime(2021, 3, 16, 18, 38, 1, 942282, tzinfo=UTC),
        ),
        (datetime(2021, 3, 16, 18, 38, tzinfo=UTC), datetime(2021, 3, 16, 18, 38, tzinfo=UTC)),
    ],
)
def test_times_of_every_spelling(stamp: object, expected: datetime) -> None:
    """Nanoseconds, offsets, msgpack timestamps and datetimes all become aware UTC."""
    found = convert.mark({"p": 1, "t": stamp}, "AAPL").at
    assert found == expected
    assert found.utcoffset() == timedelta(0)


def test_partial_fill() -> None:
    """A fill carries this execution's price and quantity, and the signed position after it."""
    found = convert.trade_update(payload("trade_update_partial_fill"), 42)
    assert found.is_fill
    assert (found.price, found.quantity) == (D("189.3999"), D("4.25"))
    assert found.position_quantity == D("-2.5")
    assert found.at == datetime(2021, 3, 16, 18, 38, 2, 123456, tzinfo=UTC)
    assert found.order.filled_quantity == D("4.25")
    assert found.arrived_ns == 42


def test_other_events_need_no_execution() -> None:
    """An event that fills nothing has no price, whatever the payload says in its place."""
    raw = payload("trade_update_new") | {"event": "restated", "price": "", "qty": {}}
    found = convert.trade_update(raw)
    assert (found.event, found.price, found.quantity) == ("restated", None, None)


@pytest.mark.parametrize("field", ["price", "qty"])
@pytest.mark.parametrize("value", [None, "0", "-1", "x"])
def test_fill_without_execution_is_refused(field: str, value: object) -> None:
    """A fill whose price or quantity can't be read is an error that names the event."""
    with pytest.raises(ConversionError) as caught:
        convert.trade_update(payload("trade_update_partial_fill") | {field: value})
    assert caught.value.source == "trade_updates partial_fill"
    assert caught.value.field == field


def test_account() -> None:
    """The account's figures are exact and signed."""
    found = convert.account(payload("account"))
    assert (found.cash, found.equity) == (D("-23140.2"), D("103820.56"))
    assert not found.trading_blocked
    blocked = convert.account(payload("account") | {"account_blocked": True})
    assert blocked.trading_blocked


def test_long_position() -> None:
    """A long position: intraday cost is market value less the intraday P&L."""
    found = convert.position(payload("position_long"))
    assert (found.quantity, found.cost_basis, found.price) == (D(5), D(500), D(120))
    assert (found.intraday_cost, found.last_day_price) == (D(595), D(119))


@pytest.mark.parametrize("changes", [{}, {"qty": "3", "market_value": "735.33"}, {"side": None}])
def test_short_position_is_negative(changes: dict[str, object]) -> None:
    """A short is negative in quantity and cost, whether the broker signs or names the side."""
    found = convert.position(payload("position_short") | changes)
    assert (found.quantity, found.cost_basis) == (D(-3), D("-700.5"))
    assert found.intraday_cost == D("-730")


def test_crypto_position_is_spelt_as_orders_spell_it() -> None:
    """Positions say BTCUSD; everything inside says BTC/USD."""
    found = convert.position(payload("position_crypto"))
    assert (found.symbol, found.quantity) == ("BTC/USD", D("0.123456789"))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("BTCUSD", "BTC/USD"),
        ("BTCUSDT", "BTC/USDT"),
        ("USDTUSD", "USDT/USD"),
        ("USDCUSDT", "USDC/USDT"),
        ("ETHBTC", "ETH/BTC"),
        ("SHIBUSDC", "SHIB/USDC"),
        ("DOGE/USD", "DOGE/USD"),
    ],
)
def test_pairs(given: str, expected: str) -> None:
    """A pair is split before its quote currency, the longest that fits."""
    found = convert.position(payload("position_crypto") | {"symbol": given})
    assert found.symbol == expected


def test_option_position_is_valued_per_contract() -> None:
    """An option's price is per contract, so quantity times price is its market value."""
    found = convert.position(payload("position_option"))
    assert (found.price, found.quantity, found.cost_basis) == (D(550), D(2), D(1020))
    assert found.price * found.quantity == D(1100)


def test_position_without_price_takes_the_last_close() -> None:
    """A null current price falls back on the last close."""
    found = convert.position(payload("position_long") | {"current_price": None})
    assert found.price == D(119)


def test_fill_activity() -> None:
    """A FILL activity is matched by order and cumulative quantity; it has no execution id."""
    found = convert.fill(payload("fill"))
    assert found.broker_order_id == "61e69015-8549-4bfd-b9c3-01e75843f47d"
    assert (found.quantity, found.cumulative_quantity) == (D("4.25"), D("4.25"))
    assert convert.fill(payload("fill") | {"side": "sell_short"}).side is Side.SELL
    assert convert.fill(payload("fill") | {"symbol": "BTCUSD"}).symbol == "BTC/USD"
    assert convert.fill(payload("fill") | {"symbol": "GUSD"}).symbol == "GUSD"


def test_quote() -> None:
    """A side without a quote is zero."""
    raw = {"bp": 0, "bs": 0, "ap": 170.02, "as": 2, "t": "2022-04-12T17:26:45Z"}
    assert convert.quote(raw, "AAPL") == Quote(
        symbol="AAPL",
        bid=D(0),
        bid_size=D(0),
        ask=D("170.02"),
        ask_size=D(2),
        at=datetime(2022, 4, 12, 17, 26, 45, tzinfo=UTC),
    )


def test_clock_and_asset() -> None:
    """The clock's Eastern offsets become UTC; an asset's class is under the key `class`."""
    clock = read_clock(payload("clock"))
    assert clock.next_close == datetime(2021, 3, 16, 20, tzinfo=UTC)
    asset = read_asset(payload("asset"))
    assert (asset.symbol, asset.asset_class, asset.fractionable) == (
        "AAPL",
        AssetClass.US_EQUITY,
        True,
    )


def test_unknown_fields_are_ignored() -> None:
    """A field of tomorrow changes nothing."""
    assert order(hologram={"a": [1]}) == order()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
READERS: dict[str, tuple[Callable[[object], object], str | None]] = {
    "order": (convert.order, "order_bracket"),
    "trade_update": (convert.trade_update, "trade_update_partial_fill"),
    "account": (convert.account, "account"),
    "position": (convert.position, "position_short"),
    "fill": (convert.fill, "fill"),
    "mark": (lambda raw: convert.mark(raw, "AAPL"), None),
    "quote": (lambda raw: convert.quote(raw, "AAPL"), None),
    "clock": (read_clock, "clock"),
    "asset": (read_asset, "asset"),
}
FLAT: dict[str, Any] = {"p": 1.5, "t": "2022-04-12T17:26:45Z", "bp": 1, "bs": 1, "ap": 2, "as": 2}


@pytest.mark.parametrize("name", READERS)
@given(garbage=JSON)
def test_garbage_only_ever_raises_conversion_error(name: str, garbage: object) -> None:
    """Whatever JSON comes, a reader returns a value or raises ConversionError."""
    reader, _ = READERS[name]
    _reads_or_refuses(reader, garbage)


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
def test_one_garbled_field_only_ever_raises_conversion_error(
    name: str, data: st.DataObject
) -> None:
    """The same with a payload that is right but for one field."""
    reader, recorded = READERS[name]
    raw = dict(FLAT) if recorded is None else payload(recorded)
    raw[data.draw(st.sampled_from(sorted(raw)))] = data.draw(JSON)
    _reads_or_refuses(reader, raw)


@given(st.decimals(min_value="0.000000001", max_value=10**12, allow_nan=False, places=9))
def test_round_trip_keeps_every_digit(value: Decimal) -> None:
    """A decimal string survives conversion and the way back out, digit by digit."""
    sent = text(value)
    raw = payload("trade_update_partial_fill") | {"price": sent, "qty": sent}
    found = convert.trade_update(raw)
    assert (found.price, found.quantity) == (value, value)
    assert text(convert.order(payload("order_limit") | {"qty": sent}).quantity or D(0)) == sent


@given(st.floats(min_value=0.0001, max_value=1e9))
def test_a_float_reads_as_its_shortest_form(value: float) -> None:
    """A market-data float becomes the decimal that JSON showed."""
    assert convert.mark({"p": value, "t": FLAT["t"]}, "AAPL").price == Decimal(repr(value))


def _reads_or_refuses(reader: Callable[[object], object], raw: object) -> None:
    with suppress(ConversionError):
        reader(raw)
