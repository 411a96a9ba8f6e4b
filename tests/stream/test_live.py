"""The stream under a real gunicorn gthread worker, over real sockets."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from stream.client import PortfolioClient, StreamRefused
from tests.stream.serving import Served, eventually, say, served, told


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with the default limits."""
    with served(tmp_path_factory.mktemp("desk") / "log") as running:
        yield running
        log = running.log.read_text()
    assert "Traceback" not in log, log


def subscribed(ws: ClientConnection, **wish: Any) -> dict[str, Any]:
    """Subscribe and return the snapshot."""
    say(ws, "subscribe", **wish)
    return told(ws, "snapshot")


def closed_with(ws: ClientConnection) -> tuple[int, list[dict[str, Any]]]:
    """Read until the server closes; return its code and the messages before."""
    messages = []
    try:
        while True:
            messages.append(json.loads(ws.recv(10)))
    except ConnectionClosed as closed:
        return (closed.rcvd.code if closed.rcvd else 1006), messages


def test_no_session_no_upgrade(desk: Served) -> None:
    """R1: 401 on the upgrade request, as a problem document."""
    with pytest.raises(InvalidStatus) as refused, connect(desk.ws_url):
        pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["code"] == "unauthorized"


def test_foreign_origin_is_forbidden(desk: Served) -> None:
    """R1b: a page of another site gets 403, our own comes in."""
    with pytest.raises(InvalidStatus) as refused:
        desk.connect(origin="https://evil.example")
    assert refused.value.response.status_code == 403
    with desk.connect(origin=desk.url) as ws:
        assert subscribed(ws)


def test_compression_is_not_accepted(desk: Served) -> None:
    """facts/realtime.md, trap 7: the offered extension is not answered."""
    with desk.connect(compression="deflate") as ws:
        assert ws.response is not None
        assert "Sec-WebSocket-Extensions" not in ws.response.headers


def test_malformed_handshakes_are_answered_in_http(desk: Served) -> None:
    """facts/realtime.md, trap 8: 400 and 426, not 500."""

    def ask(*headers: str) -> bytes:
        lines = ["GET /ws/portfolio HTTP/1.1", "Host: x", "Cookie: session=ann:1", *headers]
        with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as sock:
            sock.sendall("\r\n".join([*lines, "", ""]).encode())
            return sock.recv(4096).split(b"\r\n")[0]

    upgrade = ("Connection: Upgrade", "Upgrade: websocket")
    assert b" 426 " in ask()
    assert b" 426 " in ask(*upgrade, "Sec-WebSocket-Version: 7")
    assert b" 400 " in ask(*upgrade, "Sec-WebSocket-Version: 13")


def test_each_sixth_connection_is_refused(desk: Served) -> None:
    """R3: the error message arrives, then 1013; when one leaves there is room."""
    held = [desk.connect() for _ in range(5)]
    eventually(lambda: desk.get("/stats")["activeConnections"] == 5)
    with desk.connect() as sixth:
        code, messages = closed_with(sixth)
    assert code == 1013
    assert messages[0]["data"] == {
        "code": "max_connections",
        "message": "Maximum connections exceeded",
    }
    for ws in held:
        ws.close()
    with desk.connect() as again:
        assert subscribed(again)


def test_flood_is_told_and_closed(desk: Served) -> None:
    """R3: the 101st message in a second gets rate_limited, then 1008."""
    with desk.connect() as ws:
        for _ in range(101):
            say(ws, "ping")
        code, messages = closed_with(ws)
    assert code == 1008
    assert [m["type"] for m in messages] == ["pong"] * 100 + ["error"]
    assert messages[-1]["data"]["code"] == "rate_limited"


