"""Show the contents of a token if no pool is given to verify it."""

from __future__ import annotations

from dataclasses import dataclass

from cognito_jwt_core.diagnostics.reading import Case, read, shown_time
from cognito_jwt_core.diagnostics.token_origin import user_pool_in
from cognito_jwt_core.errors import shown

# In this order. Values of other claims are not shown, because they may be personal data.
_CLAIMS = ("iss", "token_use", "sub", "client_id", "aud", "scope", "cognito:groups", "iat", "nbf", "exp", "auth_time")
_TIMES = frozenset({"iat", "nbf", "exp", "auth_time"})


@dataclass(frozen=True)
class Decoded:
    """The unverified contents of a text.

    Attributes:
        origin: Stable name for the token's origin, or for the kind of text.
        sentence: The same as a sentence.
        advice: What to do next.
        header: `alg` and `kid`, escaped and shortened; empty without a token.
        claims: The most useful claims, escaped and shortened.
        other_claims: The names of all other claims.
    """

    origin: str
    sentence: str
    advice: str
    header: dict[str, str]
    claims: dict[str, str]
    other_claims: tuple[str, ...]

    def as_dict(self) -> dict[str, object]:
        """Return a dict for programs. Names and values are stable."""
        return {"verified": False, **vars(self), "other_claims": list(self.other_claims)}

    def as_text(self) -> str:
        lines = [f"{self.sentence} {self.advice}"]
        if self.header:
            lines += ["", *(f"{name:<14}  {value}" for name, value in {**self.header, **self.claims}.items())]
        if self.other_claims:
            lines.append(f"{'other claims':<14}  {', '.join(self.other_claims)}")
        return "\n".join([*lines, "", "not verified"])


def decode(token: str | bytes) -> Decoded:
    """Read a token without verifying it."""
    case = read(token)
    found = case.origin or case.pasted
    sentence = found.sentence if found else "The claims of this token cannot be read."
    if case.token is None:
        return Decoded(case.name, sentence, _next_step(case), {}, {}, ())
    header = {"alg": shown(case.token.header.alg), "kid": shown(case.token.header.kid)}
    claims = {
        name: shown_time(case.payload[name]) if name in _TIMES else shown(case.payload[name])
        for name in _CLAIMS
        if name in case.payload
    }
    others = tuple(sorted(shown(name)[1:-1] for name in case.payload if name not in _CLAIMS))
    return Decoded(case.name, sentence, _next_step(case), header, claims, others)


def _next_step(case: Case) -> str:
    if case.origin is not None and case.origin.is_foreign:
        return case.origin.cure
    if case.pasted is not None:
        return case.pasted.cure
    pool = user_pool_in(case.payload.get("iss"))
    return f"To verify it, add --user-pool-id {pool[1]}." if pool else "Copy the whole token."
