"""Pending logins, each in its own encrypted cookie, so that two tabs can sign in at the same time."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from secrets import randbelow
from threading import Lock
from typing import Any

from cognito_jwt_core.integration import PerProcess

from flask_cognito.sign_in.cookies.rules import MAX_HEADER_BYTES, ROOM_FOR_TRAIL, CookieRules, size_of
from flask_cognito.sign_in.cookies.sealing import Seal
from flask_cognito.sign_in.login.next_url import START
from flask_cognito.sign_in.login.step_up import StepUp

MAX_LOGINS_BYTES = 2048
# Includes a format version, so that cookies of another release are unreadable, not misread.
_PURPOSE = "login 2"
MAX_SKEW_SECONDS = 60
# The cookie outlives the login, so that the app can tell the user that it expired.
_LATE_SECONDS = 3600
_MAX_READ = 16
_MAX_NAMES = 2 * _MAX_READ
_USUAL_NAMES = 3


@dataclass(frozen=True, kw_only=True, repr=False)
class Login:
    """A pending login.

    Attributes:
        state: Value that Cognito returns with the callback.
        nonce: Value that the ID token must contain.
        code_verifier: Secret of PKCE.
        redirect_uri: Callback URL of the login.
        next: Path to go to afterwards.
        begun_at: When it began, in seconds since 1970.
        params: Parameters of `redirect_to_login`, for another attempt.
        step_up: Requirements of a step-up.
    """

    state: str
    nonce: str | None
    code_verifier: str
    redirect_uri: str
    next: str
    begun_at: float
    params: Mapping[str, Any] = field(default_factory=dict)
    step_up: StepUp | None = None

    def is_late(self, now: float, lifetime_seconds: float) -> bool:
        """Return whether the login has expired."""
        return now >= self.begun_at + lifetime_seconds


class Turns:
    """Give logins that begin right after each other different numbers.

    A browser that restores its tabs begins logins that do not know of each other. The first number is random, so that
    two processes rarely give the same one.
    """

    def __init__(self) -> None:
        self._last = randbelow(_USUAL_NAMES)
        self._lock = Lock()

    def take(self, free: Sequence[int]) -> int:
        """Return one of these numbers, which ascend: the next one, but never the last one if there is a choice."""
        with self._lock:
            self._last = next((number for number in free if number > self._last), free[0])
            return self._last


class LoginCookies:
    """Read and write the cookies of logins.

    Args:
        secrets: Secrets for encryption.
        rules: Names and attributes of cookies.
        binding: Issuer and client, so that a login is valid for one pool only.
        lifetime_seconds: Lifetime of a login.
        others: Issuer and client of the app's other pools, whose logins share the space and the names.
        turns: The app's `Turns`, shared by all pools.
    """

    def __init__(
        self,
        secrets: Sequence[bytes],
        rules: CookieRules,
        binding: tuple[str, str],
        lifetime_seconds: float,
        *,
        others: Iterable[tuple[str, str]] = (),
        turns: PerProcess[Turns] | None = None,
    ) -> None:
        self._secrets = secrets
        self._rules = rules
        self._bindings = (binding, *others)
        self._lifetime_seconds = lifetime_seconds
        self._turns = turns or PerProcess(Turns)

    def find(self, cookies: Mapping[str, str], state: str, now: float) -> tuple[str, Login] | None:
        """Return a callback's login and its cookie's name, or None if this browser has no readable one."""
        for name, login in self._readable(cookies, now, self._bindings[:1]).items():
            if hmac.compare_digest(login.state.encode(), state.encode()):
                return name, login
        return None

    def begin(self, login: Login, cookies: Mapping[str, str], now: float) -> list[str]:
        """Return the `Set-Cookie` values that store `login`, and those that delete older logins to make room.

        A login that would be too large drops its `params`, then its `next`, so that it always fits.
        """
        names = self._rules.session_names(cookies)
        room = self._room(size_of({name: cookies[name] for name in names}))
        without_params = replace(login, params={})
        forms = (login, without_params, replace(without_params, next=START))
        kept = next((form for form in forms if self._size(form) <= room), forms[-1])
        size = self._size(kept)
        name = self._name(cookies, now, max(1, room // size))
        max_age = self._lifetime_seconds + _LATE_SECONDS
        # Lax cookies are sent with Cognito's redirect, which is a cross-site GET navigation. Strict ones are not.
        written = [self._rules.written(name, self._seal(name, kept), max_age, samesite="Lax")]
        others = {other: value for other, value in cookies.items() if other != name}
        return written + [self._rules.deleted(other) for other in self._without_room(others, room - size, now)]

    def crowded_out(self, cookies: Mapping[str, str], session: Sequence[str], now: float) -> list[str]:
        """Return the names of login cookies that no longer fit beside a new session.

        Args:
            cookies: Cookies of the request.
            session: `Set-Cookie` values of the session.
            now: The current time.
        """
        kept = {name: cookies[name] for name in self._rules.session_names(cookies)}
        for cookie in session:
            name, _, value = cookie.partition(";")[0].partition("=")
            kept[name] = value
        return self._without_room(cookies, self._room(size_of(kept)), now)

    def unreadable(self, cookies: Mapping[str, str], now: float) -> list[str]:
        """Return the names of login cookies that are unreadable or expired."""
        readable = self._readable(cookies, now)
        return [name for name in self._names(cookies) if name not in readable]

    def _room(self, session_bytes: int) -> int:
        return min(MAX_LOGINS_BYTES, MAX_HEADER_BYTES - ROOM_FOR_TRAIL - session_bytes)

    def _size(self, login: Login) -> int:
        name = self._numbered(0)
        return size_of({name: self._seal(name, login)})

    def _numbered(self, number: int) -> str:
        return f"{self._rules.login_prefix}{number}"

    def _name(self, cookies: Mapping[str, str], now: float, count: int) -> str:
        """Return one of a fixed number of names: the next free one, or that of the oldest login.

        With one name per state, a browser that restores 20 tabs at once would keep 20 logins, because its requests do
        not know of each other. Servers would then reject its next request, until the cookies expire.

        Two logins that do not know of each other may still take the same name in two processes. The first one's
        callback then ends with ``state_missing``, or at the start page once the second one has signed the user in.
        """
        readable = self._readable(cookies, now)
        free = [number for number in range(count) if self._numbered(number) not in readable]
        if free:
            return self._numbered(self._turns.get().take(free))
        return min(map(self._numbered, range(count)), key=lambda name: readable[name].begun_at)

    def _without_room(self, cookies: Mapping[str, str], room: int, now: float) -> list[str]:
        readable = self._readable(cookies, now)
        dropped = [name for name in self._names(cookies) if name not in readable]
        for name in sorted(readable, key=lambda name: readable[name].begun_at, reverse=True):
            room -= size_of({name: cookies[name]})
            if room < 0:
                dropped.append(name)
        return dropped

    def _names(self, cookies: Mapping[str, str]) -> list[str]:
        # Limited, because unreadable ones are deleted, and proxies reject a response with hundreds of cookies.
        return [name for name in cookies if name.startswith(self._rules.login_prefix)][:_MAX_NAMES]

    def _readable(
        self, cookies: Mapping[str, str], now: float, bindings: Sequence[tuple[str, str]] | None = None
    ) -> dict[str, Login]:
        # Limited, because each costs a decryption. Our own responses never leave more than fit into 2 KiB.
        found = {}
        for name in self._names(cookies)[:_MAX_READ]:
            opened = (self._opened(name, cookies[name], now, binding) for binding in bindings or self._bindings)
            login = next(filter(None, opened), None)
            if login is not None:
                found[name] = login
        return found

    def _seal(self, name: str, login: Login) -> str:
        return self._seal_of(name, self._bindings[0]).seal(asdict(login))

    def _opened(self, name: str, text: str, now: float, binding: tuple[str, str]) -> Login | None:
        opened = self._seal_of(name, binding).open(text)
        if opened is None:
            return None
        login = Login(**{**opened.value, "step_up": StepUp.from_json(opened.value["step_up"])})
        is_from_future = login.begun_at > now + MAX_SKEW_SECONDS
        is_over = login.is_late(now, self._lifetime_seconds + _LATE_SECONDS)
        return None if is_from_future or is_over else login

    def _seal_of(self, name: str, binding: tuple[str, str]) -> Seal:
        # The key depends on the cookie's name, so a login cannot be moved to another cookie.
        return Seal(self._secrets, _PURPOSE, name, *binding)
