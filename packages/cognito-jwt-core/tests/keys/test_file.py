import os
from pathlib import Path

import pytest
from cognito_jwt_core import JWKSFetchError
from cognito_jwt_core.integration import LocalKeySource
from cognito_jwt_core.keys.file import JWKSFile, JWKSMapping
from cognito_test_kit.messages import Messages


def test_files_and_mappings_are_local_sources(tmp_path: Path) -> None:
    for source in (JWKSFile(tmp_path / "jwks.json", max_bytes=10), JWKSMapping({})):
        assert isinstance(source, LocalKeySource)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jwks.json"
    path.write_text("1234")
    return path


def test_a_file_that_is_too_large_is_refused(messages: Messages, file: Path) -> None:
    with messages.raises(JWKSFetchError):
        JWKSFile(file, max_bytes=3).fetch(1)


def aged(file: Path, seconds: float) -> None:
    """Date the file back."""
    now = file.stat().st_mtime
    os.utime(file, (now - seconds, now - seconds))


def test_a_file_has_one_revision_until_it_changes(file: Path) -> None:
    aged(file, 10)
    source = JWKSFile(file, max_bytes=10)

    assert source.revision() == source.revision()


def test_a_file_that_changed_less_than_two_seconds_ago_counts_as_changed_each_time(file: Path) -> None:
    """Two changes within one tick of the clock of a file system cannot be told apart."""
    source = JWKSFile(file, max_bytes=10)
    young = source.revision()

    assert source.revision() != young
    aged(file, 3)
    assert source.revision() != young


def test_a_file_with_an_old_date_is_told_by_its_size_and_inode(file: Path) -> None:
    source = JWKSFile(file, max_bytes=10)
    os.utime(file, (1000, 1000))
    first = source.revision()

    replacement = file.with_name("new.json")
    replacement.write_text("4321")
    os.utime(replacement, (1000, 1000))
    replacement.replace(file)

    assert source.revision() != first
