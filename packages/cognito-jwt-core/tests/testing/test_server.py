import contextlib
import socket
import subprocess
import sys
import threading
import time
from typing import Literal
from urllib.parse import urlsplit

import pytest
import requests
from cognito_jwt_core.testing import MISBEHAVIOURS, JWKSServer, LocalUserPool
from cognito_test_kit.messages import Messages

BROKEN_OFF = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)


def get(url: str, *, timeout_seconds: float = 5, redirects: bool = False) -> requests.Response:
    return requests.get(url, timeout=timeout_seconds, allow_redirects=redirects)


def test_keys_are_served_on_loopback_as_json(pool: LocalUserPool) -> None:
    with pool.serve() as url:
        answer = get(url)

    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/eu-central-1_testpool/.well-known/jwks.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == pool.jwk_set


def test_rotation_is_served_at_once(pool: LocalUserPool, server: JWKSServer) -> None:
    new = pool.rotate_key(keep_old=False)

    assert [key["kid"] for key in get(server.url).json()["keys"]] == [new]


def test_other_paths_are_not_found_and_counted(server: JWKSServer) -> None:
    answer = get(server.url + "x")

    assert (answer.status_code, server.requests) == (404, 1)


def test_requests_are_counted_and_kept_with_their_headers(server: JWKSServer) -> None:
    requests.get(server.url, headers={"X-Test": "1"}, timeout=5)

    (received,) = server.received
    assert server.requests == 1
    assert received.path == "/eu-central-1_testpool/.well-known/jwks.json"
    assert received.headers["x-test"] == "1"


