"""The users of a local managed login."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from cognito_jwt_core.testing.tokens import as_names, group_claims, subject

Authenticate = Callable[[str, str], Mapping[str, object] | None]
"""A function that gets a username and a password. It returns the user's claims, or None if the password is wrong."""


@dataclass(frozen=True, slots=True)
class User:
    """A user who has signed in.

    Attributes:
        claims: The user's claims in an ID token, such as `sub`, `cognito:username`, `cognito:groups` and `email`.
        has_password_here: Whether the user is one of `passwords`, and was not found by `authenticate`.
    """

    claims: Mapping[str, object]
    has_password_here: bool

    @property
    def username(self) -> str:
        """Return the username in the tokens."""
        return str(self.claims["cognito:username"])

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the user's groups."""
        groups = self.claims.get("cognito:groups", ())
        return tuple(as_names(groups)) if isinstance(groups, Iterable) else ()


class Users:
    """The users who can sign in, with their passwords.

    Args:
        pool_id: Id of the pool, from which each user's `sub` is derived.
        passwords: Passwords by username.
        groups: Groups by username.
        authenticate: Function that is called for a user who is not in `passwords`; None if there is no such user.

    Raises:
        ValueError: If `groups` has a username that is not in `passwords`.
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
        """Return the user with this name and password, or None if the user is unknown or the password is wrong."""
        if username in self._passwords:
            is_right = hmac.compare_digest(self._passwords[username].encode(), password.encode())
            return self._own_user(username) if is_right else None
        claims = self._authenticate(username, password) if self._authenticate is not None else None
        if claims is None:
            return None
        defaults = {"sub": subject(self._pool_id, username), "cognito:username": username}
        return User({**defaults, **claims}, has_password_here=False)

    def current(self, user: User) -> User:
        """Return the user with the current groups, which refreshed tokens have, and not those at the sign-in."""
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
