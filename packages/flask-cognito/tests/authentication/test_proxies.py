"""The two proxies belong to one request, and are falsy where no user is authenticated."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from cognito_jwt_core import Claims, MissingClaimError
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages
from flask import Flask, copy_current_request_context, jsonify, session, stream_with_context
from flask.typing import ResponseReturnValue
from flask_cognito import (
    CognitoAuth,
    CognitoAuthError,
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

    def test_code_that_counts_on_a_claim_is_told_what_to_do(self, messages: Messages) -> None:
        with messages.raises(RuntimeError):
            current_cognito_jwt["username"]
        with messages.raises(RuntimeError):
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
        with pytest.raises(CognitoAuthError) as refused:
            current_cognito_jwt["email"]
        assert KeyError in type(refused.value).mro()
        assert MissingClaimError not in type(refused.value).mro()
        assert (refused.value.status_code, refused.value.error_code) == (403, "claim_required")
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


class TestWhatIsMissing:
    def test_outside_of_a_request(self) -> None:
        with pytest.raises(AttributeError):
            current_cognito_jwt.email  # type: ignore[attr-defined]  # noqa: B018
        with pytest.raises(RuntimeError, match="outside a request"):
            current_cognito_jwt["sub"]
        with pytest.raises(AttributeError, match="outside a request"):
            current_user.id  # noqa: B018
        with pytest.raises(TypeError, match="outside a request"):
            current_user["id"]

    def test_in_a_request_that_is_not_authenticated(self, app: Flask) -> None:
        with app.test_request_context():
            with pytest.raises(AttributeError, match="cognito_auth_required"):
                current_user.id  # noqa: B018
            assert getattr(current_user, "id", "none") == "none"
            assert repr(current_user) == "None"
            assert current_user.__class__ is type(None)

    @pytest.mark.parametrize(
        ("handler", "told"), [(None, "register an identity handler"), (lambda payload: None, "returned None")]
    )
    def test_where_there_is_no_user(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, handler: Any, told: str
    ) -> None:
        if handler is not None:
            auth.identity_handler(handler)
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token()}"}):
            verify_cognito_jwt()

            with pytest.raises(AttributeError, match=told):
                current_user.id  # noqa: B018
            with pytest.raises(TypeError, match=told):
                current_user["id"]

    @pytest.mark.parametrize(
        "used",
        [
            lambda: setattr(current_user, "last_seen", 1),
            lambda: list(current_user),
            lambda: len(current_user),
            lambda: "id" in current_user,
            lambda: current_user.__setitem__("id", 1),
            lambda: current_user("x"),
        ],
    )
    def test_a_user_that_is_none_is_explained_however_it_is_used(
        self, app: Flask, pool: LocalUserPool, used: Callable[[], object]
    ) -> None:
        with pytest.raises((AttributeError, TypeError), match="outside a request"):
            used()
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token()}"}):
            verify_cognito_jwt()
            with pytest.raises((AttributeError, TypeError), match="register an identity handler"):
                used()

    def test_a_user_is_used_as_it_is(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
        class User(dict[str, Any]):
            def __call__(self, *, name: str) -> str:
                return name

        auth.identity_handler(User)
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token('alice')}"}):
            verify_cognito_jwt()
            current_user.last_seen = 5
            current_user["id"] = 7

            assert (current_user.last_seen, current_user["id"], len(current_user)) == (5, 7, len(list(current_user)))
            assert current_user(name="bob") == "bob"

    @pytest.mark.parametrize("name", ["tenant", "username", "__doc__"])
    def test_the_claims_of_all_requests_store_nothing_of_one(self, name: str) -> None:
        with pytest.raises(AttributeError, match=r"flask\.g"):
            setattr(current_cognito_jwt, name, "secret")
        assert not hasattr(current_cognito_jwt, "__dict__")

    def test_a_user_is_read_by_attribute_and_by_key(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool) -> None:
        auth.identity_handler(dict)
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token('alice')}"}):
            verify_cognito_jwt()

            assert current_user["username"] == "alice"
            assert "alice" in current_user.values()
            with pytest.raises(AttributeError, match="'dict' object"):
                current_user.id  # noqa: B018

    def test_a_bad_cookie_that_counts_as_none(self, make_app: Callable[..., Flask], pool: LocalUserPool) -> None:
        app = make_app(COGNITO_JWT_HEADER_NAME="Cookie")
        with app.test_request_context(headers={"Cookie": f"session_token={pool.expired_token()}"}):
            assert verify_cognito_jwt(optional=True) is None

            with pytest.raises(RuntimeError, match="not accepted"):
                current_cognito_jwt["sub"]

    def test_a_claim_asked_for_as_an_attribute(self, app: Flask, pool: LocalUserPool) -> None:
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token()}"}):
            for claims in (verify_cognito_jwt(), current_cognito_jwt):
                with pytest.raises(AttributeError, match=r"claims\['exp'\]"):
                    claims.exp  # type: ignore[attr-defined]  # noqa: B018

    def test_in_a_generator_that_streams(self, app: Flask, pool: LocalUserPool) -> None:
        app.testing = True

        @app.get("/stream")
        @cognito_auth_required
        def stream() -> Any:
            return (str(current_cognito_jwt["sub"]) for _ in range(2))

        with pytest.raises(RuntimeError, match="stream_with_context"):
            app.test_client().get("/stream", headers={"Authorization": f"Bearer {pool.access_token()}"})


class TestCopies:
    """A copy is the app's own, and no request is refused because of it."""

    @pytest.mark.parametrize(
        "copied",
        [copy.copy, copy.deepcopy, lambda claims: claims.copy(), lambda claims: pickle.loads(pickle.dumps(claims))],  # noqa: S301
    )
    def test_are_plain_claims(self, app: Flask, pool: LocalUserPool, copied: Any) -> None:
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token()}"}):
            for claims in (verify_cognito_jwt(), current_cognito_jwt):
                found = copied(claims)
                assert type(found) is Claims
                assert found == claims
                with pytest.raises(MissingClaimError):
                    found["email"]

    def test_an_absent_claim_outside_of_an_app_is_an_answer_too(self, app: Flask, pool: LocalUserPool) -> None:
        with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token()}"}):
            claims = verify_cognito_jwt()

        with pytest.raises(CognitoAuthError) as refused:
            claims["email"]
        assert isinstance(refused.value, KeyError)
        assert refused.value.args == ("email",)
        assert pickle.loads(pickle.dumps(refused.value)).claim == "email"  # noqa: S301
        assert refused.value.get_response().status_code == 403

    def test_are_written_to_yaml_as_a_plain_dict(self, app: Flask, pool: LocalUserPool, bearer: Bearer) -> None:
        with app.test_request_context(headers=bearer(pool.access_token("alice", groups=["admin"]))):
            claims = verify_cognito_jwt()

            assert yaml.safe_load(yaml.safe_dump(dict(current_cognito_jwt))) == claims
            for refused in (current_cognito_jwt, claims):
                with pytest.raises(yaml.YAMLError):  # rather than text that YAML could not read again
                    yaml.safe_dump(refused)

    def test_what_reads_the_memory_of_a_dict_is_told(self) -> None:
        (unseen,) = dict.keys(current_cognito_jwt)

        assert "dict(current_cognito_jwt)" in repr(unseen)


