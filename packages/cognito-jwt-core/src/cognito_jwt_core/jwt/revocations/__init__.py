"""Revoked tokens, sessions, users and app clients: the question a verifier asks, and a list that answers it.

No module here reads a token. It gets verified claims.
"""
