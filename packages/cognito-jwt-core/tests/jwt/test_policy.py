import re
from typing import Literal

import pytest
from cognito_jwt_core import CognitoVerifier, ConfigurationError
from cognito_jwt_core.errors import shown
from cognito_jwt_core.jwt.policy import name_set
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.messages import Messages


class Names:
    """Something else than names, that can be gone through nevertheless."""

    def __getitem__(self, index: int) -> str:
        return ["admin"][index]

    def __repr__(self) -> str:
        return "<Names>"


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
    found = name_set("groups", value)  # type: ignore[arg-type]

    assert found is not None
    assert found.names == names
    assert found.as_set == set(names)


def test_none_requires_nothing() -> None:
    assert name_set("groups", None) is None


@pytest.mark.parametrize(
    "value",
    [
        [],
        (),
        set(),
        "",
        ["admin", ""],
        [None],
        ["admin", 1],
        [["admin"]],
        [b"admin"],
        b"admin",
        {"admin": 1},
        1,
        False,
        iter(["admin"]),
        Names(),
    ],
)
def test_anything_else_is_no_set_of_names(messages: Messages, value: object) -> None:
    with messages.raises(ConfigurationError):
        name_set("groups", value)  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["client_id", "audience", "groups", "scopes"])
@pytest.mark.parametrize("value", [[], "", b"x", [1], 1, {"x": 1}])
def test_names_of_a_verifier_are_checked_when_it_is_built(
    messages: Messages, pool: LocalUserPool, option: str, value: object
) -> None:
    options: dict[str, object] = {"client_id": None, "token_use": None, "jwks": pool.jwks, option: value}

    with messages.raises(ConfigurationError) as caught:
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
        ("leeway", 86_400.5),
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
        ("cache_size", 10_000_001),
        ("custom_check", "check"),
        ("custom_check", 1),
        ("custom_check", CognitoVerifier),
    ],
)
def test_other_options_are_checked_when_it_is_built(pool: LocalUserPool, option: str, value: object) -> None:
    options: dict[str, object] = {"client_id": None, "token_use": None, "jwks": pool.jwks, option: value}

    with pytest.raises(ConfigurationError) as caught:
        CognitoVerifier(pool.id, **options)  # type: ignore[arg-type]

    assert re.match(rf"{option}: expected .*, found ", str(caught.value))
    assert str(caught.value).endswith(f"found {shown(value)}")


@pytest.mark.parametrize("option", ["client_id", "token_use"])
def test_what_is_not_checked_must_be_spelled_out(pool: LocalUserPool, option: str) -> None:
    options: dict[str, object] = {"client_id": None, "token_use": None}
    del options[option]

    with pytest.raises(TypeError, match=option):
        CognitoVerifier(pool.id, jwks=pool.jwks, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("leeway", [0, 0.0, 0.5, 60, 86_400])
def test_leeway_is_a_number_of_seconds_up_to_a_day(pool: LocalUserPool, leeway: float) -> None:
    verifier = CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=pool.jwks, leeway=leeway, clock=pool.clock)

    assert verifier.verify(pool.access_token(exp=1_700_003_600.5, nbf=1_699_999_999.5))


@pytest.mark.parametrize(("require", "is_enough"), [("any", True), ("all", False)])
def test_names_of_which_one_or_all_are_needed(require: Literal["any", "all"], is_enough: bool) -> None:
    names = name_set("groups", ["admin", "dev"], require)

    assert names is not None
    assert names.is_met_by(["dev"]) is is_enough
    assert names.is_met_by(["dev", "admin", "x"])
