"""The command line: ``cognito-jwt explain``, ``jwks`` and ``doctor``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

from .doctor import Finding, examine, fetch_in_time
from .errors import CognitoJWTError, ConfigurationError, JWKSUnavailableError
from .explain import Explanation, explain_token
from .jwks_sources import JWKSURL, JWKSFetchError
from .key_settings import KeySettings
from .user_pool import UserPool
from .verifier import CognitoVerifier

# What base64url makes of `{"`, with which the header of a token begins, and all that follows.
_TOKEN = re.compile(r"eyJ[\w.=-]*")
_MAX_INPUT_BYTES = 1024 * 1024  # more than any token with the white space around it

_MARKS = {"passed": ("ok  ", "32"), "failed": ("FAIL", "31"), "skipped": ("--  ", "33")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code: 0 good, 1 refused or not right, 2 usage, or no keys."""
    options = _parser().parse_args(arguments)
    # The commands say themselves what the library would warn about.
    logging.getLogger("cognito_jwt_core").addHandler(logging.NullHandler())
    try:
        code = int(options.run(options))
        if sys.stdout is not None:  # None where it was closed from the beginning
            sys.stdout.flush()
    except (ConfigurationError, JWKSUnavailableError, JWKSFetchError) as error:
        _tell(str(error))
    except BrokenPipeError:  # the reader has seen enough, or is gone
        _give_up_output()
    except OSError as error:
        _tell(error.strerror or str(error))
        _give_up_output()
    except KeyboardInterrupt:
        return 130  # as a shell says it: 128 and the signal's number
    else:
        return code
    return 2


def _tell(message: str) -> None:
    print(f"cognito-jwt: {_without_tokens(message)}", file=sys.stderr)


def _give_up_output() -> None:
    """Let what is still to be written go nowhere: Python would try once more at its end, and complain."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _without_tokens(message: str) -> str:
    """A token in the wrong place must not end up in the log of whoever runs this."""
    return _TOKEN.sub("(a token)", message)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        told = _without_tokens(message)
        if told != message:
            told += "\ngive one token, without the scheme before it, or - to read it from standard input"
        super().error(told)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="cognito-jwt", description="JSON Web Tokens of Amazon Cognito user pools.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    explain = commands.add_parser("explain", help="every check of a token: what passes, what fails, what to do")
    explain.set_defaults(run=_explain)
    explain.add_argument("token", metavar="TOKEN", help="the token, or - to read it from standard input")
    explain.add_argument("--user-pool-id", required=True)
    _add_pool_options(explain)
    explain.add_argument("--client-id", action="append", help="an app client that is accepted; may be repeated")
    explain.add_argument("--token-use", choices=("access", "id"), help="the kind of token that is accepted")
    explain.add_argument("--audience", action="append", help="an identifier of the API; may be repeated")
    explain.add_argument("--group", action="append", help="a group that is enough; may be repeated")
    explain.add_argument("--scope", action="append", help="an OAuth scope that is enough; may be repeated")
    explain.add_argument("--leeway", type=float, default=0, metavar="SECONDS", help="clock skew that is allowed")
    explain.add_argument("--jwks", metavar="FILE_OR_URL", help="the pool's keys, instead of its own endpoint")
    explain.add_argument("--json", action="store_true", help="for machines")

    jwks = commands.add_parser("jwks", help="the pool's keys, to bundle with an app that cannot reach the network")
    jwks.set_defaults(run=_jwks)
    jwks.add_argument("user_pool_id", metavar="USER_POOL_ID")
    _add_pool_options(jwks)

    doctor = commands.add_parser("doctor", help="is the set-up right, seen from here")
    doctor.set_defaults(run=_doctor)
    doctor.add_argument("user_pool_id", metavar="USER_POOL_ID")
    _add_pool_options(doctor)
    doctor.add_argument("--json", action="store_true", help="for machines")
    return parser


def _add_pool_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", help="where the id does not name it, or a replica's")
    parser.add_argument("--issuer", help="of an emulator or proxy")
    parser.add_argument("--jwks-uri", metavar="URL", help="key endpoint of an emulator or proxy")


def _pool(options: argparse.Namespace) -> UserPool:
    return UserPool(options.user_pool_id, options.region, issuer=options.issuer, jwks_uri=options.jwks_uri)


def _explain(options: argparse.Namespace) -> int:
    verifier = CognitoVerifier(
        _pool(options),
        client_id=options.client_id,
        token_use=options.token_use,
        audience=options.audience,
        groups=options.group,
        scopes=options.scope,
        leeway=options.leeway,
        jwks=options.jwks,
    )
    explanation = explain_token(verifier, read_token() if options.token == "-" else options.token)
    if options.json:
        print(json.dumps(explanation.as_dict(), indent=2))
    else:
        print(render(explanation, colour=has_colours(sys.stdout)))
    if isinstance(explanation.error, JWKSUnavailableError):
        return 2
    return 0 if explanation.is_accepted else 1


def read_token() -> bytes:
    """What is on standard input, up to more than a token could be.

    Raises:
        ConfigurationError: It was closed from the beginning.
    """
    if sys.stdin is None:
        raise ConfigurationError("expected a token on standard input, found it closed")
    return sys.stdin.buffer.read(_MAX_INPUT_BYTES).strip()


def render(explanation: Explanation, *, colour: bool) -> str:
    """The story for a terminal: a line a check, and under a failed one what to do about it."""
    lines = []
    for step in explanation.steps:
        lines.append(f"{_mark(step.status, colour)}  {step.check.replace('_', ' '):<10}  {step.message}")
        if step.advice:
            lines.append(f"{'':18}{step.advice}")
    error: CognitoJWTError | None = explanation.error
    verdict = f"refused: {error.code} (HTTP {explanation.http_status})" if error else "accepted"
    return "\n".join([*lines, "", verdict])


def _mark(status: str, colour: bool) -> str:
    mark, code = _MARKS[status]
    return f"\x1b[{code}m{mark}\x1b[0m" if colour else mark


def has_colours(stream: TextIO | None) -> bool:
    """Whether `stream` is a terminal that shows colours, and nobody set NO_COLOR (https://no-color.org)."""
    if stream is None or not stream.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _jwks(options: argparse.Namespace) -> int:
    uri = next(iter(_pool(options).jwks_uris.values()))
    _, keys = fetch_in_time(JWKSURL(uri), KeySettings())
    print(json.dumps(keys.as_jwks(), indent=2))
    for line in keys.left_out:
        _tell(f"left out {line}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    findings = examine(_pool(options), KeySettings())
    if options.json:
        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(_finding_line(finding, has_colours(sys.stdout)))
    return 0 if all(finding.is_good for finding in findings) else 1


def _finding_line(finding: Finding, colour: bool) -> str:
    return f"{_mark('passed' if finding.is_good else 'failed', colour)}  {finding.check:<8}  {finding.message}"
