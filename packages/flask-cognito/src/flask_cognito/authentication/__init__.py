"""Authenticate a request: from its headers to verified claims and the app's own user.

This subpackage does not know what a view requires.
"""
