"""A load run of the Todo API: 200 signed-in users and their programs, while Cognito's token endpoint and Redis fail.

    hatch run load [--users 200] [--outage 20] [--grace 60] [--postgresql]

gunicorn serves the example with its own configuration: two workers of four threads. Each user has a browser with a
session and a program with a bearer token; both read and add todos. Todos are in SQLite, or in a PostgreSQL server that
the run starts. Sessions and revocations are in a Redis server, which writes each change to its file. Access tokens of
sessions live for 5 s, and each refresh rotates the refresh token. Three outages follow each other, with time to recover
in between: the token endpoint fails, Redis is stopped and started again, and Redis stands still.

The run fails

- if a user is served as another user, or sees another user's todos;
- if a session ends, since none has to;
- if a todo is lost;
- if an answer is a 500, or there is no answer;
- if a session's answer is a 503 when no outage is going on and none has just ended;
- if a bearer token or a route that needs no sign-in is not served.

Linux or macOS; needs `redis-server` or `valkey-server`. Exit code 1 if a promise is broken.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from cognito_jwt_core.testing import LocalManagedLogin, LocalUserPool
from cognito_test_kit.postgresql_server import PostgreSQLServer, postgresql_programs
from cognito_test_kit.redis_server import RedisServer, redis_program
from flask_cognito.testing.sign_in import NAVIGATION, callback_of

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "todo-api"
POOL_ID, CLIENT_ID, PASSWORD = "eu-central-1_loadpool", "abcdef123456", "correct horse"
WORKERS, THREADS = 2, 4
CALLERS, REQUESTS_A_PAGE, PAUSE_SECONDS = 16, 3, 0.05
ACCESS_SECONDS = 5
CALM_SECONDS = 15.0
PATIENCE_SECONDS = 60
# The longest wait after failed refreshes is 30 s, by `KeySettings`. A store is asked by each request, but a lock whose
# holder gave up lives for 9 s. A frozen Redis grants such locks when it goes on: the requests are still in its queue.
LATEST_RECOVERY = {"token endpoint": 33.0, "Redis stopped": 12.0, "Redis frozen": 12.0}
SHORTEST_RECOVERY = 12.0
SLOWEST_SECONDS = 20.0
SESSION, BEARER, OPEN = "sessions", "bearer tokens", "an open route"
# Whose request is next: sessions and programs alternate, and a route for everyone comes in between.
WHO = (SESSION, BEARER, SESSION, BEARER, SESSION, OPEN, SESSION, BEARER, SESSION, BEARER, SESSION)
WRONG_USER, ENDED, LOST = "a user was served as another", "a session ended", "a todo was lost"


def serve_login(pipe: Connection, users: list[str], callback_url: str, grace_seconds: float) -> None:
    """The managed login's process: does as it is told through the pipe, and tells its counts."""
    pool = LocalUserPool(POOL_ID, client_id=CLIENT_ID)
    login = LocalManagedLogin(
        pool,
        users=dict.fromkeys(users, PASSWORD),
        callback_urls=[callback_url],
        rotation=True,
        grace_seconds=grace_seconds,
        access_seconds=ACCESS_SECONDS,
    )
    with login.serve() as domain:
        issuer = str(login.user_pool.issuer)
        pipe.send((domain, issuer, {user: pool.access_token(user, iss=issuer) for user in users}))
        while (order := pipe.recv()) is not None:
            login.behave("token", **order)
            pipe.send(None)
        pipe.send(sum(request.route == "/oauth2/token" for request in login.requests) - len(users))


class Answer(NamedTuple):
    """An answer, or why there is none.

    Attributes:
        status: The status; 0 if there is no answer.
        headers: The headers; names in lower case.
        cookies: The cookies that it sets, and those that it deletes with None.
        body: The JSON of the body, or nothing.
        error: Why there is no answer.
    """

    status: int
    headers: dict[str, str]
    cookies: dict[str, str | None]
    body: dict[str, Any]
    error: str = ""


