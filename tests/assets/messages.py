"""Messages as the server sends them."""

from __future__ import annotations

from typing import Any

T0 = "2026-01-05T15:00:00.000Z"
Json = dict[str, Any]


def position(symbol: str = "AAPL", quantity: str = "10", pnl: str = "5", **more: str) -> Json:
    """Return a position."""
    return {
        "symbol": symbol,
        "quantity": quantity,
        "currentPrice": "100.5",
        "entryPrice": "100",
        "unrealizedPnl": pnl,
        "unrealizedPnlPercent": "0.5",
        "marketValue": "1005",
        "intradayPnl": "5",
        "costBasis": "1000",
        "side": "long",
        "assetClass": "us_equity",
        "priceAt": T0,
        **more,
    }


def order(status: str, second: int = 0, order_id: str = "o1", **more: Any) -> Json:
    """Return an order, updated at a second after T0."""
    at = f"2026-01-05T15:00:{second:02d}.000Z"
    return {
        "orderId": order_id,
        "symbol": "AAPL",
        "side": "buy",
        "type": "limit",
        "timeInForce": "day",
        "qty": "10",
        "limitPrice": "175.5",
        "filledQty": "0",
        "status": status,
        "submittedAt": T0,
        "updatedAt": at,
        **more,
    }


def trade(trade_id: str = "t1", order_id: str = "o1", **more: Any) -> Json:
    """Return a trade."""
    return {
        "tradeId": trade_id,
        "orderId": order_id,
        "symbol": "AAPL",
        "side": "buy",
        "quantity": "10",
        "price": "175.5",
        "executedAt": T0,
        **more,
    }


def figures(equity: str = "1000") -> Json:
    """Return account figures."""
    return {
        "equity": equity,
        "lastEquity": "900",
        "buyingPower": "500",
        "cash": "400",
        "dayPnl": "100",
        "dayPnlPercent": "11.1111",
        "realizedPnlToday": "0",
    }


def snapshot(seq: int = 1, epoch: str = "e", account: str = "acc", **lists: Any) -> Json:
    """Return a snapshot."""
    data = {"positions": [], "orders": [], "trades": [], "account": figures(), **lists}
    return envelope("snapshot", data, None, seq, epoch, account)


def batch(prev: int, seq: int, epoch: str = "e", account: str = "acc", **lists: Any) -> Json:
    """Return a batch."""
    return envelope("batch", lists, prev, seq, epoch, account)


def envelope(
    kind: str, data: Json, prev: int | None, seq: int, epoch: str = "e", account: str = "acc"
) -> Json:
    """Return a message about an account."""
    return {
        "type": kind,
        "timestamp": T0,
        "userId": "u",
        "accountId": account,
        "epoch": epoch,
        "prevSeq": prev,
        "seq": seq,
        "data": data,
    }
