"""Signing in, staying signed in, and being signed out."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.conftest import PASSWORD, Build, Site, fields_of, problem_of
from tests.web.doubles import NOW
from web.login import masked, safe_next
from web.services import DemoUser
from web.session import COOKIE, authenticate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
ANY_SITE = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
LOCAL = {"Host": "127.0.0.1:8050"}


def test_a_script_signs_in_by_json(site: Site) -> None:
    """Spec 6: 200, who it is, and a session cookie; then /api/session says so too."""
    client = site.client()
    response = site.login(client, "trader")
    user = {
        "userId": site.people["trader"].user_id,
        "username": "trader",
        "role": "trader",
    }
    assert (200, {"user": user}) == (response.status_code, response.get_json())
    said = client.get("/api/session").get_json()
    assert {
        "user": user,
        "accounts": [
            {"accountId": site.mine, "name": "trader's", "number": "PA3•••7Q",
             "permission": "trade"}
        ],
        "expiresAt": "2026-01-12T15:00:00.000Z",
        "realtimeEnabled": True,
        "feed": "synthetic",
    } == said  # fmt: skip


@pytest.mark.parametrize("name", ["trader", "somebody", "", "é\x00"])
def test_a_wrong_password_gets_401_without_a_hint(site: Site, name: str) -> None:
    """R1: the answer is the same whether or not there is such a user, and sets no cookie."""
    response = site.login(site.client(), name or "x", "wrong password")
    assert (401, "credentials") == problem_of(response)
    assert "User name or password is wrong" == response.get_json()["detail"]
    assert "Set-Cookie" not in response.headers


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(build: Build) -> None:
    """O9: HttpOnly; SameSite=Lax; behind TLS Secure; the token is not in the body."""
    flags = {}
    for secure in (False, True):
        site = build(secure_cookies=secure)
        response = site.login(site.client(), "trader")
        cookie = response.headers["Set-Cookie"]
        flags[secure] = {part.strip().split("=")[0] for part in cookie.split(";")[1:]}
        assert cookie.split(";")[0].partition("=")[2] not in response.text
        assert "SameSite=Lax" in cookie
    always = {"HttpOnly", "SameSite", "Path", "Max-Age", "Expires"}
    assert {False: always, True: always | {"Secure"}} == flags


def test_a_form_leads_to_the_page_it_came_for(site: Site) -> None:
    """The login page's form: 303 to ``next``, and the session is there."""
    client = site.client()
    form = {"username": "trader", "password": PASSWORD, "next": "/orders?symbol=BRK.B"}
    response = client.post("/login", data=form)
    assert (303, "/orders?symbol=BRK.B") == (response.status_code, response.location)
    assert 200 == client.get("/api/session").status_code


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"username": "trader", "password": "wrong"}, "credentials"), ({}, "credentials")],
)
def test_a_failed_form_leads_back_to_the_login_page(
    site: Site, fields: dict[str, str], error: str
) -> None:
    """303 to /login with the reason; ``next`` is kept, the password is not."""
    response = site.client().post("/login", data={**fields, "next": "/orders"})
    assert (303, f"/login?error={error}&next=/orders") == (response.status_code, response.location)


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example",
        "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)", "evil.example", "",
        "/login", "/login?next=/login", "/logout", "///evil.example", " //evil.example",
        "/\x7f/evil.example", "//[", None, 7,
    ],
)  # fmt: skip
def test_next_never_leaves_the_site(target: object) -> None:
    """O9: no open redirect: whatever is not a plain path of ours leads home."""
    assert "/" == safe_next(target)


@given(st.text() | st.text().map("/{}".format))
def test_next_is_always_a_path_of_ours(target: str) -> None:
    """Whatever a link says, the answer is a path in ASCII without a host."""
    where = safe_next(target)
    parts = urlsplit(where)
    assert ("", "", True) == (parts.scheme, parts.netloc, where.isascii())
    assert where.startswith("/")
    assert not where.startswith(("//", "/\\"))


