"""Every row of the table of answers, as a request to a real app."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Bearer = Callable[[str], dict[str, str]]
MakeApp = Callable[..., Flask]


def the_refusal(response: TestResponse) -> tuple[int, str, str, str | None]:
    """Status, error, code and challenge, of an answer that has the three members and no more."""
    body = response.get_json()
    assert set(body) == {"error", "description", "code"}
    assert response.mimetype == "application/json"
    return response.status_code, body["error"], body["code"], response.headers.get("WWW-Authenticate")


def test_no_token_is_answered_with_a_challenge_without_error_code(client: FlaskClient) -> None:
    response = client.get("/required")

    assert the_refusal(response) == (401, "Authorization Required", "authorization_required", 'Bearer realm="Cognito"')


@pytest.mark.parametrize("value", ["Basic YWxpY2U6c2VjcmV0", "Token abc", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"])
def test_another_scheme_is_answered_with_a_challenge_without_error_code(client: FlaskClient, value: str) -> None:
    response = client.get("/required", headers={"Authorization": value})

    assert the_refusal(response) == (401, "Invalid Cognito JWT header", "invalid_header", 'Bearer realm="Cognito"')


@pytest.mark.parametrize("value", ["Bearer", "bearer  ", "Bearer one two", "Bearer a, Bearer b"])
def test_a_header_without_one_token_is_an_invalid_request(client: FlaskClient, value: str) -> None:
    response = client.get("/required", headers={"Authorization": value})

    challenge = 'Bearer realm="Cognito", error="invalid_request"'
    assert the_refusal(response) == (401, "Invalid Cognito JWT header", "invalid_header", challenge)


def test_a_rejected_token_is_an_invalid_token(client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
    response = client.get("/required", headers=bearer(pool.expired_token()))

    challenge = 'Bearer realm="Cognito", error="invalid_token", error_description="The token has expired."'
    assert the_refusal(response) == (401, "Invalid Cognito Authentication Token", "token_expired", challenge)
    assert response.get_json()["description"] == "The token has expired."


def test_a_missing_group_is_an_insufficient_scope(client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
    response = client.get("/admin", headers=bearer(pool.access_token(groups=["Admin", "superadmin"])))

    challenge = 'Bearer realm="Cognito", error="insufficient_scope"'
    assert the_refusal(response) == (403, "Not Authorized", "group_required", challenge)


def test_a_missing_scope_is_named(client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
    response = client.get("/write", headers=bearer(pool.access_token(scopes=["todo/read"])))

    challenge = 'Bearer realm="Cognito", error="insufficient_scope", scope="todo/write"'
    assert the_refusal(response) == (403, "Not Authorized", "scope_required", challenge)


def test_a_cookie_from_another_site_is_refused_without_a_challenge(make_app: MakeApp, pool: LocalUserPool) -> None:
    client = make_app(COGNITO_JWT_HEADER_NAME="Cookie").test_client()
    client.set_cookie("session_token", pool.access_token())

    response = client.post("/required", headers={"Sec-Fetch-Site": "cross-site"})

    assert the_refusal(response) == (403, "Not Authorized", "cross_site_request", None)


def test_an_unknown_user_is_refused_without_a_challenge(make_app: MakeApp, pool: LocalUserPool, bearer: Bearer) -> None:
    app = make_app(COGNITO_IDENTITY_REQUIRED=True)
    app.extensions["cognito_auth"].identity_handler(lambda payload: None)

    response = app.test_client().get("/required", headers=bearer(pool.access_token()))

    assert the_refusal(response) == (403, "Not Authorized", "unknown_user", None)


def test_missing_keys_are_unavailable_for_now(make_app: MakeApp, pool: LocalUserPool, bearer: Bearer) -> None:
    with pool.serve() as url:
        pass
    client = make_app(COGNITO_JWKS=None, COGNITO_JWKS_URI=url).test_client()

    response = client.get("/required", headers=bearer(pool.access_token()))

    assert the_refusal(response) == (503, "Authentication Unavailable", "jwks_unavailable", None)
    assert int(response.headers["Retry-After"]) >= 1


@pytest.fixture
def rejected(pool: LocalUserPool, other_pool: LocalUserPool) -> dict[str, str]:
    """A token for each code of the core that one token can have."""
    alg, kid = pool.header["alg"], pool.header["kid"]
    return {
        "malformed_token": "abc",
        "algorithm_not_allowed": pool.sign({"alg": "HS256", "kid": kid}, pool.access_claims()),
        "unknown_key": pool.sign({"alg": alg, "kid": "unknown"}, pool.access_claims()),
        "invalid_signature": pool.badly_signed_token(),
        "invalid_claim": pool.access_token(sub=7),
        "invalid_issuer": pool.access_token(iss=other_pool.issuer),
        "token_expired": pool.expired_token(),
        "token_not_yet_valid": pool.not_yet_valid_token(),
        "invalid_token_use": pool.id_token(),
        "invalid_client": pool.access_token(client_id="another"),
        "invalid_audience": pool.access_token(aud="another-api"),
        "missing_claim": pool.sign(pool.header, {k: v for k, v in pool.access_claims().items() if k != "exp"}),
    }


def test_each_code_has_a_fixed_sentence_of_its_own(
    client: FlaskClient, rejected: dict[str, str], bearer: Bearer
) -> None:
    descriptions = set()
    for code, token in rejected.items():
        response = client.get("/required", headers=bearer(token))

        status, error, found, challenge = the_refusal(response)
        description = response.get_json()["description"]
        assert (status, error, found) == (401, "Invalid Cognito Authentication Token", code)
        assert challenge == f'Bearer realm="Cognito", error="invalid_token", error_description="{description}"'
        descriptions.add(description)
    assert len(descriptions) == len(rejected)


def test_answers_do_not_depend_on_debug_mode(
    make_app: MakeApp, pool: LocalUserPool, bearer: Bearer, rejected: dict[str, str]
) -> None:
    def answers(**config: Any) -> Iterator[tuple[int, bytes, list[tuple[str, str]]]]:
        client = make_app(**config).test_client()
        for token in (*rejected.values(), "one two", ""):
            response = client.get("/admin", headers=bearer(token))
            yield response.status_code, response.data, list(response.headers)

    assert list(answers()) == list(answers(DEBUG=True, TESTING=True)) == list(answers(PROPAGATE_EXCEPTIONS=True))


@pytest.mark.parametrize("path", ["/required", "/optional", "/admin", "/write"])
@pytest.mark.parametrize("is_signed_in", [True, False])
def test_answers_that_depend_on_a_token_vary_on_its_header(
    client: FlaskClient, pool: LocalUserPool, bearer: Bearer, path: str, is_signed_in: bool
) -> None:
    response = client.get(path, headers=bearer(pool.access_token()) if is_signed_in else {})

    assert list(response.vary) == ["Authorization"]


def test_other_answers_do_not_vary(client: FlaskClient, pool: LocalUserPool, bearer: Bearer) -> None:
    response = client.get("/open", headers=bearer(pool.access_token()))

    assert response.status_code == 200
    assert "Vary" not in response.headers


@pytest.mark.parametrize(
    ("config", "vary"),
    [
        ({"COGNITO_JWT_HEADER_NAME": "X-MyApp-Authorization"}, {"x-myapp-authorization"}),
        ({"COGNITO_JWT_HEADER_NAME": "Cookie"}, {"cookie"}),
        ({"COGNITO_TOKEN_LOCATIONS": ["header", "cookie"]}, {"authorization", "cookie"}),
    ],
)
def test_answers_vary_on_where_the_token_is_looked_for(
    make_app: MakeApp, config: dict[str, Any], vary: set[str]
) -> None:
    response = make_app(**config).test_client().get("/required")

    assert response.vary.as_set() == vary


def test_what_the_view_varies_on_is_kept(app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
    from flask_cognito import cognito_auth_required

    @app.get("/negotiated")
    @cognito_auth_required
    def negotiated() -> tuple[str, dict[str, str]]:
        return "ok", {"Vary": "Accept, authorization"}

    response = app.test_client().get("/negotiated", headers=bearer(pool.access_token()))

    assert response.vary.as_set() == {"accept", "authorization"}
    assert len(response.headers.getlist("Vary")) == 1


def test_an_answer_that_depends_on_an_unknown_header_is_private(make_app: MakeApp) -> None:
    from flask_cognito import CognitoAuth, cognito_auth_optional

    class FromQuery(CognitoAuth):
        def get_token(self) -> str | None:
            return None

    app = make_app(FromQuery)

    @app.get("/shared")
    @cognito_auth_optional
    def shared() -> tuple[str, dict[str, str]]:
        return "ok", {"Cache-Control": "public, s-maxage=600"}

    response = app.test_client().get("/shared")

    assert response.status_code == 200
    assert response.cache_control.private
    assert not response.cache_control.public
    assert response.cache_control.s_maxage is None


@pytest.mark.parametrize(
    ("realm", "quoted"),
    [("todo api", '"todo api"'), ('the "todo" api', r'"the \"todo\" api"'), ("back\\slash", r'"back\\slash"')],
)
def test_the_realm_is_a_quoted_string(make_app: MakeApp, realm: str, quoted: str) -> None:
    response = make_app(COGNITO_REALM=realm).test_client().get("/required")

    assert response.headers["WWW-Authenticate"] == f"Bearer realm={quoted}"
