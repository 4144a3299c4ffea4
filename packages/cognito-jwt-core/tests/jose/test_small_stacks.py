"""Deep JSON on the small stack of a thread: Alpine's Python has 128 KiB, mod_wsgi advises 512 KiB."""

import subprocess
import sys

import pytest

PROGRAM = """
import base64, sys, threading
from cognito_jwt_core import CognitoVerifier, CognitoJWTError
from cognito_jwt_core.jose.strict_json import parse_object
from cognito_jwt_core.testing import LocalUserPool

pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
verifier = CognitoVerifier(pool.id, client_id=pool.client_id, token_use="access", jwks=pool.jwks)
good = pool.access_token(tree=[[{"x": [1]}]])
header, payload, signature = good.split(".")
codes = []


def deep(opening):
    return base64.urlsafe_b64encode(opening.encode() * (45_000 // len(opening))).rstrip(b"=").decode()


def work():
    for opening in ("[", '{"":', '[{"":', '"["'):
        for token in (f"{deep(opening)}.{payload}.{signature}", f"{header}.{deep(opening)}.{signature}"):
            try:
                verifier.verify(token)
            except CognitoJWTError as error:
                codes.append(error.code)
    try:
        parse_object(b"[" * 1_000_000)
    except ValueError:
        codes.append("value")
    codes.append(verifier.verify(good).username)


threading.stack_size(int(sys.argv[1]) * 1024)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(*codes)
"""


@pytest.mark.parametrize("kibibytes", [128, 256, 512])
def test_deep_token_does_not_overflow_the_stack(kibibytes: int) -> None:
    ended = subprocess.run(  # noqa: S603  our own
        [sys.executable, "-c", PROGRAM, str(kibibytes)], capture_output=True, text=True, timeout=60, check=False
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split() == ["malformed_token", "invalid_signature"] * 4 + ["value", "alice"]
