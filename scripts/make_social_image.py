"""Draw the picture that a link to the site is shown with, from `docs/assets/social.svg`, with a local Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "docs" / "assets"


def main() -> int:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        print("make_social_image: install chromium first", file=sys.stderr)
        return 1
    options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=1200,630"]
    picture = f"--screenshot={ASSETS / 'social.png'}"
    return subprocess.run([browser, *options, picture, (ASSETS / "social.svg").as_uri()], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
