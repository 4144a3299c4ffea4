"""Tokens that every route for access tokens must refuse, each with the reason why it matters."""

from collections.abc import Iterator

from .hostile_claims import with_wrong_claims
from .hostile_headers import with_wrong_headers
from .hostile_text import HostileToken, with_wrong_text
from .pool import LocalUserPool


def hostile_tokens(pool: LocalUserPool) -> Iterator[HostileToken]:
    """Yield forged, foreign, stale and broken tokens, made from this pool's keys as they are now.

    Every route that wants an access token of this pool and its app client must refuse each of them (401); to accept
    one is a hole, and to fail over one (500) lets anybody write into the error log. All of them are text that can be
    sent in a header. Their names are stable, so that a test can be parametrized with them.

    Args:
        pool: The pool whose tokens the code under test accepts.

    Yields:
        `(name, token, why)`.

    Example:
        ```python
        for name, token, why in hostile_tokens(pool):
            with pytest.raises(InvalidTokenError):
                verifier.verify(token)
        ```
    """
    yield from with_wrong_text(pool)
    yield from with_wrong_headers(pool)
    yield from with_wrong_claims(pool)