@pytest.mark.parametrize("fragmented", [False, True])
def test_huge_message_is_refused(desk: Served, fragmented: bool) -> None:  # noqa: FBT001
    """R3: over 64 KB is closed with 1009, in one frame or in many."""
    with desk.connect() as ws:
        text = '{"type":"ping","pad":"' + "x" * 70_000 + '"}'
        parts = [text[at : at + 1000] for at in range(0, len(text), 1000)]
        # the server need not wait for the last fragment
        with suppress(ConnectionClosed):
            ws.send(parts if fragmented else text)
        code, messages = closed_with(ws)
    assert (code, messages[0]["data"]["code"]) == (1009, "message_too_big")


def test_fragmented_message_within_the_bound_is_understood(desk: Served) -> None:
    """A client may send one message in many frames."""
    with desk.connect() as ws:
        ws.send(list('{"type":"ping"}'))
        assert told(ws)["type"] == "pong"


def test_mistakes_are_told_and_the_connection_stays(desk: Served) -> None:
    """R3: not JSON, unknown type and channel, foreign account: a code each, and life goes on."""
    with desk.connect() as ws:
        ws.send("{")
        say(ws, "buy")
        say(ws, "subscribe", channels=["news"])
        say(ws, "subscribe", accounts=["beta"])
        codes = [told(ws, "error")["data"]["code"] for _ in range(4)]
        assert subscribed(ws)
    assert codes == ["invalid_json", "unknown_type", "unknown_channel", "forbidden_account"]


def test_users_see_only_their_accounts(desk: Served) -> None:
    """R2: over the real path too; eve, who has both accounts, sees both."""
    with desk.connect("ann") as ann, desk.connect("bob") as bob, desk.connect("eve") as eve:
        for ws in (ann, bob, eve):
            say(ws, "subscribe")
        eventually(lambda: len(desk.get("/connections")) == 3)
        eventually(lambda: [len(c["accounts"]) for c in desk.get("/connections")] == [1, 1, 2])
        for account in ("alpha", "beta"):
            desk.produce(account=account, width=3, orders=2)
        seen = {}
        for name, ws in (("ann", ann), ("bob", bob), ("eve", eve)):
            say(ws, "ping")
            heard = []
            while (message := told(ws))["type"] != "pong":
                heard.append(message["accountId"])
            seen[name] = {account for account in heard if account}
    assert seen == {"ann": {"alpha"}, "bob": {"beta"}, "eve": {"alpha", "beta"}}


def test_burst_of_a_hundred_reaches_an_acking_client_whole(desk: Served) -> None:
    """R5, R12: a hundred orders in a millisecond, one message in flight, none lost."""
    with PortfolioClient(desk.url, cookie="session=ann:1") as client:
        client.connect()
        client.subscribe()
        while client.receive(10)["type"] != "snapshot":
            pass
        desk.produce(orders=100, width=0)
        while len(client.mirrors["alpha"].orders) < 100:
            client.receive(10)
        assert client.mirrors["alpha"].gaps == 0


def test_stalled_reader_is_not_corrupted_and_disturbs_nobody(desk: Served) -> None:
    """R12: behind a tiny window 60 MB of batches become what it takes; others get all in time."""
    stalled = small_window(desk.port)
    with desk.connect("ann", compression=None) as stuck_free, stalled, connect(
        desk.ws_url, sock=stalled, compression=None, max_queue=1, ping_interval=None,
        additional_headers={"Cookie": "session=ann:2"}, max_size=None,
    ) as slow:  # fmt: skip
        seq = subscribed(slow)["seq"]
        mine = subscribed(stuck_free)["seq"]
        started = time.monotonic()
        worker = threading.Thread(
            target=lambda: desk.produce(width=400, rounds=100, flush=True), daemon=True
        )
        worker.start()
        latest = mine
        while latest < mine + 100:
            message = told(stuck_free)
            assert message["prevSeq"] == latest
            latest = message["seq"]
        others_took = time.monotonic() - started
        worker.join(20)
        messages = [json.loads(slow.recv(10))]
        while messages[-1]["seq"] < latest:
            messages.append(json.loads(slow.recv(10)))
    assert others_took < 15
    joined = [(m["prevSeq"], m["seq"]) for m in messages]
    assert [low for low, _ in joined] == [seq, *(high for _, high in joined[:-1])]
    assert len(messages) < 100
    assert messages[-1]["data"]["positions"][-1]["currentPrice"] == "100"


