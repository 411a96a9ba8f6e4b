"""What load balancers ask."""

from __future__ import annotations

from tests.web.conftest import Site


def test_the_process_says_that_it_lives(site: Site) -> None:
    """Spec 6: status and version, without a session."""
    assert {"status": "ok", "version": "1.2.3"} == site.client().get("/health").get_json()


def test_a_draining_process_is_not_ready(site: Site) -> None:
    """R13: 503 while draining; the process still lives."""
    ready = site.client().get("/health/ready")
    site.stream.ready = False
    draining = site.client().get("/health/ready")
    assert [200, 503] == [ready.status_code, draining.status_code]
    assert ["ready", "draining"] == [ready.get_json()["status"], draining.get_json()["status"]]
    assert 200 == site.client().get("/health").status_code


def test_pages_learn_whether_to_poll(site: Site) -> None:
    """O1: realtimeEnabled follows the flag, without a session."""
    said = []
    for site.stream.enabled in (True, False):
        said.append(site.client().get("/api/health").get_json()["realtimeEnabled"])
    assert [True, False] == said


def test_an_admin_sees_the_stream(site: Site) -> None:
    """Spec 4: the stream's own figures, unchanged; connections and history in an envelope."""
    admin = site.client("admin")
    stats = admin.get("/api/admin/websocket-stats").get_json()
    connections = admin.get("/api/admin/connections").get_json()
    history = admin.get("/api/admin/stream-history").get_json()
    assert site.stream.stats() == stats
    assert [{"connectionId": "c-1", "userId": "nobody", "userName": None}] == connections[
        "connections"
    ]
    assert ([{"connections": 0}], "2026-01-05T15:00:00.000Z") == (
        history["samples"], history["asOf"],
    )  # fmt: skip


def test_an_admin_sees_the_links_to_the_brokers(site: Site) -> None:
    """The state of every upstream connection, and how many corrections were made."""
    told = site.client("admin").get("/api/admin/links").get_json()
    assert (2, [("trade_updates", "live", 3)]) == (
        told["corrections"],
        [(link["name"], link["state"], link["frames"]) for link in told["links"]],
    )


def test_connections_carry_their_users_name(site: Site) -> None:
    """An admin reads names, not ids."""
    site.stream.connected = site.people["viewer"].user_id
    found = site.client("admin").get("/api/admin/connections").get_json()["connections"]
    assert ["viewer"] == [each["userName"] for each in found]
