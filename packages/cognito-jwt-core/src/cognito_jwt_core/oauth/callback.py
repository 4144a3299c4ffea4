"""Check the callback's query before using any of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hmac import compare_digest
from urllib.parse import parse_qsl

from cognito_jwt_core.errors import ConfigurationError, SignInError, shown

_MAX_QUERY_CHARACTERS = 8192
_MAX_PARAMETERS = 50
# Sent by Cognito when a Lambda trigger refuses: "PreSignUp failed with error …", with the error invalid_request.
_OF_A_TRIGGER = "failed with error"
_MISCONFIGURED = frozenset(("unauthorized_client", "invalid_client", "invalid_scope", "invalid_redirect"))


def code_of_callback(query: str, state: str, issuers: Collection[str]) -> str:
    """Return the authorization code of a callback that belongs to this login.

    `state` is checked first, because without it the query may come from an attacker. The error, the issuer and the code
    follow.

    Args:
        query: The query string as the browser sent it, percent-encoded, without the ``?``.
        state: State of the login, as kept on the server or in a sealed cookie.
        issuers: Issuers of the pool.

    Raises:
        SignInError: ``state_mismatch``, ``sign_in_denied``, ``login_required``, ``sign_in_misconfigured``,
            ``provider_error`` or ``code_rejected``.
        ConfigurationError: If `state` is not a text, for example because the session was lost.

    Spec: RFC 6749 section 4.1.2, RFC 9207 section 2.4.
    """
    if not isinstance(state, str) or not state:
        raise ConfigurationError("state: expected that of the login, found none")
    found = _parameters(query)
    # Bound to the browser that began the login. Otherwise, an attacker could sign the victim in to another account (RFC
    # 9700 4.7).
    if not compare_digest(_bytes(_only(found, "state", "state_mismatch")), _bytes(state)):
        raise SignInError("callback: expected the state of this login, found another one", code="state_mismatch")
    if "error" in found:
        raise _refusal(_only(found, "error", "provider_error"), (found.get("error_description") or [""])[0])
    # Cognito sends none. If one is present, compare it, because the code may be another server's (RFC 9207 section
    # 2.4).
    if "iss" in found and _only(found, "iss", "code_rejected") not in issuers:
        raise SignInError("callback: expected an issuer of the pool as iss, found another one", code="code_rejected")
    return _only(found, "code", "code_rejected")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _parameters(query: object) -> Mapping[str, list[str]]:
    pairs: list[tuple[str, str]] = []
    if isinstance(query, str) and len(query) <= _MAX_QUERY_CHARACTERS:
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS, errors="strict")
        except ValueError:  # too many fields, or not UTF-8
            pairs = []
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _only(found: Mapping[str, list[str]], name: str, code: str) -> str:
    """Return the value of a parameter that occurs exactly once and is not empty (RFC 6749 section 3.1)."""
    values = found.get(name, [])
    if len(values) != 1 or not values[0]:
        found_words = "it empty" if len(values) == 1 else f"it {len(values)} times"
        raise SignInError(f"callback: expected {name} once, found {found_words}", code=code)
    return values[0]


def _refusal(error: str, description: str) -> SignInError:
    """Return the error for a response of the authorization endpoint (RFC 6749 section 4.1.2.1)."""
    if error == "access_denied" or _OF_A_TRIGGER in description:
        code = "sign_in_denied"
    elif error == "login_required":
        code = "login_required"
    elif error in _MISCONFIGURED:
        code = "sign_in_misconfigured"
    else:
        code = "provider_error"
    words = f"{shown(error)}: {shown(description)}" if description else shown(error)
    return SignInError(f"callback: expected a code, found {words}", code=code)
