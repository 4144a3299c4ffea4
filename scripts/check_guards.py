"""Take out the guard of each threat, one by one, and see whether the threat's test fails.

    hatch run guards [TEST...]      TEST: names of tests; all rows without one

The table of threats in docs/explanation/life-of-a-session.md names a test in each row. `GUARDS` says which lines stop
the threat. Each test runs on a copy of the sources without them, in a temporary directory, and must fail.

Exit code 1 if a test still passes, if a row has no guard, or if a line to take out is no longer there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/explanation/life-of-a-session.md"
SOURCES = ("packages/cognito-jwt-core/src", "packages/flask-cognito/src")
SIGN_IN = "packages/flask-cognito/src/flask_cognito/sign_in"
OAUTH = "packages/cognito-jwt-core/src/cognito_jwt_core/oauth"
ROW = re.compile(r"^\| .* \| `(test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)
AT_ONCE = 2
PATIENCE_SECONDS = 180
RED = re.compile(r"\b\d+ failed\b")


@dataclass(frozen=True)
class Guard:
    """The lines that stop a threat.

    Attributes:
        test: Name of the test of the row.
        file: File with the lines.
        changes: Each text to take out, and what stands there without the guard.
    """

    test: str
    file: str
    changes: tuple[tuple[str, str], ...]

    def take_out(self, folder: Path) -> None:
        """Take the guard out of a copy of the sources.

        Raises:
            ValueError: If a text is not there exactly once.
        """
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        for old, new in self.changes:
            if text.count(old) != 1:
                raise ValueError(f"{self.file}: expected this text once, found it {text.count(old)} times: {old!r}")
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def guard(test: str, file: str, *changes: tuple[str, str]) -> Guard:
    return Guard(test, file, changes)


GUARDS = (
    guard(
        "test_another_user_is_refused_and_the_old_session_stays",
        f"{SIGN_IN}/login/step_up.py",
        ('if claims.get("sub") != self.sub:', "if False:"),
    ),
    guard(
        "test_sign_in_of_before_is_refused",
        f"{SIGN_IN}/login/step_up.py",
        (" or signed_in_at.timestamp() < begun_at - _MAX_SKEW_SECONDS", ""),
    ),
    guard(
        "test_anything_else_leads_to_the_start_page",
        f"{SIGN_IN}/login/next_url.py",
        ("    if not all(_is_local(text, routes) for text in texts):\n        return START\n", ""),
    ),
    guard(
        "test_a_code_without_its_verifier",
        f"{OAUTH}/authorization_request.py",
        ("    code_verifier = secrets.token_urlsafe(48)\n", '    code_verifier = "x" * 50\n'),
    ),
    guard(
        "test_one_value_of_another_login",
        f"{OAUTH}/client.py",
        ("            check_nonce(id_claims, nonce)\n", ""),
    ),
    guard(
        "test_a_callback_in_another_browser_signs_no_one_in",
        f"{SIGN_IN}/login/login_cookie.py",
        ("        size = self._size(kept)\n", "        size = self._size(kept)\n        _EVERY[login.state] = login\n"),
        ("_MAX_READ = 16\n", "_MAX_READ = 16\n_EVERY: dict[str, Login] = {}\n"),
        (
            "        return found\n\n    def _seal(",
            "        return _EVERY\n\n    def _seal(",
        ),
    ),
    guard(
        "test_without_its_login_nothing_of_a_callback_is_believed",
        f"{SIGN_IN}/views/callback.py",
        (
            "    return values[0]\n",
            "    if 'error' in query:\n        raise SignInError(query, code='access_denied')\n    return values[0]\n",
        ),
    ),
    guard(
        "test_a_login_is_consumed_whatever_the_outcome",
        f"{SIGN_IN}/views/callback.py",
        ("        carry(request.environ, [pool.rules.deleted(name)])\n", ""),
    ),
    guard(
        "test_a_callback_that_is_replayed_after_a_logout_revives_nothing",
        f"{SIGN_IN}/views/callback_flights.py",
        ("if completed.session is not None and self._keeper.has_ended(completed.session):", "if False:"),
    ),
    guard(
        "test_a_user_comes_back_to_the_page_that_was_asked_for",
        f"{SIGN_IN}/views/pages.py",
        ('    answer.headers["Referrer-Policy"] = "no-referrer"\n', ""),
    ),
    guard(
        "test_a_callback_with_the_code_of_another_server",
        f"{OAUTH}/callback.py",
        ('if "iss" in found and _only(found, "iss", "code_rejected") not in issuers:', "if False:"),
    ),
    guard(
        "test_a_callback_opens_only_its_own_pools_logins",
        f"{SIGN_IN}/login/login_cookie.py",
        ("self._readable(cookies, now, self._bindings[:1])", "self._readable(cookies, now)"),
    ),
    guard(
        "test_the_callback_url_comes_from_no_untrusted_host",
        f"{SIGN_IN}/state.py",
        ("if self.settings.redirect_uri is None and not _has_trusted_host(request):", "if False:"),
    ),
    guard(
        "test_tokens_of_another_user_end_the_session",
        f"{OAUTH}/client.py",
        (
            "        if id_claims is not None:\n"
            "            check_id_token(id_claims, claims, answer.access_token, self._client_id)\n"
            "        for found in (claims, id_claims):\n"
            "            if previous is not None and found is not None:\n"
            "                check_refreshed(found, previous)\n",
            "",
        ),
    ),
    guard(
        "test_fifty_requests_with_an_expired_token_refresh_once",
        f"{SIGN_IN}/sessions/refresh.py",
        ("            flight = process.flights.get(digest)\n", "            flight = None\n"),
    ),
    guard(
        "test_another_process_goes_on_after_the_lock_of_one_that_was_killed",
        f"{SIGN_IN}/sessions/store.py",
        ("nx=True, px=_milliseconds(ttl_seconds)", "nx=True"),
    ),
    guard(
        "test_an_error_of_cognito_has_a_page_without_its_words",
        f"{SIGN_IN}/views/pages.py",
        ("base-uri 'none'; frame-ancestors 'none'\"", "base-uri 'none'\""),
    ),
    guard(
        "test_no_token_is_readable_in_a_cookie",
        f"{SIGN_IN}/cookies/sealing.py",
        (
            "        return str(sealed.serialize(compact=True))\n",
            "        return _PREFIX + quote(json.dumps(value), safe='')\n",
        ),
        (
            "        for index, secret in enumerate(self._secrets):\n",
            "        return Opened(json.loads(unquote(text[len(_PREFIX) :])), is_newest=True)\n"
            "        for index, secret in enumerate(self._secrets):\n",
        ),
        ("from typing import Any", "from urllib.parse import quote, unquote\nfrom typing import Any"),
    ),
    guard(
        "test_every_cookie_is_out_of_reach_of_scripts_and_other_sites",
        f"{SIGN_IN}/cookies/rules.py",
        ("            httponly=True,\n", ""),
    ),
    guard(
        "test_another_site_changes_nothing_with_a_session",
        "packages/flask-cognito/src/flask_cognito/authentication/authenticate.py",
        (
            "if credential.is_from_browser and settings.csrf_protection"
            " and is_forged(request, settings.trusted_origins):",
            "if False:",
        ),
    ),
    guard(
        "test_another_site_causes_no_refresh",
        "packages/flask-cognito/src/flask_cognito/authentication/authenticate.py",
        (
            "    if credential.is_from_browser and settings.csrf_protection",
            "    if credential.session is not None:\n        credential.session.use()\n"
            "    if credential.is_from_browser and settings.csrf_protection",
        ),
    ),
    guard(
        "test_a_changed_text_opens_nothing",
        f"{SIGN_IN}/cookies/sealing.py",
        (
            "                sealed.deserialize(text, self._key(secret))\n",
            "                parts = [base64url_decode(part) for part in text.split('.')]\n"
            "                key = base64url_decode(self._key(secret).export(as_dict=True)['k'])[32:]\n"
            "                opener = Cipher(algorithms.AES(key), modes.CBC(parts[2])).decryptor()\n"
            "                plain = opener.update(parts[3]) + opener.finalize()\n"
            "                return Opened(json.loads(plain[: -plain[-1]]), is_newest=True)\n",
        ),
        (
            "from jwcrypto.common import JWException\n",
            "from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes\n"
            "from jwcrypto.common import JWException, base64url_decode\n",
        ),
    ),
    guard(
        "test_a_session_of_another_app_with_the_same_secret_is_none",
        f"{SIGN_IN}/sessions/cookie_keeper.py",
        ("Seal(secrets, _PURPOSE, rules.name, *binding)", "Seal(secrets, _PURPOSE)"),
    ),
    guard(
        "test_a_new_sign_in_ends_the_session_before",
        f"{SIGN_IN}/views/welcome.py",
        ("    _end_previous(request, pool, session)\n", ""),
    ),
    guard(
        "test_flasks_session_of_another_user_is_cleared",
        f"{SIGN_IN}/views/flask_session.py",
        ("    if flask_session.get(_USER, mark) not in names:\n        flask_session.clear()\n", ""),
    ),
    guard(
        "test_a_session_ends_after_its_lifetime",
        f"{SIGN_IN}/sessions/session.py",
        ("return now >= self.ends_at or self.signed_in_at", "return self.signed_in_at"),
    ),
    guard(
        "test_a_session_that_is_not_used_ends",
        f"{SIGN_IN}/sessions/store_keeper.py",
        ("return left if self._idle_timeout is None else min(left, self._idle_timeout)", "return left"),
    ),
    guard(
        "test_a_button_signs_out_here_and_at_cognito",
        f"{SIGN_IN}/views/logout.py",
        (
            "        _revoke(own, found.held.session)\n",
            "",
        ),
    ),
    guard(
        "test_copied_cookies_serve_no_longer",
        f"{SIGN_IN}/views/logout.py",
        ("    failure = pool.revocations.revoke_session(session)  #", "    failure = None  #"),
    ),
    guard(
        "test_a_revoked_session_is_never_refreshed",
        f"{SIGN_IN}/sessions/refresh.py",
        ("        self._require_not_revoked(session)\n", ""),
    ),
    guard(
        "test_a_session_that_ends_during_its_refresh_stays_ended",
        f"{SIGN_IN}/sessions/store_keeper.py",
        (
            "            is_kept = self._store.replace(held.key, value, held.version, self._ttl(session))\n",
            "            self._store.create(held.key, value, self._ttl(session), self._user_of(session))\n"
            "            is_kept = True\n",
        ),
    ),
    guard(
        "test_a_session_that_is_logged_out_meanwhile_stays_ended",
        f"{SIGN_IN}/sessions/store_keeper.py",
        ('is_ended = self._store.load(_key("ended", but.key)) is not None', "is_ended = False"),
    ),
    guard(
        "test_another_site_signs_no_one_out",
        f"{SIGN_IN}/views/logout.py",
        ("    if is_forged(request, settings.trusted_origins):\n", "    if False:\n"),
    ),
    guard(
        "test_an_answer_that_carries_new_tokens_is_kept_by_no_cache",
        f"{SIGN_IN}/cookies/carrier.py",
        ('                kept.append(("Cache-Control", "private, no-store"))\n', ""),
    ),
    guard(
        "test_a_copy_of_the_store_opens_no_session",
        f"{SIGN_IN}/sessions/store_keeper.py",
        ("return Seal(self._secrets, *context, secret=secret)", "return Seal(self._secrets, *context)"),
    ),
    guard(
        "test_another_header_derives_no_key",
        f"{SIGN_IN}/cookies/sealing.py",
        ("if not text.startswith(_PREFIX) or len(text) > _MAX_TEXT or", "if len(text) > _MAX_TEXT or"),
    ),
    guard(
        "test_many_tabs_at_once_lock_no_user_out",
        f"{SIGN_IN}/login/login_cookie.py",
        (
            "    def _numbered(self, number: int) -> str:\n",
            "    def _numbered(self, number: int) -> str:\n        number = randbelow(10**6)\n",
        ),
    ),
    guard(
        "test_failures_are_logged_at_most_once_a_second",
        f"{SIGN_IN}/state.py",
        ('if now < self.logged.get(error.code, float("-inf")) + _LOG_SECONDS:', "if False:"),
    ),
)


def check(guard: Guard, test_file: Path) -> str | None:
    """Return what is wrong with a row, or None if its test fails without the guard."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in SOURCES:
            shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
        try:
            guard.take_out(folder)
        except (OSError, ValueError) as error:
            return str(error)
        run = run_test(test_file, guard.test, folder)
    if run.returncode == 1 and RED.search(run.stdout):
        return None
    return f"{guard.test}: expected it to fail, found\n{run.stdout[-2000:]}{run.stderr[-2000:]}"