def ask(port: int, method: str, target: str, headers: dict[str, str], body: object = None) -> Answer:
    """Send one request to the app."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        content = {} if body is None else {"Content-Type": "application/json"}
        connection.request(method, target, None if body is None else json.dumps(body), {**headers, **content})
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return Answer(0, {}, {}, {}, type(error).__name__)
    finally:
        connection.close()
    cookies: dict[str, str | None] = {}
    for line in answer.headers.get_all("Set-Cookie", []):
        name, _, value = line.partition(";")[0].partition("=")
        cookies[name] = None if "max-age=0" in line.lower() else value
    is_json = answer.headers.get_content_type() == "application/json"
    names = {name.lower(): value for name, value in answer.headers.items()}
    return Answer(answer.status, names, cookies, json.loads(text) if is_json and text else {})


@dataclass
class User:
    """A user with a browser and a program.

    Attributes:
        name: The user's name.
        token: The program's bearer token.
        todos: The titles of the todos that the app has taken, by id.
        cookies: The browser's cookies.
    """

    name: str
    token: str
    todos: dict[int, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def browse(
        self, port: int, method: str, target: str, headers: dict[str, str] | None = None, body: object = None
    ) -> Answer:
        """Send a request of the browser."""
        with self.lock:
            sent = {"Sec-Fetch-Site": "same-origin", **(headers or {})}
            if self.cookies:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = ask(port, method, target, sent, body)
        with self.lock:
            for name, value in answer.cookies.items():
                if value is None:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = value
        return answer

    def call(self, port: int, method: str, target: str, body: object = None) -> Answer:
        """Send a request of the program."""
        return ask(port, method, target, {"Authorization": f"Bearer {self.token}"}, body)

    def sign_in(self, port: int) -> None:
        begun = self.browse(port, "GET", "/auth/login", NAVIGATION)
        url = callback_of(begun.headers["location"], self.name, PASSWORD)
        answer = self.browse(port, "GET", url.partition(f":{port}")[2], NAVIGATION)
        if answer.status != 303:
            raise RuntimeError(f"{self.name} could not sign in: {answer}")


@dataclass
class Outage:
    """An outage: when it began and ended, and the last 503 after that."""

    name: str
    began_at: float
    ended_at: float = float("inf")
    last_503_at: float = 0.0
    slowest: float = 0.0

    @property
    def recovery(self) -> float:
        """Return how long after its end its traces may be seen. A short outage has had few failed refreshes."""
        lasted = self.ended_at - self.began_at
        return min(LATEST_RECOVERY[self.name], max(SHORTEST_RECOVERY, 2 * lasted + 3))

    def covers(self, sent_at: float, answered_at: float) -> bool:
        return answered_at >= self.began_at and sent_at <= self.ended_at + self.recovery


class Load:
    """The callers, and what they have seen."""

    def __init__(self, port: int, users: list[User], calm_seconds: float) -> None:
        self.port = port
        self.calm_seconds = calm_seconds
        self.users = users
        self.counts: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.outages: list[Outage] = []
        self.slowest = 0.0
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._is_over = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send requests inside a `with`."""
        with ThreadPoolExecutor(CALLERS) as callers:
            futures = [callers.submit(self._call) for _ in range(CALLERS)]
            try:
                yield
            finally:
                self._is_over.set()
        for future in futures:
            future.result()

    @contextmanager
    def outage(self, name: str) -> Iterator[None]:
        """Have an outage inside a `with`, and wait afterwards until its traces must be gone."""
        outage = Outage(name, time.monotonic())
        with self._lock:
            self.outages.append(outage)
        yield
        outage.ended_at = time.monotonic()
        time.sleep(outage.recovery + self.calm_seconds)

    def _call(self) -> None:
        while not self._is_over.is_set():
            number = next(self._numbers)
            # A page has several requests at once, so that processes and threads compete for one refresh.
            user = self.users[number // REQUESTS_A_PAGE % len(self.users)]
            self.request(user, number)
            time.sleep(PAUSE_SECONDS)

    def request(self, user: User, number: int) -> None:
        who = WHO[number % len(WHO)]
        is_write = number % 7 == 0
        method, target, body = "GET", ("/api/me", "/api/todos?per_page=100")[number % 2], None
        if who == OPEN:
            target = "/healthz"
        elif is_write:
            method, target, body = "POST", "/api/todos", {"title": f"{user.name} {number}"}
        self._send(user, who, method, target, body)

    def _send(self, user: User, who: str, method: str, target: str, body: object = None) -> Answer:
        sent_at = time.monotonic()
        if who == SESSION:
            answer = user.browse(self.port, method, target, None, body)
        elif who == BEARER:
            answer = user.call(self.port, method, target, body)
        else:
            answer = ask(self.port, method, target, {})
        self._judge(user, who, answer, sent_at, time.monotonic())
        return answer

    def ask_in_the_end(self, user: User) -> None:
        """Count a user who is still signed in, and compare the todos with those that the app has taken."""
        answer = self._send(user, SESSION, "GET", "/api/me")
        self.counts["users who are signed in at the end"] += answer.status == 200
        found: dict[int, str] = {}
        for page in itertools.count(1):
            items = self._send(user, BEARER, "GET", f"/api/todos?per_page=100&page={page}").body.get("items", [])
            found |= {todo["id"]: todo["title"] for todo in items}
            if not items:
                break
        missing = user.todos.items() - found.items()
        if missing:
            self.errors[LOST] += len(missing)

    def _judge(self, user: User, who: str, answer: Answer, sent_at: float, answered_at: float) -> None:
        with self._lock:
            outages = [outage for outage in self.outages if outage.covers(sent_at, answered_at)]
            when = ", ".join(outage.name for outage in outages) or "no outage"
            self._note_time(outages, answered_at - sent_at)
            self.counts["requests"] += 1
            if answer.status in (200, 201):
                self.counts[f"answers to {who}"] += 1
                self._judge_served(user, answer)
            elif answer.status == 503 and outages and who == SESSION and "retry-after" in answer.headers:
                self.counts[f"503 with Retry-After ({when})"] += 1
                outages[0].last_503_at = answered_at
            elif answer.status in (302, 401) and who == SESSION:
                self.errors[f"{ENDED} ({when})"] += 1
            else:
                code = answer.body.get("code", "")
                self.errors[f"{who}: {answer.error or answer.status} {code} ({when})"] += 1

    def _judge_served(self, user: User, answer: Answer) -> None:
        if answer.status == 201:
            user.todos[answer.body["id"]] = answer.body["title"]
            self.counts["todos added"] += 1
        owners = [todo["owner"] for todo in answer.body.get("items", [])]
        owners += [answer.body[key] for key in ("user", "owner") if key in answer.body]
        if {owner["username"] for owner in owners} - {user.name}:
            self.errors[WRONG_USER] += 1

    def _note_time(self, outages: list[Outage], took: float) -> None:
        for outage in outages:
            outage.slowest = max(outage.slowest, took)
        if not outages:
            self.slowest = max(self.slowest, took)
        if took > SLOWEST_SECONDS:
            self.errors[f"an answer took more than {SLOWEST_SECONDS:g} s"] += 1


def run(options: argparse.Namespace, folder: Path) -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    port: int = listener.getsockname()[1]
    callback_url = f"http://127.0.0.1:{port}/auth/callback"
    names = [f"user{number}" for number in range(options.users)]
    pipe, theirs = multiprocessing.Pipe()
    arguments = (theirs, names, callback_url, options.grace)
    login = multiprocessing.get_context("spawn").Process(target=serve_login, args=arguments, daemon=True)
    login.start()
    domain, issuer, tokens = pipe.recv()
    program = redis_program()
    if program is None:
        raise SystemExit("there is no redis-server: apt-get install redis-server")
    # A restart keeps all that it has acknowledged.
    server = RedisServer(program, folder, "--appendonly", "yes", "--appendfsync", "always")
    log = folder / "gunicorn.log"
    load = Load(port, [User(name, tokens[name]) for name in names], options.calm)
    with ExitStack() as services:
        services.callback(listener.close)
        environ = {
            **os.environ,
            "SECRET_KEY": "k" * 32,
            "COGNITO_REGION": "eu-central-1",
            "COGNITO_USERPOOL_ID": POOL_ID,
            "COGNITO_APP_CLIENT_ID": CLIENT_ID,
            "COGNITO_ISSUER": issuer,
            "COGNITO_DOMAIN": domain,
            "COGNITO_REDIRECT_URI": callback_url,
            "COGNITO_LOGOUT_URI": f"http://127.0.0.1:{port}/",
            "DATABASE_URL": database_of(options, folder, services),
            "REDIS_URL": server.url,
        }
        services.callback(server.stop)
        server.start()
        migrate = [sys.executable, "-m", "flask", "--app", "todo_api", "db", "upgrade"]
        with log.open("wb") as output:
            subprocess.run(migrate, env=environ, cwd=EXAMPLE, stdout=output, stderr=output, check=True)
            app = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "todo_api:create_app()"],
                env=environ,
                cwd=EXAMPLE,
                pass_fds=[listener.fileno()],
                stdout=output,
                stderr=output,
            )
        try:
            drive(load, pipe, server, options)
        finally:
            app.terminate()
            app.wait()
        pipe.send(None)
        load.counts["refresh requests to Cognito"] = pipe.recv()
    failed = report(load, options)
    if failed and options.log:
        shutil.copy(log, options.log)
    return failed


