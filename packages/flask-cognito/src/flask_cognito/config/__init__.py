"""Read the COGNITO_* keys of an app, validate them, and build its verifier.

This subpackage knows no request.
"""
