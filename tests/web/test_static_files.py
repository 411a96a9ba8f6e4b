"""Files come compressed and stay in the browser; what answers a person is neither."""

from __future__ import annotations

import gzip
from pathlib import Path

import brotli
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from components.dash_app import create_dash
from tests.web.conftest import PASSWORD, Site

ROOT = Path(__file__).resolve().parents[2]
ASSET = "/assets/order_ticket.js"
SUITE = "/_dash-component-suites/plotly/package_data/plotly.min.js"
FINGERPRINTED = "/_dash-component-suites/dash/dcc/dash_core_components.v1_0_0m1.js"


@pytest.fixture
def visitor(site: Site) -> FlaskClient:
    """Return a client of a server with pages; nobody is signed in."""
    create_dash(site.app)
    return site.app.test_client()


def get(client: FlaskClient, path: str, coding: str = "br, gzip", **more: str) -> TestResponse:
    """Ask for a path as a browser would."""
    return client.get(path, headers={"Accept-Encoding": coding, **more})


def test_a_script_comes_compressed(visitor: FlaskClient) -> None:
    """The best coding that the browser takes, and byte for byte the file."""
    content = (ROOT / "assets/order_ticket.js").read_bytes()
    by_brotli, by_gzip, plain = (get(visitor, ASSET, coding) for coding in ("gzip, br", "gzip", ""))
    assert ("br", "gzip", None) == tuple(
        each.headers.get("Content-Encoding") for each in (by_brotli, by_gzip, plain)
    )
    assert content == brotli.decompress(by_brotli.data)
    assert content == gzip.decompress(by_gzip.data)
    assert content == plain.data
    assert len(by_brotli.data) < len(content) / 2
    assert "Accept-Encoding" in by_brotli.headers["Vary"]


def test_a_file_is_compressed_once(visitor: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under any address that leads to the same content."""
    first = get(visitor, FINGERPRINTED)
    monkeypatch.setattr(brotli, "compress", None)
    assert first.data == get(visitor, FINGERPRINTED.replace("v1_0_0m1", "v2_0_0m2")).data


@pytest.mark.parametrize(
    ("path", "kept"),
    [(f"{ASSET}?m=1.5", True), (FINGERPRINTED, True), (ASSET, False), (SUITE, False)],
)
def test_what_changes_its_address_is_kept(
    visitor: FlaskClient,
    path: str,
    kept: bool,  # noqa: FBT001 - a case
) -> None:
    """A fingerprinted file is kept for a year; any other is asked about each time."""
    expected = "public, max-age=31536000, immutable" if kept else "no-cache"
    assert expected == get(visitor, path).headers["Cache-Control"]


@pytest.mark.parametrize("path", [ASSET, SUITE])
def test_an_unchanged_file_is_not_sent_again(visitor: FlaskClient, path: str) -> None:
    """The tag of a compressed answer is understood when it comes back."""
    tag = get(visitor, path).headers["ETag"]
    again = get(visitor, path, **{"If-None-Match": tag})
    assert (304, b"") == (again.status_code, again.data)


def test_files_know_no_visitor(site: Site, visitor: FlaskClient) -> None:
    """Neither a cookie nor Vary: Cookie; signing in anew doesn't empty the browser's cache."""
    site.login(visitor, "trader")
    response = get(visitor, ASSET)
    assert ("Accept-Encoding", None) == (
        response.headers["Vary"], response.headers.get("Set-Cookie"),
    )  # fmt: skip


@pytest.mark.parametrize(
    "path",
    ["/api/positions", "/api/equity", "/api/session", "/login", "/portfolio", "/_dash-layout",
     "/_dash-dependencies", "/assets/nothing.js"],
)  # fmt: skip
def test_nothing_else_is_compressed(site: Site, visitor: FlaskClient, path: str) -> None:
    """Beside a secret, a compressed length gives it away (BREACH)."""
    assert 200 == site.login(visitor, "trader", PASSWORD).status_code
    assert "Content-Encoding" not in get(visitor, path).headers
