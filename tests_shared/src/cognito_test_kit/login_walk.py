"""A simple browser that fills in a sign-in page, and an app whose users sign in with it."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

TIMEOUT_SECONDS = 10


class Browser:
    """A browser with cookies and without JavaScript. It returns redirects instead of following them."""

    def __init__(self) -> None:
        self.session = requests.Session()

    def get(self, url: str) -> requests.Response:
        """Request a page."""
        return self.session.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)

    def submit(self, page: requests.Response, fields: Mapping[str, str], *, form: int = 0) -> requests.Response:
        """Send a form.

        Args:
            page: Response that contains the form.
            fields: Values of its visible fields. Its hidden fields are sent as they are.
            form: Number of the form in the page, from 0.
        """
        text = re.findall(r"<form.*?</form>", page.text, re.DOTALL)[form]
        action = html.unescape(re.findall(r'action="([^"]*)"', text)[0])
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
        return self.session.post(
            urljoin(page.url, action),
            data={**dict(hidden), **fields},
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )

    def sign_in(self, url: str, username: str, password: str) -> str:
        """Sign in, and return the callback URL. If the browser has a session at the domain, there is no sign-in page.

        Args:
            url: URL of the authorization request.
            username: Name of the user.
            password: The user's password.
        """
        answer = self.follow(self.get(url))
        if answer.status_code == 200:
            answer = self.submit(answer, {"username": username, "password": password})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    def follow(self, answer: requests.Response) -> requests.Response:
        """Follow a redirect within the domain. Return any other response, for example a redirect to the app."""
        target = urljoin(answer.url, answer.headers.get("Location", answer.url))
        if answer.status_code == 302 and urlsplit(target).netloc == urlsplit(answer.url).netloc:
            return self.get(target)
        return answer


def query_of(url: str) -> dict[str, str]:
    """Return the parameters in a URL's query."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


class App:
    """An app that signs users in without a client library, which could hide an error of the server.

    Args:
        domain: URL of the managed login.
        client_id: The app client's id.
        secret: The app client's secret; None for a public client.
    """

    callback = "http://localhost/auth/callback"
    verifier = "correct-horse-battery-staple_correct-horse.battery~staple"

    def __init__(self, domain: str, client_id: str, secret: str | None = None) -> None:
        self.domain = domain
        self.client_id = client_id
        self.secret = secret
        self.browser = Browser()

    def url(self, **changes: str | None) -> str:
        """Return a valid authorization URL with changed parameters. A value of None leaves a parameter out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "state": "a state",
            "nonce": "a nonce",
            "scope": "openid",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **changes,
        }
        given = {name: value for name, value in parameters.items() if value is not None}
        return f"{self.domain}/oauth2/authorize?{urlencode(given)}"

    def code(self, **changes: str | None) -> str:
        """Sign in, and return the authorization code. The arguments are as in `url`."""
        return query_of(self.browser.sign_in(self.url(**changes), "alice", "correct horse"))["code"]

    def exchange(self, code: str, /, **changes: str | None) -> requests.Response:
        """Send a valid token request with changed parameters. A value of None leaves a parameter out."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.callback,
            "client_id": self.client_id,
            "code_verifier": self.verifier,
            **changes,
        }
        return self.post("token", form)

    def tokens(self, **changes: str | None) -> Any:
        """Sign in, and return the token response as JSON. The arguments are as in `url`."""
        answer = self.exchange(self.code(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh(self, refresh_token: str) -> requests.Response:
        """Send a refresh request."""
        return self.post(
            "token", {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": self.client_id}
        )

    def revoke(self, token: str, /, **changes: str | None) -> requests.Response:
        """Send a valid revocation request with changed parameters. A value of None leaves a parameter out."""
        return self.post("revoke", {"token": token, "client_id": self.client_id, **changes})

    def user_info(self, access_token: str) -> requests.Response:
        """Send a request to `/oauth2/userInfo`."""
        headers = {"Authorization": f"Bearer {access_token}"}
        return requests.get(f"{self.domain}/oauth2/userInfo", headers=headers, timeout=TIMEOUT_SECONDS)

    def post(self, endpoint: str, form: Mapping[str, str | None]) -> requests.Response:
        """Send a form to an endpoint below `/oauth2/`. If the app client has a secret, send it by HTTP Basic."""
        auth = None if self.secret is None else (self.client_id, self.secret)
        given = {name: value for name, value in form.items() if value is not None}
        return requests.post(f"{self.domain}/oauth2/{endpoint}", data=given, auth=auth, timeout=TIMEOUT_SECONDS)


def payload_of(token: str) -> dict[str, Any]:
    """Return the claims of a token without verifying it."""
    part = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Return the status and the OAuth error code of a response."""
    return answer.status_code, answer.json()["error"]
