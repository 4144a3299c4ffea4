"""Run every check on a load balancer's token and report each result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from cognito_jwt_core.alb.header import ALB_HEADER_RULES, AlbHeader, check_same
from cognito_jwt_core.alb.verifier import AlbVerifier, merged
from cognito_jwt_core.cognito.claims import Claims
from cognito_jwt_core.diagnostics.alb_advice import alb_advice_for
from cognito_jwt_core.diagnostics.explain import Explanation, Step
from cognito_jwt_core.diagnostics.reading import read, shown_time
from cognito_jwt_core.errors import CognitoJWTError, shown
from cognito_jwt_core.jose.compact import as_ascii, parse_padded
from cognito_jwt_core.jose.header import check_header
from cognito_jwt_core.jwt.pipeline import verify_signature

Answer = TypeVar("Answer")

# The name of each check of the header, and the member that it checks.
_MEMBERS = {
    "uuid": ("kid", "kid"),
    "signer": ("signer", "signer"),
    "header_issuer": ("header_iss", "iss"),
    "header_client": ("client", "client"),
    "header_expiration": ("header_exp", "exp"),
}
_CLAIMS = {"issuer": "iss", "expiration": "exp", "not_before": "nbf", "issued_at": "iat", "subject": "sub"}
_TIMES = ("exp", "nbf", "iat")


def explain_balancer_token(
    verifier: AlbVerifier, token: str | bytes, checks: Mapping[str, Callable[[Claims], object]]
) -> Explanation:
    """Run the checks of `verifier` in its order, until none can be run.

    Args:
        verifier: Verifier whose result to explain.
        token: The token's text.
        checks: Additional requirements by name, checked last.
    """
    return _Explainer(verifier, token, checks).explain()


class _Explainer:
    def __init__(
        self, verifier: AlbVerifier, token: str | bytes, checks: Mapping[str, Callable[[Claims], object]]
    ) -> None:
        self._verifier = verifier
        self._token = token
        self._checks = checks
        self._required = verifier.required
        self._now = verifier.clock.time()
        self._origin = read(token, self._required.policy.issuers).name
        self._steps: list[Step] = []
        self._error: CognitoJWTError | None = None
        self._is_authentic = False

    def explain(self) -> Explanation:
        parsed = self._ask(
            "text", lambda: parse_padded(as_ascii(self._token), AlbHeader), "three parts of base64url, a JSON header"
        )
        if parsed is None:
            return self._skip("everything else", "not checked: the text is not a token")
        header, unverified = parsed
        keys = self._verifier.keys_for(None)
        algorithm_and_kid = self._ask(
            "header", lambda: check_header(header, keys.algorithms), f"alg is {shown(header.alg)}, no crit"
        )
        for rule in ALB_HEADER_RULES:
            check, member = _MEMBERS[_name(rule)]
            found = _shown_member(member, header)
            self._ask(check, partial(rule, header, self._required.policy, self._now), found)
        if algorithm_and_kid is None or self._error is not None:
            return self._skip("everything else", "not checked: no key is fetched for this header")
        algorithm, kid = algorithm_and_kid
        key = self._ask("key", lambda: keys.get(kid), f"{self._verifier.keys_url} has it")
        if key is None:
            return self._skip("everything else", "no key was found")
        verified = self._ask("signature", lambda: verify_signature(unverified, algorithm, key), "valid")
        if verified is None:
            return self._skip("claims", "not checked: the signature is not valid")
        self._is_authentic = True
        self._claims(header, verified.payload)
        return self._explanation()

    def _claims(self, header: AlbHeader, payload: Mapping[str, object]) -> None:
        self._ask("same", lambda: check_same(header, payload), "header and claims agree")
        claims = merged(header, payload)
        for rule in self._required.policy.rules:
            found = _shown_claim(_CLAIMS[_name(rule)], claims)
            self._ask(_name(rule), partial(rule, claims, self._required.policy, self._now), found)
        revocations = self._required.revocations
        if revocations is not None:
            self._ask("revocation", lambda: revocations.check(claims), "not revoked")
        for name, check in self._checks.items():
            self._ask(name, partial(check, Claims(claims)), "met")

    def _ask(self, check: str, act: Callable[[], Answer], passed: str) -> Answer | None:
        try:
            answer = act()
        except CognitoJWTError as error:
            error.is_authentic = self._is_authentic
            # Another token is needed, so other problems of this one do not matter.
            advice = "" if self._error else alb_advice_for(error, self._origin, self._token)
            self._steps.append(Step(check, "failed", error.code, str(error), advice))
            self._error = self._error or error
            return None
        self._steps.append(Step(check, "passed", None, passed))
        return answer

    def _skip(self, check: str, why: str) -> Explanation:
        self._steps.append(Step(check, "skipped", None, why))
        return self._explanation()

    def _explanation(self) -> Explanation:
        return Explanation(tuple(self._steps), self._error, self._origin)


def _name(rule: Callable[..., None]) -> str:
    return rule.__name__.removeprefix("check_")


def _shown_member(name: str, header: AlbHeader) -> str:
    """Return the header member that a check reads."""
    if name == "exp":
        return f"exp is {shown_time(header.exp)}" if header.has_exp else "no exp"
    return f"{name} is {shown(getattr(header, name))}"


def _shown_claim(claim: str, claims: Mapping[str, object]) -> str:
    if claim not in claims:
        return f"no {claim}"
    return f"{claim} is {shown_time(claims[claim]) if claim in _TIMES else shown(claims[claim])}"
