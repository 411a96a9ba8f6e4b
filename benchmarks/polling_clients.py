"""Users who poll: the HTTP requests of a browser, on one kept-alive connection each."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec

from benchmarks.ages import PriceWatch
from benchmarks.desk import MOUNT
from benchmarks.polling_page import EVERY_MS, polled
from benchmarks.tally import Tally

_decode = msgspec.json.Decoder().decode
_CHROME = (
    "Connection: keep-alive\r\n"
    'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"\r\n'
    "sec-ch-ua-mobile: ?0\r\n"
    'sec-ch-ua-platform: "Linux"\r\n'
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/140.0.0.0 Safari/537.36\r\n"
    "Accept: application/json\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-Mode: cors\r\n"
    "Sec-Fetch-Dest: empty\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-US,en;q=0.9\r\n"
)
_CALLBACK = f"{MOUNT}/_dash-update-component"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its body, and the bytes that the request and all of the answer took."""

    body: bytes
    up: int
    down: int


class Browser:
    """One user's connection to the server.

    Args:
        base_url: of the desk.
        cookie: of the user's session.
    """

    def __init__(self, base_url: str, cookie: str) -> None:
        self._host = urlsplit(base_url).netloc
        self._cookie = cookie
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def tick(self, number: int, *, with_line: bool = True) -> Answer:
        """Send what dcc.Interval makes the page send."""
        return await self.send("POST", _CALLBACK, _callback_body(number, with_line=with_line))

    async def send(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Send a request and read its answer, connecting where there is no connection."""
        if self._reader is None or self._writer is None:
            host, port = self._host.split(":")
            self._reader, self._writer = await asyncio.open_connection(host, int(port))
        typed = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
        origin = f"Origin: http://{self._host}\r\n" if body else ""
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\n{_CHROME}{typed}{origin}"
            f"Referer: http://{self._host}/portfolio\r\nCookie: {self._cookie}\r\n\r\n"
        )
        request = head.encode() + body
        self._writer.write(request)
        answered = await self._reader.readuntil(b"\r\n\r\n")
        size, again = _size_of(answered)
        found = await self._reader.readexactly(size)
        if not again:
            self.close()
        return Answer(found, len(request), len(answered) + size)

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def poll_page(base_url: str, cookie: str, tally: Tally, ready: asyncio.Semaphore) -> None:
    """Be a user of the polling page until cancelled."""
    browser = Browser(base_url, cookie)

    async def once(number: int) -> tuple[list[Answer], list[dict[str, str]]]:
        answer = await browser.tick(number)
        return [answer], _decode(answer.body)["response"]["positions"]["rowData"]

    await _poll(once, tally, ready)


async def poll_rest(base_url: str, cookie: str, tally: Tally, ready: asyncio.Semaphore) -> None:
    """Be a page on its backup connection, every second instead of every five, until cancelled."""
    browser = Browser(base_url, cookie)

    async def once(_: int) -> tuple[list[Answer], list[dict[str, str]]]:
        answers = [
            await browser.send("GET", f"/api/{what}")
            for what in ("positions", "orders", "account", "trades")
        ]
        return answers, _decode(answers[0].body)["positions"]

    await _poll(once, tally, ready)


async def _poll(once: Any, tally: Tally, ready: asyncio.Semaphore) -> None:
    """Ask every second, at a phase of its own; a tick during a request is left out."""
    watch = PriceWatch()
    every_s = EVERY_MS / 1000
    await asyncio.sleep(random.uniform(0, every_s))
    number, due_s = 0, time.monotonic()
    while True:
        asked_s = time.monotonic()
        try:
            answers, positions = await once(number)
        except (OSError, EOFError, LookupError, msgspec.DecodeError) as error:
            tally.failures.append(f"{type(error).__name__}: {error}")
            return ready.release()
        for answer in answers:
            tally.body(answer.body)
        tally.moved(down=sum(a.down for a in answers), up=sum(a.up for a in answers))
        tally.arrived(watch, positions, (time.monotonic() - asked_s) * 1000)
        if number == 0:
            ready.release()
        number += 1
        while due_s <= time.monotonic():
            due_s += every_s
        await asyncio.sleep(due_s - time.monotonic())


def _callback_body(number: int, *, with_line: bool) -> bytes:
    prefix, tick = ("", "tick") if with_line else ("only-", "tick-tables")
    outputs = [{**each, "id": prefix + each["id"]} for each in polled(with_line=with_line)]
    names = "...".join(f"{each['id']}.{each['property']}" for each in outputs)
    return msgspec.json.encode(
        {
            "output": f"..{names}..",
            "outputs": outputs,
            "inputs": [{"id": tick, "property": "n_intervals", "value": number}],
            "changedPropIds": [f"{tick}.n_intervals"],
            "parsedChangedPropsIds": [f"{tick}.n_intervals"],
        }
    )


def _size_of(head: bytes) -> tuple[int, bool]:
    """Return the length of the body after these headers, and whether the connection stays.

    Raises:
        OSError: it is no success.
    """
    lines = head.decode("latin-1").split("\r\n")
    if " 200 " not in lines[0] + " ":
        raise OSError(lines[0])
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    return int(fields["content-length"]), fields.get("connection") != "close"
