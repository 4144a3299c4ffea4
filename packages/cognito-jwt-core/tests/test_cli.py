from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from cognito_jwt_core import CognitoVerifier
from cognito_jwt_core.cli import has_colours, main, render
from cognito_jwt_core.explain import explain_token
from cognito_jwt_core.testing import LocalUserPool

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(POOL.jwk_set))
    return str(path)


def explain(*arguments: str) -> int:
    return main(["explain", "--user-pool-id", POOL.id, *arguments])


def test_explain_exits_with_0_for_a_token_that_is_accepted(jwks: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = explain(POOL.access_token(), "--jwks", jwks, "--client-id", POOL.client_id, "--token-use", "access")

    assert code == 0
    assert capsys.readouterr().out.endswith("\naccepted\n")


def test_explain_exits_with_1_for_a_token_that_is_refused(jwks: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = explain(POOL.id_token(), "--jwks", jwks, "--token-use", "access")

    assert code == 1
    assert capsys.readouterr().out.endswith("\nrefused: invalid_token_use (HTTP 401)\n")


def test_explain_exits_with_1_for_a_token_that_lacks_a_group_or_scope(jwks: str) -> None:
    assert explain(POOL.access_token(groups=["a"], scopes=["x/y"]), "--jwks", jwks, "--group", "b") == 1
    assert explain(POOL.access_token(groups=["a"], scopes=["x/y"]), "--jwks", jwks, "--scope", "x/z") == 1
    assert explain(POOL.access_token(groups=["a"], scopes=["x/y"]), "--jwks", jwks, "--group", "a") == 0


def test_explain_allows_leeway_and_audiences_as_told(jwks: str) -> None:
    assert explain(POOL.access_token(expires_in=-5), "--jwks", jwks) == 1
    assert explain(POOL.access_token(expires_in=-5), "--jwks", jwks, "--leeway", "60") == 0
    assert explain(POOL.access_token(aud="https://api.example.com"), "--jwks", jwks) == 1
    assert explain(POOL.access_token(aud="https://a.example"), "--jwks", jwks, "--audience", "https://a.example") == 0


def test_explain_exits_with_2_without_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(POOL.access_token(), "--jwks", "http://127.0.0.1:9/jwks.json") == 2
    assert "jwks_unavailable (HTTP 503)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["explain", "x", "--user-pool-id", "no pool"], "user pool id: expected one like eu-central-1_c3fea2"),
        (["explain", "x", "--user-pool-id", POOL.id, "--jwks", "absent.json"], "absent.json"),
        (["jwks", "eu-central-1"], "names no region"),
        (["jwks", POOL.id, "--jwks-uri", "http://127.0.0.1:9/jwks.json"], "Connection refused"),
    ],
)
def test_what_is_wrong_with_the_command_is_said_with_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["explain"], ["explain", "x"], ["explain", "x", "--token-use", "both"]])
def test_usage_is_said_with_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)

    assert stopped.value.code == 2
    assert "usage: cognito-jwt" in capsys.readouterr().err


def test_explain_json_is_for_machines(jwks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(POOL.expired_token(), "--jwks", jwks, "--json") == 1

    told = json.loads(capsys.readouterr().out)
    assert told["code"] == "token_expired"
    assert [step["check"] for step in told["steps"] if step["status"] == "failed"] == ["expiration"]


def test_a_dash_reads_the_token_from_standard_input_through_python_m(jwks: str) -> None:
    done = subprocess.run(  # noqa: S603  the interpreter that runs this
        [sys.executable, "-m", "cognito_jwt_core", "explain", "-", "--user-pool-id", POOL.id, "--jwks", jwks],
        input=f"{POOL.access_token()}\n",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("accepted\n")


def test_jwks_prints_keys_that_a_verifier_can_be_given(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with POOL.serve() as url:
        assert main(["jwks", POOL.id, "--jwks-uri", url]) == 0

    path = tmp_path / "bundle.json"
    path.write_text(capsys.readouterr().out)
    verifier = CognitoVerifier(POOL.id, client_id=POOL.client_id, token_use="access", jwks=path)
    assert verifier.verify(POOL.access_token("alice")).username == "alice"


def test_doctor_exits_with_0_when_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    with POOL.serve() as url:
        assert main(["doctor", POOL.id, "--jwks-uri", url]) == 0

    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["ok", "endpoint"],
        ["ok", "keys"],
        ["ok", "clock"],
    ]


def test_doctor_exits_with_1_when_something_is_not_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", POOL.id, "--jwks-uri", "http://127.0.0.1:9/jwks.json", "--json"]) == 1

    (finding,) = json.loads(capsys.readouterr().out)
    assert finding["check"] == "endpoint"
    assert not finding["is_good"]
    assert "Connection refused" in finding["message"]


def test_colours_are_for_terminals_and_carry_no_meaning_of_their_own() -> None:
    explanation = explain_token(
        CognitoVerifier(POOL.id, client_id=None, token_use="access", jwks=POOL.jwks), POOL.id_token()
    )

    plain, coloured = render(explanation, colour=False), render(explanation, colour=True)

    assert "\x1b[31mFAIL\x1b[0m" in coloured
    assert coloured.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[0m", "") == plain
    assert not has_colours(io.StringIO())
