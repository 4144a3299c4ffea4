"""Tokens that every route for access tokens must reject, each with the reason why."""

from collections.abc import Iterable, Iterator

from cognito_jwt_core.jwt.revocations.revocation_list import RevocationList
from cognito_jwt_core.testing.hostile.balancers import of_balancer
from cognito_jwt_core.testing.hostile.claims import with_wrong_claims, without_audience
from cognito_jwt_core.testing.hostile.forge import Forge, HostileToken
from cognito_jwt_core.testing.hostile.headers import with_wrong_headers
from cognito_jwt_core.testing.hostile.revoked import with_revoked
from cognito_jwt_core.testing.hostile.text import with_wrong_text
from cognito_jwt_core.testing.hostile.weak import with_old_sign_in, with_weak_sign_in
from cognito_jwt_core.testing.load_balancer import LocalLoadBalancer
from cognito_jwt_core.testing.pool import LocalUserPool
from cognito_jwt_core.testing.tokens import DEFAULT_SCOPE, as_names


def hostile_tokens(
    pool: LocalUserPool,
    *,
    username: str = "alice",
    groups: Iterable[str] = (),
    scopes: Iterable[str] = (DEFAULT_SCOPE,),
    revocations: RevocationList | None = None,
    max_age: int | None = None,
    acr_values: Iterable[str] = (),
    audience: str | None = None,
    load_balancer: LocalLoadBalancer | None = None,
) -> Iterator[HostileToken]:
    """Yield forged, foreign, expired and malformed tokens, created with this pool's current keys.

    A route that expects an access token of this pool and its app client must reject each of them with 401. A route that
    accepts one is vulnerable. A route that answers 500 lets an attacker fill the error log. Each token is text that
    fits into a header. The names are stable, so you can parametrize a test with them.

    Args:
        pool: The pool whose tokens the code under test accepts.
        username: User that the tokens name.
        groups: Groups that the route requires. The tokens have them, so that no token is rejected only for a missing
            group.
        scopes: Scopes that the route requires. The tokens have them for the same reason.
        revocations: Revocation list of the code under test. If given, this function adds entries to it, and also yields
            revoked tokens. Tokens issued from then on stay valid.
        max_age: Maximum seconds since the sign-in on this route. If given, this function also yields tokens with an
            older sign-in. The verifier raises an `InsufficientAuthenticationError` for them, which is an
            `AccessDeniedError`.
        acr_values: Sign-in levels that the route accepts. If given, this function also yields tokens with none of them.
            All other tokens have the first level.
        audience: Identifier that the code under test requires in `aud`. If given, this function also yields tokens that
            do not name this API. All other tokens name it, except those with another error in `aud`.
        load_balancer: Load balancer whose tokens the code under test accepts, inside its `with` block. If given, this
            function also yields forged, foreign and expired tokens of load balancers. Their names begin with `alb-`.

    Yields:
        A `HostileToken`, which you can unpack into `name, token, why`.

    Example:
        ```python
        for name, token, why in hostile_tokens(pool):
            with pytest.raises(InvalidTokenError):
                verifier.verify(token)
        ```
    """
    levels = as_names(acr_values)
    forge = Forge(
        pool=pool,
        username=username,
        groups=as_names(groups),
        scopes=as_names(scopes),
        acr=levels[0] if levels else None,
        audience=audience,
    )
    yield from with_wrong_text(forge)
    yield from with_wrong_headers(forge)
    yield from with_wrong_claims(forge)
    if revocations is not None:
        yield from with_revoked(forge, revocations, spares_undated=load_balancer is not None)
    if max_age is not None:
        yield from with_old_sign_in(forge, max_age)
    if audience is not None:
        yield from without_audience(forge)
    if levels:
        yield from with_weak_sign_in(forge, levels)
    if load_balancer is not None:
        yield from of_balancer(load_balancer, username, revocations)
