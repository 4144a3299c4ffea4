import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cognito_jwt_core import ConfigurationError, JWKSFetchError, KeySettings
from cognito_jwt_core.jwks_sources import JWKSURL, JWKSFile, JWKSMapping, KeySource, LocalKeySource
from cognito_jwt_core.testing import JWKSServer, LocalUserPool
from keys_kit import Stopwatch, verifier_of
from requests.adapters import HTTPAdapter


@pytest.fixture
def server(pool: LocalUserPool) -> Iterator[JWKSServer]:
    with JWKSServer(pool) as server:
        yield server


def test_an_answer_holds_the_text_the_lifetime_and_the_clock_of_the_server(server: JWKSServer) -> None:
    server.behave(headers={"Cache-Control": "max-age=77", "Date": "Tue, 14 Nov 2023 22:13:20 GMT"})

    response = JWKSURL(server.url).fetch(5)

    assert isinstance(response.jwks, bytes)
    assert response.jwks.startswith(b'{"keys": [')
    assert (response.max_age_seconds, response.server_time) == (77, 1_700_000_000)


@pytest.mark.parametrize("date", [None, "", "yesterday", "Tue, 14 Nov 99999999999 22:13:20 GMT"])
def test_a_server_without_a_clock_is_none(server: JWKSServer, date: str | None) -> None:
    server.behave(headers={"Date": date})

    assert JWKSURL(server.url).fetch(5).server_time is None


def test_no_encoding_is_asked_for(server: JWKSServer) -> None:
    JWKSURL(server.url).fetch(5)

    (request,) = server.received
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["accept"] == "application/json"


def test_an_encoding_that_changes_nothing_is_accepted(server: JWKSServer) -> None:
    server.behave(headers={"Content-Encoding": "Identity"})

    assert JWKSURL(server.url).fetch(5).jwks


def test_a_chunked_answer_is_read(server: JWKSServer) -> None:
    server.behave(
        body=b'b\r\n{"keys": []\r\n1\r\n}\r\n0\r\n\r\n',
        headers={"Transfer-Encoding": "chunked", "Content-Length": None},
    )

    assert JWKSURL(server.url).fetch(5).jwks == b'{"keys": []}'


def test_a_session_of_your_own_is_used_with_its_headers(pool: LocalUserPool, server: JWKSServer) -> None:
    with requests.Session() as session:
        session.headers["X-Proxy-Key"] = "x"
        verifier = verifier_of(pool, server.url, session=session)
        verifier.prefetch()
        verifier.prefetch()

    assert [request.headers["x-proxy-key"] for request in server.received] == ["x", "x"]


def test_a_session_of_your_own_keeps_the_limits(pool: LocalUserPool, server: JWKSServer) -> None:
    server.misbehave("redirect")
    with requests.Session() as session, pytest.raises(JWKSFetchError, match="expected status 200, found 302") as error:
        JWKSURL(server.url, session=session).fetch(5)

    assert error.value.status == 302
    assert server.requests == 1


@pytest.mark.parametrize("has_session", [False, True])
def test_the_body_of_a_redirect_is_never_read(server: JWKSServer, has_session: bool) -> None:
    """`requests` reads it whole, and decoded, of each redirect that it is told not to follow."""
    server.behave(status=302, headers={"Location": "/elsewhere"}, drip="body", drip_seconds=0.1)
    source = JWKSURL(server.url, session=requests.Session() if has_session else None)

    with Stopwatch(), pytest.raises(JWKSFetchError, match="expected status 200, found 302"):
        source.fetch(60)


@pytest.mark.parametrize("as_list", [False, True])
def test_the_hooks_of_a_session_of_your_own_are_called(server: JWKSServer, as_list: bool) -> None:
    statuses: list[int] = []

    def count(response: requests.Response, **_: object) -> None:
        statuses.append(response.status_code)

    with requests.Session() as session:
        session.hooks["response"] = [count] if as_list else count
        JWKSURL(server.url, session=session).fetch(5)
        server.behave(status=503)
        with pytest.raises(JWKSFetchError):
            JWKSURL(server.url, session=session).fetch(5)

    assert statuses == [200, 503]


FETCHING = "import sys; from cognito_jwt_core.jwks_sources import JWKSURL; JWKSURL(sys.argv[1]).fetch(20)"


def test_no_password_of_a_netrc_file_is_sent(server: JWKSServer, tmp_path: Path) -> None:
    """requests sends the one of the host, or of `default`, unless told otherwise; keys are public."""
    (tmp_path / "netrc").write_text("default login me password secret")
    environment = {**os.environ, "NETRC": str(tmp_path / "netrc")}

    subprocess.run([sys.executable, "-c", FETCHING, server.url], env=environment, check=True, timeout=60)  # noqa: S603

    (request,) = server.received
    assert "authorization" not in request.headers


def test_the_password_of_a_proxy_is_not_told() -> None:
    session = requests.Session()
    session.proxies = {"https": "http://user:secret@:99999"}
    source = JWKSURL("https://cognito-idp.eu-central-1.amazonaws.com/jwks.json", session=session)

    with pytest.raises(JWKSFetchError, match="Failed to parse") as error:
        source.fetch(5)

    assert "secret" not in str(error.value)


