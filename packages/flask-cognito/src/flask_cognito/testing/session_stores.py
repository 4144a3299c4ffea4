"""Tests for your own session store."""

from __future__ import annotations

import secrets
import threading
import time

from flask_cognito.sign_in.sessions.store import SessionStore

_SHORT_SECONDS = 0.05
_PATIENCE_SECONDS = 10
_THREADS = 8


class SessionStoreTests:
    """Tests of the `SessionStore` protocol, for pytest. Derive a class and implement `make_store`.

    The tests use random keys, so they can share a database with each other. They use no fixtures.

    Example:
        ```python
        class TestMyStore(SessionStoreTests):
            def make_store(self):
                return MyStore("sqlite:///sessions.db")
        ```
    """

    def make_store(self) -> SessionStore:
        """Return a store. All stores that a test makes must share their records and locks."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method make_store")

    def test_it_is_a_session_store(self) -> None:
        """Require that the store has every method of the protocol."""
        assert isinstance(self.make_store(), SessionStore)

    def test_an_unknown_key_has_no_record(self) -> None:
        """Require that `load` returns None for an unknown key."""
        assert self.make_store().load(_key()) is None

    def test_a_record_is_loaded_as_it_was_created(self) -> None:
        """Require that `load` returns a value of 16 KiB, the largest size, as it was created."""
        store, key, value = self.make_store(), _key(), "v" * 16384

        store.create(key, value, 60, _key())

        record = store.load(key)
        assert record is not None
        assert record.value == value

    def test_replace_changes_value_and_version(self) -> None:
        """Require that `replace` accepts a loaded version once, and changes it."""
        store, key = self.make_store(), _key()
        store.create(key, "one", 60, _key())
        first = store.load(key)
        assert first is not None

        assert store.replace(key, "two", first.version, 60) is True
        assert store.replace(key, "three", first.version, 60) is False

        second = store.load(key)
        assert second is not None
        assert second.value == "two"
        assert second.version != first.version

    def test_replace_does_not_revive_a_deleted_record(self) -> None:
        """Require that `replace` returns False for a deleted record, and does not create it."""
        store, key = self.make_store(), _key()
        store.create(key, "one", 60, _key())
        record = store.load(key)
        assert record is not None
        store.delete(key)

        assert store.replace(key, "two", record.version, 60) is False
        assert store.load(key) is None

    def test_touch_does_not_revive_a_deleted_record(self) -> None:
        """Require that `touch` does not create a record that does not exist."""
        store, key = self.make_store(), _key()

        store.touch(key, 60)

        assert store.load(key) is None

    def test_delete_of_an_unknown_key_is_no_error(self) -> None:
        """Require that `delete` succeeds for an unknown key, as in a second logout."""
        self.make_store().delete(_key())

    def test_a_record_ends_with_its_time(self) -> None:
        """Require that a record is gone soon after the `ttl_seconds` of `create`."""
        store, key = self.make_store(), _key()

        store.create(key, "one", _SHORT_SECONDS, _key())

        _wait_until_gone(store, key)

    def test_touch_prolongs_a_record(self) -> None:
        """Require that `touch` sets a new time to live, counted from that moment."""
        store, key, other, user = self.make_store(), _key(), _key(), _key()
        store.create(key, "one", 1, user)
        store.create(other, "two", 1, user)

        store.touch(key, 60)

        _wait_until_gone(store, other)
        assert store.load(key) is not None

    def test_replace_prolongs_a_record(self) -> None:
        """Require that `replace` sets a new time to live, counted from that moment."""
        store, key, other, user = self.make_store(), _key(), _key(), _key()
        store.create(key, "one", 1, user)
        store.create(other, "two", 1, user)
        record = store.load(key)
        assert record is not None

        assert store.replace(key, "two", record.version, 60) is True

        _wait_until_gone(store, other)
        assert store.load(key) is not None

    def test_delete_user_deletes_every_record_of_that_user(self) -> None:
        """Require that `delete_user` deletes all records of one user, also replaced and touched ones, and no others."""
        store, user = self.make_store(), _key()
        mine, other = [_key(), _key(), _key()], _key()
        for key in mine:
            store.create(key, "mine", 60, user)
        store.create(other, "other", 60, _key())
        record = store.load(mine[0])
        assert record is not None
        store.replace(mine[0], "new", record.version, 90)
        store.touch(mine[1], 90)

        store.delete_user(user)

        assert [store.load(key) for key in mine] == [None, None, None]
        assert store.load(other) is not None

    def test_a_record_can_be_created_anew_for_another_user(self) -> None:
        """Require that `create` with an existing key replaces its value, version and user."""
        store, key, first, second = self.make_store(), _key(), _key(), _key()
        store.create(key, "one", 60, first)
        before = store.load(key)
        assert before is not None

        store.create(key, "two", 60, second)

        store.delete_user(first)
        after = store.load(key)
        assert after is not None
        assert after.value == "two"
        assert after.version != before.version
        store.delete_user(second)
        assert store.load(key) is None

    def test_delete_user_of_an_unknown_user_is_no_error(self) -> None:
        """Require that `delete_user` succeeds for an unknown user."""
        self.make_store().delete_user(_key())

    def test_a_lock_is_taken_once(self) -> None:
        """Require that no store object can take a lock that is taken, until it is released."""
        store, other, key = self.make_store(), self.make_store(), _key()

        with store.lock(key, 60) as is_mine:
            assert is_mine is True
            with other.lock(key, 60) as is_theirs:
                assert is_theirs is False
            with store.lock(key, 60) as is_mine_again:
                assert is_mine_again is False
            with other.lock(_key(), 60) as is_free:
                assert is_free is True

        with other.lock(key, 60) as is_theirs:
            assert is_theirs is True

    def test_a_lock_is_released_after_an_error(self) -> None:
        """Require that an exception in the `with` block releases the lock."""
        store, key = self.make_store(), _key()
        try:
            with store.lock(key, 60):
                raise LookupError
        except LookupError:
            pass

        with store.lock(key, 60) as is_mine:
            assert is_mine is True

    def test_a_lock_of_a_dead_holder_ends(self) -> None:
        """Require that a lock ends after `ttl_seconds`, and that a late release does not end another holder's lock."""
        store, key = self.make_store(), _key()
        late = store.lock(key, _SHORT_SECONDS)
        assert late.__enter__() is True
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            second = store.lock(key, 60)
            if second.__enter__():
                break
            second.__exit__(None, None, None)
            assert time.monotonic() < end, "the lock did not end"

        late.__exit__(None, None, None)

        with store.lock(key, 60) as is_third:
            assert is_third is False
        second.__exit__(None, None, None)

    def test_a_lock_has_one_holder_among_threads(self) -> None:
        """Require that exactly one of eight threads takes a lock if all try at the same time."""
        key, taken = _key(), []
        start, end = threading.Barrier(_THREADS), threading.Barrier(_THREADS)

        def take() -> None:
            store = self.make_store()
            start.wait(_PATIENCE_SECONDS)
            with store.lock(key, 60) as is_mine:
                taken.append(is_mine)
                end.wait(_PATIENCE_SECONDS)

        threads = [threading.Thread(target=take, daemon=True) for _ in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)

        assert sorted(taken) == [False] * (_THREADS - 1) + [True]

    def test_one_of_many_replaces_wins(self) -> None:
        """Require that exactly one of eight threads replaces a version if all try at the same time."""
        key, won = _key(), []
        self.make_store().create(key, "one", 60, _key())
        record = self.make_store().load(key)
        assert record is not None
        start = threading.Barrier(_THREADS)

        def replace(number: int) -> None:
            store = self.make_store()
            start.wait(_PATIENCE_SECONDS)
            won.append(store.replace(key, str(number), record.version, 60))

        threads = [threading.Thread(target=replace, args=(number,), daemon=True) for number in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_PATIENCE_SECONDS)

        assert sorted(won) == [False] * (_THREADS - 1) + [True]


def _key() -> str:
    return secrets.token_hex(32)


def _wait_until_gone(store: SessionStore, key: str) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while store.load(key) is not None:
        assert time.monotonic() < end, "the record did not end"
        time.sleep(0.01)
