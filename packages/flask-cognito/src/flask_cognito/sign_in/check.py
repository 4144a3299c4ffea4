"""The sign-in part of ``flask cognito check``."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from cognito_jwt_core import ConfigurationError, SignInError
from cognito_jwt_core.errors import shown
from cognito_jwt_core.integration import HTTPRequestError, Request
from cognito_jwt_core.oauth import OAuthClient
from flask import Flask, url_for

from flask_cognito.sign_in.sessions.keeper import Held, StoreDownError
from flask_cognito.sign_in.sessions.session import Session
from flask_cognito.sign_in.state import AppSignIn, PoolSignIn

_GOOD_SECRET_BYTES = 32
_SECRET_OF_THE_DOCUMENTATION = b"use secrets.token_hex(32), and keep it secret"
_MAX_BYTES = 64 * 1024
_LOCK_SECONDS = 5
_REDIRECTS = (302, 303, 307)
_OF_THE_NETWORK = (
    "Check COGNITO_DOMAIN, DNS, HTTPS_PROXY and the CA certificates. The app itself exchanges codes over this"
    " connection."
)


class Finding(NamedTuple):
    """One line of the check.

    Attributes:
        label: Subject of the line; ``warning`` for a setting that is valid but weak.
        text: Result of the check.
        is_good: Whether sign-in can work with it.
    """

    label: str
    text: str
    is_good: bool = True


def findings(app: Flask, sign_in: AppSignIn) -> Iterator[Finding]:
    """Yield the results of a check of an app's sign-in. It sends requests to the store and the managed logins."""
    yield from _about_sessions(sign_in.first)
    for pool in sign_in.pools:
        yield from _about_pool(app, pool)


def _about_sessions(pool: PoolSignIn) -> Iterator[Finding]:
    store = pool.settings.session_store
    yield Finding("sessions in", f"{'cookies' if store is None else 'a store'}; cookie {pool.rules.name}")
    if len(pool.secrets[0]) < _GOOD_SECRET_BYTES:
        yield Finding("warning", f"SECRET_KEY has {len(pool.secrets[0])} bytes; use at least {_GOOD_SECRET_BYTES}")
    if pool.secrets[0] == _SECRET_OF_THE_DOCUMENTATION:
        yield Finding(
            "warning",
            "SECRET_KEY is the example from the documentation, which anyone can read; use secrets.token_hex(32)",
        )
    if store is not None:
        yield _about_store(pool)
        return
    if pool.revocations.can_end_sessions:
        return
    yield Finding(
        "warning",
        "a copied session cookie works until its access token expires, even after a logout, and end_sessions"
        " is unavailable (COGNITO_SESSION_STORE or COGNITO_REVOCATIONS)",
    )


def _about_pool(app: Flask, pool: PoolSignIn) -> Iterator[Finding]:
    settings = pool.settings
    if settings.name:
        yield Finding("sign-in pool", f"{settings.name}: {pool.verifier.user_pool.id}, routes below {settings.path}")
    kind = "public" if settings.client_secret is None else "confidential"
    yield Finding("sign-in client", f"{settings.client_id} ({kind})")
    if settings.logout_uri is None:
        key = "logout_uri" if settings.name else "COGNITO_LOGOUT_URI"
        yield Finding("warning", f"after a logout, Cognito's own session signs users in again ({key})")
    yield from _about_managed_login(app, pool)


