"""Orders, executions, positions and accounts as Alpaca's JSON spells them.

Money and quantities are strings; times are RFC 3339 in UTC with nanoseconds.
"""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID, uuid5

from exchange.assets import Asset
from exchange.decimals import add, cents, multiply, ratio, subtract, text
from exchange.ledger import Holding
from exchange.margin import Figures
from exchange.orders import Fill, Order
from exchange.stamps import rfc3339, to_datetime
from exchange.store import AccountRecord

Json = dict[str, object]

_NAMESPACE = UUID("a4f1c1f4-0d4c-4f5e-8a53-6f1d2a9b7c11")
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def order_json(order: Order) -> Json:
    """Return an order, its simple class echoed as ``""``.

    Source: Alpaca OpenAPI ``Order``.
    """
    expiry = {} if order.expires_at is None else {"expires_at": rfc3339(order.expires_at)}
    intent = {} if order.position_intent is None else {"position_intent": order.position_intent}
    return {
        "id": order.id,
        "client_order_id": order.client_order_id,
        "created_at": rfc3339(order.created_at),
        "updated_at": rfc3339(order.updated_at),
        "submitted_at": rfc3339(order.created_at),
        "filled_at": _time(order.filled_at if order.status == "filled" else None),
        "expired_at": _time(order.expired_at),
        **expiry,
        "canceled_at": _time(order.canceled_at),
        "failed_at": _time(order.failed_at),
        "replaced_at": _time(order.replaced_at),
        "replaced_by": order.replaced_by,
        "replaces": order.replaces,
        "asset_id": order.asset_id,
        "symbol": order.symbol,
        "asset_class": order.asset_class,
        "notional": _number(order.notional),
        "qty": _number(order.qty),
        "filled_qty": text(order.filled_qty),
        "filled_avg_price": _number(order.average_price),
        "order_class": "",
        "order_type": order.type,
        "type": order.type,
        "side": order.side,
        **intent,
        "time_in_force": order.time_in_force,
        "limit_price": _number(order.limit_price),
        "stop_price": _number(order.stop_price),
        "status": order.status,
        "extended_hours": order.extended_hours,
        "legs": None,
        "trail_percent": None,
        "trail_price": None,
        "hwm": None,
        "subtag": None,
        "source": None,
    }


def activity_id(fill: Fill) -> str:
    """Return the id of an execution's FILL activity: its time, and a uuid of its own.

    It holds no execution id, as Alpaca's doesn't either: the stream and the
    activities are matched by order id and cumulative quantity.
    """
    at = to_datetime(fill.at)
    return f"{at:%Y%m%d%H%M%S}{at.microsecond // 1000:03d}::{uuid5(_NAMESPACE, fill.execution_id)}"


def activity_json(name: str, fill: Fill) -> Json:
    """Return an execution as a FILL activity of that id.

    Source: Alpaca OpenAPI ``TradingActivities``.
    """
    return {
        "id": name,
        "activity_type": "FILL",
        "transaction_time": rfc3339(fill.at),
        "type": "fill" if fill.is_last else "partial_fill",
        "price": text(fill.price),
        "qty": text(fill.qty),
        "side": fill.side,
        "symbol": fill.symbol,
        "leaves_qty": text(fill.leaves_qty),
        "order_id": fill.order_id,
        "cum_qty": text(fill.cum_qty),
        "order_status": "filled" if fill.is_last else "partially_filled",
    }


def event_id(stamp_ns: int) -> str:
    """Return a ULID-shaped id that sorts as its stamp does; two stamps never share one."""
    milliseconds, rest = divmod(stamp_ns, 1_000_000)
    return _base32(milliseconds, 10) + _base32(rest, 16)


