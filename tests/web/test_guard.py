"""Which requests are answered at all, and with which headers."""

from __future__ import annotations

import pytest
from flask import request
from flask.testing import FlaskClient

from tests.web.conftest import PASSWORD, Build, Site, problem_of
from web.headers import policy, secure

GOOD = {"username": "trader", "password": PASSWORD}
TICKET = {"symbol": "AAPL", "side": "buy", "type": "market", "qty": "1"}
OWN = "http://localhost"
CALLBACK = "/_dash-update-component"


def _status(client: FlaskClient, headers: dict[str, str], path: str = "/api/orders") -> int:
    return client.post(path, json=TICKET, headers=headers).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"Origin": OWN}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"},
        {"Origin": OWN, "Sec-Fetch-Site": "same-origin"}, {"Origin": "https://localhost"},
        {"Origin": "https://desk.example", "Sec-Fetch-Site": "cross-site"},
    ],
)  # fmt: skip
def test_own_pages_and_scripts_may_change_state(build: Build, headers: dict[str, str]) -> None:
    """O9: our own origin, one on the list, or no browser at all."""
    site = build(allowed_origins=frozenset({"https://desk.example"}))
    assert 202 == _status(site.client("trader"), headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""},
        {"Origin": "http://localhost.evil.example"}, {"Origin": "http://localhost:81"},
        {"Origin": "file://localhost"}, {"Origin": "http://["}, {"Origin": "http://a@localhost"},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "unheard-of"}, {"Origin": OWN, "Sec-Fetch-Site": "cross-site"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/orders", "/login", "/login/demo", "/logout", CALLBACK])
def test_pages_of_other_sites_may_not(site: Site, headers: dict[str, str], path: str) -> None:
    """O9: CSRF: no door that changes state opens, Dash's callbacks included."""
    site.app.add_url_rule(CALLBACK, "callback", lambda: "ran", methods=["POST"])
    client = site.client("trader")
    response = client.post(path, json=TICKET, headers=headers)
    assert (403, "cross-site") == problem_of(response)
    assert () == site.gateway.snapshot(site.mine).orders


def test_other_sites_may_link_to_us(site: Site) -> None:
    """Reading needs no origin: a link from elsewhere works."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert 200 == site.client("trader").get("/api/positions", headers=headers).status_code


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "x/y"])
def test_only_json_reaches_the_api(trader: FlaskClient, kind: str) -> None:
    """O9: what a plain HTML form can send is no order; 415 says what is allowed."""
    response = trader.post("/api/orders", data=b'{"symbol":"AAPL"}', content_type=kind)
    assert (415, "unsupported-media-type") == problem_of(response)
    assert "allowed: application/json" in response.get_json()["detail"]


@pytest.mark.parametrize("body", ["", "{", "[1]", '"x"', "null", "1e999999", "\x00", "{'a':1}"])
def test_what_is_no_json_object_gets_400(trader: FlaskClient, body: str) -> None:
    """Malformed JSON, and JSON that is no object, are told apart from bad fields."""
    response = trader.post("/api/orders", data=body, content_type="application/json")
    assert (400, "bad-request") == problem_of(response)


def request_body() -> bytes:
    return request.get_data()


def test_a_huge_body_gets_413(build: Build) -> None:
    """Bodies are capped before they are read: the API's tightly, all others by the setting."""
    site = build(max_body_bytes=100_000)
    site.app.add_url_rule(CALLBACK, "callback", request_body, methods=["POST"])
    client = site.client("trader")
    statuses = {
        (path, size): client.post(path, data=b" " * size, content_type="application/json")
        for path, size in (
            ("/api/orders", 70_000), ("/login", 70_000), (CALLBACK, 70_000), (CALLBACK, 100_001),
        )
    }  # fmt: skip
    refused = {key for key, response in statuses.items() if response.status_code == 413}
    assert {("/api/orders", 70_000), ("/login", 70_000), (CALLBACK, 100_001)} == refused
    assert (413, "request-entity-too-large") == problem_of(statuses["/login", 70_000])


def test_unknown_addresses_and_methods_are_problems(site: Site) -> None:
    """404 and 405 are problem documents even beside a page router that takes everything."""
    site.app.add_url_rule("/<path:path>", "pages", lambda path: f"page {path}")
    trader = site.client("trader")
    answers = [
        problem_of(trader.get("/api/nothing")),
        problem_of(trader.post("/api/nothing", json={})),
        problem_of(trader.put("/api/orders", json={})),
        problem_of(trader.post("/api/positions", json={})),
    ]
    expected = [(404, "not-found")] * 2 + [(405, "method-not-allowed")] * 2
    assert (expected, "page login") == (answers, trader.get("/login").text)
    allowed = trader.put("/api/orders", json={}).headers["Allow"]
    assert {"GET", "POST"} == set(allowed.split(", "))


def test_a_failure_inside_is_a_problem_without_details(site: Site) -> None:
    """500 says nothing of the cause; the log does."""
    site.app.testing = False

    def fail() -> str:
        raise LookupError("secret detail")

    site.app.add_url_rule("/fails", "fails", fail)
    response = site.client().get("/fails")
    assert (500, "internal-server-error") == problem_of(response)
    assert "secret" not in response.text


PRIVATE = [
    "/api/session", "/api/positions", "/api/orders", "/api/orders/x", "/api/account",
    "/api/trades", "/api/equity", "/api/quotes?symbols=AAPL", "/api/assets",
    "/api/bars?symbols=AAPL",
    "/api/pnl-by-symbol", "/api/admin/websocket-stats", "/api/admin/connections",
    "/api/admin/stream-history", "/api/admin/links",
]  # fmt: skip


def test_every_address_of_the_api_is_known_to_these_tests(site: Site) -> None:
    """A new address needs a decision about who may use it, here."""
    rules = {
        rule.rule.replace("<order_id>", "x")
        for rule in site.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and rule.rule != "/api/<path:rest>"
    }
    known = {path.partition("?")[0] for path in PRIVATE}
    assert rules == known | {"/health", "/health/ready", "/api/health"}


@pytest.mark.parametrize("path", PRIVATE)
def test_nothing_private_without_a_session(site: Site, path: str) -> None:
    """R1: 401 and not a word more."""
    assert (401, "not-signed-in") == problem_of(site.client().get(path))


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_nothing_changes_without_a_session(site: Site, method: str) -> None:
    """R1: orders, positions and the drift report need a session."""
    paths = {"POST": ["/api/orders", "/api/drift"], "PATCH": ["/api/orders/x"],
             "DELETE": ["/api/orders/x", "/api/positions/AAPL"]}[method]  # fmt: skip
    for path in paths:
        response = site.client().open(path, method=method, json={})
        assert (401, "not-signed-in") == problem_of(response)


@pytest.mark.parametrize("name", ["trader", "viewer"])
def test_admin_addresses_are_for_admins(site: Site, name: str) -> None:
    """O9: a role is checked on the server."""
    client = site.client(name)
    for path in (path for path in PRIVATE if path.startswith("/api/admin")):
        assert (403, "not-permitted") == problem_of(client.get(path))


def test_every_answer_carries_the_security_headers(site: Site) -> None:
    """O9: on success, refusal and failure alike."""
    client = site.client("trader")
    for path in ("/health", "/api/positions", "/api/nothing", "/nowhere"):
        headers = client.get(path).headers
        assert ("nosniff", "same-origin") == (
            headers["X-Content-Type-Options"], headers["Referrer-Policy"],
        )  # fmt: skip
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers
    assert "no-store" == client.get("/api/positions").headers["Cache-Control"]


def test_behind_tls_browsers_are_told_to_stay_there(build: Build) -> None:
    """HSTS goes with secure cookies."""
    headers = build(secure_cookies=True).client().get("/health").headers
    assert headers["Strict-Transport-Security"].startswith("max-age=")


def test_inline_scripts_run_by_their_hash_only(site: Site) -> None:
    """O9: no ``unsafe-inline`` for scripts; pages name the hashes as they are when asked."""
    hashes = ["'sha256-one'"]
    site.app.add_url_rule("/page", "page", lambda: "<p>")
    secure(site.app, lambda: hashes)
    client = site.client()
    policies = [client.get("/page").headers["Content-Security-Policy"]]
    hashes.append("'sha256-two'")
    policies.append(client.get("/page").headers["Content-Security-Policy"])
    scripts = [each.split("script-src ")[1].split(";")[0] for each in policies]
    assert ["'self' 'sha256-one'", "'self' 'sha256-one' 'sha256-two'"] == scripts
    assert "script-src 'self';" in client.get("/health").headers["Content-Security-Policy"]


def test_hashes_can_be_given_once(site: Site) -> None:
    """A list works like a function; repeats are named once."""
    site.app.add_url_rule("/page", "page", lambda: "<p>")
    secure(site.app, ["'sha256-x'", "'sha256-x'"])
    shown = site.client().get("/page").headers["Content-Security-Policy"]
    assert policy(["'sha256-x'"]) == shown
    assert "unsafe-eval" not in shown


def test_proxies_are_trusted_only_when_told(build: Build) -> None:
    """X-Forwarded-* count behind as many proxies as the setting says, else not at all."""
    headers = {
        "Origin": "https://desk.example", "X-Forwarded-Host": "desk.example",
        "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9",
    }  # fmt: skip
    statuses = [
        build(trusted_proxies=count).client().post("/login", json=GOOD, headers=headers).status_code
        for count in (0, 1)
    ]
    assert [403, 200] == statuses
