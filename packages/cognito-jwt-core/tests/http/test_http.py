"""One bounded request, over real sockets."""

import asyncio
import datetime
import gzip
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
import requests_mock
import responses
import vcr  # type: ignore[import-untyped]
from cognito_jwt_core import ConfigurationError
from cognito_jwt_core.http import HTTPRequestError, HTTPResponse, Request, checked_url
from cognito_jwt_core.testing import JWKSServer
from cognito_test_kit.key_servers import Stopwatch, eventually
from cognito_test_kit.messages import Messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from freezegun import freeze_time
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.util.retry import Retry

SLOW_NAMES = Path(__file__).parent / "programs" / "slow_names.py"
DEADLINE = 0.4
LIMIT = 1000
MORE_THAN_THE_PLACES = 10

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class RawServer:
    """A server on loopback that hands each connection, and the head of its request, to `answer`."""

    def __init__(self, answer: Callable[[socket.socket], None], *, reads: bool = True) -> None:
        self.answer = answer
        self.stopping = threading.Event()
        self._reads = reads
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._threads: list[threading.Thread] = []
        self._connections: list[socket.socket] = []
        self._accepting = threading.Thread(target=self._accept)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/x"

    def __enter__(self) -> "RawServer":
        self._accepting.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:  # one may wait for a client that is gone
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in [self._accepting, *self._threads]:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._reads:
                read_head(connection)
            self.answer(connection)


def read_head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv(4096)
        if not received:
            raise OSError
        head += received
    return head


