"""Who makes this request: the session cookie, and what follows from it."""

from __future__ import annotations

from typing import cast

from flask import Flask, Request, Response, g, request
from flask_login import LoginManager, current_user  # type: ignore[import-untyped]

from db.accounts import AccountAccess
from db.sessions import SignedIn
from db.users import Role, User
from portfolio.ids import UserId
from stream.viewer import StreamViewer
from web.services import services

COOKIE = "alphaflow_session"
_ACCOUNTS = "alphaflow_accounts"


class _Visitor:
    """A living session in the form that Flask-Login expects."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, signed_in: SignedIn) -> None:
        self.signed_in = signed_in

    def get_id(self) -> str:
        """Return the user's id."""
        return self.signed_in.user_id


def install(app: Flask) -> None:
    """Have app recognise the session cookie."""
    manager = LoginManager()
    # the session lives in our own table, so Flask's cookie has nothing to protect
    manager.session_protection = None
    manager.request_loader(_load)
    manager.init_app(app, add_context_processor=False)


def current_session() -> SignedIn | None:
    """Return the session of this request, None when there is no valid one."""
    visitor = current_user
    return cast("SignedIn", visitor.signed_in) if visitor.is_authenticated else None


def current_user_id() -> UserId | None:
    """Return who is signed in, None when nobody is."""
    signed_in = current_session()
    return None if signed_in is None else signed_in.user_id


def current_user_name() -> str | None:
    """Return the user name of who is signed in."""
    signed_in = current_session()
    return None if signed_in is None else signed_in.username


def current_role() -> Role | None:
    """Return the role of who is signed in."""
    signed_in = current_session()
    return None if signed_in is None else cast("Role", signed_in.role)


def current_accounts() -> tuple[AccountAccess, ...]:
    """Return the accounts granted to who is signed in, the default one first (R2)."""
    if _ACCOUNTS not in g:
        user_id = current_user_id()
        granted = [] if user_id is None else services().accounts.accounts_of(user_id)
        setattr(g, _ACCOUNTS, tuple(granted))
    return cast("tuple[AccountAccess, ...]", g.get(_ACCOUNTS))


def authenticate() -> StreamViewer | None:
    """Return this request's viewer for the stream, None without a valid session (R1)."""
    signed_in = current_session()
    if signed_in is None:
        return None
    accounts = frozenset(access.account_id for access in current_accounts())
    return StreamViewer(
        signed_in.user_id, signed_in.session_id, accounts, expires_at=signed_in.expires_at
    )


def start(response: Response, user: User) -> None:
    """Open a new session for user, end the one the browser had, and set the cookie."""
    parts = services()
    end_current("signed in again")
    opened = parts.sessions.open(
        user.user_id,
        parts.clock(),
        address=request.remote_addr or "",
        user_agent=_printable(request.headers.get("User-Agent", "")),
    )
    response.set_cookie(
        COOKIE,
        opened.token,
        max_age=int(parts.sessions.longest.total_seconds()),
        secure=parts.settings.secure_cookies,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def end_current(reason: str) -> None:
    """End the session that this request carries, if any; its connections are closed (R1)."""
    signed_in = current_session()
    if signed_in is not None:
        parts = services()
        parts.sessions.end(signed_in.session_id, parts.clock(), reason)


def forget(response: Response) -> None:
    """Take the cookie away from the browser."""
    secure = services().settings.secure_cookies
    response.delete_cookie(COOKIE, path="/", secure=secure, httponly=True, samesite="Lax")


def _load(incoming: Request) -> _Visitor | None:
    token = incoming.cookies.get(COOKIE)
    if not token:
        return None
    parts = services()
    signed_in = parts.sessions.find(token, parts.clock())
    return None if signed_in is None else _Visitor(signed_in)


def _printable(value: str) -> str:
    return "".join(letter for letter in value if letter.isprintable())
