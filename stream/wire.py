"""The JSON contract of stream and REST: objects, and the envelope around them.

Money, prices and quantities are decimal strings, times ISO 8601 UTC with
milliseconds, names camelCase. A field with no value is left out.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from portfolio.ids import AccountId, UserId
from portfolio.money import text
from portfolio.orders import Order
from portfolio.values import AccountFigures, BookSnapshot, Position, Trade

Json = dict[str, Any]

PATH = "/ws/portfolio"
"""Where the stream is mounted."""

CHANNELS = ("positions", "orders", "account", "trades")
"""What a client can subscribe to; also the field names of a batch."""

OWN_TYPE = {
    "positions": "position_update",
    "orders": "order_update",
    "account": "account_update",
    "trades": "trade_executed",
}
"""The type under which a single event of a channel travels."""

_encoder = msgspec.json.Encoder()


def encode(message: Json) -> bytes:
    """Return message as compact JSON, UTF-8."""
    return _encoder.encode(message)


def time_text(at: datetime) -> str:
    """Return an aware time as ISO 8601 UTC with milliseconds, ``2026-01-04T10:30:00.000Z``."""
    utc = at.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"


def position_json(position: Position) -> Json:
    """Return a position as clients see it; quantity "0" says that it is closed."""
    return _present(
        symbol=position.symbol,
        quantity=text(position.quantity),
        side=position.side,
        currentPrice=text(position.price),
        priceAt=time_text(position.price_at),
        priceSource=position.price_source,
        entryPrice=text(position.entry_price),
        costBasis=text(position.cost_basis),
        marketValue=text(position.market_value),
        unrealizedPnl=text(position.unrealized_pnl),
        unrealizedPnlPercent=text(position.unrealized_pnl_percent),
        intradayPnl=text(position.intraday_pnl),
        assetClass=str(position.asset_class),
        openedAt=time_text(position.opened_at),
        strategyId=position.strategy_id,
    )


def order_json(order: Order) -> Json:
    """Return an order as clients see it, legs nested."""
    return _present(
        orderId=order.order_id,
        brokerOrderId=order.broker_order_id,
        clientOrderId=order.client_order_id,
        symbol=order.symbol,
        assetClass=str(order.asset_class),
        side=str(order.side),
        type=order.type,
        timeInForce=order.time_in_force,
        status=order.status,
        qty=_optional(order.quantity),
        notional=_optional(order.notional),
        filledQty=text(order.filled_quantity),
        filledAvgPrice=_optional(order.filled_average_price),
        limitPrice=_optional(order.limit_price),
        stopPrice=_optional(order.stop_price),
        trailPrice=_optional(order.trail_price),
        trailPercent=_optional(order.trail_percent),
        orderClass=order.order_class or None,
        extendedHours=order.extended_hours or None,
        legs=[order_json(leg) for leg in order.legs] or None,
        replacedBy=order.replaced_by,
        replaces=order.replaces,
        rejectReason=order.reject_reason,
        strategyId=order.strategy_id,
        submittedAt=time_text(order.submitted_at),
        filledAt=None if order.filled_at is None else time_text(order.filled_at),
        updatedAt=time_text(order.updated_at),
    )


def trade_json(trade: Trade) -> Json:
    """Return an execution as clients see it; ``missed`` only where it is true."""
    return _present(
        tradeId=trade.trade_id,
        orderId=trade.order_id,
        symbol=trade.symbol,
        assetClass=str(trade.asset_class),
        side=str(trade.side),
        quantity=text(trade.quantity),
        price=text(trade.price),
        positionQuantity=text(trade.position_quantity),
        realizedPnl=text(trade.realized_pnl),
        executedAt=time_text(trade.executed_at),
        missed=trade.missed or None,
    )


def account_json(account: AccountFigures) -> Json:
    """Return the account's figures as clients see them."""
    return {
        "equity": text(account.equity),
        "lastEquity": text(account.last_equity),
        "buyingPower": text(account.buying_power),
        "cash": text(account.cash),
        "portfolioValue": text(account.equity),
        "longMarketValue": text(account.long_market_value),
        "shortMarketValue": text(account.short_market_value),
        "dayPnl": text(account.day_pnl),
        "dayPnlPercent": text(account.day_pnl_percent),
        "realizedPnlToday": text(account.realized_pnl_today),
        "timestamp": time_text(account.at),
    }


def book_json(book: BookSnapshot) -> Json:
    """Return an account whole, as clients see it; ``account`` is null before the first sync."""
    return {
        "positions": [position_json(position) for position in book.positions],
        "orders": [order_json(order) for order in book.orders],
        "trades": [trade_json(trade) for trade in book.trades],
        "account": None if book.account is None else account_json(book.account),
    }


def envelope(
    kind: str,
    data: object,
    *,
    at: datetime,
    user_id: UserId | None = None,
    account_id: AccountId | None = None,
    epoch: str | None = None,
    prev_seq: int | None = None,
    seq: int | None = None,
) -> bytes:
    """Return one whole server message, encoded.

    Args:
        kind: its ``type``.
        data: JSON value; msgspec.Raw parts are copied as they are.
        at: the moment of sending, aware UTC.
        user_id: the account's owner.
        account_id: None for messages about the connection itself.
        epoch: of the account's sequence.
        prev_seq: the message covers everything after this; None in a snapshot.
        seq: up to this.
    """
    return _encoder.encode(
        {
            "type": kind,
            "timestamp": time_text(at),
            "userId": user_id,
            "accountId": account_id,
            "epoch": epoch,
            "prevSeq": prev_seq,
            "seq": seq,
            "data": data,
        }
    )


def _present(**fields: object) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _optional(value: Decimal | None) -> str | None:
    return None if value is None else text(value)
