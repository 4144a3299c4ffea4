"""Hostile tokens with a valid signature and wrong claims: another pool, client, API, use or time."""

from collections.abc import Iterator, Mapping
from typing import Final

from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.hostile.forge import Forge, HostileToken
from cognito_jwt_core.testing.tokens import ABSENT

_DAY_SECONDS: Final = 86_400
_FIRST_SECOND_OF_YEAR_10000: Final = 253_402_300_800

_OTHER_POOL: Final = "another pool issued it, and its users are not yours (RFC 8725 section 3.8)"
_OTHER_CLIENT: Final = "it was issued to another app client, which may have other rights"
_OTHER_USE: Final = "it is not an access token; an ID token tells an app who signed in, and grants no access"
_OTHER_API: Final = "it is meant for another API, which could replay it here (RFC 7519 section 4.1.3)"
_NO_API: Final = "it does not name an API, so each API that the client calls could replay it here (RFC 8707)"
_STALE: Final = "it has expired; without this check, a stolen token would be valid forever (RFC 7519 section 4.1.4)"
_NO_TIME: Final = "it has no valid expiry, so it would be valid forever"
_EARLY: Final = "it is not valid yet (RFC 7519 section 4.1.5)"
_NO_USER: Final = "it does not identify a user, so code that stores or compares the subject mixes users up"

# None of these is a time, but some compare as later than every time.
NO_TIMES: Final[Mapping[str, object]] = {
    "is-text": "9999999999",
    "is-true": True,
    "is-null": None,
    "is-array": [9_999_999_999],
    "is-object": {},
    "is-nan": float("nan"),
    "is-infinity": float("inf"),
    "is-past-the-year-9999": _FIRST_SECOND_OF_YEAR_10000,
    "is-integer-of-400-digits": 10**400,
}


def with_wrong_claims(forge: Forge) -> Iterator[HostileToken]:
    """Yield tokens with valid syntax and signature that are for another app, or not valid now."""
    yield from _of_other_issuer(forge)
    yield from _of_other_use(forge)
    yield from _of_other_client(forge)
    yield from _for_another_api(forge)
    yield from _of_wrong_time(forge)
    yield from _without_user(forge)


def _of_other_issuer(forge: Forge) -> Iterator[HostileToken]:
    issuer = forge.pool.issuer
    scheme, _, rest = issuer.partition("://")
    host, _, path = rest.partition("/")
    issuers: dict[str, object] = {
        "absent": ABSENT,
        "null": None,
        "empty": "",
        "number": 1,
        "array": [issuer],
        "of-another-pool": issuer + "2",
        "of-another-region": issuer.replace(host, "cognito-idp.xx-nowhere-9.amazonaws.com"),
        "of-another-host": issuer.replace(host, "attacker.example"),
        "with-host-prolonged": issuer.replace(host, f"{host}.attacker.example"),
        "with-host-as-user": issuer.replace(host, f"{host}@attacker.example"),
        "with-host-prefixed": issuer.replace(host, f"attacker-{host}"),
        "updated-form-prolonged": issuer.replace(host, f"issuer-{host}.attacker.example"),
        "updated-form-prefixed": issuer.replace(host, f"attacker-issuer-{host}"),
        "updated-form-of-another-region": issuer.replace(host, "issuer-cognito-idp.xx-nowhere-9.amazonaws.com"),
        "of-another-scheme": f"{'http' if scheme == 'https' else 'https'}://{rest}",
        "in-upper-case": issuer.upper(),
        "with-slash": issuer + "/",
        "with-path": f"{issuer}/.well-known/jwks.json",
        "with-query": issuer + "?x",
        "with-fragment": issuer + "#x",
        "with-nul": issuer + "\0",
        "with-lone-surrogate": issuer + "\ud800",
        "with-space-before": " " + issuer,
        "of-path-alone": path,
        "cut-short": issuer[:-1],
        "inside-another": f"https://attacker.example/{issuer}",
    }
    yield from forge.tokens_with("iss", issuers, _OTHER_POOL)


