"""The requests that both versions are asked, and what a right answer is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cognito_jwt_core.testing import ABSENT, LocalUserPool


@dataclass(frozen=True)
class Case:
    """A request, and the status of every right answer to it."""

    name: str
    right: int
    path: str = "/api/private"
    headers: dict[str, str] = field(default_factory=dict)
    app: str = "plain"
    method: str = "GET"
    cookies: dict[str, str] = field(default_factory=dict)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cases(pool: LocalUserPool) -> Iterator[Case]:
    """All that need no change of the pool's keys."""
    yield from _who_gets_in(pool)
    yield from _headers(pool)
    yield from _tokens(pool)
    yield from _groups(pool)
    yield from _hooks(pool)


def after_rotation(pool: LocalUserPool) -> Iterator[Case]:
    """After the pool has got a new key beside the old one."""
    yield Case("a token of the new key", 200, headers=bearer(pool.access_token()))


def without_keys(pool: LocalUserPool) -> Iterator[Case]:
    """By an app that cannot have the keys."""
    yield Case("a good token, while the keys cannot be had", 503, headers=bearer(pool.access_token()))


def _who_gets_in(pool: LocalUserPool) -> Iterator[Case]:
    access, id_token = pool.access_token(), pool.id_token()
    yield Case("an access token", 200, headers=bearer(access))
    yield Case("an ID token", 200, headers=bearer(id_token))
    yield Case("all claims of an access token", 200, "/api/claims", bearer(access))
    yield Case("all claims of an ID token", 200, "/api/claims", bearer(id_token))
    yield Case("a token of a machine", 200, headers=bearer(pool.client_credentials_token()))
    yield Case("name and user", 200, "/api/name", bearer(pool.access_token("alice")))
    yield Case("the name of an ID token, which has none", 403, "/api/name", bearer(id_token))
    yield Case("a user of the database", 200, "/api/user", bearer(pool.access_token("bob")))
    yield Case("a user whom the database does not know", 200, "/api/user", bearer(pool.access_token("unknown")))
    yield Case("no token", 401)
    yield Case("no token, where none is needed", 200, "/api/open")
    yield Case("a user, where none is needed", 200, "/api/open", bearer(access))
    yield Case("no token, by hand", 200, "/api/by-hand")
    yield Case("a user, by hand", 200, "/api/by-hand", bearer(access))
    yield Case("rubbish, by hand", 401, "/api/by-hand", bearer("rubbish"))
    yield Case("an unknown URL", 404, "/nowhere")
    yield Case("an unknown method", 405, method="DELETE")
    yield Case("a POST", 200, "/api/posted", bearer(access), method="POST")
    yield Case("a view that is a coroutine function", 200, "/api/async", bearer(access))
    yield Case("an error that the app raises", 403, "/api/raised", bearer(access))


def _headers(pool: LocalUserPool) -> Iterator[Case]:
    token = pool.access_token()
    for value, right in {
        f"bearer {token}": 200,
        f"BEARER   {token}": 200,
        "": 401,
        "   ": 401,
        "Bearer": 401,
        f"Basic {token}": 401,
        f"Bearer {token} {token}": 401,
        token: 401,
    }.items():
        shown = repr(value.replace(token, "TOKEN"))
        yield Case(f"Authorization: {shown}", right, headers={"Authorization": value})
    yield Case("another header and prefix", 200, headers={"X-MyApp-Authorization": f"jwt {token}"}, app="header")
    yield Case("the usual header where it is another", 401, headers=bearer(token), app="header")
    yield Case("a cookie", 200, cookies={"session_token": token}, app="cookie")
    yield Case("no cookie", 401, headers=bearer(token), app="cookie")
    yield Case("a cookie with a POST", 200, "/api/posted", {}, "cookie", "POST", {"session_token": token})
    forged = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    yield Case("a POST forged by another site", 403, "/api/posted", forged, "cookie", "POST", {"session_token": token})


