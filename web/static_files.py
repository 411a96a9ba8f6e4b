"""Scripts and style sheets: compressed once, kept by the browser.

Only files that are the same for everybody. What answers a person (pages, the API)
is never compressed: next to a secret, the length of a compressed answer tells of it.

Source: RFC 9111 (caching), RFC 8246 (immutable), the BREACH attack (CVE-2013-3587).
"""

from __future__ import annotations

import hashlib

from flask import Flask, Request, Response, g, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_compress import Compress

_FILES = ("/_dash-component-suites/", "/assets/")
_OK = 200
_KEPT = "public, max-age=31536000, immutable"
_CHECKED = "no-cache"
_DIGEST = "alphaflow_file_digest"


def install(app: Flask) -> None:
    """Have app send its files compressed, with caching headers and without cookies."""
    app.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=7,  # paid once for each file
        COMPRESS_CACHE_BACKEND=_Compressed,
        COMPRESS_CACHE_KEY=_digest,
    )
    compress = Compress()
    compress.init_app(app)
    app.session_interface = _NoCookieForFiles()

    def send(response: Response) -> Response:
        if not _is_file(request) or response.status_code != _OK:
            return response
        _let_cache(response)
        if response.mimetype not in compress.compress_mimetypes_set:
            return response
        setattr(g, _DIGEST, hashlib.blake2b(_read(response), digest_size=16).hexdigest())
        return compress.after_request(response)

    app.after_request(send)


def _is_file(asked: Request) -> bool:
    return asked.method in ("GET", "HEAD") and asked.path.startswith(_FILES)


def _read(response: Response) -> bytes:
    """Read a file that would be streamed: only what was read can be kept compressed."""
    response.direct_passthrough = False
    stream = response.response
    data = response.get_data()
    if (close := getattr(stream, "close", None)) is not None:
        close()
    return data


def _let_cache(response: Response) -> None:
    """Let a file whose address changes with it be kept; any other is asked about each time."""
    fingerprinted = "m" in request.args or bool(response.cache_control.max_age)
    response.headers["Cache-Control"] = _KEPT if fingerprinted else _CHECKED


def _digest(_: Request) -> str:
    """Name a file by its content: its address can be varied without end, so it bounds nothing."""
    return str(getattr(g, _DIGEST))


class _Compressed:
    """Compressed files by content and coding, as many as there are files."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        """Return a file's compressed bytes, None when it was never asked for."""
        return self._kept.get(key)

    def set(self, key: str, value: bytes) -> None:
        """Keep a file's compressed bytes."""
        self._kept[key] = value


class _NoCookieForFiles(SecureCookieSessionInterface):
    """Flask's own, but a file doesn't vary by cookie: a new sign-in needn't fetch it again."""

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie and ``Vary``, save on files."""
        if not _is_file(request):
            super().save_session(app, session, response)
