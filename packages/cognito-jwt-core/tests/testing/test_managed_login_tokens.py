"""`/oauth2/token`, `/oauth2/revoke` and `/oauth2/userInfo`: the rules of the AWS pages of these endpoints."""

import base64
import hashlib
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import pytest
import requests
from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.testing import LocalManagedLogin, ManualClock
from cognito_test_kit.login_walk import App, error_of, payload_of, query_of

SECRET = "s3cret+with_plus"


class MakeLogin(Protocol):
    def __call__(self, **settings: object) -> LocalManagedLogin: ...


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


# Codes


def test_code_is_good_once(app: App) -> None:
    code = app.code()

    assert app.exchange(code).status_code == 200
    assert error_of(app.exchange(code)) == (400, "invalid_grant")


def test_code_is_good_for_five_minutes(app: App, clock: ManualClock) -> None:
    late, in_time = app.code(), app.code()

    clock.advance(299)
    assert app.exchange(in_time).status_code == 200
    clock.advance(1)
    assert error_of(app.exchange(late)) == (400, "invalid_grant")


def test_code_is_exchanged_by_one_of_many_at_once(app: App) -> None:
    code = app.code()

    with ThreadPoolExecutor(8) as threads:
        statuses = [answer.status_code for answer in threads.map(app.exchange, [code] * 8)]

    assert sorted(statuses) == [200] + [400] * 7


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "never issued"}, "invalid_grant"),
        ({"code": None}, "invalid_request"),
        ({"code_verifier": "x" * 50}, "invalid_grant"),
        ({"code_verifier": None}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"redirect_uri": "https://app.example/cb?tenant=1"}, "unauthorized_client"),
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"client_id": "another"}, "invalid_client"),
        ({"client_id": None}, "invalid_request"),
        ({"client_secret": "guess"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
    ],
)
def test_exchange_with_a_mistake_is_refused(app: App, changes: dict[str, str | None], error: str) -> None:
    assert error_of(app.exchange(app.code(), **changes)) == (400, error)


def test_another_redirect_uri_is_named_in_the_description(app: App) -> None:
    answer = app.exchange(app.code(), redirect_uri="https://app.example/cb?tenant=1")

    assert answer.json()["error_description"] == "invalid_redirect"


def test_failed_exchange_uses_the_code_up(app: App) -> None:
    code = app.code()
    app.exchange(code, code_verifier="x" * 50)

    assert error_of(app.exchange(code)) == (400, "invalid_grant")


def test_failed_client_authentication_leaves_the_code(app: App) -> None:
    code = app.code()
    app.exchange(code, client_id="another")

    assert app.exchange(code).status_code == 200


