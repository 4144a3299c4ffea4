"""Whatever cookies a browser sends: no answer is a 500, and a session is that of its own id or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cognito_jwt_core.testing import LocalManagedLogin
from flask import Flask
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .conftest import PASSWORD, cookies_in

USERS = ("alice", "bob")
PATHS = {
    "/reports": {200, 302},
    "/optional": {200},
    "/auth/session": {200},
    "/auth/login?next=/x": {302},
    "/auth/callback?code=x&state=y": {303, 400},
    "/auth/logout": {200},
}
CHANGES: Mapping[str, Callable[[str], str]] = {
    "none": lambda value: value,
    "cut off": lambda value: value[: len(value) // 2],
    "one character less": lambda value: value[:-1],
    "one character more": lambda value: f"{value}A",
    "reversed": lambda value: value[::-1],
    "empty": lambda value: "",
    "100 KiB": lambda value: value + "A" * 100 * 1024,
    "not ASCII": lambda value: f"\xe9{value}",
    "control characters": lambda value: f"{value}\x01\x7f",
    "more chunks": lambda value: f"4.{value.partition('.')[2]}",
    "too many chunks": lambda value: f"9.{value}",
    "another part": lambda value: value.replace(".", "..", 1),
    "quoted": lambda value: f'"{value}"',
}
STEPS = st.tuples(st.integers(0, 15), st.sampled_from(USERS), st.sampled_from(sorted(CHANGES)))


def test_no_cookies_fail_or_open_another_session(
    make_app: Callable[..., Flask], login: LocalManagedLogin, kept: dict[str, Any]
) -> None:
    app = make_app(**kept)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    jars = {}
    for user in USERS:
        client = app.test_client()
        sign_in(client, user, PASSWORD, login)
        client.get("/auth/login", headers=NAVIGATION)
        jars[user] = cookies_in(client)
    names = sorted(jars["alice"])
    session, session_id = "__Host-Http-cognito_session", "__Host-Http-cognito_session_id"
    owners = {jar.get(session_id, jar[session].partition(".")[0]): user for user, jar in jars.items()}

    @settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.lists(STEPS, max_size=6), st.booleans())
    @example([], False)
    @example([], True)
    def ask(steps: list[tuple[int, str, str]], is_doubled: bool) -> None:
        cookies = dict(jars["alice"])
        for place, user, change in steps:
            name = names[place % len(names)]
            cookies[name] = CHANGES[change](jars[user].get(name, ""))
        pairs = [*cookies.items(), *(jars["bob"].items() if is_doubled else ())]
        header = "; ".join(f"{name}={value}" for name, value in pairs)
        client = app.test_client(use_cookies=False)

        answers = {path: client.get(path, headers={**NAVIGATION, "Cookie": header}) for path in PATHS}

        for path, answer in answers.items():
            assert answer.status_code in PATHS[path], path
        sent = cookies.get(session_id, cookies[session].partition(".")[0])
        seen = answers["/optional"].get_json()["username"]
        assert seen in (None, owners.get(sent))
        assert steps or seen == "alice"

    ask()
