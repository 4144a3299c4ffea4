"""The JOSE header and its checks (RFC 7515 section 4)."""

from __future__ import annotations

from collections.abc import Mapping

from cognito_jwt_core.errors import AlgorithmNotAllowedError, MalformedTokenError, shown
from cognito_jwt_core.jose.algorithms import Algorithm


class UnverifiedHeader:
    """The three header members that are read before the signature is verified. All others are ignored."""

    __slots__ = ("alg", "crit", "kid")

    def __init__(self, members: Mapping[str, object]) -> None:
        self.alg: object = members.get("alg")
        self.kid: object = members.get("kid")
        self.crit: bool = "crit" in members


def check_critical(header: UnverifiedHeader, algorithms: Mapping[str, Algorithm]) -> None:
    """Reject ``crit``, because this library supports no extensions (RFC 7515 section 4.1.11)."""
    if header.crit:
        raise MalformedTokenError("crit: expected no critical extensions in the header, found some")


def check_algorithm(header: UnverifiedHeader, algorithms: Mapping[str, Algorithm]) -> Algorithm:
    """Return the row of ``alg``, one of the issuer's algorithms. The comparison is exact (RFC 8725 section 3.1)."""
    if not isinstance(header.alg, str) or header.alg not in algorithms:
        raise AlgorithmNotAllowedError(f"alg: expected {' or '.join(algorithms)}, found {shown(header.alg)}")
    return algorithms[header.alg]


def check_kid(header: UnverifiedHeader, algorithms: Mapping[str, Algorithm]) -> str:
    """Return ``kid``, which names the key (RFC 7515 section 4.1.4). Cognito always sets it."""
    if not isinstance(header.kid, str) or not header.kid:
        raise MalformedTokenError(f"kid: expected the id of a key in the header, found {shown(header.kid)}")
    return header.kid


HEADER_RULES = (check_critical, check_algorithm, check_kid)


def check_header(header: UnverifiedHeader, algorithms: Mapping[str, Algorithm]) -> tuple[Algorithm, str]:
    """Apply every header rule. Return the row of the algorithm and the `kid`.

    Args:
        header: Header of a token.
        algorithms: Algorithms of the issuer that the token names. Each issuer has its own list, so do not reuse the
            result for another issuer.

    Raises:
        MalformedTokenError: If the header has ``crit``, or no ``kid``.
        AlgorithmNotAllowedError: If ``alg`` is not one of `algorithms`.
    """
    check_critical(header, algorithms)
    return check_algorithm(header, algorithms), check_kid(header, algorithms)
