"""Keep a login until its callback, and choose where the user goes afterwards.

This subpackage knows no session and no Flask, and sends no request to Cognito.
"""
