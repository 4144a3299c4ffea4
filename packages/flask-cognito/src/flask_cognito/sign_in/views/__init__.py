"""Answer a browser's requests: sign-in's routes, its pages, and requests without a session.

This subpackage reads no configuration and builds nothing. It uses the state of the app's sign-in.
"""
