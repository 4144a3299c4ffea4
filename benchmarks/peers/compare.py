"""Show the tests' corpus to other libraries: `hatch run peers:compare [--each] [--write]`.

Prints who accepts what should be refused, who refuses what is valid, and who fails with an error that it does not
document. `--each` lists every such case; `--write` puts the tables into the security model's page.
"""

from __future__ import annotations

import argparse
import re
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cognito_jwt_core.testing import LocalUserPool, ManualClock
from corpus import Case, corpus
from verdicts import PEERS, ours, versions

PAGE = Path(__file__).resolve().parents[2] / "docs/explanation/security-model.md"

# What is tried, by the names of the cases: the first pattern that fits.
KINDS = {
    "A member given twice": r"twice",
    "Too long, nested too deep, numbers without end": r"huge|too long|MiB|nest|10000.digits",
    "`crit`": r"\bcrit\b",
    "Another issuer": r"(^|: )iss\b",
    "Another token use": r"(^|: )token.use|id-token|ID token",
    "Another app client": r"(^|: )client.id|^client-credentials",
    "Bound to another API": r"(^|: )aud\b",
    "No subject": r"(^|: )sub\b|^no-claims",
    "Expired, not yet valid, or endless": r"^expired|^not-yet|exp.(is )?absent|exp is (-?[\d.]+$|an h|a f)|f is in",
    "A time that is none": r"(^|: )(exp|nbf|iat)\b",
    "Another algorithm, or none": r"(^|: )alg\b|^h(s\d|mac)|^pss",
    "Another key, or a key that the token brings": r"kid|jwk|jku|x5|^signed-with",
    "A forged, cut or missing signature": r"signature-(bit|of|p)|changed|truncated|^cut|no.signature|its signature",
    "Another spelling of the same token": r"^spelling|padded|alphabet|trailing|-inside|quoted|foreign",
    "No JSON object, or not in UTF-8": r"^(header|payload)-|^header:|no claims:",
    "Another number of parts, or no token at all": r"",
}


def kind_of(case: Case) -> str:
    return next(kind for kind, pattern in KINDS.items() if re.search(pattern, case.name))


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def totals(cases: list[Case], verdicts: Mapping[str, list[str]], version: Mapping[str, str]) -> Iterator[str]:
    """One row a library."""
    rows = []
    for name, said in verdicts.items():
        count = Counter(
            (case.expected is None, verdict.partition(":")[0]) for case, verdict in zip(cases, said, strict=True)
        )
        numbers = [count[False, "accepts"], count[False, "fails"], count[True, "refuses"], count[True, "fails"]]
        rows.append([f"{name} {version[name]}", *map(str, numbers)])
    valid = sum(case.expected is None for case in cases)
    hostile = len(cases) - valid
    head = [f"accepted of {hostile} hostile", "failed over", f"refused of {valid} valid", "failed over valid"]
    yield from table(["Library", *head], rows)


def by_kind(cases: list[Case], verdicts: Mapping[str, list[str]]) -> Iterator[str]:
    """One row a kind of attack: how many each library accepts, and over how many it fails."""
    tried = Counter(kind_of(case) for case in cases if case.expected)
    rows = []
    for kind in sorted(tried, key=list(KINDS).index):
        row = [kind, str(tried[kind])]
        for said in verdicts.values():
            of_kind = [v for case, v in zip(cases, said, strict=True) if case.expected and kind_of(case) == kind]
            accepted, failed = of_kind.count("accepts"), sum(verdict.startswith("fails") for verdict in of_kind)
            row.append(" ".join(filter(None, [str(accepted or ""), f"({failed} failed)" * bool(failed)])) or "0")
        rows.append(row)
    yield from table(["What is tried", "cases", *verdicts], rows)


def own_counts(pool: LocalUserPool, cases: list[Case]) -> Iterator[str]:
    """How this library does on every input, those that are no text included."""
    said = [verdict.partition(":")[0] for verdict in ours(pool, [case.token for case in cases])]
    count = Counter((case.expected is None, verdict) for case, verdict in zip(cases, said, strict=True))
    failed = count[False, "fails"] + count[True, "fails"]
    head = ["Inputs", "Hostile accepted", "Valid refused", "Undocumented exceptions"]
    yield from table(head, [[str(n) for n in (len(cases), count[False, "accepts"], count[True, "refuses"], failed)]])


def put(page: str, name: str, lines: list[str]) -> str:
    """The page with these lines between its marks of that name."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    return "\n".join([page.partition(begin)[0] + begin, "", *lines, "", end + page.partition(end)[2]])


def each(cases: list[Case], verdicts: Mapping[str, list[str]]) -> Iterator[str]:
    """Every case in which a library does not say what it should."""
    for index, case in enumerate(cases):
        should = "refuses" if case.expected else "accepts"
        wrong = [f"{name} {said[index]}" for name, said in verdicts.items() if said[index] != should]
        if wrong:
            yield f"{case.name} ({should.rstrip('s')}): {', '.join(wrong)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", action="store_true", help="list every case in which a library errs")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # the peers' own
    pool = LocalUserPool("eu-central-1_testpool", client_id="abcdef123456", clock=ManualClock(int(time.time())))
    every = list(corpus(pool))
    cases = [case for case in every if type(case.token) is str]  # the only type that all of them take
    answers = {name: ask(pool, [str(case.token) for case in cases]) for name, ask in PEERS.items()}
    verdicts = {name: said for name, said in answers.items() if said is not None}
    counts = list(own_counts(pool, every))
    lines = [*totals(cases, verdicts, versions(verdicts)), "", *by_kind(cases, verdicts)]
    print(*counts, "", *lines, "", sep="\n")
    if options.each:
        print(*each(cases, verdicts), sep="\n")
    if options.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(put(put(page, "counts", counts), "peers", lines), encoding="utf-8")
    missing = PEERS.keys() - verdicts.keys()
    if missing:
        print("not here:", *missing)


if __name__ == "__main__":
    main()
