"""Signals (blinker) for audit logs and metrics. They contain no token's text."""

from __future__ import annotations

from blinker import NamedSignal, Namespace

_signals = Namespace()

token_verified: NamedSignal = _signals.signal("token-verified")
"""Sent when a user is authenticated. The sender is the app. ``claims`` and ``user`` belong to the request."""

token_rejected: NamedSignal = _signals.signal("token-rejected")
"""Sent when a token is rejected. The sender is the app. ``error`` is the `InvalidTokenError` with the reason."""

token_would_be_rejected: NamedSignal = _signals.signal("token-would-be-rejected")
"""Sent when ``COGNITO_REPORT_ONLY`` lets a request through that would be rejected. The sender is the app. ``error`` is
the core's error. For a request without a token, and others without such an error, it is a `CognitoAuthError`.
"""

signed_in: NamedSignal = _signals.signal("signed-in")
"""Sent after a sign-in. The sender is the app. ``claims`` and ``id_claims`` come from the new tokens."""

sign_in_failed: NamedSignal = _signals.signal("sign-in-failed")
"""Sent when a sign-in fails. The sender is the app. ``error`` is the `SignInError`."""

session_refreshed: NamedSignal = _signals.signal("session-refreshed")
"""Sent when a session's tokens are refreshed. The sender is the app. ``claims`` come from the new access token."""

session_ended: NamedSignal = _signals.signal("session-ended")
"""Sent when Cognito ends a session or its tokens are rejected. The sender is the app. It has ``sub`` and ``code``."""

signed_out: NamedSignal = _signals.signal("signed-out")
"""Sent when a user signs out. The sender is the app. ``sub`` is the user's."""
