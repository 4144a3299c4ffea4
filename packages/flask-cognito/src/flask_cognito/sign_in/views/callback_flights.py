"""One outcome for each login, even if a browser sends its callback twice."""

from __future__ import annotations

import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cognito_jwt_core import SignInError
from cognito_jwt_core.integration import REAL_TIME, PerProcess
from cognito_jwt_core.oauth import TokenSet
from flask import Response

from flask_cognito.sign_in.cookies.memory import BoundedMemory
from flask_cognito.sign_in.login.login_cookie import Login
from flask_cognito.sign_in.sessions.keeper import Keeper, StoreDownError
from flask_cognito.sign_in.sessions.session import Session

_RESULTS_KEPT = 256
_RESULT_SECONDS = 10
_POLL_SECONDS = 0.05
_MAX_ANSWER_BYTES = 4096


@dataclass(frozen=True, repr=False)
class Completed:
    """The outcome of a callback whose code was exchanged.

    Attributes:
        session: The new session; None if the sign-in was rejected.
        cookies: Cookies of the session.
        answer: The response of `on_sign_in`, if any.
        error: Why the sign-in was rejected.
        tokens: The verified tokens; None if another request has completed the login.
    """

    session: Session | None = None
    cookies: Sequence[str] = ()
    answer: Response | None = None
    error: SignInError | None = None
    tokens: TokenSet | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Completed:
        """Return a value from `as_json`, without the tokens."""
        session, answer, error = value["session"], value["answer"], value["error"]
        return cls(
            session=None if session is None else Session.from_json(session),
            cookies=value["cookies"],
            answer=None if answer is None else Response(b64decode(answer[2]), answer[0], answer[1]),
            error=None if error is None else SignInError(error[0], code=error[1], retry_after=error[2]),
        )

    def as_json(self) -> dict[str, Any]:
        """Return a value that JSON can hold."""
        answer, error = _answer_as_json(self.answer), self.error
        if self.session is None and answer is None and error is None:
            error = SignInError("sign-in: expected the app to accept it, found it refused", code="sign_in_denied")
        return {
            "session": None if self.session is None else self.session.as_json(),
            "cookies": list(self.cookies),
            "answer": answer,
            "error": None if error is None else (str(error), error.code, error.retry_after),
        }


def _answer_as_json(answer: Response | None) -> tuple[int, list[tuple[str, str]], str] | None:
    """Return status, headers and body of a response. None if it is a stream, or too large for some stores."""
    if answer is None or answer.is_streamed:
        return None
    body = answer.get_data()
    if len(body) > _MAX_ANSWER_BYTES:
        return None
    return answer.status_code, list(answer.headers), b64encode(body).decode("ascii")


@dataclass(repr=False)
class _Result:
    done: threading.Event = field(default_factory=threading.Event)
    outcome: Mapping[str, Any] | None = None
    at: float = 0.0


class CallbackFlights:
    """Give two callbacks of one login the same response, in this process or, with a store, in every process.

    A browser that loads the same address twice would spend the code in one request and show an error in the other.

    Args:
        keeper: Shares the outcome of a login with other processes.
        monotonic: Source of time.
        timeout_seconds: The deadline of one request to Cognito.
    """

    def __init__(self, keeper: Keeper, monotonic: Callable[[], float], timeout_seconds: float) -> None:
        self._keeper = keeper
        self._monotonic = monotonic
        # Longer than the requests for endpoints, keys and tokens, and than the app's functions should take.
        self._wait_seconds = 10 * timeout_seconds
        self._lock_seconds = 2 * self._wait_seconds
        self._mutex = PerProcess(threading.Lock)
        self._results: BoundedMemory[str, _Result] = BoundedMemory(_RESULTS_KEPT)

    def answer(self, login: Login, complete: Callable[[], Completed]) -> Completed:
        """Return the result of `complete`, or its recent result for the same login.

        Raises:
            SignInError: If it led to no session, or the session has ended meanwhile.
            StoreDownError: If the store is down.
        """
        secret = login.code_verifier.encode()
        key = sha256(b"callback\0" + secret).hexdigest()
        found, is_mine = self._result_of(key)
        if not is_mine:
            found.done.wait(self._wait_seconds)
            return self._repeated(found.outcome)
        try:
            return self._complete(found, key, secret, complete)
        finally:
            found.at = self._monotonic()
            found.done.set()

    def _result_of(self, key: str) -> tuple[_Result, bool]:
        with self._mutex.get():
            known = self._results.get(key)
            is_old = known is not None and known.done.is_set() and self._monotonic() >= known.at + _RESULT_SECONDS
            if known is not None and not is_old:
                return known, False
            mine = _Result()
            self._results.put(key, mine)
            return mine, True

    def _complete(self, mine: _Result, key: str, secret: bytes, complete: Callable[[], Completed]) -> Completed:
        """Complete a login, unless another process does. Check the store before using up the code."""
        end = REAL_TIME.monotonic() + self._wait_seconds
        while True:
            with self._keeper.lock(key, self._lock_seconds) as is_only:
                mine.outcome = self._keeper.noted(key, secret)
                if mine.outcome is not None:
                    return self._repeated(mine.outcome)
                if is_only:
                    return self._first(mine, key, secret, complete)
            if REAL_TIME.monotonic() >= end:
                return self._repeated(None)
            time.sleep(_POLL_SECONDS)

    def _first(self, mine: _Result, key: str, secret: bytes, complete: Callable[[], Completed]) -> Completed:
        failure = SignInError("callback: expected another request with it to succeed", code="code_rejected")
        outcome: Mapping[str, Any] = Completed(error=failure).as_json()
        try:
            completed = complete()
            outcome = completed.as_json()
        except SignInError as error:
            outcome = {"raised": (str(error), error.code, error.retry_after)}
            raise
        finally:
            mine.outcome = outcome
            with suppress(StoreDownError):  # the outcome is final
                self._keeper.note(key, secret, outcome, _RESULT_SECONDS)
        return completed

    def _repeated(self, outcome: Mapping[str, Any] | None) -> Completed:
        if outcome is None:
            raise SignInError("callback: expected another request with it to end, found none", code="code_rejected")
        if "raised" in outcome:
            text, code, retry_after = outcome["raised"]
            raise SignInError(text, code=code, retry_after=retry_after)
        completed = Completed.from_json(outcome)
        if completed.session is not None and self._keeper.has_ended(completed.session):
            raise SignInError("callback: expected it once, found that its session has ended", code="code_rejected")
        return completed