def answering(data: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(data)


def get(url: str, **options: Any) -> HTTPResponse:
    return Request("GET", url, **{"timeout_seconds": 10, "max_bytes": LIMIT, **options}).send()


# What is sent, and what comes back


@pytest.mark.parametrize("status", [200, 201, 400, 403, 503])
def test_any_status_is_an_answer(server: JWKSServer, status: int) -> None:
    server.behave(status=status, body="why", headers={"X-Reason": "Z"})

    answer = get(server.url)

    assert (answer.status, answer.body, answer.headers["x-reason"]) == (status, b"why", "Z")


def test_a_coroutine_needs_an_event_loop_of_asyncio(messages: Messages) -> None:
    request = Request("GET", "https://127.0.0.1/", timeout_seconds=10, max_bytes=LIMIT)

    with messages.raises(ConfigurationError):
        request.send_async().send(None)


def test_a_form_is_posted_with_its_headers() -> None:
    def answer(connection: socket.socket) -> None:
        received = b""
        while not received.endswith(b"\r\n\r\ncode=a+b%26c"):
            received += connection.recv(4096)
        heads.append(received)
        connection.sendall(OK)

    heads: list[bytes] = []
    with RawServer(answer, reads=False) as server:
        request = Request(
            "POST", server.url, headers={"X-A": "1"}, form={"code": "a b&c"}, timeout_seconds=10, max_bytes=LIMIT
        )
        assert request.send() == request.send()

    assert len(heads) == 2
    for head in heads:
        assert head.startswith(b"POST /x HTTP/1.1\r\n")
        assert b"\r\nX-A: 1\r\n" in head
        assert b"\r\nContent-Type: application/x-www-form-urlencoded\r\n" in head


def test_a_request_shows_neither_its_form_nor_its_headers() -> None:
    request = Request(
        "POST",
        "https://example.com/token",
        headers={"Authorization": "secret"},
        form={"code": "secret"},
        timeout_seconds=1,
        max_bytes=1,
    )

    assert "secret" not in repr(request)


def test_neither_compression_nor_a_lasting_connection_is_asked_for(server: JWKSServer) -> None:
    get(server.url)

    (request,) = server.received
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["connection"] == "close"


def test_a_task_gets_the_same_answer_and_the_same_refusal(server: JWKSServer) -> None:
    request = Request("GET", server.url, timeout_seconds=10, max_bytes=LIMIT)

    async def ask() -> HTTPResponse:
        return await request.send_async()

    assert asyncio.run(ask()).status == 200
    server.behave(cut="reset")
    with pytest.raises(HTTPRequestError):
        asyncio.run(ask())


def test_an_event_loop_goes_on_meanwhile(server: JWKSServer) -> None:
    server.behave(hold=True)
    turns = 0

    async def ask() -> HTTPResponse:
        nonlocal turns
        asking = asyncio.ensure_future(Request("GET", server.url, timeout_seconds=10, max_bytes=LIMIT).send_async())
        while not asking.done():
            turns += 1
            if turns == 20:
                server.release()
            await asyncio.sleep(0.001)
        return await asking

    assert asyncio.run(ask()).status == 200
    assert turns >= 20


def test_a_task_that_is_cancelled_waits_no_longer(server: JWKSServer) -> None:
    server.behave(hold=True)
    request = Request("GET", server.url, timeout_seconds=10, max_bytes=LIMIT)

    async def ask() -> None:
        asking = asyncio.ensure_future(request.send_async())
        await asyncio.to_thread(server.wait_for_requests, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with Stopwatch():
        asyncio.run(ask())


@pytest.mark.parametrize("is_async", [False, True])
def test_a_system_without_a_thread_to_give_gets_no_answer(server: JWKSServer, is_async: bool) -> None:
    program = (
        "import asyncio, sys, threading\n"
        "from cognito_jwt_core.http import HTTPRequestError, Request\n"
        "request = Request('GET', sys.argv[1], timeout_seconds=5, max_bytes=1000)\n"
        "threading.stack_size(1 << 46)\n"  # more than there is of address space
        "try:\n"
        f"    {'asyncio.run(request.send_async())' if is_async else 'request.send()'}\n"
        "except HTTPRequestError as error:\n"
        "    print(error)\n"
    )

    ended = run(program, server.url)

    assert "thread" in ended.stdout
    assert server.requests == 0


def run(program: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )


# Bounded in time, and the place comes back


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-A: 1\r\n")
        time.sleep(0.05)


def continue_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


def trail_for_ever(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n")
    while True:
        connection.sendall(b"X-A: 1\r\n" * 100)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.05)


def say_nothing(connection: socket.socket) -> None:
    connection.recv(1 << 20)
    connection.recv(1 << 20)


HANGS = [drip_headers, continue_for_ever, trail_for_ever, drip_body, say_nothing]


@pytest.mark.slow
@pytest.mark.parametrize("hang", HANGS)
def test_an_answer_that_never_ends_is_shut_at_the_deadline_and_leaves_nothing_behind(
    hang: Callable[[socket.socket], None],
) -> None:
    with RawServer(hang) as server:
        for _ in range(MORE_THAN_THE_PLACES):
            with Stopwatch(), pytest.raises(HTTPRequestError):
                get(server.url, timeout_seconds=DEADLINE / 2)
        server.answer = answering(OK)

        eventually(lambda: get_or_none(server.url) == b"ok")


def get_or_none(url: str) -> bytes | None:
    try:
        return get(url).body
    except HTTPRequestError:
        return None


def test_a_tls_handshake_that_hangs_is_shut_at_the_deadline_and_leaves_nothing_behind() -> None:
    with RawServer(say_nothing, reads=False) as server:
        url = server.url.replace("http:", "https:")
        for _ in range(MORE_THAN_THE_PLACES):
            with Stopwatch(), pytest.raises(HTTPRequestError):
                get(url, timeout_seconds=DEADLINE / 2)
        server.answer = answering(b"no TLS at all")

        eventually(lambda: "SSLError" in refusal(url))


def refusal(url: str, **options: Any) -> str:
    with pytest.raises(HTTPRequestError) as error:
        get(url, **options)
    return str(error.value)


def test_a_host_that_accepts_no_connection_is_given_up_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        url = f"http://127.0.0.1:{full.getsockname()[1]}/x"
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        with Stopwatch(), pytest.raises(HTTPRequestError):
            get(url, timeout_seconds=DEADLINE)
        for client in waiting:
            client.close()


def test_a_name_lookup_that_hangs_keeps_its_place_until_it_ends(server: JWKSServer) -> None:
    """Nothing can end one. The program has a resolver that hangs until it is told to go on."""
    command = [sys.executable, str(SLOW_NAMES), server.url.replace("127.0.0.1", "localhost")]

    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603

    assert (ended.returncode, ended.stderr) == (0, "")
    assert server.requests == 1


@pytest.mark.parametrize("date", ["2001-01-01", "2051-01-01"])
@pytest.mark.parametrize("tick", [False, True])
def test_frozen_time_changes_neither_answers_nor_deadlines(server: JWKSServer, date: str, tick: bool) -> None:
    with freeze_time(date, tick=tick):
        assert get(server.url).status == 200
        assert asyncio.run(send_async(server.url)).status == 200
        server.behave(drip="headers", drip_seconds=0.05)
        with Stopwatch(), pytest.raises(HTTPRequestError):
            get(server.url, timeout_seconds=DEADLINE)
        with Stopwatch(), pytest.raises(HTTPRequestError):
            asyncio.run(send_async(server.url, timeout_seconds=DEADLINE))


async def send_async(url: str, timeout_seconds: float = 10) -> HTTPResponse:
    return await Request("GET", url, timeout_seconds=timeout_seconds, max_bytes=LIMIT).send_async()


# Bounded in size


def test_a_body_up_to_the_limit_is_read_and_a_larger_one_refused() -> None:
    body = b"x" * LIMIT
    with RawServer(lambda connection: connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)) as server:
        assert get(server.url).body == body

        body += b"x"
        with pytest.raises(HTTPRequestError):
            get(server.url)


@pytest.mark.parametrize("name", ["too-big", "too-big-unsized", "gzip-bomb", "bad-gzip"])
def test_ten_mebibytes_are_refused_however_they_come(server: JWKSServer, name: str) -> None:
    server.misbehave(name)

    with Stopwatch(), pytest.raises(HTTPRequestError):
        get(server.url, max_bytes=1 << 20)


def test_gzip_of_a_proxy_is_read(server: JWKSServer) -> None:
    server.behave(body=gzip.compress(b"ok"), headers={"Content-Encoding": " GZip"})

    assert get(server.url).body == b"ok"


@pytest.mark.parametrize("body", [gzip.compress(b"ok" * 99)[:-9], gzip.compress(b"ok") * 2], ids=["cut", "two"])
def test_gzip_that_is_not_one_whole_member_is_refused(server: JWKSServer, body: bytes) -> None:
    server.behave(body=body, headers={"Content-Encoding": "x-gzip"})

    with pytest.raises(HTTPRequestError):
        get(server.url)


def test_another_encoding_is_refused(server: JWKSServer) -> None:
    server.behave(headers={"Content-Encoding": "br"})

    assert "'br'" in refusal(server.url)


def test_an_encoding_that_changes_nothing_is_accepted(server: JWKSServer) -> None:
    server.behave(body=b"ok", headers={"Content-Encoding": "Identity"})

    assert get(server.url).body == b"ok"


def test_a_chunked_answer_is_read(server: JWKSServer) -> None:
    server.behave(body=b"2\r\nok\r\n0\r\n\r\n", headers={"Transfer-Encoding": "chunked", "Content-Length": None})

    assert get(server.url).body == b"ok"


@pytest.mark.parametrize("name", ["reset", "closed-early"])
def test_an_answer_that_is_cut_off_is_refused(server: JWKSServer, name: str) -> None:
    server.misbehave(name)

    with pytest.raises(HTTPRequestError):
        get(server.url)


# Redirects, and the bodies of errors


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_its_body_not_read(server: JWKSServer, status: int) -> None:
    server.behave(status=status, headers={"Location": "/elsewhere"}, drip="body", drip_seconds=0.2)

    with Stopwatch():
        answer = get(server.url, timeout_seconds=60)

    assert (answer.status, answer.body, answer.headers["location"]) == (status, b"", "/elsewhere")
    assert server.requests == 1


def test_the_body_of_an_error_is_not_read_where_it_is_not_asked_for(server: JWKSServer) -> None:
    server.behave(status=403, drip="body", drip_seconds=0.2)

    with Stopwatch():
        answer = get(server.url, timeout_seconds=60, error_body=False)

    assert (answer.status, answer.body) == (403, b"")


# No credentials


def test_no_cookie_is_kept_or_sent(server: JWKSServer) -> None:
    server.behave(headers={"Set-Cookie": "a=b"})
    with requests.Session() as session:
        session.cookies.set("own", "secret")
        for _ in range(2):
            get(server.url, session=session)

        assert session.cookies.get_dict() == {"own": "secret"}
    assert all("cookie" not in request.headers for request in server.received)


def test_the_password_of_a_session_is_not_sent(server: JWKSServer) -> None:
    with requests.Session() as session:
        session.auth = ("user", "secret")
        get(server.url, session=session)

        assert session.auth == ("user", "secret")
    (request,) = server.received
    assert "authorization" not in request.headers


@pytest.mark.parametrize("session", ["None", "requests.Session()"])
def test_no_password_of_a_netrc_file_is_sent(server: JWKSServer, tmp_path: Path, session: str) -> None:
    """requests sends the one of the host, or of `default`, unless told otherwise."""
    (tmp_path / "netrc").write_text("default login me password secret")
    program = (
        "import requests, sys; from cognito_jwt_core.http import Request\n"
        f"Request('GET', sys.argv[1], timeout_seconds=20, max_bytes=1000, session={session}).send()"
    )

    run(program, server.url, NETRC=str(tmp_path / "netrc"))

    (request,) = server.received
    assert "authorization" not in request.headers


def test_a_retry_is_left_to_the_caller(server: JWKSServer) -> None:
    """A POST must not be repeated, and a `Retry-After` of an hour not be waited for."""
    server.behave(status=503, headers={"Retry-After": "3600"})
    for adapter in (HTTPAdapter, OwnAdapter):
        with requests.Session() as session:
            session.mount("http://", adapter(max_retries=Retry(3, status_forcelist=[503], allowed_methods=None)))
            with Stopwatch():
                assert get(server.url, session=session).status == 503

    assert server.requests == 2


# A session of your own


class OwnAdapter(HTTPAdapter):
    """An adapter of another class than requests' own."""


class OwnTransport(BaseAdapter):
    """An adapter that uses no sockets."""

    def __init__(self, body: Any = b"", error: Exception | None = None) -> None:
        super().__init__()
        self.body = body
        self.error = error
        self.is_closed = False
        self.released = threading.Event()

    def send(self, request: requests.PreparedRequest, *_: object, **__: object) -> requests.Response:
        if self.error is not None:
            raise self.error
        response = requests.Response()
        response.status_code = 200
        response.raw = self.body
        return response

    def close(self) -> None:
        self.is_closed = True


def test_headers_and_hooks_of_a_session_apply(server: JWKSServer) -> None:
    statuses: list[int] = []

    def count(response: requests.Response, **_: object) -> None:
        statuses.append(response.status_code)

    every_form: list[Any] = [{"response": count}, {"response": [count]}, {}]
    for hooks in every_form:
        with requests.Session() as session:
            session.headers["X-Proxy-Key"] = "x"
            session.hooks = hooks
            get(server.url, session=session)

    assert statuses == [200, 200]
    assert [request.headers["x-proxy-key"] for request in server.received] == ["x"] * 3


class Counting(requests.Session):
    """A session of a class of its own, with state of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.sent.append(str(request.url))
        return super().send(request, **options)


def test_a_session_of_another_class_stays_one(server: JWKSServer) -> None:
    session = Counting()

    get(server.url, session=session)

    assert session.sent == [server.url]


def test_adapters_of_another_class_are_used_and_not_closed() -> None:
    transport = OwnTransport(BytesIO(b"own"))
    session = requests.Session()
    session.mount("http://", transport)

    assert get("http://127.0.0.1:9/x", session=session).body == b"own"
    assert not transport.is_closed


def test_an_adapter_of_another_class_can_connect(server: JWKSServer) -> None:
    session = requests.Session()
    session.mount("http://", OwnAdapter())

    assert get(server.url, session=session).status == 200


def test_whatever_an_adapter_raises_is_no_answer() -> None:
    session = requests.Session()
    session.mount("http://", OwnTransport(error=KeyError("secret")))

    assert refusal("http://127.0.0.1:9/x", session=session) == "KeyError"


class Hanging:
    """A file object that brings a byte now and then."""

    def __init__(self) -> None:
        self.is_over = False

    def read(self, size: int) -> bytes:
        time.sleep(0.01)
        return b"" if self.is_over else b"x"

    def close(self) -> None:
        """Be closed."""


def test_an_adapter_that_cannot_be_shut_ends_with_the_next_bytes() -> None:
    session = requests.Session()
    session.mount("http://", OwnTransport(Hanging()))

    for _ in range(MORE_THAN_THE_PLACES):
        with Stopwatch(), pytest.raises(HTTPRequestError):
            get("http://127.0.0.1:9/x", session=session, timeout_seconds=0.05)
        time.sleep(0.02)

    session.mount("http://", OwnTransport(BytesIO(b"own")))
    eventually(lambda: get("http://127.0.0.1:9/x", session=session).body == b"own")


# Proxies and certificates


def certificate(tmp_path: Path, name: str) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@contextmanager
def tls_server(tmp_path: Path) -> Iterator[tuple[str, Path, Path]]:
    """The URL of a server, its certificate, and one that is not its."""
    pem, key = certificate(tmp_path, "server")
    other, _ = certificate(tmp_path, "other")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            read_head(wrapped)
            wrapped.sendall(OK)

    with RawServer(answer, reads=False) as server:
        yield f"https://localhost:{server.port}/x", pem, other


def test_the_certificates_of_a_session_win_over_the_environments(tmp_path: Path) -> None:
    program = (
        "import requests, sys; from cognito_jwt_core.http import HTTPRequestError, Request\n"
        "session = requests.Session()\n"
        "if sys.argv[2]: session.verify = sys.argv[2] if sys.argv[2] != 'False' else False\n"
        "try:\n"
        "    print(Request('GET', sys.argv[1], timeout_seconds=20, max_bytes=1000, session=session).send().status)\n"
        "except HTTPRequestError as error: print(error)\n"
    )
    with tls_server(tmp_path) as (url, right, wrong):

        def outcome(own: object, environment: object) -> str:
            return run(program, url, str(own), PYTHONWARNINGS="ignore", REQUESTS_CA_BUNDLE=str(environment)).stdout

        assert outcome(right, wrong) == "200\n"
        assert outcome(False, wrong) == "200\n"
        assert outcome("", right) == "200\n"
        assert "certificate verify failed: self-signed certificate" in outcome(wrong, right)
        assert "certificate verify failed: self-signed certificate" in outcome("", wrong)
        assert "invalid path: nowhere.pem" in outcome("nowhere.pem", right)


def test_an_ssl_context_of_your_own_applies(tmp_path: Path) -> None:
    with tls_server(tmp_path) as (url, right, _):
        session = requests.Session()
        session.adapters["https://"].init_poolmanager(  # type: ignore[attr-defined]
            1, 1, ssl_context=ssl.create_default_context(cafile=right)
        )

        assert get(url, session=session).status == 200


def test_the_proxy_of_a_session_wins_over_the_environments(server: JWKSServer) -> None:
    program = (
        "import requests, sys; from cognito_jwt_core.http import HTTPRequestError, Request\n"
        "session = requests.Session()\n"
        "session.proxies = {sys.argv[1]: sys.argv[2]} if sys.argv[1] else {}\n"
        "try:\n"
        "    url = 'http://keys.invalid/x'\n"
        "    print(Request('GET', url, timeout_seconds=20, max_bytes=1000, session=session).send().body.decode())\n"
        "except HTTPRequestError as error: print(error)\n"
    )
    with RawServer(answering(OK.replace(b"ok", b"1."))) as own, RawServer(answering(OK.replace(b"ok", b"2."))) as other:

        def outcome(scheme: str) -> str:
            proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY"), other.url)
            return run(program, scheme, own.url, no_proxy="", NO_PROXY="", **proxies).stdout.strip()

        assert [outcome(scheme) for scheme in ("http", "all", "", "https")] == ["1.", "1.", "2.", "2."]


def test_a_session_can_switch_the_proxy_of_the_environment_off(server: JWKSServer) -> None:
    program = (
        "import requests, sys; from cognito_jwt_core.http import Request\n"
        "for key in ('http', 'all', 'http://127.0.0.1', 'all://127.0.0.1'):\n"
        "    for value in (None, ''):\n"
        "        session = requests.Session()\n"
        "        session.proxies = {key: value}\n"
        "        answer = Request('GET', sys.argv[1], timeout_seconds=20, max_bytes=9999, session=session).send()\n"
        "        print(answer.status)\n"
    )
    dead = dict.fromkeys(("http_proxy", "HTTP_PROXY"), "http://127.0.0.1:9")

    assert run(program, server.url, no_proxy="", NO_PROXY="", **dead).stdout.split() == ["200"] * 8


def test_a_socks_proxy_can_connect() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\x05\x00")  # no authentication (RFC 1928)
        asked.append(connection.recv(100))
        connection.sendall(b"\x05\x00\x00\x01" + bytes(6))
        read_head(connection)
        connection.sendall(OK)

    asked: list[bytes] = []
    with RawServer(answer, reads=False) as proxy, requests.Session() as session:
        session.proxies = {"http": f"socks5h://127.0.0.1:{proxy.port}"}

        assert get("http://keys.invalid/x", session=session).body == b"ok"
    assert b"keys.invalid" in asked[0]


def test_a_source_address_of_your_own_applies() -> None:
    peers: list[str] = []

    def answer(connection: socket.socket) -> None:
        peers.append(connection.getpeername()[0])
        connection.sendall(OK)

    with RawServer(answer) as server, requests.Session() as session:
        session.adapters["http://"].init_poolmanager(1, 1, source_address=("127.0.0.2", 0))  # type: ignore[attr-defined]
        get(server.url, session=session)

    assert peers == ["127.0.0.2"]


def test_what_a_proxy_refuses_is_told_by_its_status() -> None:
    with RawServer(answering(b"HTTP/1.1 407 secret\r\n\r\n")) as proxy, requests.Session() as session:
        session.proxies = {"https": proxy.url}
        reason = refusal("https://keys.invalid/x", session=session)

    assert "407" in reason
    assert "secret" not in reason


@pytest.mark.parametrize(
    "proxy",
    [
        "http://user:S3CRET/x@proxy.invalid",
        "http://user:S3CRET#x@proxy.invalid",
        "http://user:S3CRET?x@proxy.invalid",
        "http://user:S3CRET\\x@proxy.invalid",
        "http://user:S3CRET@:99999",
        "http://user:S3CRET@[::1",
        "user:S3CRET",
        "S3CRET://user:x@proxy.invalid",
    ],
)
def test_no_part_of_the_password_of_a_proxy_is_told(proxy: str) -> None:
    with requests.Session() as session:
        session.proxies = {"https": proxy}
        with pytest.raises(HTTPRequestError) as error:
            get("https://keys.invalid/x", session=session)

    assert "S3CRET" not in str(error.value).upper()
    assert error.value.__cause__ is None
    assert error.value.__context__ is None


@pytest.mark.parametrize(
    ("url", "reason"), [("http://127.0.0.1:9/x", "refused"), ("https://keys.invalid/x", "gaierror")]
)
def test_what_the_system_says_is_told(url: str, reason: str) -> None:
    assert reason in refusal(url)


# The tools of others' tests


def test_responses_can_answer() -> None:
    with responses.RequestsMock() as mock:
        mock.get("https://keys.invalid/x", body=b"mock", headers={"X-A": "1"})
        answer = get("https://keys.invalid/x")

    assert (answer.body, answer.headers["x-a"]) == (b"mock", "1")


def test_requests_mock_can_answer() -> None:
    with requests_mock.Mocker() as mock:
        mock.get("https://keys.invalid/x", content=b"mock")
        answer = get("https://keys.invalid/x")

    assert answer.body == b"mock"


def test_a_cassette_can_answer(server: JWKSServer, tmp_path: Path) -> None:
    server.behave(body=b"first")
    answers = []
    for _ in range(2):
        with vcr.use_cassette(str(tmp_path / "cassette.yaml")):
            answers.append(get(server.url).body)
        server.behave(body=b"second")

    assert answers == [b"first", b"first"]
    assert server.requests == 1


# URLs


@pytest.mark.parametrize(
    "url",
    [
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_c3fea2/.well-known/jwks.json",
        "HTTPS://example.com/jwks.json",
        "http://127.0.0.1/jwks.json",
        "http://127.1.2.3:8080/jwks.json",
        "http://[::1]:8080/jwks.json",
        "http://localhost:9229/jwks.json",
    ],
)
def test_https_and_http_to_loopback_are_accepted(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/jwks.json",
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0/jwks.json",
        "http://localhost.example.com/jwks.json",
        "http://127.0.0.1.example.com/jwks.json",
        "ftp://127.0.0.1/jwks.json",
        "file://localhost/etc/passwd",
    ],
)
def test_another_scheme_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        checked_url(url, what="sign-in URL")

    assert "sign-in URL" in str(error.value)


@pytest.mark.parametrize("url", ["/auth/callback", "app.example/auth/callback", "user:secret@app.example"])
def test_error_for_a_url_without_a_scheme_says_so(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        checked_url(url)

    assert str(error.value).endswith("found no scheme; begin it with https://")


def test_http_to_any_host_is_accepted_where_it_is_opted_in() -> None:
    assert checked_url("http://keys.internal/x", allow_http=True)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@example.com/jwks.json",
        "https://user@example.com/jwks.json",
        "https://user:secret@[::1/x",
        "https://user:secret@ex\u2100mple.com/x",
        "https:\\\\user:secret@example.com",
        "https:///jwks.json",
        "file:///etc/passwd",
        "https://example.com:port/jwks.json",
        "https://[::1/jwks.json",
        "https://exämple.com/jwks.json",
        "https://example.com/jwks.json\n",
        "https://example.com/a b",
    ],
)
def test_a_url_that_could_be_read_two_ways_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        checked_url(url)

    assert str(error.value).isprintable()
    assert "secret" not in str(error.value)
    assert error.value.__context__ is None
