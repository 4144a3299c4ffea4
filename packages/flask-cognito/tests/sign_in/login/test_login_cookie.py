"""Each login has a cookie of its own, within the budget of the header."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from flask_cognito.sign_in.cookies.rules import MAX_HEADER_BYTES, MAX_SESSION_BYTES, CookieRules, parse_cookies, size_of
from flask_cognito.sign_in.login.login_cookie import MAX_LOGINS_BYTES, Login, LoginCookies

RULES = CookieRules(name="__Host-Http-cognito_session")
NOW = 1_800_000_000.0


def make_login(**changes: Any) -> Login:
    values: dict[str, Any] = {
        "state": secrets.token_urlsafe(32),
        "nonce": secrets.token_urlsafe(32),
        "code_verifier": secrets.token_urlsafe(48),
        "redirect_uri": "https://app.example/auth/callback",
        "next": "/reports",
        "begun_at": NOW,
    }
    return Login(**{**values, **changes})


@pytest.fixture
def logins() -> LoginCookies:
    return LoginCookies((b"k" * 32,), RULES, ("issuer", "client"), 900)


def in_browser(written: list[str], cookies: dict[str, str] | None = None) -> dict[str, str]:
    found = dict(cookies or {})
    for cookie in written:
        name, _, value = cookie.partition(";")[0].partition("=")
        found[name] = value
        if "Max-Age=0" in cookie:
            del found[name]
    return found


def found_in(logins: LoginCookies, cookies: dict[str, str], login: Login, now: float) -> Login | None:
    found = logins.find(cookies, login.state, now)
    return None if found is None else found[1]


def test_a_login_is_found_by_its_state(logins: LoginCookies) -> None:
    login = make_login(params={"lang": "de"})

    cookies = in_browser(logins.begin(login, {}, NOW))

    assert found_in(logins, cookies, login, NOW) == login
    assert logins.find(cookies, login.state, NOW) == (*cookies, login)
    assert logins.find(cookies, "other", NOW) is None
    assert login.code_verifier not in str(cookies)
    assert "verifier" not in repr(login)


def test_a_login_is_always_lax() -> None:
    strict = CookieRules(name="__Host-x", samesite="Strict")

    written = LoginCookies((b"k" * 32,), strict, ("issuer", "client"), 900).begin(make_login(), {}, NOW)

    assert "SameSite=Lax" in written[0]


def test_a_login_under_another_name_is_none(logins: LoginCookies) -> None:
    login = make_login()
    ((name, value),) = in_browser(logins.begin(login, {}, NOW)).items()
    other = name[:-1] + str((int(name[-1]) + 1) % 3)

    assert logins.find({other: value}, login.state, NOW) is None


def test_a_login_of_another_client_is_none(logins: LoginCookies) -> None:
    login = make_login()
    cookies = in_browser(logins.begin(login, {}, NOW))

    assert LoginCookies((b"k" * 32,), RULES, ("issuer", "other"), 900).find(cookies, login.state, NOW) is None


def test_a_late_login_can_still_be_read(logins: LoginCookies) -> None:
    login = make_login()
    cookies = in_browser(logins.begin(login, {}, NOW))

    found = found_in(logins, cookies, login, NOW + 900)

    assert found is not None
    assert found.is_late(NOW + 900, 900) is True
    assert found.is_late(NOW + 899, 900) is False


@pytest.mark.parametrize("seconds", [-61, 900 + 3600])
def test_a_login_of_the_future_or_long_ago_is_none(logins: LoginCookies, seconds: float) -> None:
    login = make_login()
    cookies = in_browser(logins.begin(login, {}, NOW))

    assert logins.find(cookies, login.state, NOW + seconds) is None
    assert logins.unreadable(cookies, NOW + seconds) == list(cookies)


def test_all_logins_fit_into_their_room_and_the_oldest_goes_first(logins: LoginCookies) -> None:
    cookies: dict[str, str] = {}
    begun = []
    for number in range(12):
        login = make_login(begun_at=NOW + number, next="/" + "x" * 100)
        begun.append(login)
        cookies = in_browser(logins.begin(login, cookies, NOW + number), cookies)
        assert size_of(cookies) <= MAX_LOGINS_BYTES

    found = [login for login in begun if logins.find(cookies, login.state, NOW + 12)]
    assert 2 <= len(found) < 12
    assert found == begun[-len(found) :]


@pytest.mark.parametrize("path", ["/", "/" + "x" * 100, "/" + "x" * 500])
def test_logins_that_do_not_know_of_one_another_fit(logins: LoginCookies, path: str) -> None:
    """A browser that restores many tabs sends their requests before the first answer comes."""
    begun = [make_login(begun_at=NOW + number, next=path) for number in range(20)]
    cookies: dict[str, str] = {}

    for login in begun:
        cookies = in_browser(logins.begin(login, {}, NOW), cookies)

    assert size_of(cookies) <= MAX_LOGINS_BYTES
    found = [login for login in begun if logins.find(cookies, login.state, NOW + 20)]
    assert found == begun[-len(cookies) :]
    assert found[-1].next == path


def test_two_logins_at_once_are_both_kept(logins: LoginCookies) -> None:
    first, second = make_login(), make_login()

    cookies = in_browser(logins.begin(second, {}, NOW), in_browser(logins.begin(first, {}, NOW)))

    assert found_in(logins, cookies, first, NOW) == first
    assert found_in(logins, cookies, second, NOW) == second


@pytest.mark.parametrize("before", range(6))
def test_a_large_login_does_not_replace_a_small_one_begun_at_once(logins: LoginCookies, before: int) -> None:
    """There is room for fewer of the large ones, so there are fewer names for it."""
    for _ in range(before):
        logins.begin(make_login(), {}, NOW)
    small, large = make_login(), make_login(next="/" + "x" * 400)

    cookies = in_browser(logins.begin(large, {}, NOW), in_browser(logins.begin(small, {}, NOW)))

    assert found_in(logins, cookies, small, NOW) == small
    assert found_in(logins, cookies, large, NOW) == large


@pytest.mark.parametrize(("session_bytes", "count"), [(1000, 3), (5600, 2), (5800, 1)])
def test_a_larger_session_leaves_room_for_fewer_logins(logins: LoginCookies, session_bytes: int, count: int) -> None:
    cookies: dict[str, str] = {}
    for number in range(3):
        cookies = in_browser(logins.begin(make_login(begun_at=NOW + number), cookies, NOW), cookies)
    assert len(cookies) == 3
    session = RULES.written(RULES.name, "1." + "x" * session_bytes, 60)

    crowded_out = logins.crowded_out(cookies, [session], NOW + 3)

    left = {name: value for name, value in cookies.items() if name not in crowded_out}
    assert len(left) == count
    assert size_of(in_browser([session], left)) <= MAX_HEADER_BYTES


def test_unreadable_logins_are_deleted(logins: LoginCookies) -> None:
    rubbish = {RULES.login_prefix + "x": "y", "other": "z"}

    cookies = in_browser(logins.begin(make_login(), rubbish, NOW), rubbish)

    assert RULES.login_prefix + "x" not in cookies
    assert cookies["other"] == "z"


def test_an_answer_deletes_a_bounded_number_of_logins(logins: LoginCookies) -> None:
    strange = {f"{RULES.login_prefix}{number}": "x" for number in range(100)}
    login = make_login()

    cookies = in_browser(logins.begin(login, strange, NOW), strange)

    assert 1 < len(strange) - len(cookies) + 1 < 40
    for _ in range(10):
        cookies = {name: value for name, value in cookies.items() if name not in logins.unreadable(cookies, NOW)}
    assert found_in(logins, cookies, login, NOW) == login
    assert len(cookies) == 1


def test_beside_the_largest_session_one_login_fits(logins: LoginCookies) -> None:
    session = parse_cookies("")
    session[RULES.name] = "2." + "x" * (MAX_SESSION_BYTES - 200)
    login = make_login(next="/" + "x" * 511, params={"login_hint": "x" * 300, "lang": "de"})

    cookies = in_browser(logins.begin(login, session, NOW), session)

    found = found_in(logins, cookies, login, NOW)
    assert found is not None
    assert found.next == "/"
    assert found.params == {}
    assert size_of(cookies) <= MAX_HEADER_BYTES


def test_params_are_left_out_before_next(logins: LoginCookies) -> None:
    login = make_login(next="/" + "x" * 300, params={"login_hint": "x" * 1500})

    found = found_in(logins, in_browser(logins.begin(login, {}, NOW)), login, NOW)

    assert found is not None
    assert found.next == login.next
    assert found.params == {}