def _of_other_use(forge: Forge) -> Iterator[HostileToken]:
    yield HostileToken("id-token", forge.pool.id_token(forge.username, groups=forge.groups), _OTHER_USE)
    uses: dict[str, object] = {
        "absent": ABSENT,
        "id": "id",
        "refresh": "refresh",
        "empty": "",
        "null": None,
        "number": 1,
        "array": ["access"],
        "upper-case": "ACCESS",
        "with-space": "access ",
    }
    yield from forge.tokens_with("token_use", uses, _OTHER_USE)


def _of_other_client(forge: Forge) -> Iterator[HostileToken]:
    ours = forge.pool.client_id
    clients: dict[str, object] = {
        "absent": ABSENT,
        "null": None,
        "empty": "",
        "number": 1,
        "other": "anotherclient000000000000",
        "array": [ours],
        "prolonged": ours + "x",
        "cut-short": ours[:-1],
        "with-space": ours + " ",
        "in-other-case": ours.swapcase() if ours.upper() != ours.lower() else "NO LETTERS",
    }
    yield from forge.tokens_with("client_id", clients, _OTHER_CLIENT)
    yield HostileToken("client-id-in-aud-alone", forge.token(client_id=ABSENT, aud=ours), _OTHER_CLIENT)
    yield HostileToken(
        "client-credentials-of-another-client",
        forge.token(username=ABSENT, client_id="another", sub="another"),
        _OTHER_CLIENT,
    )


def _for_another_api(forge: Forge) -> Iterator[HostileToken]:
    audiences: dict[str, object] = {
        "other": "https://another-api.example",
        "array-of-others": ["https://another-api.example", "https://third-api.example"],
        "number": 1,
        "array-of-numbers": [1],
        "object": {forge.pool.client_id: True},
        "empty-array": [],
        "empty": "",
    }
    yield from forge.tokens_with("aud", audiences, _OTHER_API)


def without_audience(forge: Forge) -> Iterator[HostileToken]:
    """Yield tokens that do not name this API, for a route that requires its own identifier in `aud`."""
    audiences: dict[str, object] = {
        "absent": ABSENT,
        "null": None,
        "of-the-client": forge.pool.client_id,
        "prolonged": f"{forge.audience}/x",
        "with-slash": f"{forge.audience}/",
        "two-in-one": f"{forge.audience} {forge.audience}",
        "as-object": {forge.audience: True},
    }
    yield from forge.tokens_with("aud", audiences, _NO_API)


def _of_wrong_time(forge: Forge) -> Iterator[HostileToken]:
    now = int(forge.pool.clock.time())
    yield HostileToken("expired", forge.token(**tokens.times(now, -_DAY_SECONDS)), _STALE)
    yield HostileToken("expired-in-1970", forge.token(exp=0), _STALE)
    yield HostileToken("expired-before-1970", forge.token(exp=-now), _STALE)
    yield HostileToken("exp-absent", forge.token(exp=ABSENT), _NO_TIME)
    yield from forge.tokens_with("exp", NO_TIMES, _NO_TIME)
    yield HostileToken("exp-is-1e400", _with_literal(forge, "exp", b"1e400"), _NO_TIME)
    yield HostileToken("exp-is-integer-of-10000-digits", _with_literal(forge, "exp", b"9" * 10_000), _NO_TIME)
    yield HostileToken("not-yet-valid", forge.token(nbf=now + _DAY_SECONDS, exp=now + 2 * _DAY_SECONDS), _EARLY)
    yield from forge.tokens_with("nbf", NO_TIMES, _EARLY)
    unreadable = {name: NO_TIMES[name] for name in ("is-text", "is-array", "is-nan", "is-infinity")}
    yield from forge.tokens_with("iat", unreadable, "its time of issue is not a number")


def _without_user(forge: Forge) -> Iterator[HostileToken]:
    subjects: dict[str, object] = {
        "absent": ABSENT,
        "null": None,
        "number": 1,
        "true": True,
        "array": ["a"],
        "object": {},
    }
    yield from forge.tokens_with("sub", subjects, _NO_USER)
    yield HostileToken("no-claims", forge.sign(forge.header, {}), _NO_USER)


def _with_literal(forge: Forge, claim: str, literal: bytes) -> str:
    """Return a token with a claim value that `json.dumps` cannot write."""
    payload = tokens.json_bytes(forge.claims() | {claim: "LITERAL"})
    return forge.sign(forge.header, payload.replace(b'"LITERAL"', literal))
