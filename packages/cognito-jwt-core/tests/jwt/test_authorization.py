import pytest
from cognito_jwt_core import (
    ClaimRequiredError,
    Claims,
    GroupRequiredError,
    InsufficientAuthenticationError,
    ScopeRequiredError,
)
from cognito_jwt_core.jwt.authorization import (
    require_claim,
    require_groups,
    require_scopes,
    require_sign_in,
    sign_in_demand,
)
from cognito_jwt_core.jwt.policy import NameSet, name_set
from cognito_test_kit.messages import Messages

MEMBER = Claims({"token_use": "access", "cognito:groups": ["admin", "dev"], "scope": "todo/read todo/write"})


@pytest.mark.parametrize("required", ["admin", "dev", ["x", "dev"], {"admin", "x"}, None])
def test_one_of_the_groups_is_enough(required: str | list[str] | None) -> None:
    require_groups(MEMBER, name_set("groups", required))


@pytest.mark.parametrize("required", ["todo/read", ["x", "todo/write"], None])
def test_one_of_the_scopes_is_enough(required: str | list[str] | None) -> None:
    require_scopes(MEMBER, name_set("scopes", required))


@pytest.mark.parametrize(
    "group", ["adm", "admins", "ADMIN", "Admin", " admin", "admin ", "a", "dmi", "admin,dev", "\u0430dmin", "admin\0"]
)
def test_group_is_compared_whole_and_with_case(messages: Messages, group: str) -> None:
    with messages.raises(GroupRequiredError) as caught:
        require_groups(MEMBER, name_set("groups", group))

    assert caught.value.required == (group,)


@pytest.mark.parametrize("scope", ["todo", "read", "todo/rea", "todo/reads", "TODO/READ", "todo/read todo/write", " "])
def test_scope_is_compared_whole_and_with_case(messages: Messages, scope: str) -> None:
    with messages.raises(ScopeRequiredError) as caught:
        require_scopes(MEMBER, name_set("scopes", scope))

    assert caught.value.required == (scope,)


def test_refusal_names_every_group_and_scope_in_the_order_given(messages: Messages) -> None:
    with messages.raises(GroupRequiredError) as groups:
        require_groups(MEMBER, name_set("groups", ["z", "y", "x"]))
    with messages.raises(ScopeRequiredError) as scopes:
        require_scopes(MEMBER, name_set("scopes", ["z", "y", "x"]))

    assert groups.value.required == scopes.value.required == ("z", "y", "x")


@pytest.mark.parametrize(
    "groups",
    ["admin", "x admin y", ["x", ["admin"]], {"admin": True}, [{"admin": 1}], ["admin", 1], [True], None, 1, "", []],
)
def test_claim_of_the_wrong_type_is_no_group(messages: Messages, groups: object) -> None:
    """A text is not a list of groups: no part of it ever matches."""
    with messages.raises(GroupRequiredError):
        require_groups(
            Claims({"token_use": "access", "cognito:groups": groups}), name_set("groups", ["admin", "a", "1"])
        )


@pytest.mark.parametrize(
    "scope", [["todo/read"], {"todo/read": 1}, None, 1, True, "", "todo/read\u2003x", "x\ttodo/read"]
)
def test_claim_of_the_wrong_type_is_no_scope(scope: object) -> None:
    with pytest.raises(ScopeRequiredError):
        require_scopes(Claims({"token_use": "access", "scope": scope}), name_set("scopes", "todo/read"))


def test_who_is_in_no_group_and_has_no_scope_is_refused() -> None:
    with pytest.raises(GroupRequiredError):
        require_groups(Claims({"token_use": "access"}), name_set("groups", "admin"))
    with pytest.raises(ScopeRequiredError):
        require_scopes(Claims({"token_use": "access"}), name_set("scopes", "todo/read"))


def test_id_token_has_no_scopes() -> None:
    with pytest.raises(ScopeRequiredError):
        require_scopes(Claims({"token_use": "id", "scope": "todo/read"}), name_set("scopes", "todo/read"))


def test_what_is_found_is_shown_as_one_short_line(messages: Messages) -> None:
    claims = Claims({"token_use": "access", "cognito:groups": ["a\r\nb", "\u202e" * 100]})

    with messages.raises(GroupRequiredError):
        require_groups(claims, name_set("groups", "admin"))


def test_all_of_the_groups_and_scopes_can_be_required(messages: Messages) -> None:
    require_groups(MEMBER, NameSet(("admin", "dev"), "all"))
    require_scopes(MEMBER, NameSet(("todo/write", "todo/read"), "all"))

    with messages.raises(GroupRequiredError) as caught:
        require_groups(MEMBER, NameSet(("admin", "x"), "all"))
    assert caught.value.required == ("admin", "x")
    with pytest.raises(ScopeRequiredError):
        require_scopes(MEMBER, NameSet(("todo/read", "x"), "all"))


@pytest.mark.parametrize("value", ["editor", ["editor"], ["x", "editor"]])
def test_claim_has_one_of_the_values(value: object) -> None:
    require_claim(Claims({"custom:role": value}), "custom:role", NameSet(("admin", "editor")))


def test_claim_can_be_required_to_have_all_values() -> None:
    claims = Claims({"custom:role": ["editor", "admin"]})

    require_claim(claims, "custom:role", NameSet(("admin", "editor"), "all"))
    with pytest.raises(ClaimRequiredError):
        require_claim(claims, "custom:role", NameSet(("admin", "x"), "all"))


@pytest.mark.parametrize(
    "value",
    ["edit", "Editor", "editor ", "editor,x", "", [], ["x"], [["editor"]], ["editor", 1], 1, None, {"editor": 1}],
)
def test_claim_without_the_value_is_refused(messages: Messages, value: object) -> None:
    with messages.raises(ClaimRequiredError) as caught:
        require_claim(Claims({"custom:role": value}), "custom:role", NameSet(("editor",)))

    assert (caught.value.claim, caught.value.required) == ("custom:role", ("editor",))


def test_claim_that_is_absent_is_refused(messages: Messages) -> None:
    with messages.raises(ClaimRequiredError):
        require_claim(MEMBER, "custom:role", NameSet(("editor",)))


def test_sign_in_of_any_age_and_level_meets_no_demand() -> None:
    require_sign_in(Claims({}), sign_in_demand(None, None), now=0, leeway=0)
    require_sign_in(Claims({"auth_time": 1}), sign_in_demand(60, None), now=61, leeway=0)

    with pytest.raises(InsufficientAuthenticationError):
        require_sign_in(Claims({}), sign_in_demand(60, None), now=0, leeway=0)
