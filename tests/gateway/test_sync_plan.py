"""When the broker is asked, with the time passed in."""

from gateway.sync_plan import ACCOUNT_DELAY_S, PERIOD_S, RETRY_S, SOON_S, SyncPlan


def test_the_first_fetch_is_due_at_once() -> None:
    """A new desk asks the broker immediately, and only once at a time."""
    plan = SyncPlan(100.0)
    assert (0.0, True, False) == (
        plan.wait_s(100.0),
        plan.state.take(100.0),
        plan.state.take(100.0),
    )


def test_a_quiet_account_is_fetched_every_period() -> None:
    """After an answer that agreed, the next fetch is a period away."""
    plan = SyncPlan(0.0)
    plan.state.take(0.0)
    plan.state_done(1.0, again_soon=False)
    assert PERIOD_S == plan.wait_s(1.0)


def test_a_suspicion_is_checked_soon() -> None:
    """A difference that may be a race is looked at again within a second."""
    plan = SyncPlan(0.0)
    plan.state.take(0.0)
    plan.state_done(1.0, again_soon=True)
    assert SOON_S == plan.wait_s(1.0)


def test_failures_wait_longer_each_time_up_to_a_ceiling() -> None:
    """A broker that doesn't answer is asked ever more rarely, at most every 30 s apart."""
    plan = SyncPlan(0.0)
    waits = []
    for _ in range(8):
        plan.state.take(1_000_000.0)
        plan.state_failed(0.0)
        waits.append(plan.wait_s(0.0))
    assert [*RETRY_S, 30.0, 30.0] == waits


def test_an_answer_forgives_earlier_failures() -> None:
    """After a success the first retry is quick again."""
    plan = SyncPlan(0.0)
    for _ in range(3):
        plan.state.take(1_000_000.0)
        plan.state_failed(0.0)
    plan.state.take(1_000_000.0)
    plan.state_done(0.0, again_soon=False)
    plan.state.take(1_000_000.0)
    plan.state_failed(0.0)
    assert RETRY_S[0] == plan.wait_s(0.0)


def test_a_burst_of_fills_asks_for_the_account_once() -> None:
    """Fills within the delay share one request for buying power."""
    plan = SyncPlan(0.0)
    plan.state.take(0.0)
    plan.account.want(10.0 + ACCOUNT_DELAY_S)
    plan.account.want(10.1 + ACCOUNT_DELAY_S)
    assert (False, True, False) == (
        plan.account.take(10.2),
        plan.account.take(10.0 + ACCOUNT_DELAY_S),
        plan.account.take(20.0),
    )


def test_a_request_during_a_fetch_is_not_forgotten() -> None:
    """What is asked for while a fetch is under way is fetched after it."""
    plan = SyncPlan(0.0)
    plan.state.take(0.0)
    plan.state.want(1.0)
    before = plan.state.take(2.0)
    plan.state_done(3.0, again_soon=False)
    assert (False, True) == (before, plan.state.take(3.0))
