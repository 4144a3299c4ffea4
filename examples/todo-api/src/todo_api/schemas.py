"""What goes over the wire: request bodies, query strings and answers."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .models import TITLE_MAX_LENGTH

# One line: it starts with something visible and has no control characters (PostgreSQL stores no NUL).
Title = Annotated[
    str,
    StringConstraints(max_length=TITLE_MAX_LENGTH, pattern=r"^[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"),
]


class Request(BaseModel):
    """Something a client sends: a member that is not read is a mistake, so it is refused."""

    model_config = ConfigDict(extra="forbid")


class NewTodo(Request):
    """A todo to add."""

    model_config = ConfigDict(strict=True)

    title: Title
    published: bool = False


class TodoChange(Request):
    """What to change in a todo; what is left out or null stays as it is."""

    model_config = ConfigDict(strict=True)

    title: Title | None = None
    done: bool | None = None
    published: bool | None = None


class PageQuery(Request):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=10_000)
    per_page: int = Field(20, ge=1, le=100)


class TodoQuery(PageQuery):
    """Which page of which todos."""

    show: Literal["all", "open", "done"] = "all"


class Answer(BaseModel):
    """Something the API answers, made from a row of the database."""

    model_config = ConfigDict(from_attributes=True)


class Page(Answer):
    """Where a page is in its list."""

    page: int
    per_page: int
    total: int


class UserView(Answer):
    """The user's row."""

    id: int
    username: str


class TodoView(Answer):
    """One todo."""

    id: int
    title: str
    done: bool
    published: bool
    owner: UserView


class ClosedTodo(Answer):
    """A todo that was closed, without what a moderator may not read."""

    id: int
    done: bool


class TodoPage(Page):
    """One page of todos."""

    items: list[TodoView]


class TodoExport(Answer):
    """All todos of one user."""

    items: list[TodoView]


class BoardTodo(TodoView):
    """A published todo."""

    mine: bool = Field(description="Whether it is yours; never true for a caller who is not signed in.")


class Board(Page):
    """One page of the published todos."""

    items: list[BoardTodo]


class Stats(Answer):
    """How much is going on."""

    users: int
    todos: int
    done: int


class AuditView(Answer):
    """Something that happened."""

    at: datetime
    event: str
    username: str | None
    method: str
    path: str


class AuditPage(Page):
    """One page of what happened."""

    items: list[AuditView]


class Me(Answer):
    """Who the API takes you for: your row, and what your token says."""

    user: UserView
    sub: str
    groups: tuple[str, ...]
    scopes: tuple[str, ...]
    expires_at: datetime | None


class Cleared(Answer):
    """How many rows are gone."""

    deleted: int


class Error(Answer):
    """Why a request was not answered as it was meant."""

    error: str
    description: str
    code: str


class Health(Answer):
    """The app runs and reaches its database."""

    status: Literal["ok"] = "ok"
