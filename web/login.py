"""Signing in and out. The page with the form is Dash's; what it sends arrives here."""

from __future__ import annotations

from ipaddress import ip_address
from typing import cast
from urllib.parse import quote, urlsplit

import structlog
from flask import Blueprint, Response, redirect, request

from db.users import User
from portfolio.errors import InvalidValue
from stream.wire import Json, time_text
from web import session
from web.answers import answer, problem, read_object
from web.guard import FORMS
from web.services import services
from web.throttle import LoginThrottle, TooManyTries

log = structlog.get_logger("web")

HOME = "/"
LOGIN_PAGE = "/login"
_TEXT = "a text of 1 to 256 characters"
_LONGEST_FIELD = 256
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via")


def blueprint(throttle: LoginThrottle) -> Blueprint:
    """Return the routes /login, /login/demo, /logout and /api/session.

    Args:
        throttle: counts failed logins.
    """
    routes = Blueprint("login", __name__)

    @routes.post("/login")
    def login() -> Response:
        fields = _fields()
        try:
            user = _verified(fields, throttle)
        except TooManyTries as refusal:
            log.warning("login refused: too many tries", address=request.remote_addr)
            return _refused(429, "throttled", str(refusal), fields, refusal.retry_after_s)
        except InvalidValue:
            if not _is_form():
                raise
            user = None
        if user is None:
            # not the name: people type passwords into the wrong field
            log.warning("login failed", address=request.remote_addr)
            return _refused(401, "credentials", "User name or password is wrong", fields)
        return _welcomed(user, fields)

    @routes.post("/login/demo")
    def demo_login() -> Response:
        fields = _fields()
        user = _demo_user(fields.get("username"))
        if user is None:
            return _refused(403, "credentials", "Demo entry works on this machine only", fields)
        return _welcomed(user, fields)

    routes.add_url_rule("/logout", view_func=logout, methods=["POST"])
    routes.add_url_rule("/api/session", view_func=who_am_i, methods=["GET"])
    return routes


def logout() -> Response:
    """End this session, whatever its state: 204 for scripts, the login page for a form."""
    session.end_current("signed out")
    response = _redirect(LOGIN_PAGE) if _is_form() else Response(status=204)
    session.forget(response)
    return response


def who_am_i() -> Response:
    """Say who is signed in and what that person may see."""
    signed_in = session.current_session()
    if signed_in is None:
        return problem(401, "not-signed-in", "Not signed in", "There is no valid session")
    parts = services()
    body: Json = {
        "user": _user_json(signed_in.user_id, signed_in.username, signed_in.role),
        "accounts": [
            {
                "accountId": account.account_id,
                "name": account.name,
                "number": masked(account.account_number),
                "permission": account.permission,
            }
            for account in session.current_accounts()
        ],
        "expiresAt": time_text(signed_in.expires_at),
        "realtimeEnabled": parts.stream.enabled,
        "feed": parts.gateway.feed_name,
    }
    return answer(body)


def masked(number: str) -> str:
    """Return an account number with its middle hidden."""
    return f"{number[:3]}•••{number[-2:]}" if len(number) > 5 else "•••"


def safe_next(target: object) -> str:
    """Return a path of ours to go to after signing in, never another site.

    Browsers drop tabs and newlines and read a backslash as a slash, so neither may occur.
    """
    if not isinstance(target, str) or not target.startswith("/"):
        return HOME
    if any(letter <= " " or letter in "\\\x7f" for letter in target):
        return HOME
    try:
        parts = urlsplit(target)
    except ValueError:
        return HOME
    if parts.scheme or parts.netloc or target.startswith("//"):
        return HOME
    if parts.path.rstrip("/") in (LOGIN_PAGE, "/logout"):
        return HOME
    return _carried(target)


def _carried(target: str) -> str:
    """Return target in ASCII, as a Location header needs it."""
    return quote(target.encode("utf-8", "replace"), safe="/?&=%#+:@,;!$'()*~-._")


def _verified(fields: Json, throttle: LoginThrottle) -> User | None:
    username, password = _text(fields, "username"), _text(fields, "password")
    with throttle.attempt(username, request.remote_addr or "") as was_right:
        user = services().users.verify(username, password)
        if user is not None:
            was_right()
    return user


def _welcomed(user: User, fields: Json) -> Response:
    if _is_form():
        response = _redirect(safe_next(fields.get("next")))
    else:
        response = answer({"user": _user_json(user.user_id, user.username, user.role)})
    session.start(response, user)
    log.info("signed in", user_id=user.user_id, address=request.remote_addr)
    return response


def _refused(
    status: int, code: str, detail: str, fields: Json, retry_after_s: int | None = None
) -> Response:
    if _is_form():
        back = quote(safe_next(fields.get("next")), safe="/")
        return _redirect(f"{LOGIN_PAGE}?error={code}&next={back}")
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return problem(status, code, "Not signed in", detail, headers=headers)


def _demo_user(username: object) -> User | None:
    parts = services()
    names = [demo.username for demo in parts.demo_users if demo.username == username]
    return parts.users.by_name(names[0]) if names and is_on_this_machine() else None


def is_on_this_machine() -> bool:
    """Say whether the browser runs on this machine and asked for this machine.

    A proxy's address may be loopback though its client's isn't, and a hostile
    name may resolve to loopback: neither counts.
    """
    if any(name in request.headers for name in _PROXY_HEADERS):
        return False
    host = request.host
    end = host.find("]") + 1 if host.startswith("[") else host.find(":")
    name = host[:end] if end > 0 else host
    try:
        near = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
    return near and name.lower() in _LOOPBACK_NAMES


def _fields() -> Json:
    if request.is_json:
        return read_object()
    return cast("Json", request.form.to_dict())


def _text(fields: Json, name: str) -> str:
    value = fields.get(name)
    if isinstance(value, str) and 1 <= len(value) <= _LONGEST_FIELD:
        return value
    got = f"{len(value)} characters" if isinstance(value, str) else type(value).__name__
    # the value itself may be a password in the wrong place
    raise InvalidValue(name, None if value is None else got, _TEXT)


def _is_form() -> bool:
    """Say whether a page's form was sent, so that the answer must lead to a page."""
    return request.mimetype in FORMS


def _redirect(target: str) -> Response:
    return cast("Response", redirect(target, 303, Response))


def _user_json(user_id: str, username: str, role: str) -> Json:
    return {"userId": user_id, "username": username, "role": role}
