"""The routes of a signed-in user. Each one says above its name who may call it."""

from datetime import datetime, timedelta, timezone
from typing import Any

from apiflask import APIBlueprint
from flask_cognito import (
    cognito_auth_required,
    cognito_claim_permissions,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
)
from sqlalchemy import Select, delete, select

from .identity import revoke_user
from .models import Todo, db
from .openapi import NO_CONTENT
from .schemas import ClosedTodo, Me, NewTodo, PageQuery, TodoChange, TodoExport, TodoPage, TodoQuery, TodoView

todos = APIBlueprint("todos", __name__, url_prefix="/api")

# The largest id that PostgreSQL's integer holds: a larger one in a URL is a 404 and never reaches the database.
ONE_TODO = "/todos/<int(max=2147483647):todo_id>"
UNDO_PERIOD = timedelta(hours=1)


@todos.get("/me")
@cognito_auth_required
@todos.output(Me)
def show_me() -> dict[str, object]:
    """Say who the API takes you for."""
    claims = current_cognito_jwt
    return {
        "user": {"id": current_user.id, "username": current_user.username},
        "sub": claims.sub,
        "groups": claims.groups,
        "scopes": claims.scopes,
        "expires_at": claims.expires_at,
    }


@todos.post("/me/sign-out-everywhere")
@cognito_auth_required
@todos.doc(responses=NO_CONTENT)
def sign_out_everywhere() -> tuple[str, int]:
    """Revoke every token and session that you have. Cognito's own answer to this ends refresh tokens only."""
    revoke_user(current_cognito_jwt.sub)
    return "", 204


@todos.get("/export")
@cognito_auth_required(token_use="id")
@cognito_claim_permissions("custom:plan", "pro")
@todos.output(TodoExport)
def export_todos() -> dict[str, list[Todo]]:
    """Return all your todos. Requires an ID token, because only that has attributes such as your plan."""
    mine = db.session.scalars(select(Todo).where(Todo.owner_id == current_user.id).order_by(Todo.id)).unique()
    return {"items": list(mine)}


@todos.get("/todos")
@cognito_auth_required
@todos.input(TodoQuery, "query")
@todos.output(TodoPage)
def list_todos(query_data: TodoQuery) -> TodoPage:
    """List your own todos."""
    mine = select(Todo).where(Todo.owner_id == current_user.id)
    if query_data.show != "all":
        mine = mine.where(Todo.done == (query_data.show == "done"))
    return page_of(mine, query_data)


@todos.post("/todos")
@cognito_auth_required
@todos.input(NewTodo)
@todos.output(TodoView, 201)
def add_todo(json_data: NewTodo) -> TodoView:
    """Add a todo of your own."""
    todo = Todo(**json_data.model_dump(), owner_id=current_user.id)
    db.session.add(todo)
    db.session.commit()
    return TodoView.model_validate(todo)


@todos.get(ONE_TODO)
@cognito_auth_required
@todos.output(TodoView)
def show_todo(todo_id: int) -> TodoView:
    """Show one of your own todos."""
    return TodoView.model_validate(own_todo(todo_id))


@todos.patch(ONE_TODO)
@cognito_auth_required
@todos.input(TodoChange)
@todos.output(TodoView)
def change_todo(todo_id: int, json_data: TodoChange) -> TodoView:
    """Change one of your own todos."""
    todo = own_todo(todo_id)
    for name, value in json_data.model_dump(exclude_none=True).items():
        setattr(todo, name, value)
    db.session.commit()
    return TodoView.model_validate(todo)


@todos.delete(ONE_TODO)
@cognito_auth_required
@todos.doc(responses=NO_CONTENT)
def delete_todo(todo_id: int) -> tuple[str, int]:
    """Delete one of your own todos. It can be restored for an hour."""
    now = datetime.now(timezone.utc)
    own_todo(todo_id).deleted_at = now
    db.session.execute(delete(Todo).where(Todo.deleted_at < now - UNDO_PERIOD))
    db.session.commit()
    return "", 204


@todos.post(f"{ONE_TODO}/restore")
@cognito_auth_required
@todos.output(TodoView)
def restore_todo(todo_id: int) -> TodoView:
    """Undo the deletion of one of your own todos."""
    todo = own_todo(todo_id, with_deleted=True)
    todo.deleted_at = None
    db.session.commit()
    return TodoView.model_validate(todo)


@todos.post(f"{ONE_TODO}/close")
@cognito_group_permissions(["admin", "moderator"])
@todos.output(ClosedTodo)
def close_todo(todo_id: int) -> ClosedTodo:
    """Close any user's todo. The answer does not show a todo that its owner has not published."""
    todo = db.get_or_404(Todo, todo_id)
    todo.done = True
    db.session.commit()
    return ClosedTodo.model_validate(todo)


def own_todo(todo_id: int, *, with_deleted: bool = False) -> Todo:
    """Return the caller's todo of that id; another user's is a 404, so that no caller learns which ids exist."""
    mine = select(Todo).where(Todo.id == todo_id, Todo.owner_id == current_user.id)
    todo: Todo = db.one_or_404(mine.execution_options(with_deleted=with_deleted))
    return todo


def page_of(found: Select[Any], query: PageQuery) -> TodoPage:
    """Return one page of the todos that a query finds, newest first; a page past the last one is empty."""
    page = db.paginate(found.order_by(Todo.id.desc()), page=query.page, per_page=query.per_page, error_out=False)
    return TodoPage.model_validate(page)
