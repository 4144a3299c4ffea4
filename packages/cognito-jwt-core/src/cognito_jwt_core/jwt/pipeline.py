"""Turn a token's text into its authentic payload, for any issuer: parse, header, key, signature. Claims come later."""

from __future__ import annotations

from collections.abc import Callable

from cognito_jwt_core.errors import MalformedTokenError
from cognito_jwt_core.jose.algorithms import Algorithm
from cognito_jwt_core.jose.compact import UnverifiedToken, parse
from cognito_jwt_core.jose.header import check_header
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jwt.verified_token import VerifiedToken
from cognito_jwt_core.keys.store import KeyFinder


def parse_token(
    text: bytes, keys_for: Callable[[str | None], KeyFinder]
) -> tuple[UnverifiedToken, KeyFinder, Algorithm, str]:
    """Parse a token, choose its issuer's keys, and check its header.

    Args:
        text: What `as_ascii` returned.
        keys_for: Function that returns the keys of an issuer.

    Returns:
        The token, the keys of the issuer in its claims, and the algorithm and key id in its header. Nothing is verified
        yet.

    Raises:
        MalformedTokenError: If the text is not a JWS in compact serialization, or the header is invalid.
        AlgorithmNotAllowedError: If the header names an algorithm that the issuer does not use.
        InvalidIssuerError: If `keys_for` does not know the issuer.
    """
    unverified = parse(text)
    # Find the keys first, because the allowed algorithms depend on the issuer (RFC 8725 section 3.1).
    keys = keys_for(unverified.unverified_issuer)
    algorithm, kid = check_header(unverified.header, keys.algorithms)
    return unverified, keys, algorithm, kid


def verify_signature(unverified: UnverifiedToken, algorithm: Algorithm, key: VerificationKey) -> VerifiedToken:
    """Return the payload of a token that `key` signed.

    Raises:
        AlgorithmNotAllowedError: If the header names a different algorithm than the key's.
        InvalidSignatureError: If the signature does not match this key.
        MalformedTokenError: If the signed payload is not a JSON object.
    """
    key.verify(algorithm, unverified.signing_input, unverified.signature)
    try:
        payload = unverified.payload()
    except MalformedTokenError as error:
        error.is_authentic = True
        raise
    return VerifiedToken(unverified.unverified_issuer, payload, key)
