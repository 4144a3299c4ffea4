"""Run every check on a token and report each result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from cognito_jwt_core.answers import answer_for
from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.cognito.multi_pool import MultiPoolVerifier
from cognito_jwt_core.cognito.pool_keys import COGNITO_ALGORITHMS
from cognito_jwt_core.cognito.pool_policy import Names, Overrides, Requirements, TokenUse
from cognito_jwt_core.cognito.rules import RULES
from cognito_jwt_core.cognito.verifier import CognitoVerifier
from cognito_jwt_core.diagnostics.advice import advice_for, clock_advice
from cognito_jwt_core.diagnostics.reading import parsed, read, shown_time
from cognito_jwt_core.errors import (
    CognitoJWTError,
    InvalidIssuerError,
    InvalidTokenUseError,
    UnavailableError,
    shown,
)
from cognito_jwt_core.jose.compact import UnverifiedToken
from cognito_jwt_core.jose.header import HEADER_RULES, UnverifiedHeader
from cognito_jwt_core.jose.key import VerificationKey
from cognito_jwt_core.jwt.authorization import require_groups, require_scopes, require_sign_in
from cognito_jwt_core.jwt.policy import UNSET, Unset
from cognito_jwt_core.keys.store import KeyFinder, unknown_key

if TYPE_CHECKING:
    from cognito_jwt_core.alb.verifier import AlbVerifier

Answer = TypeVar("Answer")

_MARKS = {"passed": ("ok  ", "32"), "failed": ("FAIL", "31"), "skipped": ("--  ", "33")}
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
    """One check and its result.

    Attributes:
        check: Name of the check, stable.
        status: "passed", "failed", or "skipped" after an earlier failure.
        code: The `code` of the error, if it failed.
        message: The value found, and the expected one if it failed.
        advice: Remedy; empty if nothing is wrong.
    """

    check: str
    status: str
    code: str | None
    message: str
    advice: str = ""


@dataclass(frozen=True)
class Explanation:
    """Every check of one token, in the verifier's order. The first failure is the verifier's error.

    Attributes:
        steps: All checks.
        error: The exception that `verify` raises; None if the token is accepted.
        origin: Stable name for the kind of text, or for the token's issuer by its claims: "user_pool", "other_pool",
            "google", "load_balancer", "quoted" and others.
    """

    steps: tuple[Step, ...]
    error: CognitoJWTError | None
    origin: str = "unknown"

    @property
    def is_accepted(self) -> bool:
        return self.error is None

    @property
    def http_status(self) -> int:
        """Return the status that a service should answer with: 200, 401, 403 or 503."""
        return 200 if self.error is None else answer_for(self.error).status

    @property
    def advice(self) -> str:
        """Return what to do first; empty if nothing is wrong."""
        return next((step.advice for step in self.steps if step.advice), "")

    def as_text(self, *, colour: bool = False) -> str:
        """Return a line for each check, the advice below a failed one, and the verdict.

        Args:
            colour: Whether to use the colours of a terminal.
        """
        lines = []
        for step in self.steps:
            lines.append(f"{mark(step.status, colour=colour)}  {step.check.replace('_', ' '):<10}  {step.message}")
            if step.advice:
                lines.append(f"{'':18}{step.advice}")
        verdict = f"refused: {self.error.code} (HTTP {self.http_status})" if self.error else "accepted"
        return "\n".join([*lines, "", verdict])

    def as_dict(self) -> dict[str, object]:
        """Return a dict for programs. Names and values are stable."""
        return {
            "accepted": self.is_accepted,
            "code": self.error.code if self.error else None,
            "http_status": self.http_status,
            "origin": self.origin,
            "steps": [asdict(step) for step in self.steps],
        }


def explain_token(
    verifier: CognitoVerifier | MultiPoolVerifier | AlbVerifier,
    token: str | bytes,
    *,
    groups: Names | Unset = UNSET,
    scopes: Names | Unset = UNSET,
    token_use: TokenUse | Unset = UNSET,
    client_id: Names | Unset = UNSET,
    audience: Names | Unset = UNSET,
    max_age: int | Unset | None = UNSET,
    acr_values: Names | Unset = UNSET,
    checks: Mapping[str, Callable[[Claims], object]] | None = None,
) -> Explanation:
    """Run every check of `verifier` on `token` and report each result, also after the first that fails.

    Report claims behind an invalid signature as unverified, because they often show where the token comes from. Fetch
    the pool's keys, even for a token of another issuer. Do not run a `custom_check`, but say that there is one.

    An `AlbVerifier` fetches a key only for a token whose header it accepts. Only the option `checks` applies to its
    tokens.

    Args:
        verifier: Verifier whose result to explain.
        token: The token's text. Any other text is explained as well.
        groups: Override for this call, as in `verify`.
        scopes: Override for this call, as in `verify`.
        token_use: Override for this call, as in `verify`.
        client_id: Override for this call, as in `verify`.
        audience: Override for this call, as in `verify`.
        max_age: Override for this call, as in `verify`.
        acr_values: Override for this call, as in `verify`.
        checks: Additional requirements by name, for example a route's. Each function is called last, with the claims,
            and raises a `CognitoJWTError` to reject.

    Raises:
        ConfigurationError: If an option of this call is invalid.
    """
    if not isinstance(verifier, CognitoVerifier | MultiPoolVerifier):
        from cognito_jwt_core.diagnostics.explain_alb import explain_balancer_token  # it imports requests

        return explain_balancer_token(verifier, token, checks or {})
    options = Overrides(groups, scopes, token_use, client_id, audience, max_age, acr_values)
    return _Explainer(verifier, token, options, checks or {}).explain()


class _Explainer:
    """The steps so far, and the first error."""

    def __init__(
        self,
        verifier: CognitoVerifier | MultiPoolVerifier,
        token: str | bytes,
        options: Overrides,
        checks: Mapping[str, Callable[[Claims], object]],
    ) -> None:
        self._verifier = verifier
        self._token = token
        self._options = options
        self._checks = checks
        self._now = verifier.clock.time()
        self._issuers = tuple(issuer for status in verifier.keys for issuer in status.issuers)
        # Find out the token's origin, or the kind of text, before giving any advice.
        verifiers = (verifier,) if isinstance(verifier, CognitoVerifier) else verifier.verifiers
        self._case = read(token, self._issuers, {one.user_pool.id for one in verifiers})
        self._steps: list[Step] = []
        self._error: CognitoJWTError | None = None
        self._is_authentic = False
        self._is_settled = False

    def explain(self) -> Explanation:
        unverified = (
            self._ask("text", lambda: parsed(self._token), "three parts of base64url, a JSON header")
            or self._case.token
        )
        if unverified is None:
            self._skip("everything else", "not checked: the text is not a token")
            return self._explanation()
        keys = self._keys(unverified)
        self._header(unverified.header)
        key = None if keys is None else self._ask("key", lambda: self._found_key(unverified, keys), "the pool has it")
        if key is None:
            self._skip("signature", "no key was found")
        elif self._error is not None and not unverified.signature:
            self._skip("signature", "not checked: the token has none")
        else:
            self._ask("signature", lambda: _verify_signature(unverified, key), "valid")
            self._is_authentic = self._error is None
        self._claims(unverified)
        return self._explanation()

    def _explanation(self) -> Explanation:
        return Explanation(tuple(self._steps), self._error, self._case.name)

    def _header(self, header: UnverifiedHeader) -> None:
        found = ("none", shown(header.alg), shown(header.kid))
        for rule, passed in zip(HEADER_RULES, found, strict=True):
            self._ask(_name(rule), partial(rule, header, COGNITO_ALGORITHMS), passed)

    def _keys(self, unverified: UnverifiedToken) -> KeyFinder | None:
        """Return the keys of the token's issuer. The verifier chooses them before it checks the header."""
        try:
            return self._verifier.keys_for(unverified.unverified_issuer)
        except CognitoJWTError as error:
            self._fail("key", error)
            return None

    def _found_key(self, unverified: UnverifiedToken, keys: KeyFinder) -> VerificationKey:
        kid = unverified.header.kid
        if not isinstance(kid, str) or not kid:
            raise unknown_key("")
        if not any(status.kids for status in self._verifier.keys):
            with suppress(UnavailableError):  # then `get` raises the error, or is not needed
                self._verifier.prefetch()
        return keys.get(kid)

    def _claims(self, unverified: UnverifiedToken) -> None:
        trust = "" if self._error is None else " (unverified)"
        payload = self._ask("payload", unverified.payload, f"a JSON object{trust}")
        if payload is None or self._is_of_no_pool(payload):
            return self._skip("claims", "not checked: there are none, or they name no known pool")
        required = self._verifier.policy_for(unverified.unverified_issuer).for_call(self._options)
        policy, groups, scopes, sign_in = required.policy, required.groups, required.scopes, required.sign_in
        for rule in RULES:
            check = _name(rule)
            # Only for an authentic token, because anyone can write `iat` into another.
            advice = clock_advice(payload, self._now) if self._is_authentic and check == "issued_at" else ""
            self._ask(check, partial(rule, payload, policy, self._now), _shown_claim(payload, check) + trust, advice)
        claims = Claims(payload)
        self._own_checks(required, claims)
        if sign_in is not None:
            self._ask(
                "sign_in",
                partial(require_sign_in, claims, sign_in, self._now, policy.leeway),
                lambda: f"{_shown_sign_in(claims)}{trust}",
            )
        if groups is not None:
            self._ask("groups", partial(require_groups, claims, groups), lambda: shown(claims.groups) + trust)
        if scopes is not None:
            self._ask("scopes", partial(require_scopes, claims, scopes), lambda: shown(claims.scopes) + trust)
        for name, further_check in self._checks.items():
            self._ask(name, partial(further_check, claims), f"met{trust}")
        return None

    def _own_checks(self, required: Requirements, claims: Claims) -> None:
        """Ask the app's revocations, and say that its custom check was not run."""
        revocations = required.revocations
        if revocations is not None and self._is_authentic:  # otherwise its ids may be an attacker's
            self._ask("revocation", partial(revocations.check, claims), "not revoked")
        if required.custom_check is not None:
            self._skip("custom_check", "not run: it can refuse the token as well")

    def _is_of_no_pool(self, payload: Mapping[str, object]) -> bool:
        """Return whether no rules apply, because none of several pools issued the token."""
        return isinstance(self._verifier, MultiPoolVerifier) and payload.get("iss") not in self._issuers

    def _ask(
        self, check: str, act: Callable[[], Answer], passed: str | Callable[[], str], advice: str = ""
    ) -> Answer | None:
        """Run one check and add its step. Return its result, or None if it failed."""
        try:
            answer = act()
            # Inside the `try`, because properties of `Claims` raise on a payload that was not verified.
            message = passed if isinstance(passed, str) else passed()
        except CognitoJWTError as error:
            self._fail(check, error)
            return None
        self._steps.append(Step(check, "passed", None, message, advice))
        return answer

    def _fail(self, check: str, error: CognitoJWTError) -> None:
        error.is_authentic = self._is_authentic
        self._steps.append(Step(check, "failed", error.code, str(error), self._advice_for(error)))
        self._error = self._error or error

    def _advice_for(self, error: CognitoJWTError) -> str:
        """Return advice that fits the earlier findings, such as a token that is not proven to be the pool's."""
        advice = ""
        if self._error is None:
            advice = self._case.general_advice(is_authentic=self._is_authentic) or advice_for(error, self._case)
        elif self._is_authentic and not self._is_settled:
            advice = advice_for(error, self._case)
        # Another token is needed, so other problems of this one do not matter.
        self._is_settled = self._is_settled or isinstance(error, InvalidIssuerError | InvalidTokenUseError)
        return advice

    def _skip(self, check: str, why: str) -> None:
        self._steps.append(Step(check, "skipped", None, why))


def _verify_signature(unverified: UnverifiedToken, key: VerificationKey) -> None:
    key.verify(key.algorithm, unverified.signing_input, unverified.signature)


def mark(status: str, *, colour: bool) -> str:
    """Return the mark of a line: "passed", "failed" or "skipped"."""
    text, code = _MARKS[status]
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _name(rule: Callable[..., object]) -> str:
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
    return f"{claim} is {shown_time(value) if check in _TIMES else shown(value)}"


def _shown_sign_in(claims: Claims) -> str:
    level = "no acr" if claims.acr is None else f"acr is {shown(claims.acr)}"
    return f"auth_time is {shown_time(claims.get('auth_time'))}, {level}"
