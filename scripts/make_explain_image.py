"""Draw `docs/assets/explain.svg`, the terminal of the READMEs: what `cognito-jwt explain` prints for an ID token."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from cognito_jwt_core.testing import LocalUserPool

ASSETS = Path(__file__).resolve().parent.parent / "docs" / "assets"
# What a reader types. A test runs it again, and compares the output with the picture.
COMMAND = (
    "cognito-jwt explain - --user-pool-id eu-central-1_c3fea2 --client-id abcdef123456 \\\n"
    "    --token-use access --jwks jwks.json < id-token.txt"
)
FILL = {"31": "#ff8a80", "32": "#7ee787", "33": "#f2cc60", "2": "#8b949e"}
PLAIN, PROMPT = "#e6edf3", "#8b949e"
COLUMN, LINE, MARGIN, BAR = 7.8, 19, 18, 34  # in the picture's units: px at its own size


def prepare(folder: Path) -> None:
    """Write the two files that the command reads: the keys of a local pool, and an ID token of it."""
    pool = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")
    (folder / "jwks.json").write_text(json.dumps(pool.jwk_set))
    (folder / "id-token.txt").write_text(pool.id_token("alice"))


def printed(folder: Path) -> str:
    """Run the command in a terminal, and return what it printed, with the codes of its colours."""
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm"}
    environ.pop("NO_COLOR", None)
    ours, its = pty.openpty()
    with os.fdopen(its, "w") as output:
        command = ["bash", "-c", COMMAND]
        done = subprocess.run(command, cwd=folder, env=environ, stdout=output, check=False)
    text = os.read(ours, 65536).decode().replace("\r\n", "\n")
    os.close(ours)
    if done.returncode != 1:  # an ID token is refused
        raise SystemExit(f"make_explain_image: the command ended with {done.returncode}: {text}")
    return text


def spans(line: str) -> str:
    """Return a line of a terminal as text of an SVG: one span for each colour."""
    parts = re.split(r"\x1b\[(\d*)m", line)
    colours = ["", *parts[1::2]]
    return "".join(
        f'<tspan fill="{FILL[colour]}">{escape(text)}</tspan>' if colour in FILL else escape(text)
        for colour, text in zip(colours, parts[::2], strict=True)
        if text
    )


def picture(output: str) -> str:
    """Return the SVG of the command and its output."""
    first, *more = COMMAND.split("\n")
    prompt = f'<tspan fill="{PROMPT}">$</tspan> '
    drawn = [prompt + escape(first), *map(escape, more), *map(spans, output.rstrip("\n").split("\n"))]
    longest = max(map(len, [f"$ {first}", *re.sub(r"\x1b\[\d*m", "", output).split("\n")]))
    width, height = round(longest * COLUMN) + 2 * MARGIN, BAR + len(drawn) * LINE + MARGIN
    rows = "\n".join(
        f'<text x="{MARGIN}" y="{BAR + (number + 1) * LINE - 5}">{line}</text>' for number, line in enumerate(drawn)
    )
    dots = "".join(
        f'<circle cx="{MARGIN + 4 + 18 * number}" cy="18" r="5.5" fill="{colour}"/>'
        for number, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        "<title>cognito-jwt explain</title>\n"
        "<style>text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; "
        f"fill: {PLAIN}; white-space: pre }}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>\n{dots}\n{rows}\n</svg>\n'
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        output = printed(Path(folder))
    (ASSETS / "explain.svg").write_text(picture(output), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
