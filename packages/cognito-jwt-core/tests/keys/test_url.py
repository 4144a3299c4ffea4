"""Keys at a URL. How a request is bounded is tested with `cognito_jwt_core.http`."""

import pytest
import requests
from cognito_jwt_core import ConfigurationError, JWKSFetchError, KeySettings, KeySource
from cognito_jwt_core.integration import LocalKeySource
from cognito_jwt_core.keys.url import JWKSURL
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from cognito_test_kit.key_servers import Stopwatch, verifier_of


def test_an_answer_holds_the_text_the_lifetime_and_the_clock_of_the_server(server: JWKSServer) -> None:
    server.behave(headers={"Cache-Control": "max-age=77", "Date": "Tue, 14 Nov 2023 22:13:20 GMT"})

    response = JWKSURL(server.url).fetch(5)

    assert isinstance(response.jwks, bytes)
    assert response.jwks.startswith(b'{"keys": [')
    assert (response.max_age_seconds, response.server_time) == (77, 1_700_000_000)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 14 Nov 99999999999 22:13:20 GMT"])
def test_a_server_without_a_clock_has_no_time(server: JWKSServer, date: str | None) -> None:
    server.behave(headers={"Date": date})

    assert JWKSURL(server.url).fetch(5).server_time is None


def test_json_is_asked_for(server: JWKSServer) -> None:
    JWKSURL(server.url).fetch(5)

    (request,) = server.received
    assert request.headers["accept"] == "application/json"


def test_a_session_of_your_own_is_used_with_its_headers(pool: LocalUserPool, server: JWKSServer) -> None:
    with requests.Session() as session:
        session.headers["X-Proxy-Key"] = "x"
        verifier = verifier_of(pool, server.url, session=session)
        verifier.prefetch()
        verifier.prefetch()

    assert [request.headers["x-proxy-key"] for request in server.received] == ["x", "x"]


@pytest.mark.parametrize("status", [201, 204, 302, 403, 404, 503])
def test_another_status_is_an_error_that_has_it(server: JWKSServer, status: int) -> None:
    server.behave(status=status, body=b"", headers={"Location": "/elsewhere"})

    with pytest.raises(JWKSFetchError) as error:
        JWKSURL(server.url).fetch(5)

    assert error.value.status == status
    assert server.requests == 1


def test_the_body_of_an_error_is_never_read(server: JWKSServer) -> None:
    server.behave(status=403, drip="body", drip_seconds=0.1)

    with Stopwatch(), pytest.raises(JWKSFetchError) as error:
        JWKSURL(server.url).fetch(60)

    assert error.value.status == 403


def test_no_answer_has_no_status() -> None:
    with pytest.raises(JWKSFetchError) as error:
        JWKSURL("http://127.0.0.1:9/jwks.json").fetch(5)

    assert error.value.status is None


def test_plain_http_needs_an_opt_in(pool: LocalUserPool) -> None:
    with pytest.raises(ConfigurationError):
        verifier_of(pool, "http://keys.internal/jwks.json")

    verifier_of(pool, "http://keys.internal/jwks.json", key_settings=KeySettings(allow_http=True))


def test_a_url_is_a_source_that_is_not_local() -> None:
    assert isinstance(JWKSURL("https://example.com/"), KeySource)
    assert not isinstance(JWKSURL("https://example.com/"), LocalKeySource)
