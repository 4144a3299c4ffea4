"""The app under gunicorn, as gunicorn.conf.py says: forked, threaded, with structured logs and a graceful end."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from todo_api.local_cognito import USERS, LocalCognito

FOLDER = Path(__file__).parent.parent


class Gunicorn:
    """A running gunicorn, and what it logs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []

    @property
    def port(self) -> int:
        """Return the port that it logs when it is ready."""
        for line in self.read():
            if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", line["message"]):
                return int(found[1])
        raise AssertionError(f"gunicorn ended: {self.lines}")

    def read(self) -> Iterator[dict[str, Any]]:
        """Read line by line; every one must be JSON."""
        assert self.process.stdout
        for text in self.process.stdout:
            self.lines.append(json.loads(text))
            yield self.lines[-1]

    def end(self) -> int:
        """Ask it to end, read the rest, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        list(self.read())
        return self.process.wait(timeout=60)


@contextmanager
def gunicorn(cognito: LocalCognito, folder: Path, *options: str) -> Iterator[Gunicorn]:
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", *options, "todo_api:create_app()"]
    environ = {**os.environ, **cognito.environ, "DATABASE_URL": f"sqlite:///{folder}/todo.db"}
    with subprocess.Popen(command, cwd=FOLDER, env=environ, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield Gunicorn(process)
        finally:
            process.kill()


@pytest.mark.slow
def test_workers_and_threads_answer_and_log_in_json(
    cognito: LocalCognito, tokens: Mapping[str, str], tmp_path: Path
) -> None:
    with gunicorn(cognito, tmp_path, "--workers", "2") as server, ThreadPoolExecutor(8) as threads:
        url = f"http://127.0.0.1:{server.port}/api/todos"
        headers = {"Authorization": f"Bearer {tokens['bob']}", "Connection": "close"}

        answers = list(
            threads.map(
                lambda number: requests.post(url, json={"title": f"Todo {number}"}, headers=headers, timeout=60),
                range(32),
            )
        )
        total = requests.get(url, headers=headers, timeout=60).json()["total"]
        code = server.end()

    assert ({answer.status_code for answer in answers}, total, code) == ({201}, 32, 0)
    logged = {line.get("request_id"): line for line in server.lines}
    for answer in answers:
        line = logged[answer.headers["X-Request-ID"]]
        assert (line["method"], line["path"], line["status"]) == ("POST", "/api/todos", 201)
    assert tokens["bob"] not in json.dumps(server.lines)


@pytest.mark.slow
def test_a_revoked_token_is_refused_by_every_worker(cognito: LocalCognito, tmp_path: Path) -> None:
    bearer = {"Authorization": f"Bearer {cognito.sign_in(USERS[2])}", "Connection": "close"}
    with gunicorn(cognito, tmp_path) as server:
        url = f"http://127.0.0.1:{server.port}/api/me"
        signed_out = requests.post(f"{url}/sign-out-everywhere", headers=bearer, timeout=60)
        with ThreadPoolExecutor(8) as threads:
            later = list(threads.map(lambda _: requests.get(url, headers=bearer, timeout=60).status_code, range(32)))
        server.end()

    assert signed_out.status_code == 204
    assert set(later) == {401}


@pytest.mark.slow
def test_a_request_under_way_is_answered_before_the_end(
    cognito: LocalCognito, tokens: Mapping[str, str], tmp_path: Path
) -> None:
    body = json.dumps({"title": "In the last moment"}).encode()
    head = (
        "POST /api/todos HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {tokens['bob']}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    ).encode()

    # One worker: a second might still be starting, and gunicorn's workers lose a signal that comes so early.
    with gunicorn(cognito, tmp_path, "--workers", "1") as server:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
            connection.sendall(head)
            answer = connection.makefile("rb")
            begun = [answer.readline(), answer.readline()]
            server.process.send_signal(signal.SIGTERM)
            next(line for line in server.read() if "Handling signal: term" in line["message"])
            connection.sendall(body)
            ended = answer.readline()
        code = server.end()

    assert begun == [b"HTTP/1.1 100 Continue\r\n", b"\r\n"]
    assert (ended, code) == (b"HTTP/1.1 201 CREATED\r\n", 0)