def small_window(port: int) -> socket.socket:
    """Connect with a receive buffer that holds next to nothing."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", port))
    return sock


def test_server_counts_each_connection_once(desk: Served) -> None:
    """facts/realtime.md, traps 4 and 6: gunicorn's count is right, and no thread is left over."""
    for _ in range(8):
        with desk.connect("bob") as ws:
            subscribed(ws)
    eventually(lambda: desk.get("/stats")["activeConnections"] == 0)
    eventually(lambda: desk.get("/process")["nrConns"] == 1)
    with desk.connect("bob"), desk.connect("bob"):
        eventually(lambda: desk.get("/process")["nrConns"] == 3)
        own = [name for name in desk.get("/process")["threads"] if "simple" in name]
        assert own == []


def test_client_that_vanishes_is_freed(desk: Served) -> None:
    """A connection that is cut without a close leaves nothing behind."""
    ws = desk.connect("bob")
    ws.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: desk.get("/stats")["activeConnections"] == 0)
    assert "code=1006" in desk.log.read_text()


def test_session_and_user_can_be_closed(desk: Served) -> None:
    """R1: logout closes the session's connections with 1008, and only those."""
    with desk.connect("ann") as ann, desk.connect("bob") as bob:
        subscribed(ann)
        subscribed(bob)
        desk.post("/call/close_session", session_id="ann:1")
        assert closed_with(ann)[0] == 1008
        say(bob, "ping")
        assert told(bob)["type"] == "pong"
        desk.post("/call/close_user", user_id="bob")
        assert closed_with(bob)[0] == 1008


def test_resume_over_a_reconnect(desk: Served) -> None:
    """R11: what was missed arrives as one message after a reconnect, without a snapshot."""
    with PortfolioClient(desk.url, cookie="session=ann:1") as client:
        client.connect()
        client.subscribe()
        while client.receive(10)["type"] != "snapshot":
            pass
        client.disconnect()
        desk.produce(orders=3, width=1, price=7)
        client.connect()
        client.subscribe()
        message = client.receive(10)
        while message["type"] == "subscribed":
            message = client.receive(10)
        assert message["type"] == "batch"
        assert client.mirrors["alpha"].gaps == 0
        assert client.mirrors["alpha"].positions["S0"]["currentPrice"] == "8"


def test_follow_comes_back_by_itself_and_misses_nothing(desk: Served) -> None:
    """R8, R11: after a lost connection the client reconnects, resumes and goes on."""
    with PortfolioClient(desk.url, cookie="session=ann:1") as client:
        messages = client.follow()
        while next(messages)["type"] != "snapshot":
            pass
        eventually(lambda: desk.get("/stats")["activeConnections"] == 1)
        desk.post("/call/close_user", user_id="ann", reason="test")
        desk.produce(orders=2, width=1, price=41)
        while client.mirrors["alpha"].positions.get("S0", {}).get("currentPrice") != "42":
            next(messages)
        assert client.mirrors["alpha"].gaps == 0
        assert client.mirrors["alpha"].recovered


def test_log_lines_for_operators(desk: Served) -> None:
    """O3: the lines operators look for, without a cookie in them."""
    with desk.connect("bob") as ws:
        subscribed(ws)
        desk.produce(account="beta", orders=1)
        told(ws, "order_update")
    eventually(lambda: "userId=bob, code=1000" in desk.log.read_text())
    log = desk.log.read_text()
    for line in (
        "[STARTUP] Portfolio stream initialized on /ws/portfolio",
        "[STARTUP] Event bus listeners registered: ['trade:executed', 'order:updated',",
        "[PortfolioStream] Client connected: userId=bob, connectionId=",
        "totalUserConnections=1",
        "Client subscribed to channels: ['account', 'orders', 'positions', 'trades']",
        "Client disconnected: userId=bob, code=1000, reason=closed by the client, duration=",
        "orderUpdates=1",
    ):
        assert line in log
    assert "session=" not in log
    assert "bob:1" not in log


