"""Tools for tests of an app that uses this extension.

Sign a test client in, send hostile tokens to a route, and test your own session store. The extension does not import
this package at run time.
"""

from flask_cognito.testing.session_stores import SessionStoreTests
from flask_cognito.testing.sign_in import sign_in
from flask_cognito.testing.users import SignedIn, as_user, assert_rejects_hostile

__all__ = ["SessionStoreTests", "SignedIn", "as_user", "assert_rejects_hostile", "sign_in"]
