from __future__ import annotations

import functools
import io
import json
import os
import re
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from cognito_jwt_core import CognitoVerifier, explain_token
from cognito_jwt_core.diagnostics.cli import has_colours, main
from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.pasted import everything

POOL = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456")
TEXTS = everything(POOL)


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
        (["jwks", "eu-central-1"], "contains no Region"),
        (["jwks", POOL.id, "--jwks-uri", "http://127.0.0.1:9/jwks.json"], "Connection refused"),
    ],
)
def test_what_is_wrong_with_the_command_is_said_with_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["explain"], ["explain", "x", "--token-use", "both"]])
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

    plain, coloured = explanation.as_text(), explanation.as_text(colour=True)

    assert "\x1b[31mFAIL\x1b[0m" in coloured
    assert coloured.replace("\x1b[31m", "").replace("\x1b[32m", "").replace("\x1b[0m", "") == plain
    assert not has_colours(io.StringIO())


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cognito_jwt_core", *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, text=True, check=False, timeout=60, **options)  # noqa: S603


WRONG_PLACES = {
    "after its scheme": ["explain", "--user-pool-id", POOL.id, "Bearer", "TOKEN"],
    "without a command": ["TOKEN"],
    "as a pool": ["doctor", "TOKEN"],
    "as a pool of explain": ["explain", "x", "--user-pool-id", "TOKEN"],
    "as a file": ["explain", "x", "--user-pool-id", POOL.id, "--jwks", "TOKEN"],
    "as a number": ["explain", "x", "--user-pool-id", POOL.id, "--leeway", "TOKEN"],
    "as a choice": ["explain", "x", "--user-pool-id", POOL.id, "--token-use", "TOKEN"],
    "as a Region": ["jwks", POOL.id, "--region", "TOKEN"],
    "as an option": ["jwks", POOL.id, "--TOKEN"],
}


@pytest.mark.parametrize("place", WRONG_PLACES)
def test_a_token_in_the_wrong_place_is_not_echoed(place: str) -> None:
    token = POOL.access_token()

    done = run(*(argument.replace("TOKEN", token) for argument in WRONG_PLACES[place]))

    assert (done.returncode, done.stdout) == (2, "")
    assert "(a token)" in done.stderr
    assert token[:12] not in done.stderr


def test_a_token_with_its_scheme_and_no_quotes_is_told_how_to_give_it() -> None:
    done = run("explain", "--user-pool-id", POOL.id, "Bearer", POOL.access_token())

    assert "give one token without the scheme" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"\xff\xfe\x00", "expected ASCII text"),
        (b"", "found 1 part"),
        (b"a" * 3_000_000, "expected at most 65536 characters"),
        (b"Bearer %b\r\n" % POOL.access_token().encode(), "Give only the token, without the scheme"),
    ],
    ids=["no text", "nothing", "huge", "with its scheme"],
)
def test_whatever_is_on_standard_input_is_a_token_that_is_refused(
    text: bytes, words: str, jwks: str, tmp_path: Path
) -> None:
    path = tmp_path / "token"
    path.write_bytes(text)

    with path.open() as file:
        # Strict, as the streams are in most people's locale; here it may be C, which lets everything through.
        done = run(
            *("explain", "-", "--user-pool-id", POOL.id, "--jwks", jwks),
            stdin=file,
            env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
        )

    assert (done.returncode, done.stderr) == (1, "")
    assert words in done.stdout


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no endless file on this system")
def test_of_endless_input_no_more_is_read_than_a_token_could_be(jwks: str) -> None:
    with Path("/dev/zero").open() as zeros:
        done = run("explain", "-", "--user-pool-id", POOL.id, "--jwks", jwks, stdin=zeros)

    assert (done.returncode, done.stderr) == (1, "")


