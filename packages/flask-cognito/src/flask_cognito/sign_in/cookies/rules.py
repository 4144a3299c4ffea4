"""Names, attributes and sizes of sign-in's cookies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from werkzeug.http import dump_cookie

# gunicorn rejects a header above 8,190 bytes and nginx one above 8 KiB, including the app's own cookies.
MAX_HEADER_BYTES = 7168
# Browsers silently drop a larger cookie.
MAX_COOKIE_BYTES = 4096
# Space that a session leaves for one login, and for the list of recent sign-ins.
ROOM_FOR_LOGIN = 1024
ROOM_FOR_TRAIL = 256
MAX_SESSION_BYTES = MAX_HEADER_BYTES - ROOM_FOR_LOGIN - ROOM_FOR_TRAIL
_MAX_CHUNKS = 4
_COUNT_LENGTH = len("4.")
_SEPARATOR_BYTES = len("; ")


@dataclass(frozen=True, kw_only=True)
class CookieRules:
    """Names and attributes of cookies. Names are built once, because each request needs them.

    Attributes:
        name: Name of the session cookie; the others begin with it.
        secure: Whether cookies are `Secure`.
        samesite: `SameSite` of the session's cookies.
    """

    name: str
    secure: bool = True
    samesite: str = "Lax"

    @cached_property
    def id_name(self) -> str:
        """Return the name of the cookie with the session's id."""
        return f"{self.name}_id"

    @cached_property
    def trail_name(self) -> str:
        """Return the name of the cookie with the times of recent sign-ins."""
        return f"{self.name}_trail"

    @cached_property
    def login_prefix(self) -> str:
        """Return the prefix of login cookies' names."""
        return f"{self.name}_login_"

    def chunk_name(self, index: int) -> str:
        """Return the name of a chunk of the session."""
        return self.name if index == 0 else f"{self.name}_{index}"

    @cached_property
    def _chunk_names(self) -> tuple[str, ...]:
        return tuple(map(self.chunk_name, range(_MAX_CHUNKS)))

    @cached_property
    def _names_by_count(self) -> Mapping[str, tuple[str, ...]]:
        return {f"{count}.": self._chunk_names[:count] for count in range(1, _MAX_CHUNKS + 1)}

    def session_names(self, cookies: Mapping[str, str]) -> list[str]:
        """Return the names of the session's cookies in a request."""
        return [name for name in (self.id_name, *self._chunk_names) if name in cookies]

    def written(self, name: str, value: str, max_age: float, *, samesite: str | None = None) -> str:
        """Return a `Set-Cookie` value without `Domain`, as the prefix ``__Host-`` requires (RFC 6265bis 4.1.3.2)."""
        return dump_cookie(
            name,
            value,
            max_age=max(0, int(max_age)),
            path="/",
            secure=self.secure,
            httponly=True,
            samesite=samesite or self.samesite,
            max_size=0,
        )

    def deleted(self, name: str) -> str:
        """Return the `Set-Cookie` value that deletes a cookie."""
        return self.written(name, "", 0)

    def chunks(self, text: str) -> dict[str, str]:
        """Return `text` as cookies of at most 4,096 bytes each, with attributes. The first contains their count."""
        room = MAX_COOKIE_BYTES - len(self.written(self.chunk_name(_MAX_CHUNKS), "", 10**9)) - len("9.")
        parts = [text[start : start + room] for start in range(0, len(text), room)]
        parts[0] = f"{len(parts)}.{parts[0]}"
        return {self.chunk_name(index): part for index, part in enumerate(parts)}

    def joined(self, cookies: Mapping[str, str]) -> str | None:
        """Return the chunks as one text, or None if some are missing. Ignore surplus chunks.

        It still begins with their count, which `text_in` removes, because each copy of a large text takes time.
        """
        names = self._names_by_count.get(cookies.get(self.name, "")[:_COUNT_LENGTH], ())
        try:
            return "".join(map(cookies.__getitem__, names)) or None
        except KeyError:
            return None

    @staticmethod
    def text_in(joined: str) -> str:
        """Return the text that was cut into chunks."""
        return joined[_COUNT_LENGTH:]


def parse_cookies(header: str) -> dict[str, str]:
    """Return the cookies of a `Cookie` header, the first of each name. Ours need no unquoting."""
    found: dict[str, str] = {}
    for pair in header.split(";"):
        name, separator, value = pair.strip(" \t").partition("=")
        if separator:
            found.setdefault(name, value)
    return found


def size_of(cookies: Mapping[str, str]) -> int:
    """Return the size of cookies in a `Cookie` header, in bytes."""
    return sum(len(name) + 1 + len(value) + _SEPARATOR_BYTES for name, value in cookies.items())