def position_json(
    asset: Asset, holding: Holding, *, price: Decimal, close: Decimal, available: Decimal
) -> Json:
    """Return a position.

    Args:
        asset: what is held.
        holding: how much, and what it cost.
        price: the last trade's price in USD.
        close: the last close in USD.
        available: quantity that open orders leave free.

    Source: Alpaca OpenAPI ``Position``.
    """
    value = multiply(holding.qty, price)
    gain = subtract(value, holding.cost)
    gain_today = subtract(value, holding.intraday_cost)
    return {
        "asset_id": str(asset.id),
        "symbol": asset.compact_symbol,
        "exchange": "" if asset.is_crypto else asset.exchange,
        "asset_class": asset.asset_class,
        "asset_marginable": asset.marginable and not asset.is_crypto,
        "qty": text(holding.qty),
        "qty_available": text(available if holding.qty > 0 else -available),
        "side": "long" if holding.qty > 0 else "short",
        "avg_entry_price": text(holding.average_price),
        "cost_basis": text(holding.cost),
        "market_value": text(value),
        "unrealized_pl": text(gain),
        "unrealized_plpc": text(ratio(gain, holding.cost)),
        "unrealized_intraday_pl": text(gain_today),
        "unrealized_intraday_plpc": text(ratio(gain_today, holding.intraday_cost)),
        "current_price": text(price),
        "lastday_price": text(close),
        "change_today": text(ratio(subtract(price, close), close)),
    }


def account_json(record: AccountRecord, now: Figures) -> Json:
    """Return the account.

    Source: Alpaca OpenAPI ``Account``.
    """
    buying_power = cents(now.buying_power)
    return {
        "id": str(uuid5(_NAMESPACE, record.key_id)),
        "account_number": account_number(record.key_id),
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "created_at": rfc3339(record.created_at),
        "balance_asof": record.day,
        "cash": text(now.cash),
        "equity": text(now.equity),
        "portfolio_value": text(now.equity),
        "last_equity": text(record.ledger.last_equity),
        "long_market_value": text(now.long_value),
        "short_market_value": text(now.short_value),
        "initial_margin": cents(now.initial_margin),
        "maintenance_margin": cents(now.maintenance_margin),
        "last_maintenance_margin": cents(now.maintenance_margin),
        "sma": cents(add(now.equity, -now.initial_margin)),
        "multiplier": str(now.multiplier),
        "buying_power": buying_power,
        "regt_buying_power": buying_power,
        "non_marginable_buying_power": cents(now.cash_buying_power),
        "options_buying_power": "0",
        "options_approved_level": 0,
        "options_trading_level": 0,
        "accrued_fees": "0",
        "pending_transfer_in": "0",
        "pending_reg_taf_fees": "0",
        "intraday_adjustments": "0",
        "shorting_enabled": now.multiplier > 1,
        "trading_blocked": False,
        "transfers_blocked": False,
        "account_blocked": False,
        "trade_suspended_by_user": False,
    }


def account_number(key_id: str) -> str:
    """Return the account number of a key id, ``PA`` and ten characters."""
    return "PA" + _base32(uuid5(_NAMESPACE, f"number {key_id}").int >> 78, 10)


def trade_update_json(
    event: str, order: Order, *, at: int, execution_id: str | None = None, fill: Fill | None = None
) -> Json:
    """Return one message of the trade_updates stream.

    Source: Alpaca "trade_updates" stream.
    """
    data: Json = {"event": event, "event_id": event_id(at), "timestamp": rfc3339(at)}
    if execution_id is not None:
        data["execution_id"] = execution_id
    if fill is not None:
        data["price"] = text(fill.price)
        data["qty"] = text(fill.qty)
        data["position_qty"] = text(fill.position_qty)
    data["order"] = order_json(order)
    return {"stream": "trade_updates", "data": data}


def _time(stamp_ns: int | None) -> str | None:
    """Return a stamp as text, None for none."""
    return None if stamp_ns is None else rfc3339(stamp_ns)


def _number(value: Decimal | None) -> str | None:
    """Return a number as text, None for none."""
    return None if value is None else text(value)


def _base32(value: int, length: int) -> str:
    """Return value in Crockford's base 32, its last ``length`` digits."""
    digits = (_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(length)))
    return "".join(digits)
