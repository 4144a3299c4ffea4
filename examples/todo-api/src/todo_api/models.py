"""What the app remembers: users, their todos, and who changed what."""

import sqlite3
from datetime import datetime, timezone
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, ForeignKey, String, TypeDecorator, event
from sqlalchemy.engine import Engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    relationship,
    with_loader_criteria,
)

TITLE_MAX_LENGTH = 200
PATH_MAX_LENGTH = 256


class Base(DeclarativeBase):
    """Every table of the app."""


db = SQLAlchemy(metadata=Base.metadata)


class UtcDateTime(TypeDecorator[datetime]):
    """A time in UTC that says so also when it comes from SQLite, which keeps no time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time with its zone."""
        return value.replace(tzinfo=timezone.utc) if value and not value.tzinfo else value


class User(Base):
    """A user who has called the API at least once."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    sub: Mapped[str] = mapped_column(String(128), unique=True)
    username: Mapped[str] = mapped_column(String(128))


class Todo(Base):
    """One thing to do, which belongs to one user."""

    __tablename__ = "todo"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(TITLE_MAX_LENGTH))
    done: Mapped[bool] = mapped_column(default=False)
    published: Mapped[bool] = mapped_column(default=False)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)  # kept for a while, for an undo
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id), index=True)
    owner: Mapped[User] = relationship(lazy="joined")


class AuditEntry(Base):
    """Something that happened: a change, or a token that was refused."""

    __tablename__ = "audit_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=lambda: datetime.now(timezone.utc), index=True)
    event: Mapped[str] = mapped_column(String(64))
    username: Mapped[str | None] = mapped_column(String(128))
    method: Mapped[str] = mapped_column(String(16))
    path: Mapped[str] = mapped_column(String(PATH_MAX_LENGTH))


@event.listens_for(Session, "do_orm_execute")
def _leave_out_deleted_todos(state: ORMExecuteState) -> None:
    """Hide deleted todos from every query but one that asks for them with the option `with_deleted`."""
    if state.is_select and not state.execution_options.get("with_deleted"):
        state.statement = state.statement.options(with_loader_criteria(Todo, Todo.deleted_at.is_(None)))


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: object) -> None:
    """Make SQLite hold foreign keys, and let readers go on during a write."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA journal_mode = WAL")
