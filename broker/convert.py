"""The broker's JSON -> portfolio types: exact decimals, aware UTC, ids; or one clear error.

Strict about what a number on screen depends on, tolerant of everything else:
unknown fields are ignored, unknown statuses and event names pass as they are.
Every function raises ConversionError, and nothing else, whatever it is given.

An option is quoted per share of the underlying and costs a hundred times that.
Prices that value a holding (position, execution, mark) are therefore given per
contract here, so that quantity × price is money for every asset class; an
order's own limit, stop and average stay as quoted.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from broker.fields import Fields
from broker.symbols import canonical, is_crypto
from portfolio.ids import BrokerOrderId, ClientOrderId, OrderId
from portfolio.money import EXACT, ZERO, multiply, subtract
from portfolio.orders import AssetClass, Order, Side, TradeUpdate
from portfolio.values import BrokerAccount, BrokerFill, BrokerPosition, Mark, Quote

_SIDES = {
    "buy": Side.BUY,
    "sell": Side.SELL,
    "sell_short": Side.SELL,
    "sell_short_exempt": Side.SELL,
}
_ASSET_CLASSES = {kind.value: kind for kind in AssetClass}
_FILLS = ("fill", "partial_fill")
_CONTRACT_SIZE = Decimal(100)
_OCC_SYMBOL_MIN = 15  # 6 date digits, C or P, 8 strike digits


def order(raw: object) -> Order:
    """Return an order; ``order_id`` is provisional, the broker's own id.

    Args:
        raw: a JSON object of REST or of a trade update.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca OpenAPI ``Order``.
    """
    fields = Fields("order", raw)
    return _order(fields, _legs(fields))


def trade_update(raw: object, arrived_ns: int = 0) -> TradeUpdate:
    """Return one trade_updates event.

    Args:
        raw: the message's ``data`` object.
        arrived_ns: time.monotonic_ns() when its frame arrived.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca "trade_updates" stream.
    """
    fields = Fields("trade_updates", raw)
    event = fields.text("event")
    fields.source = f"trade_updates {event[:40]}"
    after = order(fields.get("order"))
    is_fill = event in _FILLS
    return TradeUpdate(
        event=event,
        at=fields.moment_or_none("timestamp") or fields.moment_or_none("at") or after.updated_at,
        order=after,
        execution_id=fields.text_or_none("execution_id"),
        price=_per_unit(fields.positive("price"), after.asset_class) if is_fill else None,
        quantity=fields.positive("qty") if is_fill else None,
        position_quantity=fields.number_or_none("position_qty") if is_fill else None,
        arrived_ns=arrived_ns,
    )


def account(raw: object) -> BrokerAccount:
    """Return the account's figures.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca OpenAPI ``Account``.
    """
    fields = Fields("account", raw)
    return BrokerAccount(
        account_number=fields.text("account_number"),
        status=fields.text("status"),
        cash=fields.number("cash"),
        last_equity=fields.number("last_equity"),
        buying_power=fields.number("buying_power"),
        equity=fields.first_number("equity", "portfolio_value"),
        trading_blocked=_any_flag(fields, "trading_blocked", "account_blocked"),
        shorting_enabled=fields.flag("shorting_enabled", default=True),
    )


def position(raw: object) -> BrokerPosition:
    """Return a position; quantity and cost basis carry the side's sign.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca OpenAPI ``Position``.
    """
    fields = Fields("position", raw)
    kind = _asset_class(fields)
    quantity = _signed_quantity(fields)
    price = _per_unit(_position_price(fields), kind)
    intraday = fields.number_or_none("unrealized_intraday_pl")
    value = _with_sign(fields.number_or_none("market_value"), quantity)
    cost = _with_sign(fields.number("cost_basis"), quantity)
    if value is None:
        value = multiply(quantity, price)
    last_day = fields.number_or_none("lastday_price")
    return BrokerPosition(
        symbol=canonical(fields.text("symbol"), kind),
        quantity=quantity,
        cost_basis=cost if cost is not None else ZERO,
        intraday_cost=subtract(value, intraday if intraday is not None else ZERO),
        price=price,
        asset_class=kind,
        last_day_price=None if last_day is None else _per_unit(last_day, kind),
    )


def fill(raw: object) -> BrokerFill:
    """Return a FILL activity.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca OpenAPI ``TradingActivities``.
    """
    fields = Fields("FILL activity", raw)
    symbol = canonical(fields.text("symbol"))
    return BrokerFill(
        activity_id=fields.text("id"),
        broker_order_id=BrokerOrderId(fields.text("order_id")),
        symbol=symbol,
        side=_side(fields),
        quantity=fields.positive("qty"),
        price=_per_unit(fields.positive("price"), asset_class_of(symbol)),
        cumulative_quantity=fields.positive("cum_qty"),
        at=fields.moment("transaction_time"),
    )


def mark(
    raw: object,
    symbol: str,
    count: int = 1,
    arrived_ns: int = 0,
    source: Literal["stream", "snapshot"] = "stream",
) -> Mark:
    """Return the price that a raw trade sets.

    Args:
        raw: a trade of the data stream or of a latest-trades answer: ``p``, ``t``.
        symbol: what traded.
        count: trades it stands for.
        arrived_ns: time.monotonic_ns() at arrival, 0 where unknown.
        source: ``stream`` or ``snapshot``.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca market data ``trade`` {t, p, s}.
    """
    fields = Fields(f"trade of {symbol}", raw)
    return Mark(
        symbol=symbol,
        price=_per_unit(fields.positive("p"), asset_class_of(symbol)),
        at=fields.moment("t"),
        count=count,
        arrived_ns=arrived_ns,
        source=source,
    )


def quote(raw: object, symbol: str) -> Quote:
    """Return best bid and offer; zero where a side has none.

    Raises:
        ConversionError: naming the field that can't be used.

    Source: Alpaca market data ``quote`` {t, bp, bs, ap, as}.
    """
    fields = Fields(f"quote of {symbol}", raw)
    return Quote(
        symbol=symbol,
        bid=fields.not_negative("bp"),
        bid_size=fields.not_negative("bs"),
        ask=fields.not_negative("ap"),
        ask_size=fields.not_negative("as"),
        at=fields.moment("t"),
    )


def asset_class_of(symbol: str) -> AssetClass:
    """Return what a symbol names where the payload does not say, by its form."""
    if is_crypto(symbol):
        return AssetClass.CRYPTO
    if len(symbol) > _OCC_SYMBOL_MIN and symbol[-8:].isdigit() and symbol[-9] in "CP":
        return AssetClass.US_OPTION
    return AssetClass.US_EQUITY


def _order(fields: Fields, legs: tuple[Order, ...]) -> Order:
    kind = _asset_class(fields)
    broker_id = fields.text("id")
    submitted = fields.first_moment("submitted_at", "created_at")
    return Order(
        order_id=OrderId(broker_id),
        client_order_id=ClientOrderId(fields.text("client_order_id")),
        broker_order_id=BrokerOrderId(broker_id),
        symbol=canonical(fields.text("symbol"), kind),
        side=_side(fields),
        # empty on the legs of a multi-leg order, which share their parent's
        type=fields.text_or_none("type") or fields.text_or_none("order_type") or "",
        time_in_force=fields.text("time_in_force"),
        status=fields.text("status"),
        submitted_at=submitted,
        updated_at=fields.moment_or_none("updated_at") or submitted,
        quantity=fields.number_or_none("qty"),
        notional=fields.number_or_none("notional"),
        filled_quantity=_or_zero(fields, "filled_qty"),
        filled_average_price=fields.number_or_none("filled_avg_price"),
        limit_price=fields.number_or_none("limit_price"),
        stop_price=fields.number_or_none("stop_price"),
        trail_price=fields.number_or_none("trail_price"),
        trail_percent=fields.number_or_none("trail_percent"),
        order_class=_order_class(fields),
        legs=legs,
        extended_hours=fields.flag("extended_hours", default=False),
        asset_class=kind,
        replaced_by=_broker_id_or_none(fields, "replaced_by"),
        replaces=_broker_id_or_none(fields, "replaces"),
        reject_reason=fields.text_or_none("reject_reason"),
        filled_at=fields.moment_or_none("filled_at"),
    )


def _legs(fields: Fields) -> tuple[Order, ...]:
    """Return the legs; a leg has none of its own, whatever the payload nests."""
    legs = fields.get("legs")
    if legs is None:
        return ()
    if not isinstance(legs, list):
        fields.refuse("legs", legs, "a list of orders, or null")
    return tuple(_order(Fields("order leg", leg), ()) for leg in legs)


def _order_class(fields: Fields) -> str:
    name = fields.text_or_none("order_class") or ""
    return "" if name == "simple" else name


def _broker_id_or_none(fields: Fields, field: str) -> BrokerOrderId | None:
    value = fields.text_or_none(field)
    return None if value is None else BrokerOrderId(value)


def _side(fields: Fields) -> Side:
    value = fields.get("side")
    side = _SIDES.get(value) if isinstance(value, str) else None
    if side is None:
        fields.refuse("side", value, ", ".join(_SIDES))
    return side


def _asset_class(fields: Fields) -> AssetClass:
    """Return the class; one that is absent or not known yet is read from the symbol's form."""
    name = fields.get("asset_class")
    if isinstance(name, str) and name in _ASSET_CLASSES:
        return _ASSET_CLASSES[name]
    return asset_class_of(canonical(fields.text("symbol")))


