"""Tokens that every route for access tokens must refuse, each with the reason why it matters."""

from collections.abc import Iterable, Iterator

from .forge import Forge, HostileToken
from .hostile_claims import with_wrong_claims
from .hostile_headers import with_wrong_headers
from .hostile_text import with_wrong_text
from .pool import LocalUserPool
from .tokens import DEFAULT_SCOPE, as_names


def hostile_tokens(
    pool: LocalUserPool,
    *,
    username: str = "alice",
    groups: Iterable[str] = (),
    scopes: Iterable[str] = (DEFAULT_SCOPE,),
) -> Iterator[HostileToken]:
    """Yield forged, foreign, stale and broken tokens, made from this pool's keys as they are now.

    Every route that wants an access token of this pool and its app client must refuse each of them (401); to accept
    one is a hole, and to fail over one (500) lets anybody fill the error log. All of them are text that can be sent
    in a header. Their names are stable, so that a test can be parametrized with them.

    Args:
        pool: The pool whose tokens the code under test accepts.
        username: Whose tokens they would be, if they were any.
        groups: The groups that the route demands; a token that lacks them is refused for that alone.
        scopes: The scopes that it demands, likewise.

    Yields:
        `(name, token, why)`.

    Example:
        ```python
        for name, token, why in hostile_tokens(pool):
            with pytest.raises(InvalidTokenError):
                verifier.verify(token)
        ```
    """
    forge = Forge(pool=pool, username=username, groups=as_names(groups), scopes=as_names(scopes))
    yield from with_wrong_text(forge)
    yield from with_wrong_headers(forge)
    yield from with_wrong_claims(forge)
