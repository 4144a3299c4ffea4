"""Why a token is refused: the verifier's own checks, all of them, told as a story."""

# ruff: noqa: SLF001  this is the other user of the verifier's checks: it looks where the verifier looks

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TypeVar

from .advice import Case, advice_for, clock_advice
from .authorization import require_groups, require_scopes
from .claim_rules import RULES
from .claims import Claims, as_datetime
from .compact import UnverifiedHeader, UnverifiedToken, as_ascii
from .errors import AccessDeniedError, CognitoJWTError, JWKSUnavailableError, MalformedTokenError, shown
from .key_store import unknown_key
from .pool_rules import UNSET
from .signature import ALGORITHMS, HEADER_RULES, VerificationKey
from .verifier import CognitoVerifier, MultiPoolVerifier

Answer = TypeVar("Answer")

_TIMES = ("expiration", "not_before", "issued_at")
_CLAIM_LOOKED_AT = {
    "issuer": "iss",
    "expiration": "exp",
    "not_before": "nbf",
    "issued_at": "iat",
    "token_use": "token_use",
    "subject": "sub",
    "client": "client_id",
    "audience": "aud",
}


@dataclass(frozen=True)
class Step:
    """One check and how it went.

    Attributes:
        check: Name of the check, stable.
        status: "passed", "failed", or "skipped" where an earlier failure left nothing to look at.
        code: The `code` of the error, where it failed.
        message: What was found, and where it failed also what was expected.
        advice: What to do about it; empty where there is nothing to do.
    """

    check: str
    status: str
    code: str | None
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Explanation:
    """Every check of one token, in the verifier's order. The first that failed is what the verifier says.

    Attributes:
        steps: All checks.
        error: What `verify` raises for the token; None when it is accepted.
    """

    steps: tuple[Step, ...]
    error: CognitoJWTError | None

    @property
    def is_accepted(self) -> bool:
        return self.error is None

    @property
    def http_status(self) -> int:
        """What a service should answer: 200, 401, 403 or 503."""
        if self.error is None:
            return 200
        if isinstance(self.error, AccessDeniedError):
            return 403
        return 503 if isinstance(self.error, JWKSUnavailableError) else 401

    def as_dict(self) -> dict[str, object]:
        """For machines; the names and values are stable."""
        return {
            "accepted": self.is_accepted,
            "code": self.error.code if self.error else None,
            "http_status": self.http_status,
            "steps": [asdict(step) for step in self.steps],
        }


def explain_token(verifier: CognitoVerifier | MultiPoolVerifier, token: str | bytes) -> Explanation:
    """Ask every check of `verifier` about `token`, beyond the first that fails. A `custom_check` is not asked.

    Claims behind a signature that does not hold are looked at too, and named unverified: they often tell where the
    token comes from. Fetches the pool's keys, also for a token of a foreign issuer.
    """
    return _Story(verifier, token).told()


