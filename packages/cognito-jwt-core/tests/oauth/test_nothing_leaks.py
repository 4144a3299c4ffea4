"""No secret, code, verifier or token in any log, repr, message, pickle or URL of a whole run."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError, KeySettings, SignInError
from cognito_jwt_core.oauth import OAuthClient
from cognito_jwt_core.oauth.answers import TokenAnswer
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from cognito_test_kit.login_walk import App, Browser
from cognito_test_kit.scripted_login import Answer, Received, ScriptedLogin

SECRET = "Client_secret_of_the_app+0123456789"
CODE = "the-code-of-this-login"
STATE = "the-state-of-this-login"
VERIFIER = "V" * 43
# None of them stands in a line that a traceback would show.
REFRESH_TOKEN = "the-refresh-token"
ACCESS_TOKEN = "an.access.token"


PIECE_CHARACTERS = 16


def pieces(secret: str) -> Iterator[str]:
    """Yield parts of a secret, or all of a short one. Any 23 characters in a row contain one of these parts."""
    for start in range(0, max(1, len(secret) - PIECE_CHARACTERS + 1), PIECE_CHARACTERS // 2):
        yield secret[start : start + PIECE_CHARACTERS]


class Seen:
    """Every text that a run leaves behind, and the secrets that none of them may contain a part of."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self._caplog = caplog
        self.texts: list[str] = []
        self.secrets: dict[str, str] = {}

    def keep(self, **secrets: str | None) -> None:
        self.secrets.update({name: value for name, value in secrets.items() if value})

    def look_at(self, *values: object) -> None:
        for value in values:
            self.texts += [repr(value), str(value)]
            if isinstance(value, BaseException):
                self.texts.append("".join(traceback.format_exception(value)))
                self.texts.append(pickle.dumps(value, 0).decode("latin-1"))
                self.texts += [repr(one) for one in chain(value)]

    def leaks(self) -> set[str]:
        formatter = logging.Formatter("%(name)s %(message)s")
        records = [formatter.format(record) + repr(record.args) for record in self._caplog.records]
        everything = "\n".join([*self.texts, *records])
        return {name for name, value in self.secrets.items() if any(piece in everything for piece in pieces(value))}


def chain(error: BaseException) -> Iterator[BaseException]:
    """An error, what caused it and what it came in the midst of, with all that hangs on them."""
    todo, seen = [error], set()
    while todo:
        one = todo.pop()
        if id(one) not in seen:
            seen.add(id(one))
            yield one
            todo += [other for other in (one.__cause__, one.__context__) if other is not None]
            todo += [other for other in one.args if isinstance(other, BaseException)]


@pytest.fixture
def seen(caplog: pytest.LogCaptureFixture) -> Seen:
    caplog.set_level(logging.DEBUG)
    return Seen(caplog)


@pytest.fixture
def login_settings() -> dict[str, Any]:
    return {"client_secret": SECRET, "rotation": True}


def client_of(login: LocalManagedLogin, clock: ManualClock) -> OAuthClient:
    verifier = CognitoVerifier(login.user_pool, client_id=login.client_id, token_use="access", clock=clock)
    return OAuthClient(verifier, client_id=login.client_id, client_secret=SECRET)


def test_the_search_finds_what_is_planted(seen: Seen) -> None:
    seen.keep(message="secret-1", argument="secret-2", trace="secret-3", cause="secret-4", absent="secret-5")
    seen.keep(part="the first part of a secret and the rest of it")
    logging.getLogger("planted").debug("%s of %s", "secret-1", ["secret-2"])
    logging.getLogger("planted").debug("found irst part of a secret and")
    try:
        try:
            raise ValueError({"token": "secret-4"})
        except ValueError as error:
            raise ConfigurationError("secret-3") from error
    except ConfigurationError as error:
        seen.look_at(error)

    assert seen.leaks() == {"message", "argument", "trace", "cause", "part"}


def test_a_sign_in_from_its_beginning_to_its_end(seen: Seen, login: LocalManagedLogin, clock: ManualClock) -> None:
    client = client_of(login, clock)
    request = client.authorization_request(App.callback)
    code = client.read_callback(
        Browser().sign_in(request.url, "alice", "correct horse").partition("?")[2], state=request.state
    )
    tokens = client.exchange_code(
        code, redirect_uri=App.callback, code_verifier=request.code_verifier, nonce=request.nonce
    )
    newer = asyncio.run(client.refresh_async(tokens.refresh_token, previous=tokens))
    client.user_info(newer.access_token)
    client.revoke(newer.refresh_token or "")

    seen.keep(secret=SECRET, basic=b64encode(f"{login.client_id}:{SECRET}".encode()).decode())
    seen.keep(code=code, verifier=request.code_verifier)
    for number, one in enumerate((tokens, newer)):
        found = {"access": one.access_token, "id": one.id_token, "refresh": one.refresh_token}
        seen.keep(**{f"{name} {number}": value for name, value in found.items()})
        seen.look_at(one, one.identity, one.claims, one.id_claims)
    seen.look_at(client, request, request.url, client.logout_url("http://localhost/"))
    seen.look_at(*(received.path for received in login.requests))
    answer = TokenAnswer(tokens.access_token, tokens.id_token, tokens.refresh_token)
    seen.look_at(answer)

    assert len(seen.secrets) == 10
    assert seen.leaks() == set()