@pytest.mark.parametrize("verifier", ["x" * 42, "x" * 129, "x" * 43 + "!", "x" * 43 + "é"])
def test_verifier_of_the_wrong_form_is_refused_though_its_hash_is_right(app: App, verifier: str) -> None:
    """RFC 7636 section 4.1; flask-cognito-lib sent short ones."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

    code = app.code(code_challenge=challenge)

    assert error_of(app.exchange(code, code_verifier=verifier)) == (400, "invalid_grant")


def test_code_without_challenge_takes_no_verifier(app: App) -> None:
    """RFC 9700 section 4.8.2: PKCE downgrade."""
    without = {"code_challenge": None, "code_challenge_method": None}

    assert error_of(app.exchange(app.code(**without))) == (400, "invalid_grant")
    assert app.exchange(app.code(**without), code_verifier=None).status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
@pytest.mark.parametrize("endpoint", ["token", "revoke"])
def test_only_forms_are_read(app: App, endpoint: str, content_type: str) -> None:
    body = f"grant_type=refresh_token&refresh_token=x&token=x&client_id={app.client_id}"
    headers = {"Content-Type": content_type}

    answer = requests.post(f"{app.domain}/oauth2/{endpoint}", data=body, headers=headers, timeout=10)

    assert error_of(answer) == (400, "invalid_request")


def test_content_type_may_have_a_charset(app: App) -> None:
    body = f"token=x&client_id={app.client_id}"
    headers = {"Content-Type": "Application/X-WWW-Form-URLEncoded; charset=UTF-8"}

    assert requests.post(f"{app.domain}/oauth2/revoke", data=body, headers=headers, timeout=10).status_code == 200


def test_repeated_parameter_is_refused(app: App) -> None:
    """RFC 6749 section 3.2."""
    form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "a"),
        ("refresh_token", "b"),
        ("client_id", app.client_id),
    ]

    assert error_of(requests.post(f"{app.domain}/oauth2/token", data=form, timeout=10)) == (400, "invalid_request")


@pytest.mark.parametrize("endpoint", ["token", "revoke"])
def test_only_post_is_allowed(app: App, endpoint: str) -> None:
    answer = requests.get(f"{app.domain}/oauth2/{endpoint}", timeout=10)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_no_answer_of_the_token_endpoint_may_be_stored(app: App) -> None:
    """RFC 6749 section 5.1."""
    answers = [app.exchange(app.code()), app.exchange("never issued")]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store", "no-store"]
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json;charset=UTF-8"}


# Client authentication


@pytest.mark.parametrize("login_settings", [{"client_secret": SECRET}])
@pytest.mark.parametrize(
    ("headers", "changes", "error"),
    [
        ({}, {}, "invalid_client"),
        ({}, {"client_id": None}, "invalid_client"),
        ({}, {"client_secret": "guess"}, "invalid_client"),
        ({}, {"client_secret": "é"}, "invalid_client"),
        ({}, {"client_secret": ""}, "invalid_client"),
        ({}, {"client_secret": SECRET, "client_id": None}, "invalid_client"),
        ({}, {"client_secret": SECRET, "client_id": "another"}, "invalid_client"),
        ({"Authorization": basic("abcdef123456:guess")}, {}, "invalid_client"),
        ({"Authorization": basic("abcdef123456:")}, {}, "invalid_client"),
        ({"Authorization": basic("abcdef123456")}, {}, "invalid_client"),
        ({"Authorization": basic(f"another:{SECRET}")}, {}, "invalid_client"),
        ({"Authorization": basic(f"another:{SECRET}")}, {"client_id": None}, "invalid_client"),
        ({"Authorization": basic(f"abcdef123456:{SECRET}")}, {"client_id": "another"}, "invalid_client"),
        ({"Authorization": basic("abcdef123456:s3cret%2Bwith_plus")}, {}, "invalid_client"),
        ({"Authorization": basic(f"abcdef123456:{SECRET}")}, {"client_secret": SECRET}, "invalid_request"),
        ({"Authorization": "Basic ?"}, {}, "invalid_client"),
        ({"Authorization": "Basic gICA"}, {}, "invalid_client"),
        ({"Authorization": basic(f"abcdef123456:{SECRET}").replace("Basic", "Bearer")}, {}, "invalid_client"),
    ],
)
def test_confidential_client_has_to_show_its_secret_in_one_way(
    app: App, headers: dict[str, str], changes: dict[str, str | None], error: str
) -> None:
    form = {"token": "x", "grant_type": "refresh_token", "refresh_token": "x", "client_id": app.client_id, **changes}
    given = {name: value for name, value in form.items() if value is not None}

    at_token = requests.post(f"{app.domain}/oauth2/token", data=given, headers=headers, timeout=10)
    at_revoke = requests.post(f"{app.domain}/oauth2/revoke", data=given, headers=headers, timeout=10)

    assert error_of(at_token) == (400, error)
    assert error_of(at_revoke) == (401 if error == "invalid_client" else 400, error)


@pytest.mark.parametrize("login_settings", [{"client_secret": SECRET}])
def test_confidential_client_may_send_its_secret_by_basic_or_in_the_form(login: LocalManagedLogin) -> None:
    by_basic, in_form = App(login.domain, login.client_id, SECRET), App(login.domain, login.client_id)

    assert by_basic.exchange(by_basic.code()).status_code == 200
    assert by_basic.exchange(by_basic.code(), client_id=None).status_code == 200
    assert in_form.exchange(in_form.code(), client_secret=SECRET).status_code == 200


@pytest.mark.parametrize("login_settings", [{"client_secret": ("old_secret", "new_secret")}])
def test_two_secrets_are_good_while_one_replaces_the_other(login: LocalManagedLogin) -> None:
    for secret in ("old_secret", "new_secret"):
        app = App(login.domain, login.client_id, secret)
        assert app.exchange(app.code()).status_code == 200


def test_public_client_has_no_use_for_an_authorization_header(login: LocalManagedLogin) -> None:
    app = App(login.domain, login.client_id, "guess")

    assert error_of(app.exchange(app.code())) == (400, "invalid_client")


# Tokens


def test_tokens_verify_with_the_keys_below_the_issuer(login: LocalManagedLogin, app: App, clock: ManualClock) -> None:
    tokens = app.tokens()

    of_access = CognitoVerifier(login.user_pool, client_id=app.client_id, token_use="access", clock=clock)
    of_id = CognitoVerifier(login.user_pool, client_id=app.client_id, token_use="id", clock=clock)
    access, identity = of_access.verify(tokens["access_token"]), of_id.verify(tokens["id_token"])

    assert access.issuer == identity.issuer == f"{login.domain}/{login.pool.id}"
    assert access.sub == identity.sub
    assert access.groups == identity.groups == ("admin", "staff")
    assert access.username == identity.username == "alice"


def test_answer_has_the_members_of_the_page(app: App) -> None:
    tokens = app.tokens()

    assert set(tokens) == {"access_token", "id_token", "refresh_token", "expires_in", "token_type"}
    assert (tokens["expires_in"], tokens["token_type"]) == (3600, "Bearer")


def test_id_token_is_bound_to_login_and_access_token(app: App) -> None:
    tokens = app.tokens(nonce="n-0S6_WzA2Mj")
    identity, access = payload_of(tokens["id_token"]), payload_of(tokens["access_token"])
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]

    assert identity["nonce"] == "n-0S6_WzA2Mj"
    assert identity["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert "nonce" not in access


def test_login_without_nonce_has_none(app: App) -> None:
    assert "nonce" not in payload_of(app.tokens(nonce=None)["id_token"])


def test_tokens_of_a_sign_in_share_its_ids_and_have_their_own(app: App) -> None:
    first, second = app.tokens(), app.tokens()
    refreshed = app.refresh(first["refresh_token"]).json()
    claims = [payload_of(text) for text in (first["access_token"], first["id_token"], refreshed["access_token"])]

    assert len({claim["origin_jti"] for claim in claims}) == 1
    assert len({claim["jti"] for claim in claims}) == 3
    assert all(uuid.UUID(claim["jti"]) for claim in claims)
    assert payload_of(second["access_token"])["origin_jti"] != claims[0]["origin_jti"]


@pytest.mark.parametrize("login_settings", [{"access_seconds": 300}])
def test_lifetime_is_that_of_the_settings(app: App) -> None:
    tokens = app.tokens()

    for name in ("access_token", "id_token"):
        claims = payload_of(tokens[name])
        assert claims["exp"] - claims["iat"] == 300
    assert tokens["expires_in"] == 300


ATTRIBUTES = {"email": "a@example.com", "email_verified": False, "phone_number": "+4930", "custom:tenant": "x"}


@pytest.mark.parametrize("login_settings", [{"authenticate": lambda _username, _password: ATTRIBUTES}])
@pytest.mark.parametrize(
    ("scope", "attributes"),
    [
        ("openid", set(ATTRIBUTES)),
        ("openid aws.cognito.signin.user.admin", set(ATTRIBUTES)),
        ("openid profile", set(ATTRIBUTES)),
        ("openid email", {"email", "email_verified"}),
        ("openid phone", {"phone_number"}),
        ("openid email phone", {"email", "email_verified", "phone_number"}),
    ],
)
def test_scopes_decide_on_the_attributes(app: App, scope: str, attributes: set[str]) -> None:
    target = app.browser.sign_in(app.url(scope=scope), "carol", "any")

    tokens = app.exchange(query_of(target)["code"]).json()
    info = app.user_info(tokens["access_token"]).json()

    assert set(ATTRIBUTES).intersection(payload_of(tokens["id_token"])) == attributes
    assert set(ATTRIBUTES).intersection(payload_of(tokens["access_token"])) == set()
    assert set(info) == {"sub", "username"} | attributes


# userInfo


def test_user_info_gives_booleans_as_text(app: App) -> None:
    tokens = app.tokens()

    assert app.user_info(tokens["access_token"]).json() == {
        "sub": payload_of(tokens["access_token"])["sub"],
        "username": "alice",
        "email": "alice@example.com",
        "email_verified": "true",
    }


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_user_info_without_a_bearer_token_is_an_invalid_request(app: App, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = requests.get(f"{app.domain}/oauth2/userInfo", headers=headers, timeout=10)

    assert error_of(answer) == (400, "invalid_request")
    assert answer.headers["WWW-Authenticate"].startswith('error="invalid_request", error_description="')


def test_user_info_takes_access_tokens_of_the_token_endpoint_only(login: LocalManagedLogin, app: App) -> None:
    tokens = app.tokens()
    not_issued = login.pool.access_token("alice", iss=login.user_pool.issuer, scopes=["openid"])

    for token in (tokens["id_token"], tokens["refresh_token"], not_issued, "x"):
        answer = app.user_info(token)
        assert error_of(answer) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"].startswith('error="invalid_token", error_description="')


def test_user_info_needs_openid(app: App) -> None:
    tokens = app.tokens(scope="aws.cognito.signin.user.admin")

    assert error_of(app.user_info(tokens["access_token"])) == (401, "invalid_token")


def test_user_info_refuses_an_expired_token_from_the_second_of_its_end(app: App, clock: ManualClock) -> None:
    tokens = app.tokens()

    clock.advance(3599)
    assert app.user_info(tokens["access_token"]).status_code == 200
    clock.advance(1)
    assert error_of(app.user_info(tokens["access_token"])) == (401, "invalid_token")


def test_user_info_is_got(app: App) -> None:
    answer = requests.post(f"{app.domain}/oauth2/userInfo", data={}, timeout=10)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


# Refresh


def test_refresh_token_has_the_form_and_size_of_cognitos(app: App) -> None:
    token = app.tokens()["refresh_token"]

    assert token.count(".") == 4
    assert 1_700 < len(token) < 1_900
    assert token != app.tokens()["refresh_token"]


def test_refresh_without_rotation_gives_no_refresh_token_and_may_be_repeated(app: App, clock: ManualClock) -> None:
    tokens = app.tokens()
    clock.advance(1800)

    first, second = (app.refresh(tokens["refresh_token"]).json() for _ in range(2))

    assert set(first) == set(second) == {"access_token", "id_token", "expires_in", "token_type"}
    assert first["access_token"] != second["access_token"]


def test_refreshed_tokens_keep_who_and_when(app: App, clock: ManualClock) -> None:
    """OIDC Core section 12.2."""
    tokens = app.tokens()
    clock.advance(1800)

    refreshed = app.refresh(tokens["refresh_token"]).json()

    for name in ("access_token", "id_token"):
        before, after = payload_of(tokens[name]), payload_of(refreshed[name])
        for claim in ("iss", "sub", "auth_time", "origin_jti", "event_id"):
            assert after[claim] == before[claim]
        assert after["iat"] == before["iat"] + 1800
    assert "nonce" not in payload_of(refreshed["id_token"])
    assert app.user_info(refreshed["access_token"]).status_code == 200


def test_refreshed_tokens_have_the_groups_of_now(make_login: MakeLogin) -> None:
    groups = {"alice": ["admin"]}
    with make_login(groups=groups).serve() as domain:
        app = App(domain, "abcdef123456")
        tokens = app.tokens()
        groups["alice"] = ["former-admin"]

        refreshed = app.refresh(tokens["refresh_token"]).json()

    assert payload_of(tokens["access_token"])["cognito:groups"] == ["admin"]
    for name in ("access_token", "id_token"):
        assert payload_of(refreshed[name])["cognito:groups"] == ["former-admin"]


def test_refresh_without_openid_gives_no_id_token(app: App) -> None:
    tokens = app.tokens(scope="aws.cognito.signin.user.admin")

    assert set(app.refresh(tokens["refresh_token"]).json()) == {"access_token", "expires_in", "token_type"}


@pytest.mark.parametrize("rotation", [False, True])
def test_refresh_token_lives_from_the_sign_in_on_however_often_it_is_used(
    make_login: MakeLogin, clock: ManualClock, rotation: bool
) -> None:
    with make_login(rotation=rotation, refresh_seconds=7200).serve() as domain:
        app = App(domain, "abcdef123456")
        token = app.tokens()["refresh_token"]

        for _ in range(3):
            clock.advance(2399)
            token = app.refresh(token).json().get("refresh_token", token)
        clock.advance(3)

        assert error_of(app.refresh(token)) == (400, "invalid_grant")


@pytest.mark.parametrize("token", ["x", "", "a.b.c.d.e"])
def test_unknown_refresh_token_is_an_invalid_grant(app: App, token: str) -> None:
    assert error_of(app.refresh(token)) == (400, "invalid_grant")


def test_access_token_does_not_refresh(app: App) -> None:
    assert error_of(app.refresh(app.tokens()["access_token"])) == (400, "invalid_grant")


@pytest.mark.parametrize("login_settings", [{"rotation": True}])
def test_rotated_token_dies_at_once_without_grace(app: App) -> None:
    first = app.tokens()["refresh_token"]

    second = app.refresh(first).json()["refresh_token"]

    assert second != first
    assert error_of(app.refresh(first)) == (400, "invalid_grant")
    assert app.refresh(second).status_code == 200  # reuse does not revoke the family: no page says so


@pytest.mark.parametrize("login_settings", [{"rotation": True}])
def test_one_of_many_refreshes_at_once_wins_without_grace(app: App) -> None:
    token = app.tokens()["refresh_token"]

    with ThreadPoolExecutor(8) as threads:
        statuses = [answer.status_code for answer in threads.map(app.refresh, [token] * 8)]

    assert sorted(statuses) == [200] + [400] * 7


@pytest.mark.parametrize("login_settings", [{"rotation": True, "grace_seconds": 10}])
def test_rotated_token_works_during_the_grace_that_its_first_use_began(app: App, clock: ManualClock) -> None:
    first = app.tokens()["refresh_token"]
    clock.advance(100)

    answers = [app.refresh(first)]
    clock.advance(9)
    answers.append(app.refresh(first))
    clock.advance(1)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({answer.json()["refresh_token"] for answer in answers}) == 2
    assert error_of(app.refresh(first)) == (400, "invalid_grant")
    assert [app.refresh(answer.json()["refresh_token"]).status_code for answer in answers] == [200, 200]


# Revocation


def test_revoked_refresh_token_is_an_invalid_grant_and_its_access_token_is_refused_by_cognito(app: App) -> None:
    tokens, other = app.tokens(), app.tokens()

    answer = app.revoke(tokens["refresh_token"])

    assert (answer.status_code, answer.content) == (200, b"")
    assert error_of(app.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert error_of(app.user_info(tokens["access_token"])) == (401, "invalid_token")
    assert app.refresh(other["refresh_token"]).status_code == 200  # "The user's other refresh tokens live on"
    assert app.user_info(other["access_token"]).status_code == 200


@pytest.mark.parametrize("login_settings", [{"rotation": True, "grace_seconds": 10}])
def test_revocation_ends_every_token_of_the_sign_in(app: App) -> None:
    first = app.tokens()["refresh_token"]
    second = app.refresh(first).json()

    app.revoke(first)

    assert error_of(app.refresh(second["refresh_token"])) == (400, "invalid_grant")
    assert error_of(app.user_info(second["access_token"])) == (401, "invalid_token")


def test_unknown_or_revoked_token_is_revoked_with_success(app: App) -> None:
    token = app.tokens()["refresh_token"]

    assert [app.revoke(text).status_code for text in (token, token, "x", "")] == [200, 200, 200, 200]


@pytest.mark.parametrize("name", ["access_token", "id_token"])
def test_only_refresh_tokens_can_be_revoked(app: App, name: str) -> None:
    assert error_of(app.revoke(app.tokens()[name])) == (400, "unsupported_token_type")


def test_public_client_has_to_name_itself_to_revoke(app: App) -> None:
    assert error_of(app.revoke("x", client_id=None)) == (400, "invalid_request")
    assert error_of(app.revoke("x", client_id="another")) == (401, "invalid_client")


def test_revocation_without_a_token_is_an_invalid_request(app: App) -> None:
    assert error_of(app.post("revoke", {"client_id": app.client_id})) == (400, "invalid_request")


@pytest.mark.parametrize("login_settings", [{"revocation": False}])
def test_without_revocation_nothing_is_revoked_and_tokens_have_no_ids(app: App) -> None:
    tokens = app.tokens()

    assert error_of(app.revoke(tokens["refresh_token"])) == (400, "invalid_request")
    assert app.refresh(tokens["refresh_token"]).status_code == 200
    for name in ("access_token", "id_token"):
        assert not {"jti", "origin_jti"} & set(payload_of(tokens[name]))


@pytest.mark.parametrize(
    "login_settings", [{"authenticate": lambda _username, _password: {"acr": "urn:cognito:loa:4", "amr": ["pwd"]}}]
)
def test_both_tokens_have_the_level_of_the_sign_in(app: App) -> None:
    target = app.browser.sign_in(app.url(scope="openid email"), "carol", "any")

    tokens = app.exchange(query_of(target)["code"]).json()
    for token in (tokens["access_token"], tokens["id_token"]):
        payload = payload_of(token)
        assert (payload["acr"], payload["amr"]) == ("urn:cognito:loa:4", ["pwd"])
    assert "acr" not in app.user_info(tokens["access_token"]).json()