def database_of(options: argparse.Namespace, folder: Path, services: ExitStack) -> str:
    """Return the URL of an empty database."""
    if not options.postgresql:
        return f"sqlite:///{folder}/todo.db"
    programs = postgresql_programs()
    if programs is None:
        raise SystemExit("there is no PostgreSQL: apt-get install postgresql")
    return services.enter_context(PostgreSQLServer(*programs)).url("postgres")


def drive(load: Load, pipe: Connection, server: RedisServer, options: argparse.Namespace) -> None:
    """Sign the users in, send requests through the outages, and ask for every user in the end."""
    with ThreadPoolExecutor(THREADS) as browsers:
        list(browsers.map(lambda user: user.sign_in(load.port), load.users))
    print(f"{len(load.users)} users have signed in", flush=True)
    with load.running():
        time.sleep(options.calm)
        with load.outage("token endpoint"):
            _order(pipe, status=503)
            time.sleep(options.outage / 2)
            if options.grace:  # an answer that gets lost costs a session, unless the old refresh token serves a while
                _order(pipe, drop_answer=True)
            time.sleep(options.outage / 2)
            _order(pipe)
        print("the token endpoint has failed and recovered", flush=True)
        with load.outage("Redis stopped"):
            server.stop()
            time.sleep(options.outage)
            server.start()
        print("Redis was stopped and started", flush=True)
        with load.outage("Redis frozen"):
            server.send(signal.SIGSTOP)
            time.sleep(options.outage)
            server.send(signal.SIGCONT)
        print("Redis stood still and went on", flush=True)
    for user in load.users:
        load.ask_in_the_end(user)


