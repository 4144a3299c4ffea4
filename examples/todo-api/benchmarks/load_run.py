"""Put the Todo API under load while its keys misbehave: is any user served as another one, is anything lost?

gunicorn runs it as gunicorn.conf.py says. Fifty users read and write; their tokens live a few seconds; the pool's key
is rotated; then the key endpoint fails, is rotated behind its failure, and comes back. Run it with `--help` for what
can be set. It prints a report, and exits with 1 if an answer was wrong in a way that no circumstance excuses.
"""

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cognito_jwt_core.testing import LocalUserPool
from cognito_jwt_core.testing.server import JWKSServer

EXAMPLE = Path(__file__).parent.parent

# What happens when, in parts of the whole time.
ROTATION, OUTAGE, ROTATION_IN_OUTAGE, RECOVERY = 0.25, 0.5, 0.6, 0.7


@dataclass
class Report:
    """What was measured, by all users together."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, request: str, answer: str, seconds: float) -> None:
        """Count one answer."""
        with self.lock:
            self.seconds[request].append(seconds)
            self.answers[answer] += 1

    def blame(self, what: str) -> None:
        """Note what must not happen."""
        with self.lock:
            self.wrong.append(what)


class User(threading.Thread):
    """One signed-in user with a connection and a memory of their own."""

    def __init__(self, number: int, pool: LocalUserPool, port: int, report: Report, pause: float) -> None:
        super().__init__(daemon=True)
        self.username = f"user-{number:02}"
        self.pool, self.report, self.pause = pool, report, pause
        self.connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self.random = random.Random(number)  # noqa: S311 - nothing secret is drawn
        self.todos: dict[int, str] = {}
        self.token = ""
        self.stopping = threading.Event()

    def run(self) -> None:
        """Read and write until the end."""
        deeds = (self.who_am_i, self.list_todos, self.add, self.tick, self.delete)
        self.sign_in()
        try:
            while not self.stopping.is_set():
                self.random.choices(deeds, (20, 50, 20, 5, 5))[0]()
                # No longer than gunicorn keeps an idle connection open.
                self.stopping.wait(min(self.random.expovariate(1 / self.pause), 1.5))
        except (OSError, HTTPException) as exc:
            self.report.blame(f"{self.username} was not answered: {exc!r}")

    def sign_in(self) -> None:
        """Get a token that lives a few seconds."""
        self.token = self.pool.access_token(self.username, expires_in=self.random.uniform(2, 6))

    def who_am_i(self) -> None:
        me = self.ask("GET", "/api/me")
        if me["user"]["username"] != self.username:
            self.report.blame(f"{self.username} was served as {me['user']['username']}")

    def list_todos(self) -> None:
        page = self.ask("GET", "/api/todos?per_page=100")
        if strangers := {todo["owner"]["username"] for todo in page["items"]} - {self.username}:
            self.report.blame(f"{self.username} was shown todos of {strangers}")

    def add(self) -> None:
        title = f"{self.username} {self.random.random()}"
        self.todos[self.ask("POST", "/api/todos", {"title": title})["id"]] = title

    def tick(self) -> None:
        if self.todos:
            self.ask("PATCH", f"/api/todos/{self.random.choice(list(self.todos))}", {"done": True})

    def delete(self) -> None:
        if self.todos:
            gone = self.random.choice(list(self.todos))
            self.ask("DELETE", f"/api/todos/{gone}")
            del self.todos[gone]

    def check(self) -> None:
        """Compare what the API has with what it said that it took."""
        self.connection.close()  # gunicorn may have closed it meanwhile; the next request opens another
        page, found = 1, dict[int, str]()
        while items := self.ask("GET", f"/api/todos?per_page=100&page={page}")["items"]:
            found |= {todo["id"]: todo["title"] for todo in items}
            page += 1
        if found != self.todos:
            self.report.blame(f"{self.username} has {len(found)} todos and should have {len(self.todos)}")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Return the answer, after as many attempts as expired tokens and missing keys make needed."""
        while True:
            status, answer, retry_after = self.attempt(method, path, body)
            if status < 400:
                return answer
            if answer["code"] == "jwks_unavailable":
                time.sleep(min(retry_after, 1))
                continue
            if answer["code"] != "token_expired":
                self.report.blame(f"{method} {path} was answered {status} {answer['code']}")
            self.sign_in()

    def attempt(self, method: str, path: str, body: object) -> tuple[int, Any, float]:
        """Send one request, and measure it."""
        began = time.perf_counter()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, path, json.dumps(body) if body else None, headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read() or b"null")
        code = f" {answer['code']}" if response.status >= 400 else ""
        route = re.sub("[0-9]+", "…", path.partition("?")[0])
        self.report.note(f"{method} {route}", f"{response.status}{code}", time.perf_counter() - began)
        return response.status, answer, float(response.headers.get("Retry-After", 0))