def _tokens(pool: LocalUserPool) -> Iterator[Case]:
    kid = {"kid": pool.signing_key.kid}
    good = pool.access_claims()
    for name, token in {
        "expired": pool.expired_token(),
        "not yet valid": pool.not_yet_valid_token(),
        "with a signature that does not hold": pool.badly_signed_token(),
        "with an unknown key": pool.sign({"alg": "RS256", "kid": "x"}, good),
        "without a kid": pool.sign({"alg": "RS256"}, good),
        "with alg none": pool.sign({"alg": "none", **kid}, good),
        "with alg HS256": pool.sign({"alg": "HS256", **kid}, good),
        "with a critical extension": pool.sign({"alg": "RS256", "crit": ["x"], "x": 1, **kid}, good),
        "of another app client": pool.access_token(client_id="stranger"),
        "of another issuer": pool.access_token(iss="https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_other"),
        "without an issuer": pool.access_token(iss=ABSENT),
        "without an expiry": pool.access_token(exp=ABSENT),
        "with an expiry that is text": pool.access_token(exp="tomorrow"),
        "without a subject": pool.access_token(sub=ABSENT),
        "without a token use": pool.access_token(token_use=ABSENT),
        "with another token use": pool.access_token(token_use="refresh"),
        "bound to another API": pool.access_token(aud="another-api"),
        "that is not a JSON object": pool.sign(pool.header, [1]),
        "padded": pool.access_token() + "=",
    }.items():
        yield Case(f"a token {name}", 401, headers=bearer(token))
    for name, text in {"rubbish": "rubbish", "dots": "..", "text of three parts": "a.b.c"}.items():
        yield Case(name, 401, headers=bearer(text))
    yield Case(
        "another client's token where any will do",
        200,
        headers=bearer(pool.access_token(client_id="x")),
        app="any client",
    )
    yield Case("one of two clients", 200, headers=bearer(pool.access_token()), app="two clients")
    yield Case("neither of two clients", 401, headers=bearer(pool.access_token(client_id="x")), app="two clients")
    yield Case(
        "an expired token where expiry is not checked", 200, headers=bearer(pool.expired_token()), app="unexpiring"
    )


def _groups(pool: LocalUserPool) -> Iterator[Case]:
    def of(groups: object) -> dict[str, str]:
        return bearer(pool.access_token(claims={"cognito:groups": groups}))

    yield Case("in one of two groups", 200, "/api/foo", of(["developer", "x"]))
    yield Case("in no group of two", 403, "/api/foo", of(["x"]))
    yield Case("in no group", 403, "/api/foo", of([]))
    yield Case("without the claim of groups", 403, "/api/foo", of(ABSENT))
    yield Case("with groups that are null", 403, "/api/foo", of(None))
    yield Case("with groups that are the text superadmin", 403, "/api/foo", of("superadmin"))
    yield Case("with groups that are a number", 403, "/api/foo", of(7))
    yield Case("in the group, by the other decorator", 200, "/api/checked", of(["admin"]))
    yield Case("not in the group, by the other decorator", 403, "/api/checked", of(["x"]))
    yield Case("no token, where a group is needed", 401, "/api/foo")
    yield Case("in the group, with only the group decorator", 200, "/api/group-alone", of(["admin"]))
    yield Case("no token, with only the group decorator", 401, "/api/group-alone")
    yield Case("in the group, which is given as a plain string", 200, "/api/group-string", of(["admin"]))
    yield Case("not in the group, which is given as a plain string", 403, "/api/group-string", of(["x"]))


def _hooks(pool: LocalUserPool) -> Iterator[Case]:
    def picky(name: str, right: int, path: str, headers: dict[str, str]) -> Case:
        return Case(name, right, path, headers, "picky")

    token = pool.access_token("alice")
    yield picky("a token where get_token() looks", 200, f"/api/private?token={token}", {})
    yield picky("a token where get_token() of the base looks", 200, "/api/private", bearer(token))
    yield picky("no token where get_token() looks", 401, "/api/private", {})
    yield picky("a user as get_user() returns it", 200, "/api/user", bearer(token))
    yield picky("a token that decode_token() refuses", 401, "/api/private", bearer(pool.access_token("banned")))
    yield picky("a token that decode_token() of the base refuses", 401, "/api/private", bearer(pool.expired_token()))
