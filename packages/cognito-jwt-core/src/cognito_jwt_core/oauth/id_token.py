"""Rules of OpenID Connect for the tokens of one response, one function per rule.

Before this, the verifier has checked both tokens: signature, `iss`, `exp`, `token_use`, `sub` and the app client. Each
rule here raises `SignInError`.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from hmac import compare_digest

from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.errors import SignInError
from cognito_jwt_core.oauth.token_set import TokenIdentity


def check_id_token(id_claims: Claims, claims: Claims, access_token: str, client_id: str) -> None:
    """Check an ID token against the access token that came with it.

    Raises:
        SignInError: With the code ``token_rejected``.
    """
    check_audience(id_claims, client_id)
    check_authorized_party(id_claims, client_id)
    check_same_user(id_claims, claims)
    check_access_token_hash(id_claims, access_token)


def check_audience(id_claims: Claims, client_id: str) -> None:
    """Require that ``aud`` is only this app client (Core 3.1.3.7, rule 3)."""
    if id_claims.get("aud") != client_id:
        raise _rejected("aud of the ID token: expected this app client, found another value")


def check_authorized_party(id_claims: Claims, client_id: str) -> None:
    """Require that ``azp``, if present, is this app client (Core 3.1.3.7, rule 5)."""
    if "azp" in id_claims and id_claims["azp"] != client_id:
        raise _rejected("azp of the ID token: expected this app client, found another value")


def check_nonce(id_claims: Claims, nonce: str) -> None:
    """Require the ``nonce`` of this login, so that a code from another browser fails (Core 3.1.3.7, rule 11).

    Raises:
        SignInError: With the code ``nonce_mismatch``.
    """
    found = id_claims.get("nonce")
    if not isinstance(found, str) or not compare_digest(_bytes(found), _bytes(nonce)):
        raise SignInError("nonce of the ID token: expected that of this login, found another", code="nonce_mismatch")


def check_access_token_hash(id_claims: Claims, access_token: str) -> None:
    """Require that ``at_hash``, if present, matches the access token, so that neither was swapped (Core 3.1.3.8)."""
    if "at_hash" not in id_claims:
        return
    digest = hashlib.sha256(access_token.encode("ascii")).digest()
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    found = id_claims["at_hash"]
    if not isinstance(found, str) or not compare_digest(_bytes(found), expected):
        raise _rejected("at_hash of the ID token: expected the hash of the access token, found another value")


def check_same_user(id_claims: Claims, claims: Claims) -> None:
    """Require equal ``iss`` and ``sub`` in both tokens, because a response is about one user (Core 3.1.3.7, 5.3.2)."""
    for claim in ("iss", "sub"):
        if id_claims[claim] != claims[claim]:
            raise _rejected(f"{claim}: expected the same in both tokens, found two values")


def check_refreshed(claims: Claims, previous: TokenIdentity) -> None:
    """Require that a refreshed token continues its login (Core 12.2). Call it for each token of the response.

    Raises:
        SignInError: With the code ``token_rejected``.
    """
    nonce = claims.get("nonce")
    found = TokenIdentity.of(claims, previous.nonce)
    for claim in ("iss", "sub", "client", "auth_time"):
        if getattr(found, claim) != getattr(previous, claim):
            raise _rejected(f"{claim} after a refresh: expected the same as before, found another value")
    if previous.iat is not None and (found.iat is None or found.iat < previous.iat):
        raise _rejected("iat after a refresh: expected no earlier time than before, found an earlier one or none")
    if nonce is not None and nonce != previous.nonce:
        raise _rejected("nonce after a refresh: expected that of the login or none, found another value")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _rejected(message: str) -> SignInError:
    return SignInError(message, code="token_rejected")
