"""From a token's text to its authentic payload, for any issuer: parse, algorithm, key, signature. Judges no claim."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256

from .claims import Claims
from .compact import UnverifiedHeader, UnverifiedToken, as_ascii, parse_compact
from .errors import ConfigurationError, MalformedTokenError, shown
from .key_store import KeyFinder
from .policy import VerificationPolicy
from .signature import Algorithm, VerificationKey, check_header

_MAX_KNOWN_HEADERS = 64


class OpenToken:
    """A token whose text and header are in order, with where its key may be; nothing of it is verified."""

    __slots__ = ("digest", "kid", "store", "unverified")

    def __init__(self, unverified: UnverifiedToken, kid: str, store: KeyFinder, digest: bytes) -> None:
        self.unverified = unverified
        self.kid = kid
        self.store = store
        self.digest = digest


class AuthenticToken:
    """A payload whose signature held by `key`.

    Attributes:
        payload: The claims, to look at; `claims` gives them away.
        met: The demands that the claims met when they were last asked.
    """

    __slots__ = ("_nested", "digest", "key", "kid", "met", "payload", "store")

    def __init__(self, opened: OpenToken, payload: dict[str, object], key: VerificationKey) -> None:
        self.digest = opened.digest
        self.kid = opened.kid
        self.store = opened.store
        self.key = key
        self.payload: Mapping[str, object] = payload
        self.met: VerificationPolicy | None = None
        self._nested = tuple(name for name, value in payload.items() if isinstance(value, (dict, list)))

    def claims(self) -> Claims:
        """A copy down to the nested values: what is done with it reaches nobody else.

        Raises:
            MalformedTokenError: They nest too deep to be copied.
        """
        claims = Claims(self.payload)
        try:
            for name in self._nested:
                claims[name] = _copied(claims[name])
        except RecursionError:
            raise MalformedTokenError("payload: expected JSON of a sane depth, found it nested too deep") from None
        return claims


def _copied(value: object) -> object:
    if isinstance(value, list):
        return [_copied(item) for item in value]
    if isinstance(value, dict):
        return {name: _copied(item) for name, item in value.items()}
    return value


class Pipeline:
    """The way of every token, with the memory of those that came through it.

    Args:
        algorithms: The allowlist.
        store_for: Where the keys of an issuer are, by the unverified ``iss``.
        cache_size: How many authentic tokens are remembered; 0 remembers none.
    """

    def __init__(
        self, algorithms: Mapping[str, Algorithm], store_for: Callable[[str | None], KeyFinder], cache_size: int
    ) -> None:
        if type(cache_size) is not int or cache_size < 0:
            raise ConfigurationError(f"cache_size: expected a whole number from 0 up, found {shown(cache_size)}")
        self._algorithms = algorithms
        self._store_for = store_for
        self._cache_size = cache_size
        self._remembered: OrderedDict[bytes, AuthenticToken] = OrderedDict()
        self._known_headers: dict[bytes, UnverifiedHeader] = {}

    def open(self, token: object) -> OpenToken | AuthenticToken:
        """The token as it was remembered, else as it reads: its `kid` and `store` say which key to find.

        Raises:
            MalformedTokenError: No JWS compact serialization, or a header that is not acceptable.
            AlgorithmNotAllowedError: Another algorithm than those allowed.
            InvalidIssuerError: What the choice of the keys raises.
        """
        text = as_ascii(token)
        # By its digest: the text itself is a credential, and is not kept.
        digest = sha256(text).digest() if self._cache_size else b""
        return self._remembered.get(digest) or self._parse(text, digest)

    def authenticate(self, opened: OpenToken | AuthenticToken, key: VerificationKey, token: object) -> AuthenticToken:
        """The payload of a token that `key` signed.

        Raises:
            InvalidSignatureError: It did not.
            MalformedTokenError: It signed something else than a JSON object.
        """
        if isinstance(opened, AuthenticToken):
            if opened.key is key:
                return opened
            opened = self._parse(as_ascii(token), opened.digest)  # there is another key of that kid now
        unverified = opened.unverified
        key.check_signature(unverified.signing_input, unverified.signature)
        if len(self._known_headers) >= _MAX_KNOWN_HEADERS:
            self._known_headers.clear()
        self._known_headers[unverified.header_segment] = unverified.header
        return AuthenticToken(opened, unverified.payload(), key)

    def remember(self, token: AuthenticToken) -> None:
        """Answer this token again without a signature check. First in, first out: the oldest expires first."""
        if self._cache_size:
            self._remembered[token.digest] = token
            while len(self._remembered) > self._cache_size:
                self._remembered.popitem(last=False)

    def forget(self, token: AuthenticToken) -> None:
        self._remembered.pop(token.digest, None)

    def _parse(self, text: bytes, digest: bytes) -> OpenToken:
        unverified = parse_compact(text, self._known_headers)
        kid = check_header(unverified.header, self._algorithms)
        return OpenToken(unverified, kid, self._store_for(unverified.unverified_issuer()), digest)
