"""The routes of the group `admin`: one call protects the whole blueprint, so none of its routes can be forgotten."""

from flask import Blueprint
from sqlalchemy import select

from .identity import cognito
from .json_views import json_view
from .models import Todo, db
from .schemas import Cleared, PageQuery, TodoPage
from .todos import page_of

admin = Blueprint("admin", __name__, url_prefix="/api/admin")
cognito.protect(admin, groups=["admin"])


@admin.get("/todos")
@json_view()
def list_everybodys_todos(query: PageQuery) -> TodoPage:
    """List everybody's todos."""
    return page_of(select(Todo), query)


@admin.delete("/todos")
@json_view()
def clear_everybodys_todos() -> Cleared:
    """Delete everybody's todos."""
    deleted = db.session.query(Todo).delete()
    db.session.commit()
    return Cleared(deleted=deleted)
