"""gunicorn under wrk: requests per second of an open route and of a protected one, on this version and on 1.21."""

from __future__ import annotations

import os
import re
import shutil
import socket
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from elsewhere import FlaskSide, UnavailableError
from material import Material

HERE = Path(__file__).resolve().parent
GUNICORN = ["-m", "gunicorn", "--worker-class=gthread", "--workers=1", "--threads=4", "--log-level=error"]
WRK = ["--threads=1", "--connections=4", "--timeout=10s", f"--script={HERE / 'wrk.lua'}"]


def wrk() -> str:
    """The program; got from Debian where that is allowed."""
    if shutil.which("wrk") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "--yes", "wrk"], capture_output=True, check=False)  # noqa: S607
    found = shutil.which("wrk")
    if found is None:
        raise UnavailableError("no wrk here (Debian's package is called wrk)")
    return found


def requests_per_second(
    material: Material, sides: dict[str, FlaskSide], folder: Path, seconds: int, rounds: int
) -> dict[str, float]:
    """By name of the side and of what is asked of it; `open` is the route that asks for no token."""
    program = wrk()
    files = {"seen": folder / "seen.txt", "new": folder / "new.txt"}
    files["seen"].write_bytes(b"\n".join(material.seen[:100]) + b"\n")
    files["new"].write_bytes(b"\n".join(token for batch in material.batches for token in batch) + b"\n")
    found: dict[str, list[float]] = {}
    with ExitStack() as running:
        urls = {name: running.enter_context(serving(side)) for name, side in sides.items()}
        for number in range(rounds + 1):
            for name, url in urls.items():
                for what, path, file in (
                    ("open", "open", "seen"),
                    ("protected, seen before", "protected", "seen"),
                    ("protected, a new token", "protected", "new"),
                ):
                    rate = measured(program, f"{url}/{path}", files[file], seconds if number else 1)
                    found.setdefault(f"{name}, {what}", []).append(rate)
    return {name: statistics.median(rates[1:]) for name, rates in found.items()}


@contextmanager
def serving(side: FlaskSide) -> Iterator[str]:
    """gunicorn with one worker, on a socket that listens before it does."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        command = [side.python, *GUNICORN, f"--bind=fd://{listening.fileno()}", "flask_app:create_app()"]
        with subprocess.Popen(command, cwd=HERE, env=side.environment, pass_fds=[listening.fileno()]) as server:
            try:
                yield f"http://127.0.0.1:{listening.getsockname()[1]}"
            finally:
                server.terminate()


def measured(program: str, url: str, tokens: Path, seconds: int) -> float:
    command = [program, *WRK, f"--duration={seconds}s", url]
    environment = {**os.environ, "BENCH_TOKENS": str(tokens)}
    said = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    assert rate, said
    assert "Non-2xx" not in said, said
    assert "Socket errors" not in said, said
    return float(rate[1])
