"""Numbers for a reporting job, which signs in as itself (client credentials): it has scopes, and is in no group."""

from flask import Blueprint
from flask_cognito import cognito_scope_permissions
from sqlalchemy import func, select

from .json_views import json_view
from .models import Todo, User, db
from .schemas import Stats

reports = Blueprint("reports", __name__, url_prefix="/api")


@reports.get("/stats")
@cognito_scope_permissions("todo/stats")
@json_view()
def show_stats() -> Stats:
    """Count users and todos."""
    users = select(func.count(User.id)).scalar_subquery()
    done = func.count().filter(Todo.done)
    row = db.session.execute(select(users, func.count(Todo.id), done)).one()
    return Stats(users=row[0], todos=row[1], done=row[2])
