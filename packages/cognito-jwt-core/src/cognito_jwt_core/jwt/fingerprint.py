"""Fingerprints tell values apart in a `repr` that must not show them."""

from __future__ import annotations

import os
from hashlib import sha256

_KEY = os.urandom(16)


def fingerprint(value: str) -> str:
    """Return 16 characters that differ for different values and reveal nothing of them.

    Caches of functions, such as Flask-Caching's ``memoize``, build their keys from the `repr` of arguments. With one
    `repr` for all users, such a cache would return one user's result to another. Each process has its own
    fingerprints, so a reader of logs cannot compare them with those of known values.
    """
    return sha256(_KEY + value.encode(errors="backslashreplace")).hexdigest()[:16]
