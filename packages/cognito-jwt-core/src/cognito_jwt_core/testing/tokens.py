"""What Cognito writes into its tokens, and how a compact serialization is put together by hand."""

import base64
import json
import uuid
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final

from .keys import SigningKey

DEFAULT_SCOPE: Final = "aws.cognito.signin.user.admin"


class _Absent(Enum):
    ABSENT = "ABSENT"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent.ABSENT
"""Given as a claim's value, leaves that claim out of the token."""


def base64url(data: bytes) -> str:
    """Return bytes in unpadded base64url. Spec: RFC 7515 section 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def json_bytes(value: object) -> bytes:
    """Return a value as compact JSON, or bytes and text as they are, so that a part can be made malformed."""
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def sign(key: SigningKey, header: object, payload: object, algorithm: str = "RS256") -> str:
    """Return the signed compact serialization of a header and a payload, whatever they say."""
    signed = signing_input(header, payload)
    return f"{signed}.{base64url(key.sign(signed.encode('ascii'), algorithm))}"


def unsigned(header: object, payload: object) -> str:
    """Return a compact serialization with an empty signature."""
    return signing_input(header, payload) + "."


def signing_input(header: object, payload: object) -> str:
    """Return what a signature is made over. Spec: RFC 7515 section 5.1."""
    return f"{base64url(json_bytes(header))}.{base64url(json_bytes(payload))}"


def changed(claims: Mapping[str, object], *changes: Mapping[str, object] | None) -> dict[str, object]:
    """Return claims with changes made to them in turn; what is `ABSENT` is left out."""
    merged = dict(claims)
    for change in changes:
        merged.update(change or {})
    return {name: value for name, value in merged.items() if value is not ABSENT}


def times(now: float, expires_in: float) -> dict[str, object]:
    """Return `auth_time`, `iat` and `exp`; a token that has expired was issued an hour before it did."""
    issued_at = int(now) if expires_in > 0 else int(now + expires_in) - 3600
    return {"auth_time": issued_at, "exp": int(now + expires_in), "iat": issued_at}


def group_claims(groups: Iterable[str]) -> dict[str, object]:
    """Return `cognito:groups`, or nothing at all for a user in no group, as Cognito does."""
    names = as_names(groups)
    return {"cognito:groups": names} if names else {}


def as_names(names: Iterable[str]) -> list[str]:
    """Return names as a list; a plain string is one name."""
    return [names] if isinstance(names, str) else list(names)


def joined_scopes(scopes: Iterable[str]) -> str:
    """Return the `scope` claim: names with a space between them."""
    return " ".join(as_names(scopes))


def session_ids() -> dict[str, object]:
    """Return the ids that tie a user's tokens to one sign-in."""
    return {"origin_jti": str(uuid.uuid4()), "event_id": str(uuid.uuid4())}


def token_id() -> dict[str, object]:
    """Return `jti`, which no other token has."""
    return {"jti": str(uuid.uuid4())}


def subject(pool_id: str, username: str) -> str:
    """Return the `sub` of a user: a UUID, always the same for that user of that pool."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{pool_id}/{username}"))
