"""Hostile tokens whose signature holds and whose claims are wrong: another pool, client, API, use, or time."""

from collections.abc import Iterator, Mapping
from typing import Final

from . import tokens
from .forge import Forge, HostileToken
from .tokens import ABSENT

_DAY_SECONDS: Final = 86_400
_FIRST_SECOND_OF_YEAR_10000: Final = 253_402_300_800

_OTHER_POOL: Final = "another pool issued it, whose users are not yours (RFC 8725 section 3.8)"
_OTHER_CLIENT: Final = "another app client of the pool got it: for another app, with other rights"
_OTHER_USE: Final = "it is no access token: an ID token tells an app who signed in and grants nothing"
_OTHER_API: Final = "it is bound to another API, which could replay it here (RFC 7519 section 4.1.3)"
_STALE: Final = "it has expired: a stolen token would be good for ever (RFC 7519 section 4.1.4)"
_NO_TIME: Final = "nothing says when it ends, so it would be good for ever"
_EARLY: Final = "it is not valid yet (RFC 7519 section 4.1.5)"
_NOBODY: Final = "nothing says whose it is: to store or compare such a subject mixes users up"

# Not one of these names a time; some of them compare as later than every time there is.
_NO_TIMES: Final[Mapping[str, object]] = {
    "text": "9999999999",
    "true": True,
    "null": None,
    "array": [9_999_999_999],
    "object": {},
    "nan": float("nan"),
    "infinity": float("inf"),
    "past-the-year-9999": _FIRST_SECOND_OF_YEAR_10000,
    "integer-of-400-digits": 10**400,
}


def with_wrong_claims(forge: Forge) -> Iterator[HostileToken]:
    """Yield tokens of good form and signature that are not meant for this API, or not now."""
    yield from _of_other_issuer(forge)
    yield from _of_other_use(forge)
    yield from _of_other_client(forge)
    yield from _for_another_api(forge)
    yield from _of_wrong_time(forge)
    yield from _of_nobody(forge)


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
    for name, value in issuers.items():
        yield HostileToken(f"iss-{name}", forge.token(iss=value), _OTHER_POOL)


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
    for name, value in uses.items():
        yield HostileToken(f"token-use-{name}", forge.token(token_use=value), _OTHER_USE)


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
    for name, value in clients.items():
        yield HostileToken(f"client-id-{name}", forge.token(client_id=value), _OTHER_CLIENT)
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
    for name, value in audiences.items():
        yield HostileToken(f"aud-{name}", forge.token(aud=value), _OTHER_API)


def _of_wrong_time(forge: Forge) -> Iterator[HostileToken]:
    now = int(forge.pool.clock.time())
    yield HostileToken("expired", forge.token(**tokens.times(now, -_DAY_SECONDS)), _STALE)
    yield HostileToken("expired-in-1970", forge.token(exp=0), _STALE)
    yield HostileToken("expired-before-1970", forge.token(exp=-now), _STALE)
    yield HostileToken("exp-absent", forge.token(exp=ABSENT), _NO_TIME)
    for name, value in _NO_TIMES.items():
        yield HostileToken(f"exp-is-{name}", forge.token(exp=value), _NO_TIME)
    yield HostileToken("exp-is-1e400", _with_literal(forge, "exp", b"1e400"), _NO_TIME)
    yield HostileToken("exp-is-integer-of-10000-digits", _with_literal(forge, "exp", b"9" * 10_000), _NO_TIME)
    yield HostileToken("not-yet-valid", forge.token(nbf=now + _DAY_SECONDS, exp=now + 2 * _DAY_SECONDS), _EARLY)
    for name, value in _NO_TIMES.items():
        yield HostileToken(f"nbf-is-{name}", forge.token(nbf=value), _EARLY)
    for name in ("text", "array", "nan", "infinity"):
        yield HostileToken(f"iat-is-{name}", forge.token(iat=_NO_TIMES[name]), "its time of issue is no time")


def _of_nobody(forge: Forge) -> Iterator[HostileToken]:
    subjects: dict[str, object] = {
        "absent": ABSENT,
        "null": None,
        "number": 1,
        "true": True,
        "array": ["a"],
        "object": {},
    }
    for name, value in subjects.items():
        yield HostileToken(f"sub-{name}", forge.token(sub=value), _NOBODY)
    yield HostileToken("no-claims", forge.sign(forge.header, {}), _NOBODY)


def _with_literal(forge: Forge, claim: str, literal: bytes) -> str:
    """A token in which a claim has a value that Python would not write."""
    payload = tokens.json_bytes(forge.claims() | {claim: "LITERAL"})
    return forge.sign(forge.header, payload.replace(b'"LITERAL"', literal))
