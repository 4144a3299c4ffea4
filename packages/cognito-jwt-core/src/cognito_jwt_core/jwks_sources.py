"""Where keys come from: the `KeySource` protocol and the sources that ship with it. No times, no locks, no trust."""

from __future__ import annotations

import ipaddress
import os
import stat
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable
from urllib.parse import urlsplit

from . import fork
from .errors import ConfigurationError, shown

if TYPE_CHECKING:
    from requests import PreparedRequest, Response, Session


_COARSEST_TICK_NS = 1_000_000_000  # of the clock that a file system dates its files by


class JWKSResponse(NamedTuple):
    """What a source answered.

    Attributes:
        jwks: A JWK Set (RFC 7517 section 5): the mapping itself, or its JSON text.
        max_age_seconds: How long the source says that it may be kept; None where it says nothing.
        server_time: The source's own clock at the answer, in seconds since 1970; None where it does not tell.
    """

    jwks: Mapping[str, object] | bytes | str
    max_age_seconds: float | None = None
    server_time: float | None = None


class JWKSFetchError(Exception):
    """A fetch that brought no keys. A `KeySource` may raise it, or any `OSError` or `ValueError`.

    Attributes:
        status: The HTTP status that was answered, None where there was none.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@runtime_checkable
class KeySource(Protocol):
    """Keys from elsewhere: S3, Redis, a configuration service.

    A source that also has a method ``revision() -> object`` is local: it is read when the verifier is built and
    again, at once and in the calling thread, whenever `revision` gives another value. Every other source is
    asked in a thread of its own, when the settings of `KeySettings` say so.
    """

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        """The keys as they are now.

        Args:
            timeout_seconds: After this time nobody waits for the answer any more.

        Raises:
            JWKSFetchError, OSError, ValueError: No keys could be had.
        """


@runtime_checkable
class LocalKeySource(KeySource, Protocol):
    """A `KeySource` that can tell at once, without the network, whether its keys changed."""

    def revision(self) -> object:
        """A value that changes when the keys do. Called for every token: cheap, and never blocking.

        Raises:
            OSError: It cannot be told, for instance because the file is gone.
        """


class JWKSMapping:
    """A JWK Set in memory."""

    def __init__(self, jwks: Mapping[str, object]) -> None:
        self._response = JWKSResponse(jwks)

    def __repr__(self) -> str:
        return "a mapping"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return self._response

    def revision(self) -> object:
        return None


class JWKSFile:
    """A JWK Set in a file, which may change."""

    def __init__(self, path: str | os.PathLike[str], *, max_bytes: int) -> None:
        from pathlib import Path  # here, since most keys come from a URL

        self._path = Path(path)
        self._max_bytes = max_bytes
        self._was_young = False
        self._content = 0

    def __repr__(self) -> str:
        return f"file {str(self._path)!a}"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        body = self._read()
        if len(body) > self._max_bytes:
            raise JWKSFetchError(f"expected at most {self._max_bytes} bytes, found more")
        return JWKSResponse(body)

    def revision(self) -> object:
        found = self._path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe, which can be read once: `--jwks /dev/stdin`
            return found.st_ino
        # Two changes within one tick of a file system's clock give one time, and key sets are often of one size. So
        # while a file is that young, and once thereafter, its content counts as well.
        is_young = abs(time.time_ns() - found.st_mtime_ns) < _COARSEST_TICK_NS
        if is_young or self._was_young:
            self._content = hash(self._read())
        self._was_young = is_young
        return found.st_mtime_ns, found.st_size, found.st_ino, self._content

    def _read(self) -> bytes:
        with self._path.open("rb") as file:
            return file.read(self._max_bytes + 1)


class JWKSURL:
    """A JWK Set at an ``https`` URL, read through `requests`.

    The whole answer is bounded in time, size, status (200) and redirects (none). The time bound here covers connecting
    and the body; who calls `fetch` bounds the rest (name lookup, headers that drip) by not waiting longer.
    """

    def __init__(
        self, url: str, *, session: Session | None = None, allow_http: bool = False, max_bytes: int = 1024 * 1024
    ) -> None:
        self.url = _checked_url(url, allow_http)
        self._session = session
        self._session_process = os.getpid()
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return self.url

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        with fork.importing:  # on the first fetch: it costs more to import than everything else here together
            import netrc  # noqa: F401  which requests would import by itself, with its first request

            import requests
        try:
            if self._session is not None:
                return self._fetch(self._renewed(self._session), timeout_seconds)
            with requests.Session() as session:  # one connection per fetch: nothing open is left for a fork to share
                session.auth = _without_password  # none at all would be that of a netrc file
                return self._fetch(session, timeout_seconds)
        except requests.RequestException as error:
            raise JWKSFetchError(f"{type(error).__name__}: {shown(_without_userinfo(str(_root_of(error))))}") from error

    def _renewed(self, session: Session) -> Session:
        # A connection shared by two processes would give one the other's answers; a closed session opens new ones.
        # Not at the fork itself: closing takes locks that a thread of the parent may have held.
        if self._session_process != os.getpid():
            session.close()
            self._session_process = os.getpid()
        return session

    def _fetch(self, session: Session, timeout_seconds: float) -> JWKSResponse:
        deadline = time.monotonic() + timeout_seconds
        # An encoded body could grow a thousandfold when decoded, so none is asked for and none is accepted.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        # As a hook, after the session's own: of a redirect that is not followed, requests reads the whole body, decoded
        # and unbounded, before it answers.
        hooks = session.hooks.get("response", [])
        with session.get(
            self.url,
            headers=headers,
            timeout=timeout_seconds,
            allow_redirects=False,
            stream=True,
            hooks={"response": [*([hooks] if callable(hooks) else hooks), _check_status]},
        ) as response:
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise JWKSFetchError("expected a body without Content-Encoding, found one")
            body = self._body(response, deadline)
            return JWKSResponse(body, _max_age(response.headers.get("Cache-Control", "")), _date(response))

    def _body(self, response: Response, deadline: float) -> bytes:
        from urllib3.exceptions import HTTPError

        # read1 gives what has arrived, so that the clock is looked at after each packet of a slow drip; urllib3 has it
        # since 2.2, and before that a small read comes nearest.
        read = partial(response.raw.read1, 65536) if hasattr(response.raw, "read1") else partial(response.raw.read, 64)
        body = bytearray()
        try:
            while chunk := read():
                body += chunk
                if len(body) > self._max_bytes:
                    raise JWKSFetchError(f"expected at most {self._max_bytes} bytes, found more")
                if time.monotonic() > deadline:
                    raise JWKSFetchError("expected the whole answer in time, found it still arriving")
        except HTTPError as error:  # reset half-way, or less than Content-Length announced
            raise JWKSFetchError(f"{type(error).__name__}: expected the whole answer, found it cut off") from error
        return bytes(body)


def _without_password(request: PreparedRequest) -> PreparedRequest:
    return request


def _check_status(response: Response, **_: object) -> None:
    if response.status_code != 200:
        response.close()
        raise JWKSFetchError(f"expected status 200, found {response.status_code}", status=response.status_code)


def _root_of(error: BaseException) -> BaseException:
    """What began it, as the system says it: "Connection refused" rather than three wrappings of it."""
    while error.__context__ is not None:
        error = error.__context__
    return error


def _without_userinfo(text: str) -> str:
    """The text without the user and password of a URL in it, for instance a proxy's, which urllib3 cannot read."""
    before, at, after = text.rpartition("@")
    return before.partition("//")[0] + "//" + after if at and "//" in before else text


def _max_age(cache_control: str) -> float | None:
    """``max-age`` in seconds (RFC 9111 section 5.2.2.1); None where it is absent or no number."""
    for directive in cache_control.split(","):
        name, _, value = directive.strip().partition("=")
        value = value.strip('"')
        if name.lower() == "max-age" and value.isascii() and value.isdigit():
            return float(value[:10])
    return None


def _date(response: Response) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _checked_url(url: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        # Without the parser's own words: they may hold the credentials.
        raise ConfigurationError(f"the JWKS URL {shown(_without_userinfo(url))} cannot be read") from None
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        raise ConfigurationError(
            f"expected a JWKS URL of scheme, host and path, without credentials; found {shown(_without_userinfo(url))}"
        )
    if parts.scheme == "https" or (parts.scheme == "http" and (allow_http or _is_loopback(host))):
        return url
    raise ConfigurationError(
        f"expected an https JWKS URL (http only to loopback, or with allow_http=True), found {shown(url)}"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
