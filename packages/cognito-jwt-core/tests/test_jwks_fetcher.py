import pytest
from cognito_jwt_core.clock import Moment
from cognito_jwt_core.jwks_fetcher import Fetch
from cognito_jwt_core.testing import ManualClock

TIMEOUT = 3


@pytest.fixture
def fetch(clock: ManualClock) -> Fetch:
    return Fetch(1, Moment.now(clock), TIMEOUT, clock)


def test_a_fetch_is_overdue_once_its_time_is_over(fetch: Fetch, clock: ManualClock) -> None:
    clock.advance(2.9)
    assert not fetch.is_overdue()

    clock.advance(0.2)
    assert fetch.is_overdue()
    assert not fetch.has_stood_still()


def test_a_process_whose_monotonic_clock_stood_still_is_known_by_the_wall_clock(
    fetch: Fetch, clock: ManualClock
) -> None:
    clock.set_time(clock.time() + 3.5)

    assert fetch.has_stood_still()
    assert not fetch.is_overdue()


def test_a_process_whose_clocks_both_ran_on_is_known_by_how_late_it_is(fetch: Fetch, clock: ManualClock) -> None:
    clock.advance(6.1)

    assert fetch.is_overdue()
    assert fetch.has_stood_still()


def test_a_wall_clock_put_back_says_nothing(fetch: Fetch, clock: ManualClock) -> None:
    clock.set_time(0)

    assert not fetch.has_stood_still()
    assert not fetch.is_overdue()
