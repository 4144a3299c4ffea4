"""The command line: ``cognito-jwt explain``, ``jwks`` and ``doctor``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn, TextIO

from cognito_jwt_core.cognito.user_pool import UserPool
from cognito_jwt_core.cognito.verifier import CognitoVerifier
from cognito_jwt_core.diagnostics.decode import decode
from cognito_jwt_core.diagnostics.doctor import doctor, fetch_in_time
from cognito_jwt_core.diagnostics.explain import explain_token
from cognito_jwt_core.diagnostics.network_advice import network_advice
from cognito_jwt_core.errors import ConfigurationError, UnavailableError
from cognito_jwt_core.keys.settings import KeySettings
from cognito_jwt_core.keys.source import JWKSFetchError

# The base64url encoding of `{"`, with which a token's header begins, and everything after it.
_TOKEN = re.compile(r"eyJ[\w.=-]*")
_MAX_INPUT_BYTES = 1024 * 1024  # more than any token with the white space around it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Return the exit code: 0 success, 1 rejected or a problem found, 2 wrong usage or no keys."""
    options = _parser().parse_args(arguments)
    # The commands print the library's warnings themselves.
    logging.getLogger("cognito_jwt_core").addHandler(logging.NullHandler())
    try:
        code = int(options.run(options))
        if sys.stdout is not None:  # None if it was closed from the start
            sys.stdout.flush()
    except (ConfigurationError, UnavailableError, JWKSFetchError) as error:
        _tell(str(error))
    except BrokenPipeError:  # the reader has closed the pipe
        _give_up_output()
    except OSError as error:
        _tell(error.strerror or str(error))
        _give_up_output()
    except KeyboardInterrupt:
        return 130  # like a shell: 128 plus the signal's number
    else:
        return code
    return 2


def _tell(message: str) -> None:
    print(f"cognito-jwt: {_without_tokens(message)}", file=sys.stderr)


def _give_up_output() -> None:
    """Discard the remaining output. Otherwise Python would try to write it at exit, and fail again."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _without_tokens(message: str) -> str:
    """Keep a token in the wrong place out of the operator's log."""
    return _TOKEN.sub("(a token)", message)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        told = _without_tokens(message)
        if told != message:
            told += "\ngive one token without the scheme, or - to read it from standard input"
        super().error(told)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="cognito-jwt", description="Explain tokens of Amazon Cognito user pools, and check keys.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('cognito-jwt-core')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    explain = commands.add_parser("explain", help="run every check on a token, and say what to do about a failure")
    explain.set_defaults(run=_explain)
    explain.add_argument("token", metavar="TOKEN", help="the token; - reads it from standard input")
    explain.add_argument("--user-pool-id", help="the pool to verify with; without it, the token is only decoded")
    _add_pool_options(explain)
    explain.add_argument("--client-id", action="append", help="accept this app client; may be repeated (default: any)")
    explain.add_argument("--token-use", choices=("access", "id"), help="accept only this kind of token (default: both)")
    explain.add_argument(
        "--audience", action="append", help="accept this identifier of the API as aud; may be repeated"
    )
    explain.add_argument("--group", action="append", help="require this group; if repeated, any of them")
    explain.add_argument("--scope", action="append", help="require this OAuth scope; if repeated, any of them")
    explain.add_argument("--leeway", type=float, default=0, metavar="SECONDS", help="clock skew to allow (default: 0)")
    explain.add_argument("--jwks", metavar="FILE_OR_URL", help="read the keys from here, not from the pool's endpoint")
    explain.add_argument("--json", action="store_true", help="print JSON")

    jwks = commands.add_parser("jwks", help="print the pool's keys, to bundle with an app")
    jwks.set_defaults(run=_jwks)
    jwks.add_argument("user_pool_id", metavar="USER_POOL_ID")
    _add_pool_options(jwks)

    examine = commands.add_parser("doctor", help="check that this machine can reach and use the pool's keys")
    examine.set_defaults(run=_doctor)
    examine.add_argument("user_pool_id", metavar="USER_POOL_ID")
    _add_pool_options(examine)
    examine.add_argument("--json", action="store_true", help="print JSON")
    return parser


def _add_pool_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", help="the Region, if the id does not contain it or for a replica")
    parser.add_argument("--issuer", help="the issuer of an emulator or proxy")
    parser.add_argument("--jwks-uri", metavar="URL", help="the key endpoint of an emulator or proxy")


def _pool(options: argparse.Namespace) -> UserPool:
    return UserPool(options.user_pool_id, options.region, issuer=options.issuer, jwks_uri=options.jwks_uri)


def _explain(options: argparse.Namespace) -> int:
    token = read_token() if options.token == "-" else options.token
    return _explain_with_pool(options, token) if options.user_pool_id else _decode(options, token)


def _decode(options: argparse.Namespace, token: str | bytes) -> int:
    decoded = decode(token)
    print(json.dumps(decoded.as_dict(), indent=2) if options.json else decoded.as_text())
    return 2  # nothing was verified


def _explain_with_pool(options: argparse.Namespace, token: str | bytes) -> int:
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
    explanation = explain_token(verifier, token)
    if options.json:
        print(json.dumps(explanation.as_dict(), indent=2))
    else:
        print(explanation.as_text(colour=has_colours(sys.stdout)))
    if isinstance(explanation.error, UnavailableError):
        return 2
    return 0 if explanation.is_accepted else 1


def read_token() -> bytes:
    """Read a token from standard input (at most 1 MiB). On a terminal, prompt for it.

    Raises:
        ConfigurationError: If standard input is closed.
    """
    if sys.stdin is None:
        raise ConfigurationError("expected a token on standard input, found it closed")
    if sys.stdin.isatty():
        print("Paste the token, then press Enter and Ctrl-D.", file=sys.stderr, flush=True)
    return sys.stdin.buffer.read(_MAX_INPUT_BYTES).strip()


def has_colours(stream: TextIO | None) -> bool:
    """Return whether `stream` is a terminal with colours, and NO_COLOR is not set (https://no-color.org)."""
    if stream is None or not stream.isatty():
        return False
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _jwks(options: argparse.Namespace) -> int:
    uri = next(iter(_pool(options).jwks_uris.values()))
    try:
        _, keys = fetch_in_time(uri, KeySettings())
    except JWKSFetchError as error:
        raise JWKSFetchError(f"{uri}: {error}\n{network_advice(str(error))}") from error
    print(json.dumps(keys.as_jwks(), indent=2))
    for line in keys.left_out:
        _tell(f"left out {line}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    findings = doctor(_pool(options))
    if options.json:
        print(json.dumps([vars(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            print(finding.as_text(colour=has_colours(sys.stdout)))
    return 0 if all(finding.is_good for finding in findings) else 1
