"""A server builds the client before it forks: each worker signs users in, whatever was on its way at the fork."""

from __future__ import annotations

import subprocess
import sys
import threading

from cognito_test_kit.scripted_login import Answer, Received, ScriptedLogin

FORKING = """
import os, sys, threading
from cognito_jwt_core import CognitoVerifier, UserPool
from cognito_jwt_core.oauth import OAuthClient

pool = UserPool("eu-central-1_testpool", issuer=sys.argv[1])
oauth = OAuthClient(CognitoVerifier(pool, client_id="abc", token_use="access"), client_id="abc")
waiting = threading.Thread(target=oauth.logout_url, args=("https://app.example/",))
waiting.start()
sys.stdin.readline()  # the parent's fetch is on its way
for _ in range(3):
    if os.fork() == 0:
        found = oauth.logout_url("https://app.example/").partition("?")[0]
        os.write(1, f"{found}\\n".encode())  # one write, which no other child's can part
        os._exit(0)
for _ in range(3):
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
waiting.join()
print(oauth.logout_url("https://app.example/").partition("?")[0], flush=True)
"""


def test_children_of_a_fork_during_discovery_discover_for_themselves(scripted: ScriptedLogin) -> None:
    arrived = threading.Event()

    def answer(request: Received) -> Answer:
        is_first = not arrived.is_set()
        arrived.set()
        return Answer(body=scripted.discovery(), delay_seconds=1 if is_first else 0)

    scripted.answers[scripted.discovery_path] = answer
    command = [sys.executable, "-c", FORKING, str(scripted.user_pool.issuer)]
    with subprocess.Popen(  # noqa: S603  our own
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert arrived.wait(30)
        out, err = process.communicate("\n", timeout=60)

    assert out.splitlines() == [f"{scripted.domain}/logout"] * 4, err
    assert process.returncode == 0, err
    assert len(scripted.received) == 4