class _Story:
    """The steps so far, and the first error."""

    def __init__(self, verifier: CognitoVerifier | MultiPoolVerifier, token: str | bytes) -> None:
        self._verifier = verifier
        self._token = token
        self._now = verifier._clock.time()
        issuers = tuple(issuer for status in verifier.keys for issuer in status.issuers)
        text = token.decode("ascii", "replace") if isinstance(token, bytes) else str(token)
        self._case = Case(text, None, issuers, self._now)
        self._steps: list[Step] = []
        self._error: CognitoJWTError | None = None

    def told(self) -> Explanation:
        unverified = self._ask("text", self._parsed, "three parts of base64url, a JSON header") or self._salvaged()
        if unverified is None:
            self._skip("everything else", "there is nothing to look at")
            return Explanation(tuple(self._steps), self._error)
        self._case = replace(self._case, token=unverified)
        self._header(unverified.header)
        key = self._ask("key", lambda: self._found_key(unverified), "the pool has it")
        if key is None:
            self._skip("signature", "there is no key to check it with")
        elif self._error is not None and not unverified.signature:
            self._skip("signature", "there is none to check")
        else:
            self._ask("signature", lambda: key.check_signature(unverified.signing_input, unverified.signature), "holds")
        self._claims(unverified)
        return Explanation(tuple(self._steps), self._error)

    def _parsed(self) -> UnverifiedToken:
        return UnverifiedToken(as_ascii(self._token), {})

    def _salvaged(self) -> UnverifiedToken | None:
        """What can be read of a text that is no token: one pasted with its scheme, or cut off in the signature."""
        text = self._case.text.removeprefix("Bearer ").strip()
        header, _, rest = text.partition(".")
        for candidate in (text, f"{header}.{rest.partition('.')[0]}."):
            with suppress(MalformedTokenError):
                return UnverifiedToken(as_ascii(candidate), {})
        return None

    def _header(self, header: UnverifiedHeader) -> None:
        found = ("none", shown(header.alg), shown(header.kid))
        for rule, passed in zip(HEADER_RULES, found, strict=True):
            self._ask(_name(rule), partial(rule, header, ALGORITHMS), passed)

    def _found_key(self, unverified: UnverifiedToken) -> VerificationKey:
        kid = unverified.header.kid
        if not isinstance(kid, str) or not kid:
            raise unknown_key("")
        store = self._verifier._pipeline._store_for(unverified.unverified_issuer)
        if not any(status.kids for status in self._verifier.keys):
            with suppress(JWKSUnavailableError):  # then `find` says so, or has no need
                self._verifier.prefetch()
        return store.find(kid)

    def _claims(self, unverified: UnverifiedToken) -> None:
        trust = "" if self._error is None else " (unverified)"
        payload = self._ask("payload", unverified.payload, f"a JSON object{trust}")
        if payload is None or self._is_of_no_pool(payload):
            return self._skip("claims", "there are none, or none of a known pool")
        policy, groups, scopes = self._verifier._rules_for(payload).demands(UNSET, UNSET, UNSET, UNSET, UNSET)
        for rule in RULES:
            check = _name(rule)
            advice = clock_advice(payload, self._now) if check == "issued_at" else ""
            self._ask(check, partial(rule, payload, policy, self._now), _shown_claim(payload, check) + trust, advice)
        claims = Claims(payload)
        if groups is not None:
            self._ask("groups", partial(require_groups, claims, groups), shown(claims.groups) + trust)
        if scopes is not None:
            self._ask("scopes", partial(require_scopes, claims, scopes), shown(claims.scopes) + trust)
        return None

    def _is_of_no_pool(self, payload: Mapping[str, object]) -> bool:
        """Whether there are rules for nobody: several pools, and the token is of none of them."""
        return isinstance(self._verifier, MultiPoolVerifier) and payload.get("iss") not in self._case.issuers

    def _ask(self, check: str, act: Callable[[], Answer], passed: str, advice: str = "") -> Answer | None:
        """The answer of one check, and the step that tells of it; None when it failed."""
        try:
            answer = act()
        except CognitoJWTError as error:
            self._error = self._error or error
            self._steps.append(Step(check, "failed", error.code, str(error), advice_for(error, self._case)))
            return None
        self._steps.append(Step(check, "passed", None, passed, advice))
        return answer

    def _skip(self, check: str, why: str) -> None:
        self._steps.append(Step(check, "skipped", None, why))


def _name(rule: Callable[..., None]) -> str:
    return rule.__name__.removeprefix("check_")


def _shown_claim(payload: Mapping[str, object], check: str) -> str:
    claim = _CLAIM_LOOKED_AT[check]
    if check == "client" and payload.get("token_use") == "id":
        claim = "aud"
    if claim not in payload:
        return f"no {claim}"
    value = payload[claim]
    if check == "issuer":
        return f"{claim} is of user pool {shown(str(value).rpartition('/')[2])}"
    return f"{claim} is {_shown_time(value) if check in _TIMES else shown(value)}"


def _shown_time(value: object) -> str:
    time = as_datetime(value)
    return shown(value) if time is None else f"{time:%Y-%m-%d %H:%M:%S} UTC"
