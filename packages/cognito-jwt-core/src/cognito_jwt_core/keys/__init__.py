"""Fetch and cache keys, and decide how long they serve.

Only this subpackage starts fetch threads. It knows no claims, and no meaning of an issuer.
"""
