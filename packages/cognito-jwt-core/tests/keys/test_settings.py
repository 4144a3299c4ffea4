import pytest
from cognito_jwt_core import ConfigurationError, KeySettings
from cognito_test_kit.messages import Messages


@pytest.mark.parametrize(
    ("max_age", "lifetime"),
    [(None, 600), (0, 300), (299, 300), (300, 300), (301, 301), (3600, 3600), (3601, 3600), (1e10, 3600), (-5, 300)],
)
def test_lifetime_is_what_the_source_says_within_limits(max_age: float | None, lifetime: float) -> None:
    assert KeySettings().lifetime(max_age) == lifetime


def test_a_lifetime_that_is_no_number_counts_as_the_shortest() -> None:
    assert KeySettings().lifetime(float("nan")) == 300


def test_backoff_doubles_up_to_its_limit() -> None:
    settings = KeySettings()

    assert [settings.backoff(failures) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert settings.backoff(10_000) == 30


def test_defaults_are_those_that_are_documented() -> None:
    settings = KeySettings()

    assert (settings.timeout_seconds, settings.max_response_bytes, settings.allow_http) == (3.0, 1_048_576, False)
    assert (settings.default_max_age_seconds, settings.min_max_age_seconds, settings.max_max_age_seconds) == (
        600,
        300,
        3600,
    )
    assert (settings.max_idle_seconds, settings.max_stale_seconds) == (3600, 86_400)
    assert (settings.cooldown_seconds, settings.unknown_kid_burst) == (10, 5)
    assert (settings.backoff_initial_seconds, settings.backoff_max_seconds) == (1, 30)


@pytest.mark.parametrize("value", [0, -1, True, "3", None, float("nan"), float("inf"), 10**400])
def test_a_time_that_is_none_is_refused(messages: Messages, value: object) -> None:
    with messages.raises(ConfigurationError):
        KeySettings(timeout_seconds=value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "3", None])
@pytest.mark.parametrize("name", ["unknown_kid_burst", "max_response_bytes"])
def test_a_number_that_is_none_is_refused(messages: Messages, name: str, value: object) -> None:
    with messages.raises(ConfigurationError):
        KeySettings(**{name: value})  # type: ignore[arg-type]


def test_a_switch_is_true_or_false(messages: Messages) -> None:
    with messages.raises(ConfigurationError):
        KeySettings(allow_http="no")  # type: ignore[arg-type]


def test_a_lower_limit_above_the_upper_one_is_refused(messages: Messages) -> None:
    with messages.raises(ConfigurationError):
        KeySettings(min_max_age_seconds=10, max_max_age_seconds=5)
    with messages.raises(ConfigurationError):
        KeySettings(backoff_initial_seconds=60)
