"""Limit how often a client requests refreshed tokens while Cognito does not answer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from cognito_jwt_core.clock import Clock, Moment
from cognito_jwt_core.errors import SignInError
from cognito_jwt_core.keys.freshness import Failure
from cognito_jwt_core.keys.settings import KeySettings


class RefreshBackoff:
    """Backoff after refreshes without an answer: 1 s, doubling to 30 s, for one app client.

    Without it, an outage would delay every request of every signed-in user by a whole timeout. It takes no lock, so
    that no forked process can inherit a held one. The latest failure is one immutable value.

    Args:
        settings: Length of the wait.
        clock: Clock for the wait.
    """

    def __init__(self, settings: KeySettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._failure: Failure | None = None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count one attempt, whose outcome is what the body raises.

        Raises:
            SignInError: ``sign_in_unavailable`` during the backoff.
        """
        before, now = self._failure, Moment.now(self._clock)
        if before is not None and before.backoff_left(now) > 0:
            raise SignInError(
                f"token endpoint: not tried, because the last attempt failed: {before.message}",
                code="sign_in_unavailable",
                retry_after=math.ceil(before.backoff_left(now)),
            )
        try:
            yield
        except SignInError as error:
            if error.retryable:
                self._count(error, before)
            else:
                self._failure = None  # any response shows that Cognito can be reached
            raise
        self._failure = None

    def _count(self, error: SignInError, before: Failure | None) -> None:
        # Attempts in parallel count as one failure. Otherwise, a busy server would wait 30 s after the first second.
        if self._failure is before:
            times = before.times + 1 if before else 1
            now = Moment.now(self._clock)
            self._failure = Failure(str(error), None, times, now, self._settings.backoff(times))
        newest = self._failure  # None if another attempt has succeeded meanwhile
        waits = math.ceil(newest.backoff_seconds) if newest else 1
        error.retry_after = max(error.retry_after or 1, waits)