def test_refused_client_says_why(desk: Served) -> None:
    """The Python client raises with status and the server's words."""
    client = PortfolioClient(desk.url, cookie="session=nobody:1")
    with pytest.raises(StreamRefused) as refused:
        client.connect()
    assert refused.value.status == 401
    assert "Sign in first" in str(refused.value)


def test_failing_handler_closes_with_1011(tmp_path: Path) -> None:
    """facts/realtime.md, trap 9: an exception is a close, never HTTP text in the stream."""
    with served(tmp_path / "log") as desk, desk.connect() as ws:
        desk.post("/break")
        say(ws, "subscribe")
        code, messages = closed_with(ws)
        assert (code, messages[0]["data"]["code"]) == (1011, "internal_error")
        assert "broken on purpose" in desk.log.read_text()


def test_heartbeat_ends_a_silent_peer(tmp_path: Path) -> None:
    """R7: a peer that answers no ping is gone within its time, and its handler too."""
    with served(tmp_path / "log", heartbeat_interval_s=0.1, heartbeat_timeout_s=0.4) as desk:
        silent = socket.create_connection(("127.0.0.1", desk.port), timeout=10)
        silent.sendall(
            b"GET /ws/portfolio HTTP/1.1\r\nHost: x\r\nCookie: session=ann:1\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        with desk.connect("bob") as answers:
            eventually(lambda: desk.get("/stats")["connectionsByUser"] == {"ann": 1, "bob": 1})
            eventually(lambda: desk.get("/stats")["connectionsByUser"] == {"bob": 1})
            eventually(lambda: desk.get("/process")["nrConns"] == 2)
            say(answers, "ping")
            assert told(answers)["type"] == "pong"
        silent.close()


def test_switching_off_closes_and_refuses(tmp_path: Path) -> None:
    """O1: off at run time: 4003 for who is here, 503 for who comes; on again: welcome."""
    with served(tmp_path / "log") as desk:
        with desk.connect() as ws:
            subscribed(ws)
            desk.post("/call/set_enabled", enabled=False)
            assert closed_with(ws)[0] == 4003
        with pytest.raises(InvalidStatus) as refused:
            desk.connect()
        assert refused.value.response.status_code == 503
        assert desk.get("/stats")["status"] == "disabled"
        desk.post("/call/set_enabled", enabled=True)
        with desk.connect() as ws:
            assert subscribed(ws)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_going_away(tmp_path: Path, number: signal.Signals) -> None:
    """R13: draining with a time to come back, every batch, 1001, exit 0, all at once."""
    with served(tmp_path / "log", batch_window_ms=5000) as desk:
        with desk.connect() as ws, desk.connect(compression=None) as acking, desk.connect("bob"):
            subscribed(ws)
            subscribed(acking, ack=True)
            desk.produce(rounds=2, width=2)
            told(ws, "batch")
            started = time.monotonic()
            desk.process.send_signal(number)
            code, messages = closed_with(ws)
            assert closed_with(acking)[0] == 1001
        exited = desk.process.wait(15)
        took = time.monotonic() - started
    assert (code, exited) == (1001, 0)
    draining = next(m for m in messages if m["type"] == "draining")
    assert 250 <= draining["data"]["reconnectAfterMs"] <= 3000
    last = next(m for m in messages if m["type"] == "batch")
    assert {p["currentPrice"] for p in last["data"]["positions"]} == {"2"}
    assert took < 6


def test_ctrl_c_reaches_the_whole_group(tmp_path: Path) -> None:
    """R13: SIGINT to arbiter and worker alike, as a terminal sends it, ends as cleanly."""
    with served(tmp_path / "log") as desk, desk.connect() as ws:
        subscribed(ws)
        desk.interrupt_group()
        assert closed_with(ws)[0] == 1001
        assert desk.process.wait(15) == 0
