"""Where accounts, orders and executions survive a restart: one SQLite file.

Every change is one transaction, written before anybody hears of it. Closed
orders and executions live only here; open ones and the books are loaded at
start. Loop thread only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

from exchange.decimals import text
from exchange.errors import InvalidSetting
from exchange.ledger import Holding, Ledger
from exchange.orders import Fill, Order

_SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (key_id TEXT PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key_id TEXT NOT NULL,
    client_order_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT NOT NULL,
    asset_class TEXT NOT NULL, is_open INTEGER NOT NULL, submitted_at INTEGER NOT NULL,
    body TEXT NOT NULL, UNIQUE (key_id, client_order_id));
CREATE INDEX IF NOT EXISTS orders_by_time ON orders (key_id, submitted_at);
CREATE TABLE IF NOT EXISTS fills (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key_id TEXT NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS fills_by_time ON fills (key_id, at);
CREATE TABLE IF NOT EXISTS equity (
    key_id TEXT NOT NULL, at INTEGER NOT NULL, equity TEXT NOT NULL, PRIMARY KEY (key_id, at));
"""

_DECIMALS = frozenset({
    "qty", "notional", "limit_price", "stop_price", "filled_qty", "filled_cost", "price",
    "cum_qty", "leaves_qty", "position_qty",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRecord:
    """One account's books as stored.

    Attributes:
        created_at: nanoseconds since the epoch.
        day: New York date (ISO) whose opening ``ledger.last_equity`` is.
        closes: the closes that ``ledger`` was last turned over with, by symbol.
    """

    key_id: str
    created_at: int
    day: str
    ledger: Ledger
    closes: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which rows of a list are asked for.

    Attributes:
        after: only rows later than this stamp, None for all.
        until: only rows earlier than this stamp, None for all.
        limit: at most so many rows.
        newest_first: the order of the rows.
    """

    limit: int
    after: int | None = None
    until: int | None = None
    newest_first: bool = True


class Store:
    """All that must survive.

    Args:
        path: the SQLite file, None to keep everything in memory only.

    Raises:
        InvalidSetting: the file can't be opened, or is no such file.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._database = _open(path)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write everything that is saved inside, or nothing of it."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    def save_account(self, record: AccountRecord) -> None:
        """Write an account's books, over the older ones."""
        self._database.execute(
            "INSERT INTO accounts VALUES (?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            (record.key_id, json.dumps(_account_body(record))),
        )

    def save_order(self, order: Order) -> None:
        """Write an order, over its older state."""
        self._database.execute(
            """INSERT INTO orders (id, key_id, client_order_id, symbol, side, asset_class,
                                   is_open, submitted_at, body)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (id) DO UPDATE SET is_open = excluded.is_open, body = excluded.body""",
            (
                order.id, order.key_id, order.client_order_id, order.symbol, order.side,
                order.asset_class, order.is_open, order.created_at, json.dumps(_body(order)),
            ),
        )  # fmt: skip

    def save_fill(self, fill: Fill, activity_id: str) -> None:
        """Write an execution; one with an id that is there already is refused by SQLite."""
        self._database.execute(
            "INSERT INTO fills (id, key_id, at, body) VALUES (?, ?, ?, ?)",
            (activity_id, fill.key_id, fill.at, json.dumps(_body(fill))),
        )

    def accounts(self) -> list[AccountRecord]:
        """Return all accounts."""
        rows = self._database.execute("SELECT body FROM accounts")
        return [_account(json.loads(body)) for (body,) in rows]

    def open_orders(self) -> list[Order]:
        """Return the open orders of all accounts, oldest first."""
        rows = self._database.execute("SELECT body FROM orders WHERE is_open ORDER BY seq")
        return [_order(body) for (body,) in rows]

    def order(self, key_id: str, order_id: str) -> Order | None:
        """Return one order of an account by its id."""
        return self._one_order("id = ?", key_id, order_id)

    def order_by_client_id(self, key_id: str, client_order_id: str) -> Order | None:
        """Return one order of an account by the id that the client gave it."""
        return self._one_order("client_order_id = ?", key_id, client_order_id)

    def orders(
        self,
        key_id: str,
        page: Page,
        *,
        is_open: bool | None = None,
        symbols: Sequence[str] = (),
        side: str | None = None,
        asset_classes: Sequence[str] = (),
    ) -> list[Order]:
        """Return orders of an account by time of submission; an empty filter lets all pass."""
        where, values = _between("submitted_at", page)
        for column, allowed in (("symbol", symbols), ("asset_class", asset_classes)):
            if allowed:
                where.append(f"{column} IN ({', '.join('?' * len(allowed))})")
                values += allowed
        for column, value in (("side", side), ("is_open", is_open)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        return [_order(body) for _, body in self._select("orders", key_id, where, values, page)]

    def fills(
        self, key_id: str, page: Page, *, beyond: str | None = None
    ) -> list[tuple[str, Fill]]:
        """Return executions of an account with their activity ids, by time.

        Args:
            key_id: the account.
            page: which of them.
            beyond: only those that come after this activity id, in the page's direction.
        """
        where, values = _between("at", page)
        if beyond is not None:
            sign = "<" if page.newest_first else ">"
            where.append(f"seq {sign} (SELECT seq FROM fills WHERE id = ?)")  # noqa: S608 - own words
            values.append(beyond)
        rows = self._select("fills", key_id, where, values, page)
        return [(name, _fill(body)) for name, body in rows]

    def last_stamp(self) -> int:
        """Return the newest stamp of any order or execution, 0 when there is none."""
        row = self._database.execute(
            "SELECT max(coalesce((SELECT max(submitted_at) FROM orders), 0),"
            " coalesce((SELECT max(at) FROM fills), 0))"
        ).fetchone()
        return int(row[0])

    def add_equity(self, samples: Mapping[str, Decimal], at: int) -> None:
        """Write the equity of accounts at one moment, by key id."""
        rows = [(key_id, at, text(equity)) for key_id, equity in samples.items()]
        with self.transaction():
            self._database.executemany("INSERT OR REPLACE INTO equity VALUES (?, ?, ?)", rows)

    def equity(self, key_id: str, after: int, until: int) -> list[tuple[int, Decimal]]:
        """Return an account's equity samples between two stamps, both included, oldest first."""
        rows = self._database.execute(
            "SELECT at, equity FROM equity WHERE key_id = ? AND at BETWEEN ? AND ? ORDER BY at",
            (key_id, after, until),
        )
        return [(at, Decimal(equity)) for at, equity in rows]

    def _one_order(self, where: str, key_id: str, value: str) -> Order | None:
        """Return the one order that where and value name."""
        row = self._database.execute(
            f"SELECT body FROM orders WHERE key_id = ? AND {where}",  # noqa: S608 - own words
            (key_id, value),
        ).fetchone()
        return _order(row[0]) if row else None

    def _select(
        self, table: str, key_id: str, where: list[str], values: list[Any], page: Page
    ) -> list[tuple[str, str]]:
        """Return ids and bodies of the rows of one account that match, in the page's order."""
        condition = " AND ".join(["key_id = ?", *where])
        direction = "DESC" if page.newest_first else "ASC"
        query = f"SELECT id, body FROM {table} WHERE {condition} ORDER BY seq {direction} LIMIT ?"  # noqa: S608 - own words, values are bound
        return self._database.execute(query, [key_id, *values, page.limit]).fetchall()


def _open(path: Path | None) -> sqlite3.Connection:
    """Return an open database with its tables."""
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=0.5)
        # two exchanges on one file would each hold half of the truth: the second is refused
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        # a crash of the process loses nothing; only one of the machine may lose the last moments
        database.execute("PRAGMA synchronous = NORMAL")
        database.executescript(_SCHEMA)
    except (OSError, sqlite3.Error) as error:
        raise InvalidSetting("--state", path, str(error)) from None
    return database


def _between(column: str, page: Page) -> tuple[list[str], list[Any]]:
    """Return the conditions that keep a page's time span, and their values."""
    bounds = ((">", page.after), ("<", page.until))
    kept = [(sign, bound) for sign, bound in bounds if bound is not None]
    return [f"{column} {sign} ?" for sign, _ in kept], [bound for _, bound in kept]


def _body(value: Order | Fill) -> dict[str, object]:
    """Return a value's fields for JSON, decimals as text."""
    pairs = ((item.name, getattr(value, item.name)) for item in fields(value))
    return {name: text(got) if isinstance(got, Decimal) else got for name, got in pairs}


def _loaded(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields as they were before ``_body``."""
    return {
        name: Decimal(got) if name in _DECIMALS and got is not None else got
        for name, got in body.items()
    }


def _order(body: str) -> Order:
    """Return a stored order."""
    return Order(**_loaded(json.loads(body)))


def _fill(body: str) -> Fill:
    """Return a stored execution."""
    return Fill(**_loaded(json.loads(body)))


def _account_body(record: AccountRecord) -> dict[str, object]:
    """Return an account's fields for JSON."""
    ledger = record.ledger
    return {
        "key_id": record.key_id,
        "created_at": record.created_at,
        "day": record.day,
        "closes": {symbol: text(close) for symbol, close in record.closes.items()},
        "cash": text(ledger.cash),
        "realized": text(ledger.realized),
        "last_equity": text(ledger.last_equity),
        "holdings": {
            symbol: [text(held.qty), text(held.cost), text(held.intraday_cost)]
            for symbol, held in ledger.holdings.items()
        },
    }


def _account(body: Mapping[str, Any]) -> AccountRecord:
    """Return a stored account."""
    holdings = {
        symbol: Holding(*(Decimal(part) for part in parts))
        for symbol, parts in body["holdings"].items()
    }
    ledger = Ledger(
        cash=Decimal(body["cash"]),
        realized=Decimal(body["realized"]),
        last_equity=Decimal(body["last_equity"]),
        holdings=holdings,
    )
    return AccountRecord(
        key_id=body["key_id"],
        created_at=body["created_at"],
        day=body["day"],
        ledger=ledger,
        closes={symbol: Decimal(close) for symbol, close in body["closes"].items()},
    )
