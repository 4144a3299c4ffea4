"""Keep responses of the token endpoint whose tokens cannot be verified yet."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import sha256

from cognito_jwt_core.oauth.answers import TokenAnswer

_MAX_HELD = 1024


class UnverifiedAnswers:
    """Keep such responses for the next attempt, by the refresh token that was sent.

    With rotation, that token has ended and only the response contains a valid one. An outage of the key endpoint must
    not sign the user out. It takes no lock, so that no forked process can inherit a held one.
    """

    def __init__(self) -> None:
        self._answers: OrderedDict[bytes, TokenAnswer] = OrderedDict()

    def hold(self, refresh_token: str, answer: TokenAnswer) -> None:
        """Keep a response. Drop the oldest if there are too many."""
        self._answers[_digest(refresh_token)] = answer
        while len(self._answers) > _MAX_HELD:
            try:
                self._answers.popitem(last=False)  # one step, because other threads change it meanwhile
            except KeyError:  # they have emptied it
                return

    def take(self, refresh_token: str) -> TokenAnswer | None:
        """Remove and return the response for a refresh token; None if there is none."""
        return self._answers.pop(_digest(refresh_token), None)


def _digest(refresh_token: str) -> bytes:
    return sha256(refresh_token.encode()).digest()
