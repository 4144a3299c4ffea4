"""Show the corpus of the tests to other libraries: `hatch run bench:compare [--each] [--write]`.

Prints which library accepts a hostile token, refuses a valid one, or fails with an error that it does not document.
`--each` lists every such case; `--write` puts the tables into the security model's page.
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping

from cognito_jwt_core import InvalidTokenError
from cognito_jwt_core.testing import LocalUserPool, ManualClock
from cognito_test_kit.corpus import Case, corpus, verifier_for
from libraries import LIBRARIES, NODE_LIBRARY, Check, UnavailableError, ask_node, versions
from report import DOCS, put

PAGE = DOCS / "explanation" / "security-model.md"
OURS = "cognito-jwt-core"
ASKED = ("cognitojwt, of Flask-Cognito 1.21", "PyJWT", "joserfc", "Powertools' auth_alpha")

# Kinds of input, by the names of the cases: the first pattern that matches.
KINDS = {
    "Duplicate members": r"twice",
    "Too long, nested too deep, or huge numbers": r"huge|too long|MiB|nest|10000.digits",
    "`crit`": r"\bcrit\b",
    "Another issuer": r"(^|: )iss\b",
    "Another token use": r"(^|: )token.use|id-token|ID token",
    "Another app client": r"(^|: )client.id|^client-credentials",
    "For another API": r"(^|: )aud\b",
    "No subject": r"(^|: )sub\b|^no-claims",
    "Expired, not yet valid, or no expiry": r"^expired|^not-yet|exp.(is )?absent|exp is (-?[\d.]+$|an h|a f)|f is in",
    "Invalid times": r"(^|: )(exp|nbf|iat)\b",
    "Another algorithm, or `none`": r"(^|: )alg\b|^h(s\d|mac)|^pss",
    "Another key, or a key in the token": r"kid|jwk|jku|x5|^signed-with",
    "A forged, cut or missing signature": r"signature-(bit|of|p)|changed|truncated|^cut|no.signature|its signature",
    "Another spelling of the same token": r"^spelling|padded|alphabet|trailing|-inside|quoted|foreign",
    "Not a JSON object, or not UTF-8": r"^(header|payload)-|^header:|not claims:",
    "Another number of parts, or not a token": r"",
}


def kind_of(case: Case) -> str:
    return next(kind for kind, pattern in KINDS.items() if re.search(pattern, case.name))


def verdict(check: Check, token: object, documented: tuple[type[Exception], ...]) -> str:
    try:
        check(token)
    except documented:
        return "refuses"
    except Exception as error:  # noqa: BLE001  which errors there are is the question
        return f"fails: {type(error).__name__}"
    return "accepts"


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def count(cases: list[Case], said: list[str]) -> list[int]:
    """Return how many hostile tokens are accepted or crash the library, and how many valid ones are refused or do."""
    found = Counter((case.expected is None, answer.partition(":")[0]) for case, answer in zip(cases, said, strict=True))
    return [found[False, "accepts"], found[False, "fails"], found[True, "refuses"], found[True, "fails"]]


def totals(cases: list[Case], verdicts: Mapping[str, list[str]], version: Mapping[str, str]) -> Iterator[str]:
    """One row a library."""
    valid = sum(case.expected is None for case in cases)
    hostile = len(cases) - valid
    head = [f"hostile accepted (of {hostile})", "hostile crashes", f"valid rejected (of {valid})", "valid crashes"]
    rows = [[f"{name} {version[name]}", *map(str, count(cases, said))] for name, said in verdicts.items()]
    yield from table(["Library", *head], rows)


def by_kind(cases: list[Case], verdicts: Mapping[str, list[str]]) -> Iterator[str]:
    """One row a kind of attack: how many each library accepts, and how many crash it."""
    tried = Counter(kind_of(case) for case in cases if case.expected)
    rows = []
    for kind in sorted(tried, key=list(KINDS).index):
        row = [kind, str(tried[kind])]
        for said in verdicts.values():
            of_kind = [v for case, v in zip(cases, said, strict=True) if case.expected and kind_of(case) == kind]
            accepted, failed = of_kind.count("accepts"), sum(verdict.startswith("fails") for verdict in of_kind)
            row.append(" ".join(filter(None, [str(accepted or ""), f"({failed} crashed)" * bool(failed)])) or "0")
        rows.append(row)
    yield from table(["Input", "cases", *verdicts], rows)


def own_counts(pool: LocalUserPool, cases: list[Case]) -> Iterator[str]:
    """Count this library's verdicts on every input, also on those that are not text."""
    verify = verifier_for(pool).verify
    accepted, crashed, refused, failed = count(
        cases, [verdict(verify, case.token, (InvalidTokenError,)) for case in cases]
    )
    head = ["Inputs", "Hostile accepted", "Valid refused", "Undocumented exceptions"]
    yield from table(head, [[str(n) for n in (len(cases), accepted, refused, crashed + failed)]])


def each(cases: list[Case], verdicts: Mapping[str, list[str]]) -> Iterator[str]:
    """List every case in which a library gives the wrong verdict."""
    for index, case in enumerate(cases):
        should = "refuses" if case.expected else "accepts"
        wrong = [f"{name} {said[index]}" for name, said in verdicts.items() if said[index] != should]
        if wrong:
            yield f"{case.name} ({should.rstrip('s')}): {', '.join(wrong)}"


def ask_all(pool: LocalUserPool, tokens: list[str]) -> dict[str, list[str]]:
    said = {OURS: [verdict(verifier_for(pool).verify, token, (InvalidTokenError,)) for token in tokens]}
    for name in ASKED:
        check, documented = LIBRARIES[name].build(pool)
        said[name] = [verdict(check, token, documented) for token in tokens]
    try:
        said[NODE_LIBRARY] = ask_node(pool, tokens)
    except UnavailableError as reason:
        print(f"{NODE_LIBRARY}: {reason}")
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", action="store_true", help="list every case in which a library errs")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # from the other libraries
    pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=ManualClock(int(time.time())))
    every = list(corpus(pool))
    cases = [case for case in every if type(case.token) is str]  # the only type that every library takes
    verdicts = ask_all(pool, [str(case.token) for case in cases])
    counts = list(own_counts(pool, every))
    lines = [*totals(cases, verdicts, versions()), "", *by_kind(cases, verdicts)]
    print(*counts, "", *lines, "", sep="\n")
    if options.each:
        print(*each(cases, verdicts), sep="\n")
    if options.write:
        put(PAGE, "counts", counts)
        put(PAGE, "peers", lines)


if __name__ == "__main__":
    main()
