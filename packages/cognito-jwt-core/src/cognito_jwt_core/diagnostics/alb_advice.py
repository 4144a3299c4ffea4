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
    "The claims come from the issuer's userInfo endpoint. Check what it returns, and that the listener rule requests"
    " the scope `openid`."
)
_NO_GROUPS = (
    "A load balancer's token has no groups and no scopes. Require them in the access token, which the load balancer"
    " adds as `x-amzn-oidc-accesstoken`."
)
_ADVICE: dict[type[CognitoJWTError], str] = {
    MalformedTokenError: _UNCHANGED,
    AlgorithmNotAllowedError: "Load balancers sign only with ES256, so none of them made this token.",
    InvalidSignerError: (
        "The token names another load balancer. Compare its ARN with the one of the load balancer in front of this app"
        " (`load_balancer_arn`, `COGNITO_ALB_ARN`)."
    ),
    InvalidClientError: (
        "The load balancer signed the user in at another app client. Compare the client id in the action of its"
        " listener rule with yours."
    ),
    InvalidIssuerError: (
        "The load balancer signed the user in at another issuer. Compare the user pool or issuer in the action of its"
        " listener rule with yours."
    ),
    TokenExpiredError: (
        "The token is valid for a few minutes, and later requests bring a new one. Use the one in the current request."
        " If it is new, this machine's clock is ahead."
    ),
    TokenNotYetValidError: (
        "If the token is new, this machine's clock is behind by that much. Set it, or allow a few seconds of leeway."
    ),
    UnknownKeyError: (
        "The key is published in the load balancer's Region. Compare that with the Region in the ARN, or in the URL of"
        " the keys (`keys_url`, `COGNITO_ALB_KEYS_URL`)."
    ),
    JWKSUnavailableError: (
        "The token may be valid. `flask cognito check`, or `doctor` with this verifier, checks whether this machine can"
        " reach the keys."
    ),
    InvalidSignatureError: f"The text was changed after it was signed, or another key signed it. {_UNCHANGED}",
    InvalidClaimError: _OF_THE_CLAIMS,
    TokenRevokedError: (
        "The user is on this app's revocation list. A load balancer's token does not say when it was issued, so signing"
        " in again does not help until the entry ends."
    ),
    RevocationsUnavailableError: ("The token may be valid. Check the server that shares the revocation list."),
    InvalidTokenUseError: (
        "A load balancer's token is neither an access token nor an ID token. Send the access token, which the load"
        " balancer adds as `x-amzn-oidc-accesstoken`."
    ),
    InsufficientAuthenticationError: (
        "A load balancer's token does not say when or how the user signed in. Check that in the access token, which the"
        " load balancer adds as `x-amzn-oidc-accesstoken`."
    ),
    GroupRequiredError: _NO_GROUPS,
    ScopeRequiredError: _NO_GROUPS,
    ClaimRequiredError: (
        "The claims come from the issuer's userInfo endpoint. Give the user the attribute, and allow the app client to"
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
