"""The endpoints of a managed login that apps call: `/oauth2/token`, `/oauth2/revoke` and `/oauth2/userInfo`."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from cognito_jwt_core.testing.answering import ReceivedRequest
from cognito_jwt_core.testing.managed_login import answers
from cognito_jwt_core.testing.managed_login.answers import Answer
from cognito_jwt_core.testing.managed_login.app_client import AppClient
from cognito_jwt_core.testing.managed_login.grants import Grant, Grants, IssuedCode
from cognito_jwt_core.testing.managed_login.users import Users
from cognito_jwt_core.testing.pool import LocalUserPool
from cognito_jwt_core.testing.tokens import base64url

_FORM: Final = "application/x-www-form-urlencoded"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 section 4.1
# `authenticate` may return all claims of a token from elsewhere. These are not attributes of the user.
_NOT_ATTRIBUTES: Final = frozenset(
    [
        "sub",
        "cognito:username",
        "cognito:groups",
        "iss",
        "aud",
        "exp",
        "iat",
        "nbf",
        "auth_time",
        "jti",
        "origin_jti",
        "event_id",
        "token_use",
        "nonce",
        "at_hash",
        "client_id",
        "username",
        "scope",
        "version",
        "acr",
        "amr",
    ]
)
_ATTRIBUTES: Final[Mapping[str, frozenset[str]]] = {
    "email": frozenset({"email", "email_verified"}),
    "phone": frozenset({"phone_number", "phone_number_verified"}),
}


class AppEndpoints:
    """The endpoints that the app's server calls.

    Args:
        pool: Pool whose key signs the tokens.
        client: The app client.
        users: The users, whose current groups go into refreshed tokens.
        grants: Storage of codes and tokens.
        issuer: Function that returns the `iss` claim of the tokens.
    """

    def __init__(
        self, pool: LocalUserPool, client: AppClient, users: Users, grants: Grants, issuer: Callable[[], str]
    ) -> None:
        self._pool = pool
        self._client = client
        self._users = users
        self._grants = grants
        self._issuer = issuer

    def token(self, request: ReceivedRequest) -> Answer:
        """Answer `POST /oauth2/token`.

        Source: AWS "token-endpoint", also for the rules in this module that name no other source.
        """
        form = self._form(request)
        if isinstance(form, Answer):
            return form
        if error := self._client.authentication_error(form, request.headers.get("authorization")):
            return answers.error_answer(error)
        grant_type = form.get("grant_type")
        if grant_type == "authorization_code":
            return self._exchange(form)
        if grant_type == "refresh_token":
            return self._refresh(form)
        if grant_type == "client_credentials":  # a flow that this client does not allow
            return answers.error_answer("unauthorized_client")
        return answers.error_answer("unsupported_grant_type" if grant_type else "invalid_request")

    def revoke(self, request: ReceivedRequest) -> Answer:
        """Answer `POST /oauth2/revoke`. Source: AWS "revocation-endpoint"."""
        form = self._form(request)
        if isinstance(form, Answer):
            return form
        if error := self._client.authentication_error(form, request.headers.get("authorization")):
            return answers.error_answer(error, status=401 if error == "invalid_client" else 400)
        if "token" not in form or not self._client.revocation:
            return answers.error_answer("invalid_request")
        if form["token"].count(".") == 2:  # a JWT: "if the token sent in the request is not a refresh token"
            return answers.error_answer("unsupported_token_type")
        self._grants.revoke(form["token"])  # unknown and revoked tokens also get a 200
        return Answer(200)

    def user_info(self, request: ReceivedRequest) -> Answer:
        """Answer `GET /oauth2/userInfo`. It knows only the access tokens that this server has issued.

        Source: AWS "userinfo-endpoint".
        """
        if request.method != "GET":
            return answers.not_allowed("GET")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _challenge(400, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint")
        grant = self._grants.access_grant(token)
        if grant is None:
            return _challenge(401, "invalid_token", "Access token is expired, disabled, or deleted")
        if "openid" not in grant.scopes:
            return _challenge(401, "invalid_token", "Access token does not contain openid scope")
        claims = {"sub": grant.user.claims["sub"], "username": grant.user.username, **_attributes(grant)}
        return answers.json_answer(200, {name: _as_text(value) for name, value in claims.items()})

    def _form(self, request: ReceivedRequest) -> dict[str, str] | Answer:
        """Return the form of a request, or an error response unless it is a valid POST of a form."""
        if request.method != "POST":
            return answers.not_allowed("POST")
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        # RFC 6749 section 3.2: no parameter more than once
        if content_type != _FORM or answers.repeated_names(request.body.decode("utf-8", "replace")):
            return answers.error_answer("invalid_request")
        return request.form

    def _exchange(self, form: Mapping[str, str]) -> Answer:
        if "code" not in form or "redirect_uri" not in form:
            return answers.error_answer("invalid_request")
        code = self._grants.take_code(form["code"])
        if code is None:  # "has been consumed already or does not exist", or is older than five minutes
            return answers.error_answer("invalid_grant")
        if error := _exchange_error(code, form):
            return error
        return self._tokens(code.grant, self._grants.issue_refresh_token(code.grant), nonce=code.grant.nonce)

    def _refresh(self, form: Mapping[str, str]) -> Answer:
        if "refresh_token" not in form:
            return answers.error_answer("invalid_request")
        used = self._grants.use_refresh_token(form["refresh_token"])
        if used is None:
            return answers.error_answer("invalid_grant")
        grant, successor = used
        grant = replace(grant, user=self._users.current(grant.user))
        return self._tokens(grant, successor, nonce=None)  # OIDC Core section 12.2: "SHOULD NOT have a nonce Claim"

    def _tokens(self, grant: Grant, refresh_token: str | None, *, nonce: str | None) -> Answer:
        access_token = self._access_token(grant)
        self._grants.remember_access_token(access_token, grant)
        answer: dict[str, object] = {
            "access_token": access_token,
            "expires_in": int(self._client.access_seconds),
            "token_type": "Bearer",
        }
        if "openid" in grant.scopes:  # "An ID token is only returned if openid scope is requested"
            answer["id_token"] = self._id_token(grant, access_token, nonce)
        if refresh_token is not None:
            answer["refresh_token"] = refresh_token
        return answers.json_answer(
            200, {**answer, "expires_in": int(self._client.access_seconds), "token_type": "Bearer"}
        )

    def _access_token(self, grant: Grant) -> str:
        claims = self._pool.access_claims(
            grant.user.username,
            groups=grant.user.groups,
            scopes=grant.scopes,
            expires_in=self._client.access_seconds,
        )
        if grant.resource is not None:
            claims["aud"] = grant.resource
        return self._signed(claims, grant)

    def _id_token(self, grant: Grant, access_token: str, nonce: str | None) -> str:
        claims = self._pool.id_claims(
            grant.user.username, groups=grant.user.groups, expires_in=self._client.access_seconds
        )
        del claims["email"], claims["email_verified"]  # the user's own attributes follow, if the scopes allow them
        # OIDC Core section 3.1.3.6: the left half of the hash of the access token
        claims["at_hash"] = base64url(hashlib.sha256(access_token.encode()).digest()[:16])
        if nonce is not None:
            claims["nonce"] = nonce
        return self._signed({**claims, **_attributes(grant)}, grant)

    def _signed(self, claims: dict[str, object], grant: Grant) -> str:
        claims |= {
            "iss": self._issuer(),
            "sub": grant.user.claims["sub"],
            "auth_time": grant.auth_time,
            "origin_jti": grant.origin_jti,
            "event_id": grant.event_id,
        }
        # Both tokens contain the level and the methods. Source: AWS "Authentication levels with ACR and AMR claims"
        claims |= {name: grant.user.claims[name] for name in ("acr", "amr") if name in grant.user.claims}
        # AWS "token-revocation": tokens have jti and origin_jti only if revocation is enabled
        if not self._client.revocation:
            del claims["jti"], claims["origin_jti"]
        return self._pool.sign(self._pool.header, claims)


def _exchange_error(code: IssuedCode, form: Mapping[str, str]) -> Answer | None:
    """Return the error response for a form that does not match the code, or None if it matches."""
    verifier = form.get("code_verifier")
    if form["redirect_uri"] != code.redirect_uri:
        return answers.error_answer("unauthorized_client", "invalid_redirect")
    if code.code_challenge is None:  # a verifier without a challenge means PKCE downgrade: RFC 9700 section 4.8.2
        return None if verifier is None else answers.error_answer("invalid_grant")
    if verifier is None:  # "Required if … the authorization code was requested with PKCE"
        return answers.error_answer("invalid_request")
    return None if _is_proof(verifier, code.code_challenge) else answers.error_answer("invalid_grant")


def _is_proof(verifier: str, challenge: str) -> bool:
    """Return whether a code verifier is valid and matches a challenge. Spec: RFC 7636 sections 4.1 and 4.6."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    return hmac.compare_digest(base64url(hashlib.sha256(verifier.encode("ascii")).digest()), challenge)


def _attributes(grant: Grant) -> dict[str, object]:
    """Return the user's attributes that the scopes allow.

    `profile` allows all attributes. So does `openid` if there is none of `profile`, `email` and `phone`. Source: AWS
    "cognito-user-pools-define-resource-servers", about scopes.
    """
    attributes = {name: value for name, value in grant.user.claims.items() if name not in _NOT_ATTRIBUTES}
    limiting = {"profile", *_ATTRIBUTES}.intersection(grant.scopes)
    if not limiting or "profile" in limiting:
        return attributes
    allowed = frozenset().union(*(_ATTRIBUTES[scope] for scope in limiting))
    return {name: value for name, value in attributes.items() if name in allowed}


def _as_text(value: object) -> object:
    """Return a bool as the text `"true"` or `"false"`, as `/oauth2/userInfo` does, and any other value unchanged."""
    return str(value).lower() if isinstance(value, bool) else value


def _challenge(status: int, error: str, description: str) -> Answer:
    challenge = f'error="{error}", error_description="{description}"'
    return answers.json_answer(status, {"error": error, "error_description": description}, WWW_Authenticate=challenge)
