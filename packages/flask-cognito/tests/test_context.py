"""The two proxies: of one request alone, and falsy wherever nobody is authenticated."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cognito_jwt_core import Claims, MissingClaimError
from cognito_jwt_core.testing import LocalUserPool
from flask import Flask, copy_current_request_context, jsonify, session, stream_with_context
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    cognito_auth_required,
    current_cognito_jwt,
    current_user,
    verify_cognito_jwt,
)

Bearer = Callable[[str], dict[str, str]]


@pytest.fixture
def claims(app: Flask, pool: LocalUserPool, bearer: Bearer) -> Iterator[Claims]:
    """The claims of a request that is under way."""
    with app.test_request_context(headers=bearer(pool.access_token("alice", groups=["admin"]))):
        yield verify_cognito_jwt()


def nobody() -> bool:
    return not current_cognito_jwt and not current_user


class TestNobody:
    def test_outside_of_everything(self) -> None:
        assert nobody()

    def test_in_an_app_context(self, app: Flask) -> None:
        with app.app_context():
            assert nobody()

    def test_in_a_request_that_is_not_authenticated(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        with app.test_request_context(headers=bearer(pool.access_token())):
            assert nobody()

    def test_in_the_next_request_of_an_outer_app_context(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        auth.identity_handler(lambda payload: payload["username"])
        client = app.test_client()

        with app.app_context():
            assert client.get("/required", headers=bearer(pool.access_token("alice"))).get_json()["user"] == "alice"
            assert nobody()
            assert client.get("/optional").get_json() == {"claims": {}, "user": None}
            assert client.get("/open").get_json() == {"claims": {}, "user": None}

    def test_there_is_nothing_to_see(self) -> None:
        none: Any = None
        assert current_cognito_jwt == none
        assert (len(current_cognito_jwt), dict(current_cognito_jwt), repr(current_cognito_jwt)) == (0, {}, "None")
        assert current_cognito_jwt.get("sub") is None
        assert current_cognito_jwt.groups == ()
        assert json.dumps(current_cognito_jwt) == "{}"

    def test_whoever_counts_on_a_claim_is_told_what_to_do(self) -> None:
        with pytest.raises(RuntimeError, match="@cognito_auth_required"):
            current_cognito_jwt["username"]
        with pytest.raises(RuntimeError, match="@cognito_auth_required"):
            assert current_cognito_jwt.sub


class TestOneRequestAlone:
    def test_a_request_within_a_request_is_another(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        auth.identity_handler(lambda payload: payload["username"])

        @app.get("/nested")
        @cognito_auth_required
        def nested() -> ResponseReturnValue:
            inner = app.test_client().get("/required", headers=bearer(pool.access_token("bob"))).get_json()["user"]
            anonymous = app.test_client().get("/optional").get_json()["user"]
            return jsonify(inner, anonymous, str(current_user), current_cognito_jwt["username"])

        response = app.test_client().get("/nested", headers=bearer(pool.access_token("alice")))

        assert response.get_json() == ["bob", None, "alice", "alice"]

    def test_it_goes_with_a_copied_context_and_a_stream(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        @app.get("/streamed")
        @cognito_auth_required
        def streamed() -> ResponseReturnValue:
            @copy_current_request_context
            def later() -> str:
                return str(current_cognito_jwt["username"])

            def stream() -> Iterator[str]:
                yield later()
                yield str(current_cognito_jwt.username)

            return app.response_class(stream_with_context(stream()))

        response = app.test_client().get("/streamed", headers=bearer(pool.access_token("alice")))

        assert response.text == "alicealice"

    def test_nothing_done_to_the_claims_is_seen_by_the_next(
        self, app: Flask, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        @app.get("/changed")
        @cognito_auth_required
        def changed() -> ResponseReturnValue:
            found = copy.deepcopy(current_cognito_jwt)
            groups: Any = current_cognito_jwt["cognito:groups"]
            groups.append("admin")
            current_cognito_jwt["username"] = "root"
            return jsonify(found, current_cognito_jwt)

        headers = bearer(pool.access_token("alice", groups=["staff"]))
        for _ in range(2):
            before, after = app.test_client().get("/changed", headers=headers).get_json()
            assert (before["username"], before["cognito:groups"]) == ("alice", ["staff"])
            assert (after["username"], after["cognito:groups"]) == ("root", ["staff", "admin"])


class TestClaims:
    def test_are_those_of_the_token(self, claims: Claims) -> None:
        assert isinstance(current_cognito_jwt, Claims)
        assert isinstance(current_cognito_jwt, dict)
        assert current_cognito_jwt == claims
        assert claims == current_cognito_jwt
        assert current_cognito_jwt != {}
        assert (current_cognito_jwt.username, current_cognito_jwt.groups) == ("alice", ("admin",))

    def test_a_missing_one_says_so(self, claims: Claims) -> None:
        with pytest.raises(MissingClaimError):
            current_cognito_jwt["email"]
        with pytest.raises(AttributeError):
            current_cognito_jwt.email  # type: ignore[attr-defined]  # noqa: B018

    @pytest.mark.parametrize("debug", [True, False])
    def test_are_json(self, app: Flask, claims: Claims, debug: bool) -> None:
        app.debug = debug
        plain = dict(claims)

        assert json.loads(json.dumps(current_cognito_jwt)) == plain
        assert json.loads(json.dumps([{"c": current_cognito_jwt}], indent=2, sort_keys=True)) == [{"c": plain}]
        assert jsonify(current_cognito_jwt).get_json() == plain
        assert jsonify(claims=current_cognito_jwt).get_json() == {"claims": plain}
        assert app.make_response(current_cognito_jwt).get_json() == plain

    def test_the_pure_python_encoder_writes_the_same(self, claims: Claims) -> None:
        encoder = json.JSONEncoder()
        chunks = json.encoder._make_iterencode(  # type: ignore[attr-defined]  # noqa: SLF001
            None, encoder.default, json.dumps, None, float.__repr__, ": ", ", ", False, False, False
        )

        assert json.loads("".join(chunks(current_cognito_jwt, 0))) == dict(claims)

    @pytest.mark.parametrize(
        "copied",
        [
            dict,
            copy.copy,
            copy.deepcopy,
            lambda claims: claims.copy(),
            lambda claims: {**claims},
            lambda claims: {} | claims,
            lambda claims: claims | {},
            lambda claims: pickle.loads(pickle.dumps(claims)),  # noqa: S301
            lambda claims: dict(claims.items()),
            lambda claims: dict(zip(claims.keys(), claims.values(), strict=True)),
            lambda claims: {name: claims[name] for name in claims},
            lambda claims: {name: claims[name] for name in reversed(claims)},
            lambda claims: dict(**claims),
        ],
    )
    def test_can_be_copied_in_every_way(self, claims: Claims, copied: Callable[[Any], Any]) -> None:
        found = copied(current_cognito_jwt)

        assert found == dict(claims)
        assert type(found) in (dict, Claims)
        found["username"] = "bob"
        assert current_cognito_jwt["username"] == "alice"

    def test_can_be_changed_in_every_way(self, claims: Claims) -> None:
        current_cognito_jwt["a"] = 1
        current_cognito_jwt.update(b=2)
        assert current_cognito_jwt.setdefault("c", 3) == 3
        assert (claims["a"], claims["b"], claims["c"]) == (1, 2, 3)
        del current_cognito_jwt["a"]
        assert current_cognito_jwt.pop("b") == 2
        assert current_cognito_jwt.popitem() == ("c", 3)
        assert "a" not in current_cognito_jwt
        current_cognito_jwt.clear()
        assert len(claims) == 0
        assert not current_cognito_jwt

    def test_can_be_kept_in_the_session(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        app.secret_key = "not a secret"

        @app.post("/kept")
        @cognito_auth_required
        def keep() -> str:
            session["claims"] = current_cognito_jwt
            return "ok"

        @app.get("/kept")
        def kept() -> Any:
            return session["claims"]

        client = app.test_client()
        client.post("/kept", headers=bearer(pool.access_token("alice", groups=["admin"])))

        assert client.get("/kept").get_json()["cognito:groups"] == ["admin"]

    def test_can_be_formatted_and_matched(self, claims: Claims) -> None:
        assert "%(username)s" % current_cognito_jwt == "alice"  # noqa: UP031
        assert "{username}".format_map(current_cognito_jwt) == "alice"
        match current_cognito_jwt:
            case {"username": name}:
                assert name == "alice"
            case _:
                pytest.fail("no match")

    def test_show_no_personal_data(self, claims: Claims) -> None:
        assert "alice" not in repr(current_cognito_jwt) + str(current_cognito_jwt)

    def test_cannot_be_a_key(self, claims: Claims) -> None:
        with pytest.raises(TypeError):
            hash(current_cognito_jwt)

    def test_the_object_itself_can_be_had(self, claims: Claims) -> None:
        assert current_cognito_jwt._get_current_object() is claims  # type: ignore[attr-defined]  # noqa: SLF001
