import pytest
from cognito_jwt_core import Claims, GroupRequiredError, ScopeRequiredError
from cognito_jwt_core.authorization import require_groups, require_scopes
from cognito_jwt_core.policy import any_of

MEMBER = Claims({"token_use": "access", "cognito:groups": ["admin", "dev"], "scope": "todo/read todo/write"})


@pytest.mark.parametrize("required", ["admin", "dev", ["x", "dev"], {"admin", "x"}, None])
def test_one_of_the_groups_is_enough(required: str | list[str] | None) -> None:
    require_groups(MEMBER, any_of("groups", required))


@pytest.mark.parametrize("required", ["todo/read", ["x", "todo/write"], None])
def test_one_of_the_scopes_is_enough(required: str | list[str] | None) -> None:
    require_scopes(MEMBER, any_of("scopes", required))


@pytest.mark.parametrize(
    "group", ["adm", "admins", "ADMIN", "Admin", " admin", "admin ", "a", "dmi", "admin,dev", "\u0430dmin", "admin\0"]
)
def test_group_is_compared_whole_and_with_case(group: str) -> None:
    with pytest.raises(GroupRequiredError) as caught:
        require_groups(MEMBER, any_of("groups", group))

    assert caught.value.required == (group,)
    assert str(caught.value) == f"cognito:groups: expected {group}, found ('admin', 'dev')"


@pytest.mark.parametrize("scope", ["todo", "read", "todo/rea", "todo/reads", "TODO/READ", "todo/read todo/write", " "])
def test_scope_is_compared_whole_and_with_case(scope: str) -> None:
    with pytest.raises(ScopeRequiredError) as caught:
        require_scopes(MEMBER, any_of("scopes", scope))

    assert caught.value.required == (scope,)
    assert str(caught.value) == f"scope: expected {scope}, found ('todo/read', 'todo/write')"


def test_refusal_names_every_group_and_scope_in_the_order_given() -> None:
    with pytest.raises(GroupRequiredError, match=r"^cognito:groups: expected z or y or x, found ") as groups:
        require_groups(MEMBER, any_of("groups", ["z", "y", "x"]))
    with pytest.raises(ScopeRequiredError, match=r"^scope: expected z or y or x, found ") as scopes:
        require_scopes(MEMBER, any_of("scopes", ["z", "y", "x"]))

    assert groups.value.required == scopes.value.required == ("z", "y", "x")


@pytest.mark.parametrize(
    "groups",
    ["admin", "x admin y", ["x", ["admin"]], {"admin": True}, [{"admin": 1}], ["admin", 1], [True], None, 1, "", []],
)
def test_claim_of_the_wrong_type_is_no_group(groups: object) -> None:
    """A text is not a list of groups: no part of it ever matches."""
    with pytest.raises(GroupRequiredError, match=r"found \(\)$"):
        require_groups(Claims({"token_use": "access", "cognito:groups": groups}), any_of("groups", ["admin", "a", "1"]))


@pytest.mark.parametrize(
    "scope", [["todo/read"], {"todo/read": 1}, None, 1, True, "", "todo/read\u2003x", "x\ttodo/read"]
)
def test_claim_of_the_wrong_type_is_no_scope(scope: object) -> None:
    with pytest.raises(ScopeRequiredError):
        require_scopes(Claims({"token_use": "access", "scope": scope}), any_of("scopes", "todo/read"))


def test_who_is_in_no_group_and_has_no_scope_is_refused() -> None:
    with pytest.raises(GroupRequiredError):
        require_groups(Claims({"token_use": "access"}), any_of("groups", "admin"))
    with pytest.raises(ScopeRequiredError):
        require_scopes(Claims({"token_use": "access"}), any_of("scopes", "todo/read"))


def test_id_token_has_no_scopes() -> None:
    with pytest.raises(ScopeRequiredError):
        require_scopes(Claims({"token_use": "id", "scope": "todo/read"}), any_of("scopes", "todo/read"))


def test_what_is_found_is_shown_as_one_short_line() -> None:
    claims = Claims({"token_use": "access", "cognito:groups": ["a\r\nb", "\u202e" * 100]})

    with pytest.raises(GroupRequiredError) as caught:
        require_groups(claims, any_of("groups", "admin"))

    assert str(caught.value) == "cognito:groups: expected admin, found " + ascii(claims.groups)[:64]
