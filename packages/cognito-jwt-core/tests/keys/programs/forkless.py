"""Verifies on a system without fork, as Windows is one. Called with the path of the keys, the pool's id and a token."""

import os
import sys

for name in ("fork", "register_at_fork"):
    delattr(os, name)

from pathlib import Path  # noqa: E402  on that system

from cognito_jwt_core import CognitoVerifier, JWKSResponse  # noqa: E402

path, pool_id, token = sys.argv[1:]


class Source:
    """A remote source, which is called in a worker thread."""

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        return JWKSResponse(Path(path).read_bytes())


for jwks in (path, Source()):
    CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=jwks).verify(token)
