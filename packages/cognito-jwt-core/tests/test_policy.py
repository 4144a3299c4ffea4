import re
import sys

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError
from cognito_jwt_core.policy import any_of
from cognito_jwt_core.testing import LocalUserPool


class Names:
    """Something else than names, that can be gone through nevertheless."""

    def __getitem__(self, index: int) -> str:
        return ["admin"][index]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("admin", ("admin",)),
        (["admin", "dev"], ("admin", "dev")),
        (("dev", "admin"), ("dev", "admin")),
        ({"admin"}, ("admin",)),
        (frozenset({"admin"}), ("admin",)),
        ({"admin": 1}.keys(), ("admin",)),
        (["admin", "admin"], ("admin", "admin")),
    ],
)
def test_names_are_kept_in_order_and_as_a_set(value: object, names: tuple[str, ...]) -> None:
    found = any_of("groups", value)  # type: ignore[arg-type]

    assert found is not None
    assert found.names == names
    assert found.name_set == set(names)


def test_none_requires_nothing() -> None:
    assert any_of("groups", None) is None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "groups: an empty collection can satisfy nobody; None means not required"),
        ((), "groups: an empty collection can satisfy nobody; None means not required"),
        (set(), "groups: an empty collection can satisfy nobody; None means not required"),
        ("", "groups: expected names, found ''"),
        (["admin", ""], "groups: expected names, found ''"),
        ([None], "groups: expected names, found None"),
        (["admin", 1], "groups: expected names, found 1"),
        ([["admin"]], r"groups: expected names, found \['admin'\]"),
        ([b"admin"], "groups: expected names, found b'admin'"),
        (b"admin", "groups: expected a str, a collection of str or None, found b'admin'"),
        ({"admin": 1}, "groups: expected a str, a collection of str or None, found {'admin': 1}"),
        (1, "groups: expected a str, a collection of str or None, found 1"),
        (False, "groups: expected a str, a collection of str or None, found False"),
        (iter(["admin"]), "groups: expected a str, a collection of str or None, found <list_iterator"),
        (Names(), "groups: expected a str, a collection of str or None, found <"),
    ],
)
def test_anything_else_is_no_set_of_names(value: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{message}"):
        any_of("groups", value)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["client_id", "audience", "groups", "scopes"])
@pytest.mark.parametrize("value", [[], "", b"x", [1], 1, {"x": 1}])
def test_names_of_a_verifier_are_checked_when_it_is_built(pool: LocalUserPool, option: str, value: object) -> None:
    options: dict[str, object] = {"client_id": None, "token_use": None, "jwks": pool.jwks, option: value}

    with pytest.raises(ConfigurationError, match=rf"^{option}: ") as caught:
        CognitoVerifier(pool.id, **options)  # type: ignore[arg-type]

    assert caught.value.code == "configuration"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("token_use", "refresh"),
        ("token_use", ""),
        ("token_use", "ACCESS"),
        ("token_use", ["access"]),
        ("token_use", True),
        ("leeway", -1),
        ("leeway", -0.001),
        ("leeway", float("nan")),
        ("leeway", float("inf")),
        ("leeway", 10**400),  # it could be added to no float
        ("leeway", "5"),
        ("leeway", True),
        ("leeway", None),
        ("check_expiration", None),
        ("check_expiration", 0),
        ("check_expiration", "false"),
        ("cache_size", -1),
        ("cache_size", True),
        ("cache_size", 1.0),
        ("cache_size", None),
        ("custom_check", "check"),
        ("custom_check", 1),
    ],
)
def test_other_options_are_checked_when_it_is_built(pool: LocalUserPool, option: str, value: object) -> None:
    options: dict[str, object] = {"client_id": None, "token_use": None, "jwks": pool.jwks, option: value}

    with pytest.raises(ConfigurationError) as caught:
        CognitoVerifier(pool.id, **options)  # type: ignore[arg-type]

    assert re.match(rf"{option}: expected .*, found ", str(caught.value))
    assert str(caught.value).endswith(f"found {ascii(value)[:64]}")


@pytest.mark.parametrize("option", ["client_id", "token_use"])
def test_what_is_not_checked_must_be_spelled_out(pool: LocalUserPool, option: str) -> None:
    options: dict[str, object] = {"client_id": None, "token_use": None}
    del options[option]

    with pytest.raises(TypeError, match=option):
        CognitoVerifier(pool.id, jwks=pool.jwks, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("leeway", [0, 0.0, 0.5, 60, sys.float_info.max])
def test_leeway_is_any_number_of_seconds(pool: LocalUserPool, leeway: float) -> None:
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, leeway=leeway, clock=pool.clock)

    assert verifier.verify(pool.access_token(exp=1_700_003_600.5, nbf=1_699_999_999.5))
