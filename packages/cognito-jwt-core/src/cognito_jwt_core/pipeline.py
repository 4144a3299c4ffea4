"""From a token's text to its authentic payload, for any issuer: parse, algorithm, key, signature. Judges no claim."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256

from .authentic import AuthenticToken, OpenToken
from .compact import UnverifiedHeader, as_ascii
from .errors import ConfigurationError, shown
from .key_store import KeyFinder
from .signature import Algorithm, VerificationKey, check_header

_MAX_KNOWN_HEADERS = 64


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
        key.check_signature(opened.signing_input, opened.signature)
        if opened.header_segment not in self._known_headers:
            self._know_header(opened)
        return AuthenticToken(opened, key)

    def remember(self, token: AuthenticToken) -> None:
        """Answer this token again without a signature check. First in, first out: the oldest expires first."""
        if self._cache_size:
            self._remembered[token.digest] = token
            while len(self._remembered) > self._cache_size:
                self._remembered.popitem(last=False)

    def forget(self, token: AuthenticToken) -> None:
        self._remembered.pop(token.digest, None)

    def _parse(self, text: bytes, digest: bytes) -> OpenToken:
        opened = OpenToken(text, self._known_headers)
        if opened.header_segment not in self._known_headers:
            check_header(opened.header, self._algorithms)
        opened.kid = opened.header.kid  # type: ignore[assignment]  # a str, as `check_header` found
        opened.store = self._store_for(opened.unverified_issuer)
        opened.digest = digest
        return opened

    def _know_header(self, opened: OpenToken) -> None:
        """All tokens of one key have the same header: once it passed and the signature held, it is not read again."""
        if len(self._known_headers) >= _MAX_KNOWN_HEADERS:
            self._known_headers.clear()
        self._known_headers[opened.header_segment] = opened.header
