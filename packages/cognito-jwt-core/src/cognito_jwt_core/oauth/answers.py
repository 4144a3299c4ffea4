"""Read responses of Cognito's endpoints strictly. Each problem becomes one of the codes of `SignInError`.

Unknown members are ignored. A missing member, or one of the wrong type, is an error.
"""

from __future__ import annotations

import logging
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias
from urllib.parse import quote_plus

from cognito_jwt_core.errors import SignInError, shown
from cognito_jwt_core.http import HTTPResponse
from cognito_jwt_core.jose.strict_json import parse_object

_log = logging.getLogger("cognito_jwt_core.oauth")

Grant: TypeAlias = Literal["authorization_code", "refresh_token"]

_MAX_RETRY_AFTER_SECONDS = 3600
_PART_CHARACTERS = 12  # a shorter part of a secret is useless to a reader of the log
_URL_SAFE = str.maketrans("+/", "-_")
_MISCONFIGURED = frozenset(("invalid_client", "unauthorized_client", "invalid_redirect", "invalid_scope"))
_OF_INVALID_GRANT = {"authorization_code": "code_rejected", "refresh_token": "session_expired"}


class Hidden:
    """Values of a request that no message may show. A server in between may repeat them in an error.

    Args:
        values: The values.
    """

    def __init__(self, values: tuple[str, ...]) -> None:
        self._values = values

    def checked(self, words: str) -> str:
        """Return `words`, unless they repeat a value or part of one, in plain text, base64 or URL encoding."""
        forms = (form for value in self._values for form in _forms(value))
        return "an error that repeats the request" if any(_repeats(words, form) for form in forms) else words


def _forms(value: str) -> Iterator[str]:
    yield value
    yield quote_plus(value)
    for before in range(3):  # in base64, the preceding bytes shift it
        encoded = b64encode(bytes(before) + value.encode())[4:-4].decode()  # the ends contain bits of the neighbours
        if len(encoded) >= _PART_CHARACTERS:
            yield encoded
            yield encoded.translate(_URL_SAFE)


def _repeats(words: str, form: str) -> bool:
    size = min(_PART_CHARACTERS, len(form))
    return any(words[start : start + size] in form for start in range(len(words) - size + 1))


class TokenAnswer(NamedTuple):
    """The tokens of a response, not verified."""

    access_token: str
    id_token: str | None
    refresh_token: str | None

    def __repr__(self) -> str:
        return "<TokenAnswer>"


def parse_token_answer(response: HTTPResponse, grant: Grant, hidden: Hidden, *, with_id_token: bool) -> TokenAnswer:
    """Return the unverified tokens of a token endpoint's response (RFC 6749 section 5.1).

    Args:
        response: The response.
        grant: What was exchanged for the tokens.
        hidden: Values of the request that no message may show.
        with_id_token: Whether to read the ID token. If false, the member is ignored.

    Raises:
        SignInError: With the code that the table of errors gives for this response.
    """
    members = _parse(response, "token endpoint")
    refuse_error(response, members, "token endpoint", grant, hidden)
    # A token of another type must not be used as a bearer token (RFC 6749 section 7.1).
    if _text(members, "token_type").lower() != "bearer":
        raise SignInError("token_type: expected Bearer, found another type", code="token_rejected")
    expires_in = members.get("expires_in", 1)  # recommended, not required
    if type(expires_in) is not int or expires_in <= 0:
        raise SignInError("expires_in: expected whole seconds above 0, found another value", code="token_rejected")
    return TokenAnswer(
        _text(members, "access_token"),
        _text(members, "id_token") if with_id_token and "id_token" in members else None,
        _text(members, "refresh_token") if "refresh_token" in members else None,
    )


def check_revocation_answer(response: HTTPResponse, hidden: Hidden) -> None:
    """Accept a 200 and ignore its body (RFC 7009 section 2.2).

    Raises:
        SignInError: For every other response.
    """
    if response.status != 200:
        refuse_error(response, _parse(response, "revocation endpoint"), "revocation endpoint", None, hidden)


def parse_user_info(response: HTTPResponse, hidden: Hidden) -> dict[str, object]:
    """Return the claims in a userInfo response (OpenID Connect Core section 5.3.2).

    Raises:
        SignInError: For every other response; ``session_expired`` if Cognito no longer accepts the access token.
    """
    if response.status == 401:
        # The user signed out everywhere or was disabled, or the token was revoked (RFC 6750 section 3.1).
        raise SignInError(
            "userInfo: expected an answer, found that the access token is rejected", code="session_expired"
        )
    members = _parse(response, "userInfo endpoint")
    refuse_error(response, members, "userInfo endpoint", None, hidden)
    if not isinstance(members.get("sub"), str) or not members["sub"]:
        raise SignInError("userInfo: expected a sub, found none", code="provider_error")
    return members


def refuse_error(
    response: HTTPResponse, members: dict[str, object], endpoint: str, grant: Grant | None, hidden: Hidden
) -> None:
    """Raise if the response is an error. Its `error` decides, not its status, which proxies change.

    Raises:
        SignInError: With the code of the table.
    """
    if "error" in members:
        error = members["error"]
        description = members.get("error_description")
        code = _code(error, description, grant)
        named = _named(error, description, hidden)
        if code == "sign_in_misconfigured":  # no user can fix this
            _log.error(
                "sign-in does not match the app client at Cognito: the %s answers %s; compare client ID, client secret,"
                " callback URL and scopes",
                endpoint,
                named,
            )
        raise SignInError(f"{endpoint}: expected an answer, found {named}", code=code)
    if response.status != 200:
        raise SignInError(f"{endpoint}: expected status 200, found {response.status}", code="provider_error")


def unavailable(endpoint: str, reason: str, retry_after: int | None = None) -> SignInError:
    """Return the error for an endpoint without a usable response."""
    return SignInError(f"{endpoint}: {reason}", code="sign_in_unavailable", retry_after=retry_after)


def _parse(response: HTTPResponse, endpoint: str) -> dict[str, object]:
    if response.status == 429 or response.status >= 500:
        raise unavailable(endpoint, f"expected an answer, found status {response.status}", _retry_after(response))
    try:
        return parse_object(response.body)
    except ValueError as error:
        reason = f"status {response.status}, {error}"
    raise unavailable(endpoint, reason)


def _code(error: object, description: object, grant: Grant | None) -> str:
    if error == "invalid_grant" and grant is not None:
        return _OF_INVALID_GRANT[grant]
    # Cognito's way to say that the redirect URI differs from the one in the request.
    if (isinstance(error, str) and error in _MISCONFIGURED) or description == "invalid_redirect":
        return "sign_in_misconfigured"
    return "provider_error"


def _named(error: object, description: object, hidden: Hidden) -> str:
    words = shown(error) if description is None else f"{shown(error)}: {shown(description)}"
    return hidden.checked(words)


def _text(members: dict[str, object], name: str) -> str:
    value = members.get(name)
    # Only visible ASCII (RFC 6749 appendix A). A token that no request can carry could be neither refreshed nor
    # revoked.
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        raise SignInError(f"{name}: expected a text of visible ASCII in the answer, found none", code="token_rejected")
    return value


def _retry_after(response: HTTPResponse) -> int | None:
    """Return the seconds in ``Retry-After``; None for a date or anything else (RFC 9110 section 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    return min(int(text), _MAX_RETRY_AFTER_SECONDS) if re.fullmatch(r"[0-9]{1,9}", text) else None
