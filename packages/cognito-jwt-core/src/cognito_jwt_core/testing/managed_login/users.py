"""The users of a local managed login."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cognito_jwt_core.testing.tokens import as_names, group_claims, subject

Authenticate = Callable[[str, str], Mapping[str, object] | None]
"""A function that gets a username and a password, and returns the user's claims, or None if they do not match."""


@dataclass(frozen=True, slots=True)
class User:
    """A user who has signed in.

    Attributes:
        claims: The claims of the user in an ID token: `sub`, `cognito:username`, `cognito:groups`, `email` and so on.
        has_password_here: Whether the user comes from the pool and not from `authenticate`.
    """

    claims: Mapping[str, object]
    has_password_here: bool

    @property
    def username(self) -> str:
        """Return the user's name in the tokens."""
        return str(self.claims["cognito:username"])

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the user's groups."""
        groups = self.claims.get("cognito:groups", ())
        return tuple(as_names(groups)) if isinstance(groups, Iterable) else ()


class Users:
    """The users who can sign in, with their passwords.

    Args:
        pool_id: Id of the pool, which determines each user's `sub`.
        passwords: Passwords by username.
        groups: Groups by username.
        authenticate: Called for a user who is not in `passwords`.
    """

    def __init__(
        self,
        pool_id: str,
        passwords: Mapping[str, str],
        groups: Mapping[str, Iterable[str]],
        authenticate: Authenticate | None,
    ) -> None:
        unknown = sorted(set(groups) - set(passwords))
        if unknown:
            raise ValueError(f"groups: expected names of users, found {unknown}")
        self._pool_id = pool_id
        self._passwords = passwords
        self._groups = groups
        self._authenticate = authenticate

    def sign_in(self, username: str, password: str) -> User | None:
        """Return the user with this name and password, or None."""
        if username in self._passwords:
            is_right = hmac.compare_digest(self._passwords[username].encode(), password.encode())
            return self._own_user(username) if is_right else None
        claims = self._authenticate(username, password) if self._authenticate is not None else None
        if claims is None:
            return None
        defaults = {"sub": subject(self._pool_id, username), "cognito:username": username}
        return User({**defaults, **claims}, has_password_here=False)

    def current(self, user: User) -> User:
        """Return the user's current data. Refreshed tokens have the groups of now, not those at the sign-in."""
        return self._own_user(user.username) if user.has_password_here else user

    def _own_user(self, username: str) -> User:
        claims = {
            "sub": subject(self._pool_id, username),
            "cognito:username": username,
            **group_claims(self._groups.get(username, ())),
            "email": username if "@" in username else f"{username}@example.com",
            "email_verified": True,
        }
        return User(claims, has_password_here=True)
