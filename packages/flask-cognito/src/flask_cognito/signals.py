"""Signals (blinker): what an audit log or a metric wants to hear of. No token's text is in them."""

from __future__ import annotations

from blinker import NamedSignal, Namespace

_signals = Namespace()

token_verified: NamedSignal = _signals.signal("token-verified")
"""Somebody is authenticated. The sender is the app; ``claims`` and ``user`` are those of the request."""

token_rejected: NamedSignal = _signals.signal("token-rejected")
"""A token was refused. The sender is the app; ``error`` is the `InvalidTokenError`, whose message says why."""
