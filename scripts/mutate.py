"""Change what decides about a token, one small change at a time, and see whether the tests notice.

    hatch run mutation:run [NAME...]      NAME as of mutmut, like "cognito_jwt_core.jwt.rules*"

Works on a copy in .cache/mutation. Fails when a change survives that `mutate_survivors.txt` does not explain, when the
tests of a change did not run, and when, of all, it explains one that does not survive.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORE = ROOT / "packages/cognito-jwt-core"
WORK = ROOT / ".cache/mutation"
MUTMUT = Path(sys.executable).with_name("mutmut")
NOT_RUN = WORK / "not-run.txt"


def mutmut(*arguments: str) -> str:
    return subprocess.run([MUTMUT, *arguments], cwd=WORK, check=True, capture_output=True, text=True).stdout


def copy() -> None:
    for name in ("src", "tests"):
        shutil.rmtree(WORK / name, ignore_errors=True)
        shutil.copytree(CORE / name, WORK / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pytest.ini", WORK)
    shutil.copy(ROOT / "scripts/mutate.cfg", WORK / "setup.cfg")
    NOT_RUN.write_text("", encoding="utf-8")


def change_of(mutant: str) -> str:
    """Return what a mutant changes: the lines that it removes and those that it adds."""
    lines = mutmut("show", mutant).splitlines()
    changed = [line for line in lines if line[:1] in ("-", "+") and line[:3] not in ("---", "+++")]
    return "\n".join(line[0] + line[1:].strip() for line in changed)


def explained() -> set[str]:
    """The changes that are known to survive: blocks of "-" and "+" lines, each after a reason."""
    blocks = (ROOT / "scripts/mutate_survivors.txt").read_text(encoding="utf-8").split("\n\n")
    changes = {"\n".join(line for line in block.splitlines() if line[:1] in ("-", "+")) for block in blocks}
    return changes - {""}


def main(*names: str) -> int:
    if not names:  # what mutmut found before may no longer be so
        shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True, exist_ok=True)
    copy()
    command = [str(MUTMUT), "run", "--max-children", str(os.cpu_count() or 1), *names]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "MUTATE_NOT_RUN": str(NOT_RUN)}
    run = subprocess.run(command, cwd=WORK, env=environment, check=False)
    if run.returncode:
        return run.returncode
    mutmut("export-cicd-stats")
    stats = json.loads((WORK / "mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    known, unexplained = explained(), 0
    survived = set()
    for line in mutmut("results").splitlines():
        name, _, status = line.strip().partition(": ")
        if status in ("not checked", "caught by type check", ""):
            continue
        change = change_of(name)
        survived.add(change)
        if change not in known:
            unexplained += 1
            print(f"\n{name}: {status}\n{change}")
    not_run = sorted(set(NOT_RUN.read_text(encoding="utf-8").splitlines()))
    for name in not_run:
        print(f"\n{name}: its tests did not run")
    outdated = set() if names else known - survived
    for change in outdated:
        print(f"\nexplained, and does not survive:\n{change}")
    print(
        f"\n{stats['total']} mutants, {stats['killed']} killed, {stats['survived']} survived, {unexplained} unexplained"
    )
    return int(unexplained > 0 or bool(not_run or outdated))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
