"""`HTTPRequestError`, and how it describes errors of `requests` and the system."""

from __future__ import annotations

import re
import ssl

_MAX_REASON_CHARACTERS = 300
_PROXY_REFUSAL = re.compile(r"Tunnel connection failed: (\d{3})")
_MISSING_FILE = re.compile(r"Could not find .* invalid path: .*")


class HTTPRequestError(Exception):
    """A request got no usable response.

    Examples are a connection that is refused or reset, a timeout, a response that is too large, and an encoding that
    cannot be decoded. The message is one line without secrets such as a proxy's password.
    """


def reason_of(error: BaseException) -> str:
    """Return the reason for a failure in one line.

    The text of another library's error may contain a URL with a password, for example a proxy's, in a form that no
    pattern matches. Therefore use only texts of the system and of OpenSSL, and class names for everything else.
    """
    name = type(error).__name__
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    root = name if type(error).__name__ == name else f"{name}: {type(error).__name__}"
    detail = _detail(error)
    text = f"{root}: {detail}" if detail else root
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()[:_MAX_REASON_CHARACTERS]


def _detail(error: BaseException) -> str:
    if isinstance(error, (ssl.SSLError, OSError)) and error.strerror:
        return str(error.strerror)  # for example "Connection refused", "certificate verify failed: ..."
    if isinstance(error, OSError):
        text = str(error)
        if proxy := _PROXY_REFUSAL.match(text):
            return f"the proxy answered {proxy[1]}"
        if _MISSING_FILE.fullmatch(text):  # raised by requests for a CA bundle or a client certificate
            return text
    return ""
