"""Read keys from a file or a mapping, the local sources."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping

from cognito_jwt_core.clock import REAL_TIME
from cognito_jwt_core.keys.source import JWKSFetchError, JWKSResponse

_COARSEST_TICK_SECONDS = 2.0  # the resolution of file timestamps in seconds; FAT's is the coarsest


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
        from pathlib import Path  # imported here because most keys come from a URL

        self._path = Path(path)
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"file {str(self._path)!a}"

    def fetch(self, timeout_seconds: float) -> JWKSResponse:
        with self._path.open("rb") as file:
            body = file.read(self._max_bytes + 1)
        if len(body) > self._max_bytes:
            raise JWKSFetchError(f"expected at most {self._max_bytes} bytes, found more")
        return JWKSResponse(body)

    def revision(self) -> object:
        found = self._path.stat()
        if not stat.S_ISREG(found.st_mode):  # a pipe can be read only once, as in `--jwks /dev/stdin`
            return found.st_ino
        # Two changes within one clock tick of the file system have the same timestamp, and key sets often have the same
        # size. So a recently changed file counts as changed on each look, and once more when it is no longer recent.
        if abs(REAL_TIME.time() - found.st_mtime) < _COARSEST_TICK_SECONDS:
            return object()
        return found.st_mtime_ns, found.st_size, found.st_ino
