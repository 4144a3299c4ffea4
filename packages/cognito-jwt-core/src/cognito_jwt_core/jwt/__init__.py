"""Check the claims of tokens from any issuer (RFC 7519, 8725).

This subpackage does not know what claims mean in Cognito.
"""
