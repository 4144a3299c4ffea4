"""The numbers for a reporting job."""

from collections.abc import Callable
from typing import Any

Ask = Callable[..., Any]
Add = Callable[..., int]
Sign = Callable[..., str]


def test_a_job_with_the_scope_gets_the_numbers(ask: Ask, add: Add, sign: Sign) -> None:
    add("bob")
    ask("mo", "POST", f"/api/todos/{add('mo')}/close")

    numbers = ask(sign(scope="todo/other todo/stats"), "GET", "/api/stats")

    assert (numbers.status_code, numbers.json) == (200, {"users": 3, "todos": 2, "done": 1})


def test_an_empty_database_has_numbers_too(ask: Ask, sign: Sign) -> None:
    assert ask(sign(scope="todo/stats"), "GET", "/api/stats").json == {"users": 1, "todos": 0, "done": 0}


def test_even_an_admin_without_the_scope_is_told_which_one_it_takes(ask: Ask) -> None:
    refused = ask("alice", "GET", "/api/stats")

    assert (refused.status_code, refused.json["code"]) == (403, "scope_required")
    assert 'scope="todo/stats"' in refused.headers["WWW-Authenticate"]


def test_a_job_goes_by_its_app_clients_id(ask: Ask, sign: Sign, cognito: Any) -> None:
    assert ask(sign(), "GET", "/api/me").json["user"]["username"] == cognito.client_id
