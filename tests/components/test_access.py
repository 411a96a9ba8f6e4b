"""Pages open for whom they are meant, decided on the server (O9)."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.components.conftest import Visit, Who, a_server, routing


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/", "/login"),
        ("/portfolio", "/login"),
        ("/analytics?span=1M", "/login?next=/analytics%3Fspan%3D1M"),
        ("/admin/stream", "/login?next=/admin/stream"),
        ("/no/such/page", "/login?next=/no/such/page"),
    ],
)
def test_a_stranger_is_led_to_the_login_page(client: FlaskClient, path: str, target: str) -> None:
    """Every page leads there and says where to come back to."""
    answer = client.get(path)
    assert (302, target) == (answer.status_code, answer.location)


def test_a_stranger_can_open_the_login_page(client: FlaskClient) -> None:
    """The login page is open, and Dash may fetch it."""
    assert 200 == client.get("/login").status_code
    assert 200 == client.post("/_dash-update-component", json=routing("/login")).status_code


@pytest.mark.parametrize("path", ["/portfolio", "/admin/stream", "/analytics"])
def test_a_stranger_cannot_call_for_another_page(client: FlaskClient, path: str) -> None:
    """Dash's own callback doesn't hand out what the page load refuses."""
    client.get("/login")
    assert 401 == client.post("/_dash-update-component", json=routing(path)).status_code


def test_a_stranger_cannot_hide_another_call_behind_the_login_page(client: FlaskClient) -> None:
    """Only the routing callback is open, not one that merely mentions the login page."""
    client.get("/login")
    call = {**routing("/login"), "output": "market-clock-data.data"}
    assert 401 == client.post("/_dash-update-component", json=call).status_code
    assert 401 == client.post("/_dash-update-component", json=[1]).status_code


def test_a_stranger_gets_a_bare_frame(client: FlaskClient) -> None:
    """The layout holds no session, account or socket before one is signed in."""
    layout = client.get("/_dash-layout").get_data(as_text=True)
    assert "stream-socket" not in layout
    assert "PA3" not in layout


@pytest.mark.parametrize("role", ["trader", "viewer"])
def test_an_admin_page_refuses_others(
    client: FlaskClient, visit: Visit, who: Who, role: str
) -> None:
    """The page load is 403, and so is what stands on the page however it is opened."""
    who.role = role
    assert 403 == client.get("/admin/stream").status_code
    assert "for administrators" in visit("/admin/stream").get_data(as_text=True)


def test_an_admin_opens_the_admin_page(client: FlaskClient, visit: Visit, who: Who) -> None:
    """An admin gets the figures."""
    who.role = "admin"
    assert 200 == client.get("/admin/stream").status_code
    assert "stat-connections" in visit("/admin/stream").get_data(as_text=True)


def test_the_root_is_the_portfolio(client: FlaskClient, who: Who) -> None:
    """Signed in, / leads to /portfolio."""
    who.role = "trader"
    assert "/portfolio" == client.get("/").location


@pytest.mark.parametrize(
    ("asked", "target"),
    [("/analytics", "/analytics"), ("https://evil.example", "/"), ("//evil.example", "/")],
)
def test_who_is_signed_in_needs_no_login_page(
    client: FlaskClient, who: Who, asked: str, target: str
) -> None:
    """It leads on to where one wanted to go, never to another site."""
    who.role = "trader"
    assert target == client.get("/login", query_string={"next": asked}).location


def test_a_missing_page_says_so(client: FlaskClient, visit: Visit, who: Who) -> None:
    """Status 404 and a page that explains."""
    who.role = "trader"
    assert 404 == client.get("/nothing").status_code
    assert "There is no such page" in visit("/nothing").get_data(as_text=True)


def test_two_servers_in_one_process(who: Who) -> None:
    """Pages register again for a second server, as tests and restarts in one process need."""
    who.role = "trader"
    for _ in range(2):
        assert 200 == a_server(who).test_client().get("/portfolio").status_code


def test_no_script_is_inline_but_dashs_own(client: FlaskClient, who: Who) -> None:
    """A strict policy can name the hashes of Dash's two snippets; nothing of ours is inline."""
    who.role = "trader"
    page = client.get("/portfolio").get_data(as_text=True)
    inline = [part.split("</script>")[0] for part in page.split("<script>")[1:]]
    assert [True] == ["document.title = data.title" in one for one in inline]


def test_nothing_is_fetched_from_elsewhere(client: FlaskClient, who: Who) -> None:
    """Scripts and styles are served locally."""
    who.role = "trader"
    page = client.get("/portfolio").get_data(as_text=True)
    assert [] == [part[:60] for part in page.split('src="')[1:] if not part.startswith("/")]
    assert [] == [part[:60] for part in page.split('href="')[1:] if not part.startswith("/")]
