"""Hostile tokens that claim to come from a load balancer."""

import base64
import uuid
from collections.abc import Iterator
from typing import Any, Final

from jwcrypto.jwk import JWK

from cognito_jwt_core.jwt.revocations.revocation_list import RevocationList
from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.hostile.forge import HostileToken
from cognito_jwt_core.testing.keys import cached_key, ec_key, sign_with
from cognito_jwt_core.testing.load_balancer import LocalLoadBalancer
from cognito_jwt_core.testing.tokens import ABSENT

_OTHER_ARN: Final = "arn:aws:elasticloadbalancing:eu-central-1:210987654321:loadbalancer/app/evil/1111111111111111"
_SIGNER: Final = "a Region's keys sign for every AWS account, so another account's load balancer can sign any claims"
_CLIENT: Final = "the user signed in at another app client, for another app"
_ISSUER: Final = "the load balancer signed the user in at another issuer, which may name any user"
_TWO: Final = "its header and claims differ, so two parsers may read different values"
_EXPIRED: Final = "it has expired; without this check, a stolen token would be valid forever"
_KID: Final = "its kid becomes part of a key's URL, and could select another host or path"
_CHANGED: Final = "it was changed after signing"
_FORGED: Final = "the load balancer's key did not sign it"
_ALGORITHM: Final = "a load balancer signs with ES256 only, and a token must not choose how it is checked"
_MALFORMED: Final = "it does not have the form of a load balancer's token"


def of_balancer(
    balancer: LocalLoadBalancer, username: str, revocations: RevocationList | None
) -> Iterator[HostileToken]:
    """Yield load balancer tokens with one error each.

    Args:
        balancer: Load balancer that the tokens claim to come from, inside its `with` block.
        username: User that the tokens name.
        revocations: List to which the user of a revoked token is added; None for no such token.
    """
    yield from _with_wrong_header(balancer, username)
    yield from _with_wrong_claims(balancer, username)
    yield from _with_wrong_text(balancer, username)
    yield from _with_wrong_signature(balancer, username)
    if revocations is not None:
        locked_out = f"{username} who was locked out"
        subject = str(balancer.claims(locked_out)["sub"])
        revocations.revoke_user(str(balancer.claims()["iss"]), subject)
        why = "the user's tokens were revoked; otherwise, a locked-out user could continue"
        yield HostileToken("alb-revoked-user", balancer.token(locked_out), why)


def _with_wrong_header(balancer: LocalLoadBalancer, username: str) -> Iterator[HostileToken]:
    other = "https://issuer.example"
    changes: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("alb-signer-other", {"signer": _OTHER_ARN}, _SIGNER),
        ("alb-signer-prefix", {"signer": balancer.arn[:-1]}, _SIGNER),
        ("alb-signer-list", {"signer": [balancer.arn]}, _SIGNER),
        ("alb-signer-absent", {"signer": ABSENT}, _SIGNER),
        ("alb-client-other", {"client": "anotherclient"}, _CLIENT),
        ("alb-client-absent", {"client": ABSENT}, _CLIENT),
        ("alb-issuer-other-in-header", {"iss": other}, _ISSUER),
        ("alb-issuer-absent-in-header", {"iss": ABSENT}, _ISSUER),
        ("alb-expired-in-header", {"exp": 1_000_000_000}, _EXPIRED),
        ("alb-exp-text", {"exp": "9999999999"}, _EXPIRED),
        ("alb-kid-path", {"kid": "../../other-bucket/key"}, _KID),
        ("alb-kid-url", {"kid": "https://evil.example/key"}, _KID),
        ("alb-kid-empty", {"kid": ""}, _KID),
        ("alb-kid-absent", {"kid": ABSENT}, _KID),
        ("alb-kid-unknown", {"kid": str(uuid.uuid5(uuid.NAMESPACE_URL, "nowhere"))}, "no such key was published"),
        ("alb-crit", {"crit": ["exp"]}, "it requires an unknown extension (RFC 7515 section 4.1.11)"),
    )
    for name, header, why in changes:
        yield HostileToken(name, balancer.token(username, header=header), why)
    token = balancer.token(username, header={"iss": other}, iss=other)
    yield HostileToken("alb-issuer-other", token, _ISSUER)
    yield HostileToken("alb-expired", balancer.token(username, expires_in=-1), _EXPIRED)


def _with_wrong_claims(balancer: LocalLoadBalancer, username: str) -> Iterator[HostileToken]:
    changes: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("alb-issuer-mismatch", {"iss": "https://issuer.example"}, _TWO),
        ("alb-exp-mismatch", {"exp": 9_999_999_999}, _TWO),
        ("alb-sub-absent", {"sub": ABSENT}, "it names no user"),
        ("alb-sub-number", {"sub": 7}, "it names no user"),
        ("alb-not-yet-valid", {"nbf": 9_999_999_999}, "it is not valid yet"),
    )
    for name, claims, why in changes:
        yield HostileToken(name, balancer.token(username, claims=claims), why)
    yield HostileToken("alb-payload-array", balancer.sign(balancer.header, []), _MALFORMED)


def _with_wrong_text(balancer: LocalLoadBalancer, username: str) -> Iterator[HostileToken]:
    good = balancer.token(username)
    header, payload, signature = good.split(".")
    other = balancer.token("mallory").split(".")[1]
    yield HostileToken("alb-padding-stripped", good.replace("=", ""), f"{_CHANGED}: the padding is signed")
    yield HostileToken("alb-padding-mixed", f"{header}.{payload}.{signature.rstrip('=')}", "it has two spellings")
    yield HostileToken("alb-padding-added", f"{header}.{payload}.{signature}=", "it has two spellings")
    yield HostileToken("alb-claims-swapped", f"{header}.{other}.{signature}", _CHANGED)
    yield HostileToken("alb-signature-absent", f"{header}.{payload}.", _FORGED)
    yield HostileToken("alb-four-parts", f"{good}.{signature}", _MALFORMED)
    yield HostileToken("alb-cut", good[: len(good) // 2], _MALFORMED)


def _with_wrong_signature(balancer: LocalLoadBalancer, username: str) -> Iterator[HostileToken]:
    key, attacker, rsa = balancer.public_pem, ec_key("an attacker", 0), cached_key("an attacker", 0).jwk
    secret = JWK(kty="oct", k=tokens.base64url(key))
    claims = balancer.claims(username)
    header = balancer.header
    yield HostileToken("alb-other-key", _signed(attacker, "ES256", header, claims), _FORGED)
    yield HostileToken("alb-alg-none", f"{_unsigned(header | {'alg': 'none'}, claims)}.", _ALGORITHM)
    yield HostileToken("alb-alg-hs256", _signed(secret, "HS256", header | {"alg": "HS256"}, claims), _ALGORITHM)
    yield HostileToken("alb-alg-rs256", _signed(rsa, "RS256", header | {"alg": "RS256"}, claims), _ALGORITHM)
    yield HostileToken("alb-signature-of-hs256", _signed(secret, "HS256", header, claims), _FORGED)
    zeros = f"{_unsigned(header, claims)}.{_padded(bytes(64))}"
    yield HostileToken("alb-signature-of-zeros", zeros, f"{_FORGED}: it is zero, as in CVE-2022-21449")


def _signed(key: JWK, algorithm: str, header: object, claims: object) -> str:
    text = _unsigned(header, claims)
    return f"{text}.{_padded(sign_with(key, algorithm, text.encode('ascii')))}"


def _unsigned(header: object, claims: object) -> str:
    return ".".join(_padded(tokens.json_bytes(part)) for part in (header, claims))


def _padded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")
