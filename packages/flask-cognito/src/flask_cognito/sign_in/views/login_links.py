"""Paths of the login routes, and the page that links to them."""

from __future__ import annotations

from urllib.parse import quote

from flask import url_for
from werkzeug.wrappers import Response

from flask_cognito.config.sign_in import ROUTES
from flask_cognito.sign_in.login.next_url import START
from flask_cognito.sign_in.state import BLUEPRINT, AppSignIn, PoolSignIn
from flask_cognito.sign_in.views import pages


def login_path(target: str = START, demand: str | None = None, *, pool: PoolSignIn | None) -> str:
    """Return the path of a pool's login route, with the path to go to afterwards. None means the list of pools."""
    query = [] if target == START else [f"next={quote(target, safe='/')}"]
    query += [] if demand is None else [f"demand={demand}"]
    endpoint = f"{BLUEPRINT}.login" if pool is None else pool.endpoint("login")
    return url_for(endpoint) + ("?" + "&".join(query) if query else "")


def page_of_choice(sign_in: AppSignIn, code: str, status: int, target: str, demand: str | None = None) -> Response:
    """Return a page with a link to sign in, at each pool."""
    title, text = pages.texts_of(code)
    if sign_in.only is not None:
        return pages.page(status, title, text, link=(login_path(target, demand, pool=sign_in.only), "Sign in"))
    choices = [(login_path(target, demand, pool=pool), pool.settings.name) for pool in sign_in.pools]
    return pages.page(status, title, text, choices=choices)


def routes_of_sign_in(sign_in: AppSignIn) -> frozenset[str]:
    """Return the paths of sign-in itself."""
    of_pools = {url_for(pool.endpoint(name)) for pool in sign_in.pools for name in ROUTES}
    of_all = {url_for(f"{BLUEPRINT}.{name}") for name in ROUTES if name != "callback"}
    return frozenset(of_pools | of_all)