def test_a_token_that_is_too_long_is_not_said_to_be_cut_off(jwks: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert explain("x" * 70_000, "--jwks", jwks) == 1

    out = capsys.readouterr().out
    assert "cut off" not in out
    assert "longer than any Cognito token" in out


def closing(descriptor: int) -> dict[str, object]:
    return {"preexec_fn": functools.partial(os.close, descriptor)}


def test_a_closed_standard_input_is_said_with_exit_code_2(jwks: str) -> None:
    done = run("explain", "-", "--user-pool-id", POOL.id, "--jwks", jwks, **closing(0))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "cognito-jwt: expected a token on standard input, found it closed\n"


def test_a_closed_standard_output_leaves_the_verdict(jwks: str) -> None:
    options = ("--user-pool-id", POOL.id, "--jwks", jwks)

    good = run("explain", POOL.access_token(), *options, **closing(1))
    bad = run("explain", POOL.expired_token(), *options, **closing(1))

    assert [(done.returncode, done.stderr) for done in (good, bad)] == [(0, ""), (1, "")]


def test_an_input_that_cannot_be_read_is_told_also_with_a_closed_standard_output(jwks: str) -> None:
    with Path(os.devnull).open("w") as not_for_reading:
        done = run("explain", "-", "--user-pool-id", POOL.id, "--jwks", jwks, stdin=not_for_reading, **closing(1))

    assert (done.returncode, done.stderr) == (2, "cognito-jwt: Bad file descriptor\n")


def test_a_reader_that_goes_away_is_no_error_to_tell(jwks: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    done = run("explain", POOL.access_token(), "--user-pool-id", POOL.id, "--jwks", jwks, stdout=writing)
    os.close(writing)

    assert (done.returncode, done.stderr) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk on this system")
def test_an_answer_that_cannot_be_written_is_said_with_exit_code_2(jwks: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = run("explain", POOL.access_token(), "--user-pool-id", POOL.id, "--jwks", jwks, stdout=full)

    assert done.returncode == 2
    assert done.stderr == "cognito-jwt: No space left on device\n"


def test_ctrl_c_ends_it_without_a_traceback(jwks: str) -> None:
    command = [sys.executable, "-m", "cognito_jwt_core", "doctor", POOL.id, "--jwks-uri"]
    with POOL.serve() as url:
        POOL.server.behave(hold=True)
        with subprocess.Popen([*command, url], stderr=subprocess.PIPE, text=True) as process:  # noqa: S603
            POOL.server.wait_for_requests(1, 30)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)

    assert (process.returncode, err) == (130, "")


@pytest.mark.parametrize(("no_color", "is_coloured"), [(None, True), ("", True), ("1", False), ("0", False)])
def test_colours_are_shown_on_a_terminal_unless_no_color_says_something(
    no_color: str | None, is_coloured: bool, jwks: str
) -> None:
    """https://no-color.org: "when present and not an empty string"."""
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}

    done = run(
        *("explain", POOL.access_token(), "--user-pool-id", POOL.id, "--jwks", jwks),
        stdout=terminal,
        env=environment if no_color is None else environment | {"NO_COLOR": no_color},
    )
    os.close(terminal)
    shown = os.read(controller, 65536).decode()
    os.close(controller)

    assert done.returncode == 0
    assert ("\x1b[" in shown) is is_coloured


def test_keys_that_jwks_leaves_out_are_named_beside_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with POOL.serve() as url:
        POOL.server.behave(body={"keys": [*POOL.jwk_set["keys"], {"kty": "EC", "kid": "curve"}]})
        assert main(["jwks", POOL.id, "--jwks-uri", url]) == 0

    told = capsys.readouterr()
    assert [key["kid"] for key in json.loads(told.out)["keys"]] == [*POOL.kids]
    assert told.err == "cognito-jwt: left out 'curve': expected a key for RS256, found kty 'EC' and alg None\n"


@pytest.mark.parametrize("arguments", [["jwks"], ["doctor"]])
def test_a_host_that_cannot_be_reached_is_named_with_what_to_look_at(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, POOL.id, "--jwks-uri", "http://127.0.0.1:9/jwks.json"]) != 0

    told = "".join(capsys.readouterr())
    assert "http://127.0.0.1:9/jwks.json" in told
    assert "start the emulator" in told
    assert "bundle the keys" in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])

    assert stopped.value.code == 0
    assert capsys.readouterr().out == f"cognito-jwt {version('cognito-jwt-core')}\n"


def test_without_a_pool_a_token_is_decoded_and_named_unverified(capsys: pytest.CaptureFixture[str]) -> None:
    token = POOL.id_token("alice", email="alice@example.com")

    assert main(["explain", token]) == 2

    out = capsys.readouterr().out
    assert out.endswith("\nnot verified\n")
    assert f"--user-pool-id {POOL.id}" in out
    assert f"iss             '{POOL.issuer}'" in out
    assert "alice@example.com" not in out
    assert token.rpartition(".")[2] not in out


def test_without_a_pool_programs_get_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", POOL.access_token("alice"), "--json"]) == 2

    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["verified", "origin", "sentence", "advice", "header", "claims", "other_claims"]
    assert (told["verified"], told["origin"]) == (False, "user_pool")
    assert told["claims"]["token_use"] == "'access'"
    assert "username" in told["other_claims"]


@pytest.mark.parametrize("name", TEXTS)
def test_without_a_pool_any_text_is_told_apart_and_not_repeated(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = TEXTS[name]

    assert main(["explain", "--json", "--", text]) == 2

    out = capsys.readouterr().out
    told = json.loads(out)
    assert told["sentence"]
    assert told["advice"]
    assert not [part for part in re.findall(r"[\w-]{40,}", text) if part in out]


def test_without_a_pool_a_text_that_is_not_a_token_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "undefined"]) == 2

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith("This is JavaScript's text for a value that is missing.")
    assert lines[1:] == ["", "not verified"]


def test_other_claims_are_named_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", POOL.sign(POOL.header, {"iss": POOL.issuer})]) == 2
    assert "other claims" not in capsys.readouterr().out
    assert main(["explain", POOL.access_token()]) == 2
    assert "other claims" in capsys.readouterr().out


def test_a_token_whose_claims_cannot_be_read_is_told_without_a_pool(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", POOL.sign(POOL.header, b"no JSON")]) == 2

    assert capsys.readouterr().out.startswith("The claims of this token cannot be read.")


def test_a_terminal_is_told_that_a_token_is_waited_for(jwks: str) -> None:
    pty = pytest.importorskip("pty")
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "cognito_jwt_core", "explain", "-", "--user-pool-id", POOL.id, "--jwks", jwks]

    with subprocess.Popen(  # noqa: S603
        command, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        prompt = process.stderr.readline()
        for start in range(0, len(token := POOL.access_token()), 64):
            os.write(controller, token[start : start + 64].encode())
        os.write(controller, b"\n\x04")
        out, _ = process.communicate(timeout=60)
    os.close(terminal)
    os.close(controller)

    assert prompt == "Paste the token, then press Enter and Ctrl-D.\n"
    assert out.endswith("accepted\n")
