"""Build claims like Cognito's, and tokens from any header and payload."""

import base64
import json
import uuid
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from cognito_jwt_core.testing.keys import SigningKey

DEFAULT_SCOPE: Final = "aws.cognito.signin.user.admin"


class _Absent(Enum):
    ABSENT = "ABSENT"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent.ABSENT
"""A value that leaves a claim or header member out of a token: `pool.access_token(sub=ABSENT)`."""


def base64url(data: bytes) -> str:
    """Return bytes as unpadded base64url. Spec: RFC 7515 section 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def json_bytes(value: object) -> bytes:
    """Return a value as compact JSON. Bytes and text are returned unchanged, so that a part can be malformed."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def sign(key: SigningKey, header: object, payload: object, algorithm: str = "RS256") -> str:
    """Return a token with any header and payload, signed with a key. Spec: RFC 7515 section 3.1."""
    signed = signing_input(header, payload)
    return f"{signed}.{base64url(key.sign(signed.encode('ascii'), algorithm))}"


def unsigned(header: object, payload: object) -> str:
    """Return a token with any header and payload, and an empty signature."""
    return signing_input(header, payload) + "."


def signing_input(header: object, payload: object) -> str:
    """Return the signing input of a token. Spec: RFC 7515 section 5.1."""
    return f"{base64url(json_bytes(header))}.{base64url(json_bytes(payload))}"


def changed(claims: Mapping[str, object], *changes: Mapping[str, object] | None) -> dict[str, object]:
    """Return claims after each mapping of changes in turn. A claim with the value `ABSENT` is left out."""
    merged = dict(claims)
    for change in changes:
        merged.update(change or {})
    return {name: value for name, value in merged.items() if value is not ABSENT}


def times(now: float, expires_in: float) -> dict[str, object]:
    """Return `auth_time`, `iat` and `exp`. An expired token was issued an hour before it expired.

    Args:
        now: The time, in seconds since 1970.
        expires_in: Seconds from `now` until the expiry; negative for an expired token.
    """
    issued_at = int(now) if expires_in > 0 else int(now + expires_in) - 3600
    return {"auth_time": issued_at, "exp": int(now + expires_in), "iat": issued_at}


def group_claims(groups: Iterable[str]) -> dict[str, object]:
    """Return the claim `cognito:groups`. Without groups, return no claim, as Cognito does."""
    names = as_names(groups)
    return {"cognito:groups": names} if names else {}


def as_names(names: Iterable[str]) -> list[str]:
    """Return names as a list. A plain string counts as one name."""
    return [names] if isinstance(names, str) else list(names)


def joined_scopes(scopes: Iterable[str]) -> str:
    """Return the value of the `scope` claim, with spaces between the names. Spec: RFC 6749 section 3.3."""
    return " ".join(as_names(scopes))


def session_ids() -> dict[str, object]:
    """Return new values of the claims that link a user's tokens to one sign-in: `origin_jti` and `event_id`."""
    return {"origin_jti": str(uuid.uuid4()), "event_id": str(uuid.uuid4())}


def token_id() -> dict[str, object]:
    """Return a new value of the claim `jti`."""
    return {"jti": str(uuid.uuid4())}


def subject(pool_id: str, username: str) -> str:
    """Return the `sub` of a user: a UUID that is always the same for that user and pool."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{pool_id}/{username}"))
