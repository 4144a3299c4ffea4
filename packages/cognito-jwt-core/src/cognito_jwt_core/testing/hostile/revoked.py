"""Hostile tokens that a revocation list contains, by token, session, user or app client."""

from collections.abc import Iterator
from typing import Final

from cognito_jwt_core.jwt.revocations.revocation_list import RevocationList
from cognito_jwt_core.testing import tokens
from cognito_jwt_core.testing.hostile.forge import Forge, HostileToken
from cognito_jwt_core.testing.tokens import ABSENT

_HOUR_SECONDS: Final = 3600

_LOST: Final = "it was revoked; otherwise, a stolen token would be valid until it expires (RFC 6750 section 3.1)"
_ENDED: Final = "its session was ended; otherwise, a copy of its tokens would outlive the logout"
_LOCKED_OUT: Final = "the user's tokens were revoked; otherwise, a locked-out user could continue until they expire"
_REFRESHED: Final = "the user's tokens were revoked after this sign-in; otherwise, a refresh would undo that"
_CLIENT: Final = "the app client's tokens were revoked, for example because its secret leaked"
_UNDATED: Final = "it does not say when it was issued, so it may be a revoked one"


def with_revoked(forge: Forge, revocations: RevocationList, *, spares_undated: bool) -> Iterator[HostileToken]:
    """Add entries to a revocation list, and yield tokens that they revoke. Tokens issued from then on stay valid.

    Args:
        forge: Creates the tokens.
        revocations: List to which the entries are added.
        spares_undated: Whether tokens without an `iat`, such as a load balancer's, must stay valid. If true, the
            entries name another user, and no app client.
    """
    now = int(forge.pool.clock.time())
    issuer, long_ago, recently = forge.pool.issuer, now - 2 * _HOUR_SECONDS, now - _HOUR_SECONDS
    lost, session = forge.claims(), forge.claims()
    revocations.revoke_token(lost)
    yield HostileToken("revoked-by-jti", forge.sign(forge.header, lost), _LOST)
    revocations.revoke_session(session)
    yield HostileToken("revoked-by-session", forge.sign(forge.header, session), _ENDED)
    refreshed = session | tokens.token_id()
    yield HostileToken("revoked-by-session-and-refreshed", forge.sign(forge.header, refreshed), _ENDED)
    user = session["sub"]
    if spares_undated:
        user = tokens.subject(forge.pool.id, f"{forge.username} who was locked out")
    else:
        # Uses another user, because the user below is also revoked, up to a later second.
        subject = tokens.subject(forge.pool.id, f"{forge.username} of a revoked client")
        revocations.revoke_client(issuer, forge.pool.client_id, long_ago)
        yield HostileToken("revoked-by-client", forge.token(sub=subject, iat=long_ago, auth_time=long_ago), _CLIENT)
    revocations.revoke_user(issuer, str(user), recently)
    yield HostileToken("revoked-by-user", forge.token(sub=user, iat=recently, auth_time=recently), _LOCKED_OUT)
    yield HostileToken("revoked-by-user-and-refreshed", forge.token(sub=user, auth_time=recently), _REFRESHED)
    yield HostileToken("revoked-by-user-without-iat", forge.token(sub=user, iat=ABSENT), _UNDATED)