def test_connection_is_kept_for_the_next_request(server: JWKSServer) -> None:
    with requests.Session() as session:
        answers = [session.get(server.url, timeout=5) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_failure_lasts_until_told_otherwise(server: JWKSServer) -> None:
    server.behave(status=503)
    failed = [get(server.url).status_code for _ in range(2)]
    server.behave()

    assert failed == [503, 503]
    assert get(server.url).status_code == 200


def test_failure_can_be_for_some_requests_alone(server: JWKSServer) -> None:
    server.behave(status=500, times=2)

    assert [get(server.url).status_code for _ in range(3)] == [500, 500, 200]


def test_odd_status_is_sent_without_a_phrase(server: JWKSServer) -> None:
    server.behave(status=599)

    assert get(server.url).status_code == 599


def test_headers_are_added_replaced_and_left_out(server: JWKSServer) -> None:
    date = "Tue, 14 Nov 2023 22:13:20 GMT"
    server.behave(headers={"Cache-Control": "max-age=60", "Date": date, "Server": None})

    headers = get(server.url).headers

    assert (headers["Cache-Control"], headers["Date"]) == ("max-age=60", date)
    assert "Server" not in headers


@pytest.mark.parametrize("body", [b'{"keys":[1]}', '{"keys":[1]}', {"keys": [1]}])
def test_body_can_be_bytes_text_or_a_value(server: JWKSServer, body: object) -> None:
    server.behave(body=body)

    assert get(server.url).json() == {"keys": [1]}


@pytest.mark.parametrize(("endless", "repeated"), [("continue", b"HTTP/1.1 100 Continue"), ("trailers", b"X-Trailer")])
def test_an_answer_can_be_endless(
    server: JWKSServer, endless: Literal["continue", "trailers"], repeated: bytes
) -> None:
    address = urlsplit(server.url)
    server.behave(endless=endless)

    received = b""
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=5) as connection:
        connection.sendall(f"GET {address.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while received.count(repeated) < 200:
            received += connection.recv(65536)
    server.behave()

    assert (b'{"keys":' in received.replace(b" ", b"")) == (endless == "trailers")
    assert get(server.url).status_code == 200


def test_held_answer_is_silent_until_released(server: JWKSServer) -> None:
    server.behave(hold=True)
    answers: list[int] = []
    waiting = threading.Thread(target=lambda: answers.append(get(server.url).status_code))
    waiting.start()
    server.wait_for_requests(1)
    assert answers == []

    server.release()
    waiting.join(5)

    assert answers == [200]


def test_others_are_answered_while_some_are_held(server: JWKSServer) -> None:
    server.behave(hold=True, times=1)
    held = threading.Thread(target=get, args=(server.url,))
    held.start()
    server.wait_for_requests(1)

    assert get(server.url).status_code == 200
    assert held.is_alive()

    server.release()
    held.join(5)
    assert not held.is_alive()


def test_released_server_holds_again_when_told_again(server: JWKSServer) -> None:
    server.behave(hold=True)
    server.release()
    assert get(server.url).status_code == 200

    server.behave(hold=True)

    with pytest.raises(requests.exceptions.ReadTimeout):
        get(server.url, timeout_seconds=0.05)


def test_held_clients_are_let_go_when_the_server_stops(pool: LocalUserPool) -> None:
    errors: list[type[Exception]] = []

    def wait_for_answer(url: str) -> None:
        try:
            get(url)
        except requests.exceptions.ConnectionError as error:
            errors.append(type(error))

    with JWKSServer(pool) as server:
        server.behave(hold=True)
        waiting = threading.Thread(target=wait_for_answer, args=(server.url,))
        waiting.start()
        server.wait_for_requests(1)
    waiting.join(5)

    assert errors == [requests.exceptions.ConnectionError]


def test_slow_server_is_slow(server: JWKSServer) -> None:
    server.behave(delay_seconds=5)

    with pytest.raises(requests.exceptions.ReadTimeout):
        get(server.url, timeout_seconds=0.05)


@pytest.mark.parametrize("part", ["headers", "body"])
def test_dripping_defeats_a_timeout_between_bytes_and_arrives_whole(
    server: JWKSServer, part: Literal["headers", "body"]
) -> None:
    server.behave(drip=part, drip_seconds=0.001)
    started = time.monotonic()

    answer = get(server.url, timeout_seconds=0.1)

    assert answer.json()["keys"]
    assert time.monotonic() - started > 0.1


def test_dripping_ends_when_the_server_stops(pool: LocalUserPool) -> None:
    with JWKSServer(pool) as server:
        server.behave(drip="body", drip_seconds=60)
        answer = requests.get(server.url, timeout=5, stream=True)

    with pytest.raises(BROKEN_OFF):
        _ = answer.content


@pytest.mark.parametrize("name", ["reset", "closed-early"])
def test_answer_breaks_off_half_way(server: JWKSServer, name: str) -> None:
    server.misbehave(name)

    with pytest.raises(BROKEN_OFF):
        get(server.url)


def test_misbehaviour_can_be_for_one_request_alone(server: JWKSServer) -> None:
    server.misbehave("html", times=1)

    assert [get(server.url).headers["Content-Type"] for _ in range(2)] == ["text/html", "application/json"]


def test_redirect_leads_to_the_good_keys(pool: LocalUserPool, server: JWKSServer) -> None:
    server.misbehave("redirect")

    assert get(server.url).status_code == 302
    assert get(server.url, redirects=True).json() == pool.jwk_set


@pytest.mark.parametrize("name", ["too-big", "too-big-unsized", "gzip-bomb"])
def test_oversized_answers_would_be_good_but_for_their_size(pool: LocalUserPool, server: JWKSServer, name: str) -> None:
    server.misbehave(name)

    answer = get(server.url)

    assert len(answer.content) > 10 * 1024 * 1024
    assert answer.json() == pool.jwk_set


def test_gzip_bomb_is_small_on_the_wire(server: JWKSServer) -> None:
    server.misbehave("gzip-bomb")

    assert int(get(server.url).headers["Content-Length"]) < 64 * 1024


@pytest.mark.parametrize("name", sorted(MISBEHAVIOURS))
def test_server_is_good_again_after_any_misbehaviour(pool: LocalUserPool, server: JWKSServer, name: str) -> None:
    server.misbehave(name, times=1)
    with contextlib.suppress(requests.exceptions.RequestException):
        get(server.url)

    assert get(server.url).json() == pool.jwk_set


def test_waiting_for_requests_that_do_not_come_ends(messages: Messages, server: JWKSServer) -> None:
    with messages.raises(TimeoutError):
        server.wait_for_requests(1, timeout_seconds=0.01)


def test_several_servers_live_side_by_side(pool: LocalUserPool) -> None:
    with JWKSServer(pool) as one, JWKSServer(LocalUserPool("eu-west-1_other")) as other:
        one.behave(status=403)

        assert (get(one.url).status_code, get(other.url).status_code) == (403, 200)


def test_stopped_server_refuses_connections(pool: LocalUserPool) -> None:
    with pool.serve() as url:
        pass

    with pytest.raises(requests.exceptions.ConnectionError):
        get(url)


def test_keys_are_got_and_not_posted(server: JWKSServer) -> None:
    answer = requests.post(server.url, data=b"{}", timeout=5)

    assert (answer.status_code, answer.headers["Allow"], server.requests) == (405, "GET", 1)
    assert server.received[0].method == "POST"


def test_silent_server_closes_without_a_byte(server: JWKSServer) -> None:
    server.behave(cut="silent", times=1)

    with pytest.raises(requests.exceptions.ConnectionError):
        get(server.url)
    assert get(server.url).status_code == 200


# As a fixture is. Its `finally` runs while the interpreter shuts down.
GENERATOR = """
def fixture():
    with serving:
        yield
opened = fixture()
next(opened)
"""


@pytest.mark.parametrize(
    "serving",
    [
        "LocalUserPool().serve()",
        "LocalManagedLogin(LocalUserPool(client_id='abc'), users={'alice': 'x'}, callback_urls=['http://localhost/'],"
        " logout_urls=[]).serve()",
        "JWKSServer(LocalUserPool())",
    ],
)
@pytest.mark.parametrize("entered", ["serving.__enter__()", GENERATOR], ids=["entered", "generator"])
@pytest.mark.parametrize(
    "then", ["", "raise SystemExit(0)", "threading.Thread(target=verify).start(); verified.wait()"]
)
def test_process_that_never_leaves_the_with_ends(serving: str, then: str, entered: str) -> None:
    # The thread outlives the main one. It verifies before that: Python 3.12.1 starts no thread while it shuts down.
    program = f"""
import threading
from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.testing import JWKSServer, LocalManagedLogin, LocalUserPool

def verify():
    pool = LocalUserPool()
    with pool.serve() as url:
        CognitoVerifier(pool.id, client_id=None, token_use=None, jwks=url).verify(pool.access_token())
    verified.set()
    threading.main_thread().join()

verified = threading.Event()
serving = {serving}
{entered}
print("under way")
{then}
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own

    assert (ended.stdout, ended.stderr) == ("under way\n", "")
