"""A managed login that sends the responses that a test sets, byte for byte, and keeps every request."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl

from cognito_jwt_core import CognitoVerifier, KeySettings, UserPool
from cognito_jwt_core.oauth import OAuthClient
from cognito_jwt_core.testing import LocalUserPool, ManualClock

REDIRECT_URI = "https://app.example/auth/callback"
VERIFIER = "v" * 43
NONCE = "the-nonce-of-this-login"
CODE = "4c0de4c0-dec0-4dec-84de-c0dec0dec0de"
REFRESH_TOKEN = "refresh-" + "R" * 1800
SECRET = "+Client_secret+" + "S" * 30

Twin = Literal["sync", "async"]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A response.

    Attributes:
        status: Status code.
        body: Bytes, text, or a value that is sent as JSON.
        headers: Headers to add.
        drip_seconds: Pause before each byte of the body; 0 sends it at once.
        delay_seconds: Time before the response begins.
        drop: Whether to close the connection instead of responding.
    """

    status: int = 200
    body: object = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    drip_seconds: float = 0.0
    delay_seconds: float = 0.0
    drop: bool = False

    def body_bytes(self) -> bytes:
        """Return the body as bytes."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True, kw_only=True)
class Received:
    """A request.

    Attributes:
        method: The HTTP method.
        path: The path with the query.
        headers: The headers, by lower-case name.
        text: The body.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    text: str

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of a form in the body, and assert that none is repeated."""
        pairs = parse_qsl(self.text, keep_blank_values=True, strict_parsing=bool(self.text))
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)


Respond = Callable[[Received], Answer]


class ScriptedLogin:
    """The endpoints of a managed login and its pool, on loopback.

    Args:
        clock: Clock of the pool.

    Attributes:
        pool: Pool that issues the tokens in valid responses.
        answers: The response at each path: an `Answer`, or a function that gets the request and returns one.
        received: The requests, in order.
    """

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.answers: dict[str, Answer | Respond] = {}
        self.received: list[Received] = []
        self.stopping = threading.Event()
        self._http = _Server(self)
        self.domain = f"http://127.0.0.1:{self._http.server_address[1]}"
        issuer = f"{self.domain}/eu-central-1_testpool"
        self.user_pool = UserPool("eu-central-1_testpool", issuer=issuer)
        self.pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", issuer=issuer, clock=clock)
        self.discovery_path = "/eu-central-1_testpool/.well-known/openid-configuration"
        self.answers[self.discovery_path] = Answer(body=self.discovery())
        self.answers["/oauth2/token"] = lambda request: Answer(body=self.tokens())
        self.answers["/oauth2/revoke"] = Answer()
        self.answers["/oauth2/userInfo"] = Answer(body={"sub": "s", "email_verified": "true"})

    @contextlib.contextmanager
    def serve(self) -> Iterator[ScriptedLogin]:
        """Run the server inside the `with` block."""
        thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def discovery(self, **changes: object) -> dict[str, object]:
        """Return a valid discovery document with changed members."""
        return {
            "issuer": self.user_pool.issuer,
            "authorization_endpoint": f"{self.domain}/oauth2/authorize",
            "token_endpoint": f"{self.domain}/oauth2/token",
            "revocation_endpoint": f"{self.domain}/oauth2/revoke",
            "userinfo_endpoint": f"{self.domain}/oauth2/userInfo",
            "end_session_endpoint": f"{self.domain}/logout",
            "response_types_supported": ["code", "token"],
            **changes,
        }

    def tokens(
        self,
        *,
        access: Mapping[str, object] | None = None,
        identity: Mapping[str, object] | None = None,
        **members: object,
    ) -> dict[str, object]:
        """Return a valid token response with changes.

        Args:
            access: Claims of the access token to set. A value of `ABSENT` leaves a claim out.
            identity: Claims of the ID token to set, likewise.
            **members: Members of the response to set. A value of None leaves a member out.
        """
        times = {"auth_time": int(self.clock.time()) // 100_000 * 100_000}
        access_token = self.pool.access_token(scopes=["openid"], claims={**times, **(access or {})})
        own = {**times, "nonce": NONCE, "at_hash": at_hash(access_token)}
        id_token = self.pool.id_token(claims={**own, **(identity or {})})
        good: dict[str, object] = {
            "access_token": access_token,
            "id_token": id_token,
            "refresh_token": REFRESH_TOKEN,
            "token_type": "Bearer",
            "expires_in": 3600,
        }
        return {name: value for name, value in {**good, **members}.items() if value is not None}

    def verifier(self, **options: Any) -> CognitoVerifier:
        """Return a verifier for the pool. `options` are arguments to add or replace."""
        given: dict[str, Any] = {"client_id": self.pool.client_id, "token_use": "access", "clock": self.clock}
        given["key_settings"] = KeySettings(timeout_seconds=20)  # a busy machine is not what fails here
        given["jwks"] = self.pool.jwks
        return CognitoVerifier(self.user_pool, **{**given, **options})

    def client(self, verifier: CognitoVerifier | None = None, **options: Any) -> OAuthClient:
        """Return a client of this login. `options` are arguments to add or replace."""
        given: dict[str, Any] = {"client_id": self.pool.client_id, "domain": self.domain}
        return OAuthClient(verifier or self.verifier(), **{**given, **options})

    def requests(self, path: str) -> list[Received]:
        """Return the requests to a path, with any query, in order."""
        return [request for request in self.received if request.path.partition("?")[0] == path]

    def answer(self, request: Received) -> Answer:
        """Keep a request, and return its response. The response at an unknown path is a 404."""
        self.received.append(request)
        scripted = self.answers.get(request.path.partition("?")[0], Answer(status=404, body={"message": "Not Found"}))
        return scripted if isinstance(scripted, Answer) else scripted(request)


def verifier_of(pool: str | UserPool, **options: Any) -> CognitoVerifier:
    """Return a verifier that accepts any app client and both kinds of tokens, unless `options` say otherwise."""
    return CognitoVerifier(pool, **{"client_id": None, "token_use": None, **options})


def at_hash(access_token: str) -> str:
    """Return the `at_hash` of an access token. Spec: OpenID Connect Core section 3.1.3.6."""
    return base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest()[:16]).rstrip(b"=").decode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, login: ScriptedLogin) -> None:
        self.login = login
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing when a client disconnects early, because these tests do that on purpose."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name in the base class
        pass

    def _answer(self) -> None:
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.login.answer(Received(method=self.command, path=self.path, headers=headers, text=text))
        self.close_connection = True
        if self.server.login.stopping.wait(answer.delay_seconds) or answer.drop:
            return
        body = answer.body_bytes()
        lines = [f"HTTP/1.1 {answer.status} x", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode())
        if not answer.drip_seconds:
            self.wfile.write(body)
            return
        for byte in body:
            if self.server.login.stopping.wait(answer.drip_seconds):
                return
            self.wfile.write(bytes([byte]))
