import pytest
from cognito_jwt_core.clock import Moment
from cognito_jwt_core.keys.freshness import FetchBudget


def at(seconds: float) -> Moment:
    return Moment(1_700_000_000 + seconds, seconds)


@pytest.fixture
def budget() -> FetchBudget:
    return FetchBudget(burst=5, cooldown_seconds=10, now=at(0))


def test_a_burst_is_allowed_at_once_and_no_more(budget: FetchBudget) -> None:
    assert [budget.take(at(0)) for _ in range(7)] == [True] * 5 + [False] * 2


def test_each_cooldown_allows_one_more(budget: FetchBudget) -> None:
    for _ in range(5):
        budget.take(at(0))

    assert [budget.take(at(seconds)) for seconds in (9.5, 10, 10, 19.5, 20, 20)] == [
        False,
        True,
        False,
        False,
        True,
        False,
    ]


def test_asking_all_the_time_does_not_delay_the_next(budget: FetchBudget) -> None:
    for _ in range(5):
        budget.take(at(0))

    assert [seconds for seconds in range(1, 31) if budget.take(at(seconds))] == [10, 20, 30]


def test_a_quiet_time_saves_up_no_more_than_the_burst(budget: FetchBudget) -> None:
    assert [budget.take(at(1e6)) for _ in range(6)] == [True] * 5 + [False]


def test_a_wall_clock_put_back_takes_nothing_away(budget: FetchBudget) -> None:
    for _ in range(5):
        budget.take(at(0))

    assert budget.take(Moment(0, 10))
