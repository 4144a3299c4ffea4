"""Parse one token, import one key and verify one signature (RFC 7515, 7517, 7518).

This subpackage knows no issuer and no time, and has no network access.
"""
