"""Ask whether tokens are revoked, and handle the answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, Protocol, runtime_checkable

from cognito_jwt_core.errors import ConfigurationError, RevocationsUnavailableError, TokenRevokedError, shown


@runtime_checkable
class Revocations(Protocol):
    """An object that knows which tokens are revoked, such as a `RevocationList`.

    A verifier calls it for every token that it would otherwise accept, including cached ones. An object may also have
    ``ready()`` and ``ready_async()``. The verifier calls one of them before the first answer, and again after a
    `RevocationsUnavailableError`.
    """

    def is_revoked(self, claims: Any) -> bool:
        """Return whether the token with these verified claims is revoked.

        It must not block, because event loops call it too. Any exception except a `TokenRevokedError` means that the
        answer is unknown, and the request gets a 503.
        """


class RevocationCheck:
    """Ask an app's `Revocations` about tokens. A token passes only if the answer is False.

    Args:
        revocations: The app's object.
        leeway: Seconds for which tokens are accepted after their expiry.

    Raises:
        ConfigurationError: If the object has no method `is_revoked`.
    """

    def __init__(self, revocations: Revocations, leeway: float) -> None:
        if isinstance(revocations, type) or not isinstance(revocations, Revocations):
            raise ConfigurationError(
                "revocations: expected an object with a method is_revoked(claims),"
                f" such as a RevocationList, found {shown(revocations)}"
            )
        self._revocations = revocations
        self._has_been_ready = False
        allow_leeway = getattr(revocations, "allow_leeway", None)
        # otherwise, a revoked token would be accepted again between its `exp` and that time
        if allow_leeway is not None:
            allow_leeway(leeway)

    @property
    def is_ready(self) -> bool:
        """Return whether the object knows the current revocations. True if it does not report that."""
        return bool(getattr(self._revocations, "is_ready", True))

    @property
    def age(self) -> float | None:
        """Return the seconds since the object last read the revocations; None if it does not report that."""
        age = getattr(self._revocations, "age", None)
        return age if type(age) in (int, float) else None

    def prepare(self) -> None:
        """Call the object's `ready`, if it has one, and block until it returns.

        Raises:
            RevocationsUnavailableError: If `ready` raises an exception.
        """
        try:
            getattr(self._revocations, "ready", _nothing)()
        except Exception as error:
            raise _unavailable(error) from error
        self._has_been_ready = True

    def check(self, claims: Mapping[str, object]) -> None:
        """Check a token. Call `prepare` before the first check, and again if the object has no answer.

        Args:
            claims: Verified claims of the token.

        Raises:
            TokenRevokedError: If the token is revoked.
            RevocationsUnavailableError: If the object has no answer, or its answer is not a bool.
        """
        if not self._has_been_ready:
            self.prepare()
        try:
            answer: object = self._revocations.is_revoked(claims)
        except RevocationsUnavailableError:  # a worker that was idle or frozen has an outdated list
            self.prepare()
            answer = self._answer(claims)
        except Exception as error:
            raise _unavailable(error) from error
        if answer is not False:
            _refuse(answer)

    async def check_async(self, claims: Mapping[str, object]) -> None:
        """Do the same as `check`. Await `ready_async` if the object has it, which keeps the event loop free."""
        if not self._has_been_ready:
            await self._prepare_async()
        try:
            answer: object = self._revocations.is_revoked(claims)
        except RevocationsUnavailableError:
            await self._prepare_async()
            answer = self._answer(claims)
        except Exception as error:
            raise _unavailable(error) from error
        if answer is not False:
            _refuse(answer)

    def _answer(self, claims: Mapping[str, object]) -> object:
        try:
            return self._revocations.is_revoked(claims)
        except Exception as error:
            raise _unavailable(error) from error

    async def _prepare_async(self) -> None:
        ready_async = getattr(self._revocations, "ready_async", None)
        if ready_async is None:
            return self.prepare()
        try:
            await ready_async()
        except Exception as error:
            raise _unavailable(error) from error
        self._has_been_ready = True
        return None


def _nothing() -> None:
    """Do nothing, for an object without `ready`."""


def _refuse(answer: object) -> NoReturn:
    if answer is True:
        raise TokenRevokedError("expected a token that is not revoked, found one that is")
    # A function that forgets to return gives None, which must not accept a token.
    found = shown(type(answer).__name__)
    raise RevocationsUnavailableError(f"is_revoked: expected True or False, found {found}: refused")


def _unavailable(error: Exception) -> TokenRevokedError | RevocationsUnavailableError:
    """Return the error for an exception of the app's object. The object itself may raise `TokenRevokedError`."""
    if isinstance(error, (TokenRevokedError, RevocationsUnavailableError)):
        return error
    return RevocationsUnavailableError(f"revocations: expected an answer, found {type(error).__name__}")