def run_test(test_file: Path, test: str, sources: Path) -> subprocess.CompletedProcess[str]:
    """Run a test with the sources below a folder, the first failure of which ends it."""
    paths = os.pathsep.join(str(sources / source) for source in SOURCES)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--tb=line", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += ["-m", "not browser", str(test_file), "-k", test]
    environment = {**os.environ, "PYTHONPATH": paths}
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, -1, "", f"no end after {PATIENCE_SECONDS} s")


def file_of(name: str, test: str) -> Path:
    """Return the one file of this name that has the test."""
    found = [
        path for path in ROOT.glob(f"packages/*/tests/**/{name}") if f"def {test}(" in path.read_text(encoding="utf-8")
    ]
    if len(found) != 1:
        raise SystemExit(f"{name}::{test}: expected one such test, found {len(found)}")
    return found[0]


def main(*names: str) -> int:
    rows = {test: file_of(file, test) for file, test in ROW.findall(PAGE.read_text(encoding="utf-8"))}
    guards = {guard.test: guard for guard in GUARDS}
    problems = [f"{test}: expected its guard here, found none" for test in sorted(rows.keys() - guards.keys())]
    problems += [f"{test}: expected a row that names it, found none" for test in sorted(guards.keys() - rows.keys())]
    chosen = [guard for guard in GUARDS if guard.test in rows and (not names or guard.test in names)]
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for guard, problem in zip(chosen, threads.map(lambda g: check(g, rows[g.test]), chosen), strict=True):
            print(f"{'RED ' if problem is None else 'GREEN'} without its guard: {guard.test}", flush=True)
            problems += [] if problem is None else [problem]
    print(*problems, f"{len(chosen)} guards taken out, {len(problems)} problems", sep="\n")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