def echoed(request: Received) -> Answer:
    """Answer like a badly written proxy: repeat the request in an error."""
    return Answer(status=400, body={"error": "invalid_request", "error_description": f"{request.text} {request.form}"})


def echoed_as_error(request: Received) -> Answer:
    return Answer(status=400, body={"error": request.form, "error_description": None})


ANSWERS: list[Any] = [
    echoed,
    echoed_as_error,
    lambda request: Answer(body=request.text),
    lambda request: Answer(body={"access_token": request.form}),
    lambda request: Answer(status=500, body=request.text),
    lambda request: Answer(status=302, headers={"Location": f"/?{request.text}"}),
    lambda request: Answer(headers={"Content-Encoding": "br"}, body=request.text),
    lambda request: Answer(headers={"Content-Encoding": request.headers.get("authorization", "")}),
    lambda request: Answer(headers={"Content-Encoding": request.text}),
    lambda request: Answer(status=429, headers={"Retry-After": request.text}),
    lambda request: Answer(drop=True),
    lambda request: Answer(delay_seconds=5),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_that_repeat_the_request(seen: Seen, scripted: ScriptedLogin, answer: Any) -> None:
    for path in ("/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"):
        scripted.answers[path] = answer
    settings = KeySettings(timeout_seconds=0.5)
    client = scripted.client(scripted.verifier(key_settings=settings), client_secret=SECRET)
    seen.keep(secret=SECRET, basic=b64encode(f"{scripted.pool.client_id}:{SECRET}".encode()).decode())
    seen.keep(code=CODE, verifier=VERIFIER, refresh=REFRESH_TOKEN, access=ACCESS_TOKEN)
    calls: list[Any] = [
        lambda: client.exchange_code(CODE, redirect_uri=App.callback, code_verifier=VERIFIER, nonce="n"),
        lambda: client.refresh(REFRESH_TOKEN),
        lambda: client.revoke(REFRESH_TOKEN),
        lambda: client.user_info(ACCESS_TOKEN),
    ]

    for call in calls:
        try:
            call()
        except SignInError as error:
            seen.look_at(error)

    assert seen.texts
    assert seen.leaks() == set()


def encoded(text: str, before: str = "") -> str:
    return b64encode((before + text).encode()).decode()


@pytest.mark.parametrize(
    "repeated",
    [
        CODE[:20],
        CODE[-12:],
        VERIFIER[:12],
        SECRET[:20],
        SECRET[10:30],
        quote_plus(SECRET),
        encoded(SECRET),
        encoded(SECRET, "x"),
        encoded(SECRET, "xy"),
        urlsafe_b64encode(f"grant&{SECRET}&x".encode()).decode(),
        encoded(CODE, "code=")[:28],
    ],
)
def test_part_of_a_secret_or_another_form_of_it_is_not_repeated(scripted: ScriptedLogin, repeated: str) -> None:
    client = scripted.client(client_secret=SECRET)

    for body in ({"error": repeated}, {"error": "x", "error_description": f"no such thing: {repeated}, sorry"}):
        scripted.answers["/oauth2/token"] = Answer(status=400, body=body)
        with pytest.raises(SignInError) as caught:
            client.exchange_code(CODE, redirect_uri=App.callback, code_verifier=VERIFIER, nonce="n")
        assert repeated not in str(caught.value)


def test_other_words_of_an_error_are_shown(scripted: ScriptedLogin) -> None:
    scripted.answers["/oauth2/token"] = Answer(status=400, body={"error": "other", "error_description": CODE[:11]})

    with pytest.raises(SignInError) as caught:
        scripted.client(client_secret=SECRET).exchange_code(
            CODE, redirect_uri=App.callback, code_verifier=VERIFIER, nonce="n"
        )

    assert f"'other': '{CODE[:11]}'" in str(caught.value)


def test_tokens_that_do_not_verify(seen: Seen, scripted: ScriptedLogin) -> None:
    for changes in ({"access": {"client_id": "other"}}, {"identity": {"aud": "other"}}, {"identity": {"nonce": "x"}}):
        body = scripted.tokens(**changes)
        scripted.answers["/oauth2/token"] = Answer(body=body)
        with pytest.raises(SignInError) as caught:
            scripted.client().exchange_code("c", redirect_uri=App.callback, code_verifier="V" * 43, nonce="n")
        seen.keep(**{f"{name} {len(seen.secrets)}": str(body[name]) for name in ("access_token", "id_token")})
        seen.look_at(caught.value)

    assert len(seen.secrets) == 6
    assert seen.leaks() == set()


def test_the_callback_is_not_repeated(seen: Seen, scripted: ScriptedLogin) -> None:
    query = f"state={STATE}&code={CODE}"
    for changed in (f"{query}&code=x", f"{query}&state=x", f"{query}&iss=x", query.replace("login&", "login1&")):
        with pytest.raises(SignInError) as caught:
            scripted.client().read_callback(changed, state=STATE)
        seen.look_at(caught.value)
    seen.keep(state=STATE, code=CODE)

    assert seen.leaks() == set()