def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    """O9: a new session at login: the old token is dead and its connections close."""
    client = site.client("trader")
    old = client.get_cookie(COOKIE)
    assert old is not None
    site.login(client, "trader")
    fresh = site.client()
    fresh.set_cookie(COOKIE, old.value)
    assert (401, "not-signed-in") == problem_of(fresh.get("/api/session"))
    assert 200 == client.get("/api/session").status_code
    assert ["signed in again"] == [reason for _, reason in site.stream.closed]


def test_signing_out_ends_session_and_connections(site: Site) -> None:
    """R1: 204, the cookie goes, the token is dead, the stream is told which session ended."""
    client = site.client("trader")
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    with site.app.test_request_context(headers={"Cookie": f"{COOKIE}={cookie.value}"}):
        viewer = authenticate()
        assert viewer is not None
    response = client.post("/logout")
    assert (204, None) == (response.status_code, client.get_cookie(COOKIE))
    client.set_cookie(COOKIE, cookie.value)
    assert 401 == client.get("/api/session").status_code
    assert [(viewer.session_id, "signed out")] == site.stream.closed


def test_the_page_signs_out_by_a_form(site: Site) -> None:
    """A form gets the login page; signing out twice is no error."""
    client = site.client("trader")
    answers = [client.post("/logout", data={}, content_type="application/x-www-form-urlencoded")]
    answers.append(client.post("/logout", data={"x": "y"}))
    assert [(303, "/login")] * 2 == [(each.status_code, each.location) for each in answers]


def test_a_session_runs_out(site: Site) -> None:
    """R1: idle too long, and it takes a new login."""
    client = site.client("trader")
    site.later(hours=11)
    before = client.get("/api/positions").status_code
    site.later(hours=12)
    assert (200, 401) == (before, client.get("/api/positions").status_code)


def test_the_stream_gets_who_may_see_what(site: Site) -> None:
    """R2: the viewer is exactly what accounts_of says; no session, no viewer."""
    seen = {}
    for name in ("trader", "other", "viewer", "admin"):
        cookie = site.client(name).get_cookie(COOKIE)
        assert cookie is not None
        with site.app.test_request_context(headers={"Cookie": f"{COOKIE}={cookie.value}"}):
            viewer = authenticate()
        assert viewer is not None
        seen[name] = (viewer.user_id == site.people[name].user_id, viewer.accounts)
    assert {
        "trader": (True, {site.mine}), "other": (True, {site.theirs}),
        "viewer": (True, {site.mine}), "admin": (True, set()),
    } == seen  # fmt: skip
    for headers in ({}, {"Cookie": f"{COOKIE}=forged"}):
        with site.app.test_request_context(headers=headers):
            assert authenticate() is None


def test_a_changed_grant_reaches_the_stream(site: Site) -> None:
    """R2: open connections follow at once."""
    reader = site.people["reader"].user_id
    site.services.accounts.revoke(reader, site.mine)
    assert frozenset() == site.stream.accounts[reader]
    site.services.accounts.grant(reader, site.theirs, "read", NOW)
    assert {site.theirs} == site.stream.accounts[reader]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"), ({"username": "trader"}, "password"), ({"username": 7}, "username"),
        ({"username": "trader", "password": ["x"]}, "password"),
        ({"username": "trader", "password": "x" * 257}, "password"),
    ],
)  # fmt: skip
def test_unusable_fields_are_named(site: Site, body: dict[str, object], field: str) -> None:
    """What was wrong and what is allowed; a password is never repeated."""
    response = site.client().post("/login", json=body)
    assert ((422, "invalid-value"), [field]) == (problem_of(response), fields_of(response))
    assert "xxx" not in response.text


