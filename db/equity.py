"""How long equity samples are kept, and how many of them: dense while young, sparse later.

| age | kept |
|---|---|
| under 2 days | every sample |
| under 30 days | the last of each minute |
| older | the last of each hour |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.record_tables import EquityRow

DENSE_FOR = timedelta(days=2)
MINUTELY_FOR = timedelta(days=30)
_MINUTE_S = 60
_HOUR_S = 3600
_AT_ONCE = 500
"""Rows named in one DELETE; SQLite takes 32,766 values per statement."""


def thin(session: Session, now: datetime) -> int:
    """Delete the samples that are too many for their age; return how many went."""
    dense, minutely = now - DENSE_FOR, now - MINUTELY_FOR
    gone = 0
    for account_id in session.scalars(select(EquityRow.account_id).distinct()).all():
        own = select(EquityRow.at).where(EquityRow.account_id == account_id).order_by(EquityRow.at)
        middle = session.scalars(own.where(EquityRow.at >= minutely, EquityRow.at < dense)).all()
        oldest = session.scalars(own.where(EquityRow.at < minutely)).all()
        surplus = [*_all_but_last(middle, _MINUTE_S), *_all_but_last(oldest, _HOUR_S)]
        for chunk in (surplus[i : i + _AT_ONCE] for i in range(0, len(surplus), _AT_ONCE)):
            session.execute(
                delete(EquityRow).where(EquityRow.account_id == account_id, EquityRow.at.in_(chunk))
            )
        gone += len(surplus)
    return gone


def _all_but_last(times: Iterable[datetime], span_s: int) -> Iterator[datetime]:
    """Yield every time that another one of the same span follows; times are sorted."""
    before: datetime | None = None
    for at in times:
        if before is not None and _span(before, span_s) == _span(at, span_s):
            yield before
        before = at


def _span(at: datetime, span_s: int) -> int:
    return int(at.timestamp()) // span_s
