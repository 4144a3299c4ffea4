"""An attacker swaps, repeats, withholds or invents each parameter of a login: none of it signs anyone in.

Alice signs in, and Mallory, who has an account of her own at the same app, gets at everything that passes through the
browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError, SignInError
from cognito_jwt_core.oauth import AuthorizationRequest, OAuthClient
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from cognito_test_kit.login_walk import App, Browser

Call = Callable[..., Any]
PASSWORDS = {"alice": "correct horse", "bob": "battery staple"}
MALLORY = "bob"


class MakeLogin(Protocol):
    def __call__(self, **settings: Any) -> LocalManagedLogin: ...


@dataclass(frozen=True)
class Walk:
    """One user's login, up to the callback."""

    request: AuthorizationRequest
    params: dict[str, str]

    def options(self) -> dict[str, Any]:
        """Return what the app kept for the exchange."""
        return {
            "code": self.params["code"],
            "redirect_uri": self.request.redirect_uri,
            "code_verifier": self.request.code_verifier,
            "nonce": self.request.nonce,
        }


@pytest.fixture
def client(login: LocalManagedLogin, clock: ManualClock) -> OAuthClient:
    verifier = CognitoVerifier(login.user_pool, client_id=login.client_id, token_use="access", clock=clock)
    return OAuthClient(verifier, client_id=login.client_id)


def walked(client: OAuthClient, username: str) -> Walk:
    request = client.authorization_request(App.callback)
    callback = Browser().sign_in(request.url, username, PASSWORDS[username])
    return Walk(request, dict(parse_qsl(urlsplit(callback).query)))


@pytest.fixture
def alice(client: OAuthClient) -> Walk:
    return walked(client, "alice")


@pytest.fixture
def mallory(client: OAuthClient) -> Walk:
    return walked(client, MALLORY)


def exchange(call: Call, client: OAuthClient, options: dict[str, Any]) -> Any:
    return call(client, "exchange_code", options["code"], **{k: v for k, v in options.items() if k != "code"})


# The callback


def swapped(name: str, alice: Walk, mallory: Walk) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every way to change one parameter of Alice's callback."""
    good = list(alice.params.items())
    others = [pair for pair in good if pair[0] != name]
    theirs = (name, mallory.params[name])
    yield "withheld", others
    yield "emptied", [*others, (name, "")]
    yield "swapped", [*others, theirs]
    yield "repeated", [*good, (name, alice.params[name])]
    yield "both", [*good, theirs]
    yield "both, theirs first", [theirs, *good]
    yield "changed", [*others, (name, alice.params[name] + "x")]


@pytest.mark.parametrize("name", ["code", "state"])
def test_a_callback_with_one_parameter_changed(
    call: Call, client: OAuthClient, alice: Walk, mallory: Walk, name: str
) -> None:
    for way, pairs in swapped(name, alice, mallory):
        with pytest.raises(SignInError) as caught:
            exchange(
                call,
                client,
                {**alice.options(), "code": client.read_callback(urlencode(pairs), state=alice.request.state)},
            )

        assert caught.value.code == ("state_mismatch" if name == "state" else "code_rejected"), way

    assert exchange(call, client, alice.options()).claims.username == "alice"


def test_the_whole_callback_of_another_login(client: OAuthClient, alice: Walk, mallory: Walk) -> None:
    """Login CSRF: RFC 9700 section 4.7. The victim would work in the attacker's account."""
    with pytest.raises(SignInError) as caught:
        client.read_callback(urlencode(mallory.params), state=alice.request.state)

    assert caught.value.code == "state_mismatch"


def test_a_callback_with_the_code_of_another_server(client: OAuthClient, alice: Walk) -> None:
    """Mix-up: RFC 9207 section 2.4."""
    with pytest.raises(SignInError) as caught:
        client.read_callback(urlencode({**alice.params, "iss": "https://evil.example"}), state=alice.request.state)

    assert caught.value.code == "code_rejected"


# The exchange


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("code", "code_rejected"),  # injected: PKCE and the nonce protect it (RFC 9700 section 4.5)
        ("code_verifier", "code_rejected"),
        ("nonce", "nonce_mismatch"),
    ],
)
def test_one_value_of_another_login(
    call: Call, client: OAuthClient, alice: Walk, mallory: Walk, name: str, code: str
) -> None:
    with pytest.raises(SignInError) as caught:
        exchange(call, client, {**alice.options(), name: mallory.options()[name]})

    assert caught.value.code == code


