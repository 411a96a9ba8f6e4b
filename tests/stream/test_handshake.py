from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from stream.service import PortfolioStream, StreamLimits, StreamViewer
from tests.stream.samples import ALPHA, ANN, book

GOOD = {
    "Host": "desk.example:8050",
    "Connection": "keep-alive, Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.fixture
def ask() -> Callable[..., Any]:
    """Send an upgrade request to an app whose only viewer has the cookie s=1."""

    def send(*, enabled: bool = True, signed_in: bool = True, **headers: str | None) -> Any:
        limits = StreamLimits(allowed_origins=frozenset({"https://other.example"}))
        stream = PortfolioStream(limits, lambda _: book(), enabled=enabled)
        app = Flask(__name__)
        viewer = StreamViewer(ANN, "s", frozenset({ALPHA}))
        stream.register(app, lambda: viewer if signed_in else None)
        stream.start()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in {**GOOD, **named}.items() if value is not None}
        try:
            return app.test_client().get("/ws/portfolio", headers=sent)
        finally:
            stream.drain(0.1)

    return send


@pytest.mark.parametrize(
    ("status", "code", "headers"),
    [
        (426, "upgrade_required", {"Upgrade": None}),
        (426, "upgrade_required", {"Connection": "close"}),
        (426, "unsupported_version", {"Sec_WebSocket_Version": "8"}),
        (426, "unsupported_version", {"Sec_WebSocket_Version": None}),
        (400, "malformed_handshake", {"Sec_WebSocket_Key": None}),
        (400, "malformed_handshake", {"Sec_WebSocket_Key": "short"}),
        (403, "forbidden_origin", {"Origin": "https://evil.example"}),
        (403, "forbidden_origin", {"Origin": "http://desk.example"}),
        (403, "forbidden_origin", {"Origin": "http://desk.example:8050.evil.example"}),
        (403, "forbidden_origin", {"Origin": "null"}),
        (501, "unsupported_server", {}),
        (501, "unsupported_server", {"Origin": "http://desk.example:8050"}),
        (501, "unsupported_server", {"Origin": "https://DESK.example:8050"}),
        (501, "unsupported_server", {"Origin": "https://other.example"}),
        (501, "unsupported_server", {"Origin": "https://desk.example", "Host": "desk.example"}),
    ],
)
def test_handshake_and_origin(
    ask: Callable[..., Any], status: int, code: str, headers: dict[str, str | None]
) -> None:
    """R1b: our own origin, a listed one or none pass (to 501 here, without gunicorn)."""
    answer = ask(**headers)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (status, code)


def test_refusal_is_a_problem_document(ask: Callable[..., Any]) -> None:
    """R1: no session is 401 before any upgrade, as application/problem+json."""
    answer = ask(signed_in=False)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert json.loads(answer.data) == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Sign in first: there is no valid session",
        "code": "unauthorized",
    }


def test_switched_off_stream_answers_503(ask: Callable[..., Any]) -> None:
    """O1: with the flag off there is no WebSocket, and the answer says so."""
    answer = ask(enabled=False)
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (503, "disabled")


def test_version_refusal_names_the_version(ask: Callable[..., Any]) -> None:
    """RFC 6455 4.4: 426 comes with the version that is spoken."""
    assert ask(Sec_WebSocket_Version="8").headers["Sec-WebSocket-Version"] == "13"
