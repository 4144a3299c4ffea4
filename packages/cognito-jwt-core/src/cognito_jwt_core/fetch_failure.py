"""A failed fetch, and the wait that follows it."""

from __future__ import annotations

from typing import NamedTuple

from .clock import Moment
from .jwks_sources import JWKSFetchError

_MAX_CHARACTERS = 200


class Failure(NamedTuple):
    """The newest attempt failed.

    Attributes:
        message: Why, in one line.
        status: The HTTP status that was answered, None where there was none.
        times: How many attempts failed in a row.
        at: When.
        backoff_seconds: How long no other attempt is made.
    """

    message: str
    status: int | None
    times: int
    at: Moment
    backoff_seconds: float

    def backoff_left(self, now: Moment) -> float:
        """Seconds until the next attempt; zero or less when it is due."""
        return self.backoff_seconds - now.since(self.at)


def what_it_means(usable_keys: int) -> str:
    """What a failure means for tokens, to be told with it."""
    if usable_keys:
        return f"known keys stay in use: {usable_keys}"
    return "no usable keys are held, so no token can be verified"


def described(error: BaseException) -> str:
    """What an error says, as one line of ASCII: a source by somebody else may raise anything."""
    text = " ".join(str(error).split()).encode("ascii", "backslashreplace").decode()
    # These two are what a source is asked to raise, with a message that speaks for itself.
    speaks_for_itself = type(error) in (JWKSFetchError, ValueError)
    return (text if speaks_for_itself else f"{type(error).__name__}: {text}")[:_MAX_CHARACTERS]
