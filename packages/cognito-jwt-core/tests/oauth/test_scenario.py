"""One scenario for every server: our own, one that others wrote, and with `--live` a real user pool.

See `cognito_test_kit.sign_in_providers` for what `--live` needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
import requests
from cognito_jwt_core import SignInError
from cognito_jwt_core.oauth import AuthorizationRequest, TokenSet
from cognito_test_kit.sign_in_providers import LOGOUT_URI, Provider, cognito_local, live_pool, local_managed_login

Call = Callable[..., Any]
PROVIDERS: dict[str, Callable[[], AbstractContextManager[Provider]]] = {
    "public": partial(local_managed_login, secret=None, rotation=False, with_domain=True),
    "discovered": partial(local_managed_login, secret=None, rotation=True, with_domain=False),
    "confidential": partial(local_managed_login, secret="s+cret_" * 5, rotation=False, with_domain=False),
    "confidential, rotating": partial(local_managed_login, secret="s+cret_" * 5, rotation=True, with_domain=True),
    "cognito-local": cognito_local,
    "live": live_pool,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "provider" in metafunc.fixturenames:
        is_live = metafunc.config.getoption("--live", default=False)
        names = [name for name in PROVIDERS if (name == "live") == is_live]
        metafunc.parametrize("provider", names, indirect=True, scope="module")


@pytest.fixture(scope="module")
def provider(request: pytest.FixtureRequest) -> Iterator[Provider]:
    with PROVIDERS[request.param]() as served:
        yield served


def exchange(call: Call, provider: Provider, request: AuthorizationRequest, code: str, **changes: Any) -> TokenSet:
    options = {
        "redirect_uri": provider.redirect_uri,
        "code_verifier": request.code_verifier,
        "nonce": request.nonce if provider.is_whole else None,
    }
    return call(provider.client, "exchange_code", code, **{**options, **changes})  # type: ignore[no-any-return]


def walked(call: Call, provider: Provider) -> tuple[AuthorizationRequest, str]:
    request = call(provider.client, "authorization_request", provider.redirect_uri)
    return request, provider.client.read_callback(provider.sign_in(request), state=request.state)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(SignInError) as caught:
        call()
    return caught.value.code


def test_a_user_signs_in_stays_and_signs_out(call: Call, provider: Provider) -> None:
    client = provider.client
    request, code = walked(call, provider)
    tokens = exchange(call, provider, request, code)
    assert tokens.claims.token_use == "access"
    assert (tokens.id_token is not None) == provider.is_whole
    assert code_of(lambda: exchange(call, provider, request, code)) == "code_rejected"

    previous = tokens if provider.is_whole else None  # cognito-local gives every token a new `auth_time`
    newer = call(client, "refresh", tokens.refresh_token, previous=previous)
    assert newer.claims.sub == tokens.claims.sub
    assert newer.expires_at >= tokens.expires_at
    assert (newer.refresh_token != tokens.refresh_token) == provider.rotates
    if not provider.is_whole:
        return

    assert call(client, "user_info", newer.access_token)["sub"] == tokens.claims.sub
    call(client, "revoke", newer.refresh_token)
    call(client, "revoke", newer.refresh_token)
    assert code_of(lambda: call(client, "refresh", newer.refresh_token, previous=newer)) == "session_expired"
    assert code_of(lambda: call(client, "user_info", newer.access_token)) == "session_expired"
    answer = requests.get(call(client, "logout_url", LOGOUT_URI), allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, LOGOUT_URI)


def test_a_code_without_its_verifier(call: Call, provider: Provider) -> None:
    request, code = walked(call, provider)

    assert code_of(lambda: exchange(call, provider, request, code, code_verifier="x" * 50)) == "code_rejected"


def test_a_code_for_another_callback(call: Call, provider: Provider) -> None:
    request, code = walked(call, provider)
    other = provider.redirect_uri + "/other"

    found = code_of(lambda: exchange(call, provider, request, code, redirect_uri=other))

    assert found == ("sign_in_misconfigured" if provider.is_whole else "code_rejected")


def test_values_that_were_never_issued(call: Call, provider: Provider) -> None:
    request = call(provider.client, "authorization_request", provider.redirect_uri)

    assert code_of(lambda: exchange(call, provider, request, "5c0de5c0-dec0-4dec-84de-c0dec0dec0de")) == "code_rejected"
    assert code_of(lambda: call(provider.client, "refresh", "never-issued")) == "session_expired"
