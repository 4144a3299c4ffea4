"""Test an app that uses this extension: sign a client in, and send hostile tokens to a route.

No other part of the extension imports this.
"""

from flask_cognito.testing.session_stores import SessionStoreTests
from flask_cognito.testing.sign_in import sign_in
from flask_cognito.testing.users import SignedIn, as_user, assert_rejects_hostile

__all__ = ["SessionStoreTests", "SignedIn", "as_user", "assert_rejects_hostile", "sign_in"]
