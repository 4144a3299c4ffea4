"""The usual causes of each error of a load balancer's token, and what to do about them."""

from __future__ import annotations

from cognito_jwt_core.errors import (
    AlgorithmNotAllowedError,
    ClaimRequiredError,
    CognitoJWTError,
    GroupRequiredError,
    InsufficientAuthenticationError,
    InvalidClaimError,
    InvalidClientError,
    InvalidIssuerError,
    InvalidSignatureError,
    InvalidSignerError,
    InvalidTokenUseError,
    JWKSUnavailableError,
    MalformedTokenError,
    RevocationsUnavailableError,
    ScopeRequiredError,
    TokenExpiredError,
    TokenNotYetValidError,
    TokenRevokedError,
    UnknownKeyError,
)

_UNCHANGED = "Send the value of the header `x-amzn-oidc-data`, whole and unchanged: its padding (`=`) is signed."
_OF_THE_CLAIMS = (
    "The claims are those of the issuer's user info endpoint. Look at what it returns, and whether the listener rule"
    " asks for the scope `openid`."
)
_NO_GROUPS = (
    "A load balancer's token has no groups and no scopes. Demand them of the access token, which the load balancer adds"
    " as `x-amzn-oidc-accesstoken`."
)
_ADVICE: dict[type[CognitoJWTError], str] = {
    MalformedTokenError: _UNCHANGED,
    AlgorithmNotAllowedError: "A load balancer signs with ES256 only, so none has made this token as it stands.",
    InvalidSignerError: (
        "The token names another load balancer. If it is one of yours, add its ARN (`load_balancer_arn`,"
        " `COGNITO_ALB_ARN`)."
    ),
    InvalidClientError: (
        "The load balancer signed the user in at another app client. Compare the client id in the action of its"
        " listener rule with yours."
    ),
    InvalidIssuerError: (
        "The load balancer signed the user in somewhere else. Compare the user pool or issuer in the action of its"
        " listener rule with yours."
    ),
    TokenExpiredError: (
        "The token is valid for minutes, and a later request brings another one. Take it from the request that you"
        " answer. If it is fresh, this clock is ahead."
    ),
    TokenNotYetValidError: (
        "If the token is fresh, this clock is behind by as much: set it, or allow some seconds of leeway."
    ),
    UnknownKeyError: (
        "The key is published in the Region of the load balancer. Compare the Region in the ARN, or the URL of the keys"
        " (`keys_url`, `COGNITO_ALB_KEYS_URL`), with where the load balancer is."
    ),
    JWKSUnavailableError: (
        "This says nothing about the token. `flask cognito check`, or `doctor` with this verifier, says whether this"
        " machine can reach the keys."
    ),
    InvalidSignatureError: f"The text was changed after it was signed, or another key signed it. {_UNCHANGED}",
    InvalidClaimError: _OF_THE_CLAIMS,
    TokenRevokedError: (
        "The user was revoked in the list of this app. A load balancer's token does not say when it was issued, so a"
        " new sign-in does not help: only the end of the entry does."
    ),
    RevocationsUnavailableError: (
        "This says nothing about the token. Look at the server that shares the list of revocations."
    ),
    InvalidTokenUseError: (
        "A load balancer's token is neither an access token nor an ID token. Send the access token, which the load"
        " balancer adds as `x-amzn-oidc-accesstoken`."
    ),
    InsufficientAuthenticationError: (
        "A load balancer's token does not say when or how the user signed in. Demand that of the access token, which"
        " the load balancer adds as `x-amzn-oidc-accesstoken`."
    ),
    GroupRequiredError: _NO_GROUPS,
    ScopeRequiredError: _NO_GROUPS,
    ClaimRequiredError: (
        "The claims are those of the issuer's user info endpoint: give the user the attribute, and let the app client"
        " read it."
    ),
}


def alb_advice_for(error: CognitoJWTError, origin: str, token: str | bytes) -> str:
    """Return what to do about `error`; empty if the message is enough.

    Args:
        error: Error that rejected the token.
        origin: Kind of text, or issuer of the token by its own claims.
        token: The text.
    """
    if origin != "load_balancer":
        return "This is not a load balancer's token. Send the value of the header `x-amzn-oidc-data`, unchanged."
    text = token if isinstance(token, str) else token.decode("ascii", "replace")
    if isinstance(error, InvalidSignatureError) and not text.endswith("="):
        return f"The padding at the end of each part was removed after it was signed. {_UNCHANGED}"
    if error.is_authentic and isinstance(error, InvalidIssuerError):  # header and claims differ
        return _OF_THE_CLAIMS
    if not error.is_authentic and type(error) is InvalidClaimError:
        return "No load balancer makes such a header: another program made this token."
    return next((_ADVICE[kind] for kind in type(error).__mro__ if kind in _ADVICE), "")
