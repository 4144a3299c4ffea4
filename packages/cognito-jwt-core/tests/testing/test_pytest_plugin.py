import time

import pytest
from cognito_jwt_core.testing import LocalUserPool, ManualClock

pytest_plugins = ["cognito_jwt_core.testing.pytest_plugin", "pytester"]


def test_pool_is_ready_to_use(cognito_pool: LocalUserPool) -> None:
    assert cognito_pool.access_token().count(".") == 2


def test_pool_goes_by_the_clock_that_the_test_asks_for(cognito_clock: ManualClock, cognito_pool: LocalUserPool) -> None:
    cognito_clock.advance(3600)

    assert cognito_pool.clock is cognito_clock
    assert abs(cognito_clock.time() - time.time() - 3600) < 60


def test_pool_goes_by_the_systems_time_otherwise(cognito_pool: LocalUserPool) -> None:
    assert cognito_pool.clock is time


@pytest.fixture
def own_tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # importing those of this environment takes seconds
    pytester.makeini("[pytest]\n")
    pytester.makeconftest('pytest_plugins = ["cognito_jwt_core.testing.pytest_plugin"]')
    return pytester


def test_settings_can_be_overridden(own_tests: pytest.Pytester) -> None:
    own_tests.makepyfile(
        """
        import pytest
        from jwcrypto.jwk import JWK

        @pytest.fixture
        def cognito_pool_settings():
            key = JWK.generate(kty="RSA", size=2048, kid="own")
            return {"id": "us-east-1_mine", "client_id": "mine", "signing_key": key.export(as_dict=True)}

        def test_pool(cognito_pool):
            assert (cognito_pool.id, cognito_pool.client_id, cognito_pool.kids) == ("us-east-1_mine", "mine", ("own",))
        """
    )

    own_tests.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_rotation_stays_in_its_test(own_tests: pytest.Pytester) -> None:
    own_tests.makepyfile(
        """
        def test_one(cognito_pool):
            cognito_pool.rotate_key()
            assert len(cognito_pool.kids) == 2

        def test_other(cognito_pool):
            assert len(cognito_pool.kids) == 1
        """
    )

    own_tests.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


@pytest.mark.slow
def test_nobody_gets_the_fixtures_unasked(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\n")
    pytester.makepyfile("def test_pool(cognito_pool): pass")

    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'cognito_pool' not found*"])
