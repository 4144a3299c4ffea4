"""The runner itself: a page that says something untrue is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cognito_test_kit.docs.page import Page
from sybil.example import SybilFailure


def run(tmp_path: Path, text: str) -> Page:
    path = tmp_path / "page.md"
    path.write_text(text, encoding="utf-8")
    page = Page(path, tmp_path)
    page.run()
    return page


def test_python_blocks_share_a_namespace_and_show_their_output(tmp_path: Path) -> None:
    run(tmp_path, "```python\nx = 1\n```\n\n```python\nprint(x + 1)\n```\n\n```text\n2\n```\n")


def test_an_error_in_a_python_block_is_raised_with_the_line_of_the_page(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run(tmp_path, "# Title\n\n```python\n1 / 0\n```\n")

    assert caught.traceback[-1].lineno + 1 == 4


def test_an_output_that_differs_is_noticed(tmp_path: Path) -> None:
    with pytest.raises(SybilFailure, match="- 3"):
        run(tmp_path, "```python\nprint(2)\n```\n\n```text\n3\n```\n")


def test_json_is_compared_by_value_and_dots_stand_for_anything(tmp_path: Path) -> None:
    run(tmp_path, '```python\nprint(\'{"a": [1], "b": 2}\')\n```\n\n```json\n{\n  "a": [1],\n  "b": "..."\n}\n```\n')


def test_console_commands_run_in_one_shell_and_print_what_is_below_them(tmp_path: Path) -> None:
    run(tmp_path, "```console\n$ NAME=alice\n$ echo hello \\\n    $NAME\nhello alice\n```\n")


@pytest.mark.parametrize("block", ["console\n$ echo a\nb\n", "console\n$ false\n", "sh\nfalse\n"])
def test_a_command_that_does_not_do_what_is_shown_is_noticed(tmp_path: Path, block: str) -> None:
    with pytest.raises(SybilFailure):
        run(tmp_path, f"```{block}```\n")


def test_a_titled_block_is_a_file_for_the_blocks_after_it(tmp_path: Path) -> None:
    run(tmp_path, '```toml title="conf/a.toml"\nkey = 1\n```\n\n```console\n$ cat conf/a.toml\nkey = 1\n```\n')


def test_a_block_of_an_unknown_language_needs_a_title_or_a_reason(tmp_path: Path) -> None:
    with pytest.raises(SybilFailure, match="nothing runs a block of 'toml'"):
        run(tmp_path, "```toml\nkey = 1\n```\n")

    run(tmp_path, '<!-- skip: next "needs an AWS account" -->\n\n```toml\nkey = 1\n```\n')


def test_a_skip_without_a_reason_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="gives its reason"):
        run(tmp_path, "<!-- skip: next -->\n\n```toml\nkey = 1\n```\n")


def test_what_pip_would_install_must_exist(tmp_path: Path) -> None:
    run(tmp_path, "```sh\npip install 'cognito-jwt-core[testing]'\n```\n")

    for wrong in ("cognito-jwt-core[nothing]", "cognito-jwt-bark", "flask-cognito>=99"):
        with pytest.raises(SybilFailure):
            run(tmp_path, f"```sh\npip install '{wrong}'\n```\n")


def test_what_hatch_would_run_must_exist(tmp_path: Path) -> None:
    run(tmp_path, "```sh\nhatch run lint\nhatch run docs:serve\n```\n")

    with pytest.raises(SybilFailure):
        run(tmp_path, "```sh\nhatch run nothing\n```\n")
