from cognito_jwt_core.testing import ManualClock
from cognito_test_kit.messages import Messages


def test_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(100)
    started = clock.monotonic()

    clock.advance(5)

    assert (clock.time(), clock.monotonic() - started) == (105, 5)


def test_wall_clock_can_be_put_back_alone() -> None:
    clock = ManualClock(100)
    started = clock.monotonic()

    clock.set_time(50)

    assert (clock.time(), clock.monotonic()) == (50, started)


def test_time_does_not_run_backwards(messages: Messages) -> None:
    with messages.raises(ValueError):
        ManualClock().advance(-1)