def _order(pipe: Connection, **order: object) -> None:
    pipe.send(order)
    pipe.recv()


def report(load: Load, options: argparse.Namespace) -> int:
    """Print what was counted. Return the exit code."""
    database = "PostgreSQL" if options.postgresql else "SQLite"
    print(
        f"gunicorn, {WORKERS} workers of {THREADS} threads, {database}, {len(load.users)} users, access tokens of"
        f" {ACCESS_SECONDS} s, rotation with {options.grace:g} s of grace, Python {sys.version.split()[0]}"
    )
    for name, count in sorted(load.counts.items()):
        print(f"  {name}: {count:,}")
    for outage in load.outages:
        after = max(0.0, outage.last_503_at - outage.ended_at)
        lasted = outage.ended_at - outage.began_at
        print(f"  {outage.name}: {lasted:.0f} s; last 503 {after:.1f} s later; slowest answer {outage.slowest:.1f} s")
    print(f"  slowest answer without an outage: {load.slowest:.1f} s")
    for message in (WRONG_USER, ENDED, LOST, ": 500"):
        print(f"  {message.strip(': ')}: {sum(count for name, count in load.errors.items() if message in name)}")
    for message, times in load.errors.most_common():
        print(f"  FAILED {times} times: {message}")
    print("failed" if load.errors else "every promise held")
    return int(bool(load.errors))


def main() -> int:
    parser = argparse.ArgumentParser(description="Load the Todo API while what sign-in depends on fails.")
    parser.add_argument("--users", type=int, default=200, help="how many users (default: %(default)s)")
    parser.add_argument("--outage", type=float, default=20, help="seconds of each outage (default: %(default)s)")
    parser.add_argument(
        "--grace", type=float, default=60, help="seconds that an old refresh token serves after a rotation"
    )
    parser.add_argument(
        "--calm", type=float, default=CALM_SECONDS, help="seconds before and after outages (default: %(default)s)"
    )
    parser.add_argument("--postgresql", action="store_true", help="keep the todos in PostgreSQL, not in SQLite")
    parser.add_argument("--log", type=Path, help="where gunicorn's output goes if the run fails")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