@contextmanager
def gunicorn(environ: Mapping[str, str]) -> Iterator[int]:
    """Run the app as its configuration says, and give the port."""
    command = [sys.executable, "-m", "gunicorn", "--bind", "127.0.0.1:0", "todo_api:create_app()"]
    with subprocess.Popen(  # noqa: S603
        command, cwd=EXAMPLE, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        port = next(int(found[1]) for line in server.stdout if (found := re.search(r"127\.0\.0\.1:(\d+)", line)))
        drain = threading.Thread(target=server.stdout.read, daemon=True)
        drain.start()
        try:
            yield port
        finally:
            server.terminate()
            server.wait()


def misbehave(pool: LocalUserPool, keys: JWKSServer, seconds: float) -> None:
    """Let happen what the head of this file says, when its time has come."""
    began = time.monotonic()

    def at(part: float, what: str) -> None:
        time.sleep(max(0.0, began + part * seconds - time.monotonic()))
        print(f"{time.monotonic() - began:5.1f} s  {what}", flush=True)

    at(0, f"{keys.requests} fetches of the keys so far; the load begins")
    at(ROTATION, "the key is rotated")
    pool.rotate_key(keep_old=True)
    at(OUTAGE, "the key endpoint fails")
    keys.behave(status=500)
    at(ROTATION_IN_OUTAGE, "the key is rotated, which cannot be fetched")
    pool.rotate_key(keep_old=True)
    at(RECOVERY, "the key endpoint is back")
    keys.behave()
    at(1, f"the end, after {keys.requests} fetches of the keys")


def show(report: Report, seconds: float) -> None:
    """Print the numbers."""
    print(f"\n{'request':<26}{'count':>8}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for request, took in [*sorted(report.seconds.items()), ("all", [*chain.from_iterable(report.seconds.values())])]:
        cuts = statistics.quantiles(took, n=100) if len(took) > 1 else took * 99
        numbers = "".join(f"{1000 * value:9.1f}" for value in (cuts[49], cuts[94], cuts[98], max(took)))
        print(f"{request:<26}{len(took):>8}{numbers}")
    print(f"\n{report.answers.total() / seconds:.0f} answers a second:")
    for answer, count in sorted(report.answers.items()):
        print(f"  {answer:<24}{count:>8}")
    print(f"\n{len(report.wrong)} answers that must not be", *sorted(set(report.wrong))[:20], sep="\n  ")


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20, help="how long (default: 20)")
    parser.add_argument("--users", type=int, default=50, help="how many users (default: 50)")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between a user's requests (default: 0.25)")
    parser.add_argument("--database-url", help="another database than a new SQLite file")
    options = parser.parse_args()
    pool, report = LocalUserPool(), Report()
    with JWKSServer(pool) as keys, TemporaryDirectory() as folder:
        environ = {
            "COGNITO_REGION": str(pool.region),
            "COGNITO_USERPOOL_ID": pool.id,
            "COGNITO_APP_CLIENT_ID": pool.client_id,
            "COGNITO_JWKS_URI": keys.url,
            "DATABASE_URL": options.database_url or f"sqlite:///{folder}/todo.db",
        }
        with gunicorn(environ) as port:
            users = [User(number, pool, port, report, options.pause) for number in range(options.users)]
            for user in users:
                user.start()
            misbehave(pool, keys, options.seconds)
            for user in users:
                user.stopping.set()
            for user in users:
                user.join()
                user.check()
    show(report, options.seconds)
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
