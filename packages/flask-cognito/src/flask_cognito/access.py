"""`Access`: what a view demands of whoever asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cognito_jwt_core import AccessDeniedError, Claims, ConfigurationError, GroupRequiredError, ScopeRequiredError

from flask_cognito.authentication import authenticate, authenticate_async
from flask_cognito.config_values import Names
from flask_cognito.refusal_log import logged_refusal_of
from flask_cognito.responses import is_scope


@dataclass(frozen=True, kw_only=True)
class Access:
    """A demand: somebody, or somebody in certain groups, or a token of certain scopes."""

    is_optional: bool = False
    groups: Names = ()
    scopes: Names = ()
    require: Literal["any", "all"] = "any"

    def __post_init__(self) -> None:
        if self.require not in ("any", "all"):
            raise ConfigurationError(f"require: expected 'any' or 'all', found {ascii(self.require)[:64]}")
        for scope in self.scopes:
            if not is_scope(scope):  # it could not stand in the challenge
                raise ConfigurationError(f"scopes: expected printable ASCII without spaces, found {ascii(scope)[:64]}")

    def __str__(self) -> str:
        if self.is_optional:
            return "anybody, signed in or not"
        demands = [f"{kind} {self._joined(names)}" for kind, names in self._demands() if names]
        return ", ".join(demands) or "signed in"

    def _demands(self) -> tuple[tuple[str, Names], ...]:
        return ("group", self.groups), ("scope", self.scopes)

    def _joined(self, names: Names) -> str:
        return (" and " if self.require == "all" else " or ").join(names)

    def enforce(self) -> None:
        """Let the current request through, or raise the answer to it.

        Raises:
            CognitoAuthError: It is not let through.
        """
        identity = authenticate(optional=self.is_optional)
        if identity is not None and (self.groups or self.scopes):
            self._require(identity[0])

    async def enforce_async(self) -> None:
        """Do the same in a view that is a coroutine."""
        identity = await authenticate_async(optional=self.is_optional)
        if identity is not None and (self.groups or self.scopes):
            self._require(identity[0])

    def _require(self, claims: Claims) -> None:
        try:
            self.check(claims)
        except AccessDeniedError as error:
            raise logged_refusal_of(error) from error

    def check(self, claims: Claims) -> None:
        """Compare groups and scopes: whole, with case.

        Raises:
            GroupRequiredError: The user is not in the groups.
            ScopeRequiredError: The token has not the scopes.
        """
        if self.groups and not self._is_met(self.groups, claims.groups):
            raise GroupRequiredError(
                f"cognito:groups: expected {self._joined(self.groups)}, found {ascii(claims.groups)[:64]}",
                required=self.groups,
            )
        if self.scopes and not self._is_met(self.scopes, claims.scopes):
            raise ScopeRequiredError(
                f"scope: expected {self._joined(self.scopes)}, found {ascii(claims.scopes)[:64]}",
                required=self.scopes,
            )

    def _is_met(self, required: Names, found: Names) -> bool:
        enough = all if self.require == "all" else any
        return enough(name in found for name in required)