def test_the_login_of_another_browser_with_only_the_nonce_kept(
    call: Call, client: OAuthClient, alice: Walk, mallory: Walk
) -> None:
    with pytest.raises(SignInError) as caught:
        exchange(call, client, {**mallory.options(), "nonce": alice.request.nonce})

    assert caught.value.code == "nonce_mismatch"


@pytest.mark.parametrize("name", ["code", "code_verifier", "redirect_uri"])
@pytest.mark.parametrize("value", [None, "", "x" * 50, "https://app.example/cb?tenant=1"])
def test_a_value_that_is_withheld_or_invented(
    call: Call, client: OAuthClient, alice: Walk, name: str, value: Any
) -> None:
    with pytest.raises((SignInError, ConfigurationError)):
        exchange(call, client, {**alice.options(), name: value})


def test_the_redirect_uri_of_another_page_of_the_app(call: Call, client: OAuthClient, alice: Walk) -> None:
    with pytest.raises(SignInError) as caught:
        exchange(call, client, {**alice.options(), "redirect_uri": "https://app.example/cb?tenant=1"})

    assert caught.value.code == "sign_in_misconfigured"


def test_a_callback_that_is_replayed(call: Call, client: OAuthClient, alice: Walk) -> None:
    exchange(call, client, alice.options())

    with pytest.raises(SignInError) as caught:
        exchange(call, client, alice.options())

    assert caught.value.code == "code_rejected"


def test_an_answer_that_was_lost_has_used_the_code(
    call: Call, client: OAuthClient, login: LocalManagedLogin, alice: Walk
) -> None:
    login.behave("token", drop_answer=True, times=1)

    codes = []
    for _ in range(2):
        with pytest.raises(SignInError) as caught:
            exchange(call, client, alice.options())
        codes.append(caught.value.code)

    assert codes == ["sign_in_unavailable", "code_rejected"]


def test_a_code_that_is_too_old(call: Call, client: OAuthClient, clock: ManualClock, alice: Walk) -> None:
    clock.advance(300)

    with pytest.raises(SignInError) as caught:
        exchange(call, client, alice.options())

    assert caught.value.code == "code_rejected"


def test_the_app_client_of_another_app(call: Call, login: LocalManagedLogin, clock: ManualClock, alice: Walk) -> None:
    verifier = CognitoVerifier(login.user_pool, client_id=None, token_use="access", clock=clock)
    other = OAuthClient(verifier, client_id="anotherclient")

    with pytest.raises(SignInError) as caught:
        exchange(call, other, alice.options())

    assert caught.value.code == "sign_in_misconfigured"


# Refreshing


def test_the_refresh_token_of_another_user(call: Call, client: OAuthClient, alice: Walk, mallory: Walk) -> None:
    hers = exchange(call, client, alice.options())
    theirs = exchange(call, client, mallory.options())

    with pytest.raises(SignInError) as caught:
        call(client, "refresh", theirs.refresh_token, previous=hers)

    assert caught.value.code == "token_rejected"
    assert call(client, "refresh", hers.refresh_token, previous=hers).claims.username == "alice"


def test_the_refresh_token_of_an_earlier_login_of_the_same_user(
    call: Call, client: OAuthClient, clock: ManualClock, alice: Walk
) -> None:
    earlier = exchange(call, client, alice.options())
    clock.advance(60)
    later = exchange(call, client, walked(client, "alice").options())

    with pytest.raises(SignInError) as caught:
        call(client, "refresh", earlier.refresh_token, previous=later)

    assert caught.value.code == "token_rejected"


@pytest.mark.parametrize("login_settings", [{"rotation": True}])
def test_a_refresh_token_that_was_rotated_away(call: Call, client: OAuthClient, alice: Walk) -> None:
    first = exchange(call, client, alice.options())
    second = call(client, "refresh", first.refresh_token, previous=first)
    assert second.refresh_token != first.refresh_token

    with pytest.raises(SignInError) as caught:
        call(client, "refresh", first.refresh_token, previous=first)

    assert caught.value.code == "session_expired"


@pytest.mark.parametrize("login_settings", [{"client_secret": "the_secret_of_the_app"}])
@pytest.mark.parametrize("secret", [None, "another_secret"])
def test_an_app_that_does_not_know_the_secret(
    call: Call, login: LocalManagedLogin, clock: ManualClock, secret: str | None
) -> None:
    verifier = CognitoVerifier(login.user_pool, client_id=login.client_id, token_use="access", clock=clock)
    thief = OAuthClient(verifier, client_id=login.client_id, client_secret=secret)

    with pytest.raises(SignInError) as caught:
        exchange(call, thief, walked(thief, "alice").options())

    assert caught.value.code == "sign_in_misconfigured"