def _signed_quantity(fields: Fields) -> Decimal:
    """Return qty with the side's sign, whether or not the broker sent one."""
    quantity = fields.number("qty")
    side = fields.text_or_none("side")
    if side == "short":
        return -abs(quantity)
    return abs(quantity) if side == "long" else quantity


def _with_sign(amount: Decimal | None, quantity: Decimal) -> Decimal | None:
    """Return amount with the sign of quantity; brokers differ on it for shorts."""
    if amount is None:
        return None
    return -abs(amount) if quantity < 0 else abs(amount)


def _position_price(fields: Fields) -> Decimal:
    """Return the last price; where nothing traded yet, the last close, then the entry."""
    price = fields.first_number("current_price", "lastday_price", "avg_entry_price")
    if price < 0:
        fields.refuse("current_price", fields.get("current_price"), "a number not below 0")
    return price


def _per_unit(price: Decimal, kind: AssetClass) -> Decimal:
    """Return USD per share, coin or contract."""
    return EXACT.multiply(price, _CONTRACT_SIZE) if kind is AssetClass.US_OPTION else price


def _or_zero(fields: Fields, field: str) -> Decimal:
    value = fields.number_or_none(field)
    return ZERO if value is None else value


def _any_flag(fields: Fields, *names: str) -> bool:
    return any(fields.flag(name, default=False) for name in names)