def _about_store(pool: PoolSignIn) -> Finding:
    """Write, read and delete a record, and take its lock once."""
    now = pool.clock.time()
    session = Session(
        id=secrets.token_urlsafe(32),
        access_token="",
        refresh_token=None,
        id_claims={},
        identity=("check", "check", pool.settings.client_id, None, None, None),
        signed_in_at=now,
        ends_at=now + _LOCK_SECONDS,
        received_at=now,
        life_seconds=0,
    )
    held = Held(session=session, key=hashlib.sha256(session.id.encode()).hexdigest())
    try:
        cookie = pool.keeper.begin(session)[0].partition(";")[0].partition("=")[2]
        found = pool.keeper.peek({pool.rules.name: cookie})
        with pool.keeper.lock(held.key, _LOCK_SECONDS) as first, pool.keeper.lock(held.key, _LOCK_SECONDS) as second:
            is_lock = first and not second
        pool.keeper.end(held)
    except StoreDownError as error:
        advice = "Check COGNITO_SESSION_STORE, and whether this machine can reach the store."
        return Finding("session store", f"FAILED: {error}\n{'':<18}{advice}", is_good=False)
    if found is None or not is_lock:
        what = "does not return what was written" if found is None else "gives its lock twice"
        return Finding("session store", f"FAILED: it {what}", is_good=False)
    return Finding("session store", "works, and so does its lock")


def _about_managed_login(app: Flask, pool: PoolSignIn) -> Iterator[Finding]:
    redirect_uri = pool.settings.redirect_uri
    if redirect_uri is None and app.config.get("SERVER_NAME"):
        redirect_uri = url_for(pool.endpoint("callback"), _external=True)
    if redirect_uri is None:
        yield Finding("callback URL", "from the host of each request; not checked (COGNITO_REDIRECT_URI)")
        return
    yield Finding("callback URL", redirect_uri)
    try:
        resource = pool.app.settings.resource
        url = pool.oauth.authorization_request(redirect_uri, scopes=pool.settings.scopes, resource=resource).url
    except (SignInError, ConfigurationError) as error:
        yield _failed(str(error), _OF_THE_NETWORK)
        return
    yield _asked(pool, url, redirect_uri)
    if pool.settings.domain is not None:
        yield from _compared_with_discovery(pool, url, redirect_uri)


def _asked(pool: PoolSignIn, url: str, redirect_uri: str) -> Finding:
    """Call the authorization endpoint, which shows an error page for an unknown client or callback URL."""
    transport = pool.verifier.transport
    request = Request(
        "GET",
        url,
        timeout_seconds=transport.settings.timeout_seconds,
        max_bytes=_MAX_BYTES,
        session=transport.session,
    )
    try:
        answer = request.send()
    except HTTPRequestError as error:
        return _failed(str(error), _OF_THE_NETWORK)
    host, location = urlsplit(url).netloc, answer.headers.get("location", "")
    error_code = parse_qs(urlsplit(location).query).get("error", [""])[0]
    found = f"{host} answers {answer.status}{f' with {shown(error_code)}' if error_code else ''}"
    if answer.status in (400, 404) or urlsplit(location).path.endswith("/error"):
        return _failed(
            f"it does not know the app client or its callback URL ({found})",
            "Compare both with the app client in the Cognito console.",
        )
    if error_code and location.partition("?")[0] == redirect_uri:
        return _failed(
            f"it refuses the login ({found})",
            "Compare the scopes (COGNITO_SIGN_IN_SCOPES), the resource and the grant types with the app client.",
        )
    if answer.status not in _REDIRECTS:  # the endpoint always redirects, to the login page or an identity provider
        return _failed(
            f"expected a redirect to the login page, found another answer ({found})",
            "Check COGNITO_DOMAIN. Otherwise the endpoint is in trouble, or something else answers, such as a proxy or"
            " AWS WAF.",
        )
    return Finding("managed login", f"{host} knows the app client and its callback URL")


def _failed(text: str, advice: str) -> Finding:
    return Finding("managed login", f"FAILED: {text}\n{'':<18}{advice}", is_good=False)


def _compared_with_discovery(pool: PoolSignIn, url: str, redirect_uri: str) -> Iterator[Finding]:
    discovered = OAuthClient(pool.verifier, client_id=pool.settings.client_id)
    try:
        other = discovered.authorization_request(redirect_uri).url
    except SignInError as error:
        yield Finding("warning", f"COGNITO_DOMAIN cannot be compared with the pool's discovery document: {error}")
        return
    if urlsplit(other).netloc != urlsplit(url).netloc:
        yield Finding("warning", f"the pool's discovery document names {urlsplit(other).netloc}, not COGNITO_DOMAIN")
