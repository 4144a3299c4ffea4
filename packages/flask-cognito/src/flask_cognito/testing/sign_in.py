"""Sign a test client in as a browser does, through a `LocalManagedLogin`."""

from __future__ import annotations

import re
from html import unescape
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from cognito_jwt_core.testing import LocalManagedLogin
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_cognito.sign_in.state import app_sign_in
from flask_cognito.sign_in.views.login_links import login_path

NAVIGATION = {
    "Accept": "text/html",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
"""The headers that a browser sends when its user opens a page."""


def sign_in(
    client: FlaskClient,
    username: str,
    password: str,
    login: LocalManagedLogin,
    *,
    next: str | None = None,  # noqa: A002
) -> TestResponse:
    """Sign a test client in through the app's login, the managed login and the callback. The client then has a session.

    Args:
        client: The app's `test_client()`.
        username: Name of a user of `login`.
        password: The user's password.
        login: The managed login. It must be running, and its `callback_urls` must contain the app's callback URL.
        next: Path to which the app redirects after the sign-in. None means the app's start page.

    Returns:
        The response of the callback: a 303 to `next`, or an error page. If the login page does not redirect, its
        response.

    Raises:
        RuntimeError: If the app has no `CognitoSignIn`, if `login` is not running or shows an error, for example for a
            wrong password, or if the app has named pools and `login` belongs to none of them.

    Example:
        ```python
        with login.serve():
            sign_in(client, "alice", "correct horse", login)
            assert client.get("/reports").status_code == 200
        ```
    """
    with client.application.test_request_context():
        sign_in = app_sign_in()
        pool = sign_in.of_issuer(login.user_pool.issuer) if sign_in.has_names else sign_in.first
        if pool is None:
            raise RuntimeError(f"sign_in: expected the managed login of a pool of the app, found {login.user_pool.id}")
        path = login_path(pool=pool)
    query = {} if next is None else {"next": next}
    begun = client.get(path, query_string=query, headers=NAVIGATION)
    if begun.status_code != 302:
        return begun
    return client.get(callback_of(begun.headers["Location"], username, password), headers=NAVIGATION)


def callback_of(url: str, username: str, password: str) -> str:
    """Sign in at a managed login, and return the URL to which it redirects the browser.

    Args:
        url: URL of the authorization request.
        username: Name of the user.
        password: The user's password.

    Raises:
        RuntimeError: If the managed login shows an error, for example for a wrong password.
    """
    browser = build_opener(HTTPCookieProcessor(CookieJar()), _NoRedirects(), ProxyHandler({}))
    domain = urlsplit(url).netloc
    form: dict[str, str] | None = None
    while True:
        status, location, page = _asked(browser, url, form)
        form = None
        if location is not None:
            url = urljoin(url, location)
            if urlsplit(url).netloc != domain:
                return url
        elif status == 200 and (action := re.search(r'<form method="post" action="([^"]*)"', page)):
            csrf = re.search(r'name="_csrf" value="([^"]*)"', page)
            form = {"_csrf": csrf.group(1) if csrf else "", "username": username, "password": password}
            url = urljoin(url, unescape(action.group(1)))
        else:
            alert = re.search(r'role="alert"[^>]*>(.*?)</p>', page)
            said = unescape(re.sub(r"<[^>]*>", "", alert.group(1))) if alert else "no message"
            raise RuntimeError(
                f"sign_in: expected a redirect to the app, found a page of the managed login: {status}: {said}"
            )


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *arguments: object) -> None:
        return None


def _asked(browser: OpenerDirector, url: str, form: dict[str, str] | None) -> tuple[int, str | None, str]:
    data = None if form is None else urlencode(form).encode()
    try:
        with browser.open(Request(url, data), timeout=10) as answer:  # noqa: S310  a loopback server of the test
            return answer.status, None, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.headers.get("Location"), error.read().decode()