def test_a_session_whose_hooks_were_emptied_will_do(server: JWKSServer) -> None:
    with requests.Session() as session:
        session.hooks = {}

        assert JWKSURL(server.url, session=session).fetch(5).jwks


def test_a_drip_ends_with_the_deadline_not_with_the_drip(server: JWKSServer) -> None:
    server.behave(drip="body", drip_seconds=0.05)

    with Stopwatch(), pytest.raises(JWKSFetchError, match="expected the whole answer in time"):
        JWKSURL(server.url).fetch(0.3)


class WithoutRead1(HTTPAdapter):
    """Answers as urllib3 did before 2.2, which knows no `read1`."""

    def send(self, *args: Any, **options: Any) -> requests.Response:
        response = super().send(*args, **options)
        response.raw = _Older(response.raw)
        return response


class _Older:
    def __init__(self, raw: Any) -> None:
        self.read = raw.read
        self.release_conn = raw.release_conn
        self.close = raw.close
        self._original_response = None


def test_an_older_urllib3_will_do(pool: LocalUserPool, server: JWKSServer) -> None:
    with requests.Session() as session:
        session.mount("http://", WithoutRead1())
        response = JWKSURL(server.url, session=session).fetch(5)

    assert response.jwks == requests.get(server.url, timeout=5).content


def test_what_requests_raises_is_told_by_its_cause() -> None:
    with pytest.raises(JWKSFetchError, match="Connection refused") as error:
        JWKSURL("http://127.0.0.1:9/jwks.json").fetch(5)

    assert error.value.status is None
    assert isinstance(error.value.__cause__, requests.ConnectionError)


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
    assert JWKSURL(url).url == url


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
    with pytest.raises(ConfigurationError, match="expected an https JWKS URL"):
        JWKSURL(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@example.com/jwks.json",
        "https://user@example.com/jwks.json",
        "https:///jwks.json",
        "file:///etc/passwd",
        "https://example.com:port/jwks.json",
        "https://[::1/jwks.json",
        "https://exämple.com/jwks.json",
        "https://example.com/jwks.json\n",
        "https://example.com/a b",
    ],
)
def test_a_url_that_could_be_read_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        JWKSURL(url)

    assert str(error.value).isprintable()


def test_http_to_any_host_is_for_who_says_so(pool: LocalUserPool) -> None:
    with pytest.raises(ConfigurationError):
        verifier_of(pool, "http://keys.internal/jwks.json")

    verifier_of(pool, "http://keys.internal/jwks.json", key_settings=KeySettings(allow_http=True))


@pytest.mark.parametrize(
    "url", ["https://user:secret@example.com/x", "https://user:secret@[::1/x", "https://user:secret@ex\u2100mple.com/x"]
)
def test_credentials_in_a_url_are_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"JWKS URL.*https://") as error:
        JWKSURL(url)

    assert "secret" not in "".join(traceback.format_exception(error.value))


def test_files_and_mappings_are_local_sources_and_urls_are_not(tmp_path: Path) -> None:
    for source in (JWKSFile(tmp_path / "jwks.json", max_bytes=10), JWKSMapping({})):
        assert isinstance(source, LocalKeySource)
    assert isinstance(JWKSURL("https://example.com/"), KeySource)
    assert not isinstance(JWKSURL("https://example.com/"), LocalKeySource)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text("1234")
    return path


def test_a_file_that_is_too_large_is_refused(file: Path) -> None:
    with pytest.raises(JWKSFetchError, match="expected at most 3 bytes, found more"):
        JWKSFile(file, max_bytes=3).fetch(1)


def test_a_file_has_one_revision_until_it_changes(file: Path) -> None:
    source = JWKSFile(file, max_bytes=10)

    assert source.revision() == source.revision()


def test_a_file_that_changes_within_one_tick_of_the_clock_has_another_revision(file: Path) -> None:
    source = JWKSFile(file, max_bytes=10)
    tick = time.time_ns()
    revisions = set()

    for number in range(10):
        file.write_text(f"{number:04}")
        os.utime(file, ns=(tick, tick))
        revisions.add(source.revision())

    assert len(revisions) == 10


def test_a_file_with_an_old_date_is_told_by_its_size_and_inode(file: Path) -> None:
    source = JWKSFile(file, max_bytes=10)
    os.utime(file, (1000, 1000))
    first = source.revision()

    replacement = file.with_name("new.json")
    replacement.write_text("4321")
    os.utime(replacement, (1000, 1000))
    replacement.replace(file)

    assert source.revision() != first


def test_a_file_settles_and_a_change_in_the_tick_of_the_last_look_is_noticed(file: Path) -> None:
    """The content of a young file counts; when it is young no more, that alone is no change."""
    source = JWKSFile(file, max_bytes=10)
    tick = time.time_ns() - 800_000_000
    os.utime(file, ns=(tick, tick))
    first = source.revision()
    assert source.revision() == first

    file.write_text("4321")
    os.utime(file, ns=(tick, tick))
    time.sleep(0.3)  # until it is young no more, by the real clock, which files are dated by

    settled = source.revision()
    assert settled != first
    assert source.revision() == settled
