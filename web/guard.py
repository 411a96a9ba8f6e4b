"""What a request must be before a door opens: our own page, signed in, of the right role.

Cookies travel with requests that another site's page makes, so state-changing
requests must come from our own pages, or from no browser at all. Source: OWASP
ASVS 5.0, 3.5.1; the Fetch Metadata specification.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from web.answers import problem
from web.services import services
from web.session import current_role, current_session

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM_PATHS = frozenset({"/login", "/login/demo", "/logout"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
_OWN_SITES = frozenset({"same-origin", "none"})
API_BODY_BYTES = 64 * 1024


def install(app: Flask) -> None:
    """Check every state-changing request of app, Dash's callbacks included."""
    app.before_request(check_request)


def check_request() -> Response | None:
    """Return a refusal for a request that another site's page may have made."""
    if request.method in _SAFE_METHODS:
        return None
    if not _is_from_here():
        return problem(
            403, "cross-site", "Request from another site",
            "State-changing requests are accepted from AlphaFlow's own pages and from scripts only",
        )  # fmt: skip
    if request.path in _FORM_PATHS or request.path.startswith("/api/"):
        request.max_content_length = API_BODY_BYTES
    return _check_content_type()


def require_session() -> Response | None:
    """Return a refusal unless somebody is signed in."""
    if current_session() is not None:
        return None
    return problem(
        401, "not-signed-in", "Not signed in", "Sign in first: there is no valid session"
    )


def require_admin() -> Response | None:
    """Return a refusal unless an admin is signed in."""
    refusal = require_session()
    if refusal is not None or current_role() == "admin":
        return refusal
    return problem(
        403, "not-permitted", "Not permitted", f"Your role is {current_role()}; this needs admin"
    )


def _is_from_here() -> bool:
    """Say whether our own page sent this, a page on the list, or no page at all."""
    origin = request.headers.get("Origin")
    if origin is not None and origin in services().settings.allowed_origins:
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in _OWN_SITES:
        return False
    return origin is None or _is_own(origin)


def _is_own(origin: str) -> bool:
    """Say whether origin is ours; behind a proxy that ends TLS it may be https where we are not."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    own_host = request.host.lower()
    return parts.scheme in (request.scheme, "https") and parts.netloc.lower() == own_host


def _check_content_type() -> Response | None:
    has_body = bool(request.content_length) or "chunked" in request.headers.get(
        "Transfer-Encoding", ""
    )
    if not has_body or request.is_json:
        return None
    if request.path in _FORM_PATHS and request.mimetype in FORMS:
        return None
    allowed = "application/json"
    if request.path in _FORM_PATHS:
        allowed += " or an HTML form"
    got = request.mimetype or "none"
    return problem(
        415, "unsupported-media-type", "Unsupported media type",
        f"Content-Type is {got}; allowed: {allowed}",
    )  # fmt: skip
