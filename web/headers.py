"""Security headers on every answer.

Scripts run from our own files, and inline only where their hash is known: a
page into which somebody smuggles a script does not run it. Source: OWASP ASVS
5.0, 3.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import Flask, Response, current_app, request

from web.services import services

ScriptHashes = Callable[[], Iterable[str]]
_HASHES = "alphaflow_script_hashes"
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_ONE_YEAR_S = 31_536_000
_KEPT_PRIVATE = ("/api/", "/login", "/logout", "/_dash-layout", "/_dash-update-component")


def install(app: Flask) -> None:
    """Have app send the headers; inline scripts are refused until ``secure`` names their hashes."""
    app.extensions.setdefault(_HASHES, tuple)
    app.after_request(_add)


def secure(app: Flask, script_hashes: ScriptHashes | Iterable[str]) -> None:
    """Allow the inline scripts that have these hashes.

    Args:
        app: made by create_flask.
        script_hashes: quoted CSP sources such as ``'sha256-…'``, or what returns them, which is
            asked for each page: Dash adds its page router's script at the first request only.
    """
    if callable(script_hashes):
        app.extensions[_HASHES] = script_hashes
    else:
        known = tuple(script_hashes)
        app.extensions[_HASHES] = lambda: known


def policy(script_hashes: Iterable[str]) -> str:
    """Return the content security policy.

    Inline styles are allowed: Dash's components and the grid set style attributes.
    """
    return "; ".join(
        (
            "default-src 'self'",
            " ".join(("script-src 'self'", *dict.fromkeys(script_hashes))),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def _add(response: Response) -> Response:
    headers = response.headers
    for name, value in _FIXED.items():
        headers.setdefault(name, value)
    hashes = _known_hashes() if response.mimetype == "text/html" else ()
    headers.setdefault("Content-Security-Policy", policy(hashes))
    if services().settings.secure_cookies:
        headers.setdefault("Strict-Transport-Security", f"max-age={_ONE_YEAR_S}")
    if request.path.startswith(_KEPT_PRIVATE) or response.mimetype == "text/html":
        headers.setdefault("Cache-Control", "no-store")
    return response


def _known_hashes() -> Iterable[str]:
    known: ScriptHashes = current_app.extensions[_HASHES]
    return known()
