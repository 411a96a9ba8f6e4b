"""Slowing down whoever guesses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from tests.web.conftest import PASSWORD, Build, problem_of
from web.throttle import PER_ADDRESS, WINDOW_S, LoginThrottle, TooManyTries


class Door:
    """A throttle with a clock of its own."""

    def __init__(self, attempts: int = 3) -> None:
        self.now_s = 0.0
        self.throttle = LoginThrottle(attempts, monotonic=lambda: self.now_s)

    def knock(self, name: str = "trader", address: str = "a", *, right: bool = False) -> int:
        """Try once; return 0 when it was listened to, else the seconds to wait."""
        try:
            with self.throttle.attempt(name, address) as was_right:
                if right:
                    was_right()
        except TooManyTries as refusal:
            return refusal.retry_after_s
        return 0


def test_after_enough_failures_nobody_listens_for_a_while() -> None:
    """O9: the fourth try is refused with the time to wait, and even the right password waits."""
    door = Door()
    waits = [door.knock(), door.knock(), door.knock(), door.knock(), door.knock(right=True)]
    assert [0, 0, 0, 60, 60] == waits


def test_a_lock_ends_by_itself_however_often_somebody_knocks() -> None:
    """Refused tries don't count, so the owner is never locked out for long."""
    door = Door()
    for _ in range(3):
        door.knock()
    for second in range(60):
        door.now_s = float(second)
        door.knock()
    door.now_s = WINDOW_S
    assert 0 == door.knock(right=True)


def test_the_owner_at_another_address_is_not_locked_out() -> None:
    """Failures count per name and address together."""
    door = Door()
    for _ in range(4):
        door.knock()
    assert (60, 0, 0) == (door.knock(), door.knock(address="b"), door.knock(name="other"))


def test_a_right_password_clears_the_count() -> None:
    """People who mistype now and then are never refused; right passwords never count."""
    door = Door()
    waits = [door.knock(right=attempt % 3 == 2) for attempt in range(30)]
    waits += [door.knock(right=True) for _ in range(100)]
    assert [0] * 130 == waits


def test_an_address_that_tries_many_names_is_refused() -> None:
    """One password tried on every name: the address has its own count."""
    door = Door()
    waits = [door.knock(name=f"user{n}") for n in range(3 * PER_ADDRESS + 1)]
    assert ([0] * 30, 60) == (waits[:30], waits[30])


def test_the_case_of_a_name_gives_no_further_tries() -> None:
    """Names are compared as the login compares them."""
    door = Door(attempts=1)
    assert [0, 60, 60] == [door.knock("trader"), door.knock("TRADER"), door.knock(" trader ")]


def test_a_burst_gets_no_more_tries_than_a_queue() -> None:
    """Tries for one name run one after the other: none slips through before another failed."""
    door = Door(attempts=3)
    listened: list[int] = []

    def knock() -> None:
        listened.append(door.knock())

    threads = [Thread(target=knock) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 3 == listened.count(0)


def test_an_error_during_the_try_leaves_the_door_usable() -> None:
    """A failing database neither counts as a failure nor keeps a lock."""
    door = Door(attempts=1)

    @contextmanager
    def broken() -> Iterator[None]:
        with door.throttle.attempt("trader", "a"):
            raise ConnectionError
        yield

    with pytest.raises(ConnectionError), broken():
        pass
    assert 0 == door.knock()


def test_the_login_door_answers_429_with_the_time_to_wait(build: Build) -> None:
    """JSON gets 429 and Retry-After, the form goes back to the page with the reason."""
    site = build(login_attempts_per_minute=2)
    client = site.client()
    for _ in range(2):
        site.login(client, "trader", "wrong password")
    refused = site.login(client, "trader")
    form = client.post("/login", data={"username": "trader", "password": PASSWORD})
    assert (429, "throttled") == problem_of(refused)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (303, "/login?error=throttled&next=/") == (form.status_code, form.location)
    assert 200 == site.login(client, "other").status_code


def test_right_logins_are_never_throttled(build: Build) -> None:
    """Scripts may sign in as often as they like."""
    site = build(login_attempts_per_minute=1)
    assert {200} == {site.login(site.client(), "trader").status_code for _ in range(20)}