def test_every_method_of_a_dict_is_that_of_the_claims(app: Flask, pool: LocalUserPool) -> None:
    with app.test_request_context(headers={"Authorization": f"Bearer {pool.access_token('alice')}"}):
        claims = verify_cognito_jwt()
        proxy: Any = current_cognito_jwt

        assert list(proxy) == list(proxy.keys()) == list(claims)
        assert list(reversed(proxy)) == list(reversed(claims))
        assert (list(proxy.values()), list(proxy.items())) == (list(claims.values()), list(claims.items()))
        assert (len(proxy), "sub" in proxy, proxy.get("email", "none")) == (len(claims), True, "none")
        assert (str(proxy), repr(proxy)) == (str(claims), repr(claims))
        assert (proxy | {"a": 1})["a"] == ({"a": 1} | proxy)["a"] == 1
        proxy["a"] = 1
        proxy.update(b=2)
        proxy |= {"c": 3}
        assert proxy.setdefault("d", 4) == claims["d"] == 4
        assert [proxy.pop(name) for name in "abc"] == [1, 2, 3]
        assert proxy.pop("a", None) is None
        del proxy["d"]
        assert proxy.popitem()[0] not in claims
        proxy.clear()
        assert claims == {}


class User:
    def __init__(self, name: str) -> None:
        self.name = name


class TestTheUserAsAKey:
    """A cache keeps the proxy, and compares it with itself: only the hash tells one user from the next."""

    def test_is_the_hash_of_a_value(self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer) -> None:
        name_of = lru_cache(lambda user: f"name {user}")
        auth.identity_handler(lambda payload: payload["username"])
        app.add_url_rule("/name", "name", cognito_auth_required(lambda: name_of(current_user)))
        client = app.test_client()

        for name in ("alice", "bob", "alice"):
            assert client.get("/name", headers=bearer(pool.access_token(name))).text == f"name {name}"
        assert name_of.cache_info().hits == 1

    def test_is_refused_where_the_hash_is_an_address(
        self, app: Flask, auth: CognitoAuth, pool: LocalUserPool, bearer: Bearer
    ) -> None:
        """The next user's object can get the address of one that is gone."""
        auth.identity_handler(lambda payload: User(payload["username"]))

        with app.test_request_context(headers=bearer(pool.access_token("alice"))):
            verify_cognito_jwt()
            with pytest.raises(TypeError, match="_get_current_object"):
                hash(current_user)
            assert hash(current_user._get_current_object())  # noqa: SLF001

    def test_is_that_of_none_without_a_user(self) -> None:
        assert hash(current_user) == hash(None)