@ANY_SITE
@given(body=st.dictionaries(st.sampled_from(["username", "password", "next"]), JSON) | JSON)
def test_no_json_breaks_the_login_door(site: Site, body: object) -> None:
    """Whatever is sent, the answer is 400, 401 or 422 and signs nobody in."""
    response = site.client().post("/login", json=body)
    assert response.status_code in (400, 401, 422)
    assert "Set-Cookie" not in response.headers


@ANY_SITE
@given(
    body=st.binary(max_size=200),
    kind=st.sampled_from(
        ["application/json", "application/x-www-form-urlencoded", "multipart/form-data",
         "multipart/form-data; boundary=x", "text/plain", "", "application/json; charset=utf-16"]
    ),
)  # fmt: skip
def test_no_bytes_break_the_login_door(site: Site, body: bytes, kind: str) -> None:
    """Garbage of any content type is refused in an orderly way."""
    response = site.client().post("/login", data=body, content_type=kind)
    assert response.status_code in (303, 400, 401, 413, 415, 422)


def test_endless_nesting_is_refused(site: Site) -> None:
    """A body that is nested deeper than any parser goes gets 400."""
    body = b'{"username":' * 50_000
    small = b"[" * 30_000
    codes = [
        site.client().post("/login", data=each, content_type="application/json").status_code
        for each in (body, small)
    ]
    assert [413, 400] == codes


@pytest.mark.parametrize("cookie", ["", "x", "é" * 100, "a" * 10_000, '"', "\\000"])
def test_a_forged_cookie_is_nobody(site: Site, cookie: str) -> None:
    """R1: no cookie value but a token opens anything or breaks anything."""
    response = site.client().get("/api/session", headers={"Cookie": f"{COOKIE}={cookie}"})
    assert (401, "not-signed-in") == problem_of(response)


DEMO = (DemoUser("trader", "Trader"), DemoUser("admin", "Admin"))


def _demo(client: FlaskClient, name: object = "trader", **headers: str) -> int:
    given = {**LOCAL, **headers}
    return client.post("/login/demo", json={"username": name}, headers=given).status_code


def test_a_demo_user_enters_with_one_click(build: Build) -> None:
    """Spec 6: on loopback, without a password, by JSON or by the page's form."""
    site = build(demo_users=DEMO)
    client = site.client()
    form = client.post("/login/demo", data={"username": "admin", "next": "/"}, headers=LOCAL)
    assert (303, "/", 200) == (form.status_code, form.location, _demo(site.client()))
    assert "admin" == client.get("/api/session", headers=LOCAL).get_json()["user"]["username"]


@pytest.mark.parametrize("name", ["other", "ghost", "", None, 7, ["trader"], {"a": 1}])
def test_only_demo_users_enter_without_a_password(build: Build, name: object) -> None:
    """A user who is no demo user is refused, whatever is sent as a name."""
    assert 403 == _demo(build(demo_users=DEMO).client(), name)


def test_demo_entry_is_for_this_machine_only(build: Build) -> None:
    """Spec 6: not from another address, not through a proxy, not under a foreign name."""
    site = build(demo_users=DEMO)
    client = site.client()
    ways = [
        _demo(client, **{"X-Forwarded-For": "203.0.113.9"}),
        _demo(client, Forwarded="for=203.0.113.9"),
        _demo(client, Host="evil.example"),
        _demo(client, Host="127.0.0.1.evil.example"),
        client.post(
            "/login/demo", json={"username": "trader"}, headers=LOCAL,
            environ_base={"REMOTE_ADDR": "203.0.113.9"},
        ).status_code,
        _demo(build().client()),
    ]  # fmt: skip
    assert [403] * 6 == ways
    hosts = ("localhost", "localhost:1", "[::1]:8050", "127.0.0.1")
    assert [200] * 4 == [_demo(site.client(), Host=host) for host in hosts]


def test_account_numbers_are_masked() -> None:
    """Short ones are hidden whole."""
    assert ["PA3•••7Q", "•••", "•••"] == [masked(each) for each in ("PA3XYZ7Q", "12345", "")]
