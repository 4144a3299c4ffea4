"""Error trackers collect the `repr` of local variables. No object of the packages shows a secret there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from cognito_jwt_core.testing import LocalManagedLogin
from flask import Flask
from flask_cognito.testing import sign_in
from flask_cognito.testing.sign_in import NAVIGATION

from .conftest import PASSWORD, cookies_in

CLIENT_SECRET = "clientsecret4711"
PACKAGES = ("flask_cognito", "cognito_jwt_core")


def is_ours(module: object) -> bool:
    name = str(module)
    return name.partition(".")[0] in PACKAGES and ".testing" not in name


@contextmanager
def locals_of_ours() -> Iterator[list[Any]]:
    """Our objects that are local variables when a function of ours ends."""
    found: dict[int, Any] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        if event != "return" or not is_ours(frame.f_globals.get("__name__")):
            return
        found.update((id(value), value) for value in frame.f_locals.values() if is_ours(type(value).__module__))

    values: list[Any] = []
    sys.setprofile(note)
    try:
        yield values
    finally:
        sys.setprofile(None)
        values += found.values()


def test_no_object_shows_a_secret(
    make_app: Callable[..., Flask], make_login: Callable[..., LocalManagedLogin], kept: dict[str, Any]
) -> None:
    login = make_login(client_secret=CLIENT_SECRET)
    app = make_app(login=login, COGNITO_CLIENT_SECRET=CLIENT_SECRET, **kept)
    client = app.test_client()

    with locals_of_ours() as found:
        assert sign_in(client, "alice", PASSWORD, login).status_code == 303
        token = client.get("/reports").get_json()["token"]
        client.get("/auth/login", headers=NAVIGATION)
        sealed = list(cookies_in(client).values())
        app.test_client().get("/reports", headers={"Authorization": f"Bearer {token}"})
        client.post("/auth/logout")

    expected = {"PoolSignIn", "AppSignIn", "Held", "Credential", "_Carried", "Completed", "HTTPResponse", "Opened"}
    assert expected <= {type(value).__name__ for value in found}
    secrets = [CLIENT_SECRET, str(app.secret_key), *token.split("."), *sealed]
    texts = [(type(value).__name__, repr(value)) for value in found]
    assert {name for name, text in texts if any(secret in text for secret in secrets)} == set()
