"""Count the children that hang when a process forks right after it has fetched keys, as `gunicorn --preload` does.

A child that inherits a held lock hangs with its first key or its first token. It is rare: it takes thousands of forks.

    python benchmarks/forks.py                 18,000 forks
    python benchmarks/forks.py --forks 3000    fewer

Prints one line of JSON. Exit code 1 if a child hung or failed.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time

FORKS_PER_PROCESS = 500
PATIENCE_SECONDS = 10.0


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--forks", type=int, default=18_000, help="how many children to fork (default: %(default)s)")
    arguments.add_argument("--parent", nargs=3, metavar=("URL", "POOL", "TOKEN"), help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.parent:
        print(json.dumps(fork_after_each_fetch(options.forks, *options.parent)))
        return 0
    totals = in_fresh_processes(options.forks)
    print(json.dumps(totals))
    return 1 if totals["hung"] or totals["failed"] else 0


def in_fresh_processes(forks: int) -> dict[str, int]:
    """Fork in one process after the other, each of which fetches from a server in this one."""
    from cognito_jwt_core.testing import JWKSServer, LocalUserPool

    pool = LocalUserPool()
    token = pool.access_token(expires_in=24 * 3600)
    totals = {"forks": 0, "hung": 0, "failed": 0}
    with JWKSServer(pool) as server:
        while totals["forks"] < forks:
            count = min(FORKS_PER_PROCESS, forks - totals["forks"])
            command = [sys.executable, "-W", "ignore", __file__, "--forks", str(count)]
            command += ["--parent", server.url, pool.id, token]
            found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
            for name in totals:
                totals[name] += found[name]
            print(f"\r{totals}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return totals


def fork_after_each_fetch(forks: int, url: str, pool_id: str, token: str) -> dict[str, int]:
    from cognito_jwt_core import CognitoVerifier, JWKSResponse, KeySettings

    class Copy:
        """The same keys, imported anew by the child."""

        def fetch(self, timeout_seconds: float) -> JWKSResponse:
            return JWKSResponse(jwks)

    settings = KeySettings(timeout_seconds=PATIENCE_SECONDS)

    def verifier_of(source: object) -> CognitoVerifier:
        return CognitoVerifier(pool_id, client_id=None, token_use="access", jwks=source, key_settings=settings)

    jwks = fetched(url)
    found = {"forks": forks, "hung": 0, "failed": 0}
    for _ in range(forks):
        verifier = verifier_of(url)
        verifier.prefetch()
        child = os.fork()
        if child == 0:
            try:
                verifier.verify(token)
                verifier_of(Copy()).verify(token)
            except BaseException as error:  # noqa: BLE001
                print(repr(error), file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        outcome = ended(child)
        if outcome != "good":
            found[outcome] += 1
    return found


def fetched(url: str) -> bytes:
    import requests

    return requests.get(url, timeout=PATIENCE_SECONDS).content


def ended(child: int) -> str:
    """Wait for the child. Kill it when it hangs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        process, status = os.waitpid(child, os.WNOHANG)
        if process:
            return "failed" if status else "good"
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hung"
        time.sleep(0.0005)


if __name__ == "__main__":
    sys.exit(main())
