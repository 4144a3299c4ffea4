"""The routes of a signed-in user. Each one says above its name who may call it."""

from typing import Any

from flask import Blueprint
from flask_cognito import (
    cognito_auth_required,
    cognito_claim_permissions,
    cognito_group_permissions,
    current_cognito_jwt,
    current_user,
)
from sqlalchemy import Select, select

from .identity import revoke_user
from .json_views import json_view
from .models import Todo, db
from .schemas import ClosedTodo, Me, NewTodo, PageQuery, TodoChange, TodoExport, TodoPage, TodoQuery, TodoView, UserView

todos = Blueprint("todos", __name__, url_prefix="/api")

# The largest id that PostgreSQL's integer holds: a larger one in a URL is a 404 and never reaches the database.
ONE_TODO = "/todos/<int(max=2147483647):todo_id>"


@todos.get("/me")
@cognito_auth_required
@json_view()
def show_me() -> Me:
    """Say who the API takes you for."""
    claims = current_cognito_jwt
    return Me(
        user=UserView.model_validate(current_user, from_attributes=True),
        sub=claims.sub,
        groups=claims.groups,
        scopes=claims.scopes,
        expires_at=claims.expires_at,
    )


@todos.post("/me/sign-out-everywhere")
@cognito_auth_required
@json_view()
def sign_out_everywhere() -> None:
    """Revoke every token and session that you have. Cognito's own answer to this ends refresh tokens only."""
    revoke_user(current_cognito_jwt.sub)


@todos.get("/export")
@cognito_auth_required(token_use="id")
@cognito_claim_permissions("custom:plan", "pro")
@json_view()
def export_todos() -> TodoExport:
    """Return all your todos. Requires an ID token, because only that has attributes such as your plan."""
    mine = db.session.scalars(select(Todo).where(Todo.owner_id == current_user.id).order_by(Todo.id)).unique()
    return TodoExport.model_validate({"items": list(mine)})


@todos.get("/todos")
@cognito_auth_required
@json_view()
def list_todos(query: TodoQuery) -> TodoPage:
    """List your own todos."""
    mine = select(Todo).where(Todo.owner_id == current_user.id)
    if query.show != "all":
        mine = mine.where(Todo.done == (query.show == "done"))
    return page_of(mine, query)


@todos.post("/todos")
@cognito_auth_required
@json_view(status=201)
def add_todo(body: NewTodo) -> TodoView:
    """Add a todo of your own."""
    todo = Todo(**body.model_dump(), owner_id=current_user.id)
    db.session.add(todo)
    db.session.commit()
    return TodoView.model_validate(todo)


@todos.get(ONE_TODO)
@cognito_auth_required
@json_view()
def show_todo(todo_id: int) -> TodoView:
    """Show one of your own todos."""
    return TodoView.model_validate(own_todo(todo_id))


@todos.patch(ONE_TODO)
@cognito_auth_required
@json_view()
def change_todo(todo_id: int, body: TodoChange) -> TodoView:
    """Change one of your own todos."""
    todo = own_todo(todo_id)
    for name, value in body.model_dump(exclude_none=True).items():
        setattr(todo, name, value)
    db.session.commit()
    return TodoView.model_validate(todo)


@todos.delete(ONE_TODO)
@cognito_auth_required
@json_view()
def delete_todo(todo_id: int) -> None:
    """Delete one of your own todos."""
    db.session.delete(own_todo(todo_id))
    db.session.commit()


@todos.post(f"{ONE_TODO}/close")
@cognito_group_permissions(["admin", "moderator"])
@json_view()
def close_todo(todo_id: int) -> ClosedTodo:
    """Close any user's todo. The answer does not show a todo that its owner has not published."""
    todo = db.get_or_404(Todo, todo_id)
    todo.done = True
    db.session.commit()
    return ClosedTodo.model_validate(todo)


def own_todo(todo_id: int) -> Todo:
    """Return the caller's todo of that id; another user's is a 404, so that no caller learns which ids exist."""
    todo: Todo = db.one_or_404(select(Todo).where(Todo.id == todo_id, Todo.owner_id == current_user.id))
    return todo


def page_of(found: Select[Any], query: PageQuery) -> TodoPage:
    """Return one page of the todos that a query finds, newest first; a page past the last one is empty."""
    page = db.paginate(found.order_by(Todo.id.desc()), page=query.page, per_page=query.per_page, error_out=False)
    return TodoPage.model_validate(page)
