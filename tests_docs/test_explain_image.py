"""The terminal in the READMEs shows what `cognito-jwt explain` prints today."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from cognito_jwt_core.testing import LocalUserPool
from cognito_test_kit.docs.page import ROOT

PICTURE = ROOT / "docs" / "assets" / "explain.svg"
# What differs from one run to the next: times, and the key with its id.
VARIES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC|(?<=kid         ').*(?=')")


def drawn_lines() -> list[str]:
    drawn = ElementTree.parse(PICTURE)  # noqa: S314 - a picture of ours
    texts = drawn.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(text.itertext()) for text in texts]


def test_picture_of_explain_shows_its_output(tmp_path: Path) -> None:
    first, second, *shown = drawn_lines()
    pool = LocalUserPool("eu-central-1_c3fea2", client_id="abcdef123456")
    (tmp_path / "jwks.json").write_text(json.dumps(pool.jwk_set))
    (tmp_path / "id-token.txt").write_text(pool.id_token("alice"))
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}

    done = subprocess.run(
        ["bash", "-c", first.removeprefix("$ ") + "\n" + second],  # noqa: S607 - the reader's bash
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    remedy = "scripts/make_explain_image.py draws it again"
    printed = [VARIES.sub("...", line) for line in done.stdout.splitlines()]
    assert [VARIES.sub("...", line) for line in shown] == printed, remedy
    assert "refused: invalid_token_use (HTTP 401)" in printed
