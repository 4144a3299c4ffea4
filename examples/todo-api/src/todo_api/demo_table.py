"""Who gets what from which route: the calls that the demo makes over HTTP, and the status each must have."""

from collections.abc import Mapping
from dataclasses import dataclass

import requests

VISITORS = ("guest", "forged", "bob", "mo", "alice")  # "forged" has bob's token with one character changed
NEW_TODO = {"title": "Buy milk"}


@dataclass(frozen=True)
class Call:
    """One request, and the statuses that `VISITORS` must get for it, in their order."""

    method: str
    path: str
    expected: tuple[int, int, int, int, int]
    body: Mapping[str, object] | None = None


CALLS = (
    Call("GET", "/healthz", (200, 200, 200, 200, 200)),
    Call("GET", "/api/me", (401, 401, 200, 200, 200)),
    Call("GET", "/api/todos", (401, 401, 200, 200, 200)),
    Call("POST", "/api/todos", (401, 401, 201, 201, 201), NEW_TODO),
    Call("GET", "/api/todos/{bobs}", (401, 401, 200, 404, 404)),
    Call("PATCH", "/api/todos/{bobs}", (401, 401, 200, 404, 404), {"title": "Buy oat milk"}),
    Call("POST", "/api/todos/{bobs}/close", (401, 401, 403, 200, 200)),
    Call("POST", "/api/todos/{bobs}/restore", (401, 401, 200, 404, 404)),
    Call("GET", "/api/board", (200, 401, 200, 200, 200)),
    Call("GET", "/api/stats", (401, 401, 403, 403, 403)),  # takes a scope that only a program's token has
    Call("GET", "/api/admin/todos", (401, 401, 403, 403, 200)),
    Call("DELETE", "/api/admin/todos", (401, 401, 403, 403, 200)),
    Call("GET", "/api/export", (401, 401, 401, 401, 401)),  # takes an ID token, and these are access tokens
    Call("GET", "/api/admin/audit", (401, 401, 403, 403, 200)),
    Call("DELETE", "/api/admin/audit", (401, 401, 403, 403, 403)),  # takes two groups at once
)


def show_table(url: str, tokens: Mapping[str, str]) -> bool:
    """Make every call as every visitor, print the statuses, and say whether all of them were the expected ones.

    Args:
        url: Where the API is.
        tokens: The access tokens of bob, mo and alice; without any, the guest is the only visitor.
    """
    present = VISITORS if tokens else ("guest",)
    everybody = {**tokens, "forged": with_one_character_changed(tokens["bob"])} if tokens else {}
    bobs = ask(url, "POST", "/api/todos", everybody.get("bob"), NEW_TODO).json().get("id", 1)
    print(" " * 32, *(f"{visitor:<8}" for visitor in present))
    surprises = 0
    for call in CALLS:
        path = call.path.format(bobs=bobs)
        due = call.expected[: len(present)]
        got = [ask(url, call.method, path, everybody.get(visitor), call.body).status_code for visitor in present]
        cells = [str(is_) if is_ == must else f"{is_}!={must}" for is_, must in zip(got, due, strict=True)]
        surprises += sum("!=" in cell for cell in cells)
        print(f"{call.method:<7}{call.path:<25}", *(f"{cell:<8}" for cell in cells))
    print(f"\n{surprises} answers were not the expected ones." if surprises else "\nEvery answer was the expected one.")
    return not surprises


SEEDS = (
    ("bob", "Buy oat milk", False),
    ("bob", "Water the tomatoes", True),
    ("mo", "Book the band for Friday", True),
    ("alice", "Plan the summer party", True),
    ("alice", "Read the audit", False),
    ("alice", "Send the invitations", False),
)


def add_todos(url: str, tokens: Mapping[str, str]) -> None:
    """Add todos of each user, some of them public, so that the page has something to show."""
    for name, title, published in SEEDS:
        ask(url, "POST", "/api/todos", tokens[name], {"title": title, "published": published})


def ask(
    url: str, method: str, path: str, token: str | None, body: Mapping[str, object] | None = None
) -> requests.Response:
    """Send one request, with a token or without."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with requests.Session() as session:
        session.trust_env = False  # a proxy of this machine has no way to its loopback
        return session.request(method, url + path, json=body, headers=headers, timeout=10)


def with_one_character_changed(token: str) -> str:
    """Return the token with another first character in its signature."""
    content, _, signature = token.rpartition(".")
    return f"{content}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
