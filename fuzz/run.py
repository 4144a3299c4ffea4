"""Fuzz the verifier for a bounded time: `hatch run fuzz:run [SECONDS]`.

The seeds are the tests' corpus, made anew each time; what the fuzzer finds to be interesting stays in .cache/fuzz for
the next run. A failing input is left there as well, and run again with `hatch run fuzz:run .cache/fuzz/crash-...`. If
the interpreter itself crashed, the input is .cache/fuzz/newest.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORK = HERE.parent / ".cache/fuzz"

DEFAULT_SECONDS = 60
MAX_BYTES = 4096


def write_seeds(folder: Path) -> int:
    """Every input of the corpus, as a token and as what it was signed over."""
    from cognito_test_kit.corpus import corpus
    from verify import POOL

    seeds: set[bytes] = {b"K" + str(POOL.jwk_set).replace("'", '"').encode()}
    for depth in (1, 63, 64, 65, 255):
        seeds.update(bytes([*b"N", depth, *shape]) for shape in ((0,), (1, 2), (3, 4, 5)))
        seeds.update(kind + b"[" * 16 * depth for kind in (b"H", b"P", b"K"))
    for case in corpus(POOL):
        token = case.token.encode("utf-8", "surrogatepass") if isinstance(case.token, str) else case.token
        if not isinstance(token, bytes) or len(token) > MAX_BYTES:
            continue
        seeds.add(b"T" + token)
        for kind, segment in zip((b"H", b"P", b"S"), token.split(b"."), strict=False):
            with contextlib.suppress(binascii.Error):
                seeds.add(kind + base64.urlsafe_b64decode(segment + b"=" * (-len(segment) % 4)))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, seed in enumerate(sorted(seeds)):
        (folder / f"{number:04}").write_bytes(seed)
    return len(seeds)


def main(argument: str = str(DEFAULT_SECONDS)) -> int:
    found, seeds = WORK / "found", WORK / "seeds"
    found.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, str(HERE / "verify.py")]
    if not argument.isdecimal():
        return subprocess.run([*command, argument], check=False).returncode
    print(f"{write_seeds(seeds)} seeds, {argument} seconds")
    command += [f"-max_total_time={argument}", f"-max_len={MAX_BYTES}", "-print_final_stats=1"]
    command += [f"-dict={HERE / 'jwt.dict'}", f"-artifact_prefix={WORK}/", "-timeout=10", "-rss_limit_mb=2048"]
    return subprocess.run([*command, str(found), str(seeds)], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
