"""Which account a request is about, and whether its user may see or trade it (R2)."""

from __future__ import annotations

from flask import abort, request

from db.accounts import AccountAccess
from portfolio.errors import InvalidValue, UnknownAccount
from web.answers import problem
from web.session import current_accounts, current_role


def seen_account() -> AccountAccess:
    """Return the account that ``?accountId=`` names, by default the user's first.

    An account that exists but is not granted looks like one that doesn't exist.

    Raises:
        UnknownAccount: not granted to this user, or the user has none.
    """
    return _granted(request.args.get("accountId"))


def traded_account(in_body: object = None) -> AccountAccess:
    """Return the account to trade, named in the query or in the body.

    Args:
        in_body: ``accountId`` of the body, None when it has none.

    Raises:
        UnknownAccount: not granted to this user.
        InvalidValue: not a text, or another one than in the query.
        HTTPException: 403, a viewer's role or a grant that only reads.
    """
    in_query = request.args.get("accountId")
    if in_body is not None and not isinstance(in_body, str):
        raise InvalidValue("accountId", in_body, "the id of an account, as text")
    if in_body and in_query and in_body != in_query:
        raise InvalidValue("accountId", in_body, f"{in_query}, as in the query, or none")
    account = _granted(in_body or in_query)
    _refuse_unless_trading(account)
    return account


def _granted(wanted: str | None) -> AccountAccess:
    granted = current_accounts()
    for account in granted:
        if wanted in (None, "", account.account_id):
            return account
    if not wanted:
        abort(problem(404, "unknown-account", "No such account", "No account is granted to you"))
    raise UnknownAccount(wanted)


def _refuse_unless_trading(account: AccountAccess) -> None:
    role = current_role()
    if role == "viewer":
        detail = "Your role is viewer; trading needs the role trader or admin"
    elif account.permission != "trade":
        detail = f"You may see {account.name} but not trade it; that needs the permission trade"
    else:
        return
    abort(problem(403, "not-permitted", "Not permitted", detail))
