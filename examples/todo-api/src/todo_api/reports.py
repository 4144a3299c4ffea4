"""Numbers for a reporting job, which signs in as itself (client credentials): it has scopes, and is in no group."""

from apiflask import APIBlueprint
from flask_cognito import cognito_scope_permissions
from sqlalchemy import Row, func, select

from .models import Todo, User, db
from .schemas import Stats

reports = APIBlueprint("reports", __name__, url_prefix="/api")


@reports.get("/stats")
@cognito_scope_permissions("todo/stats")
@reports.output(Stats)
def show_stats() -> Row[tuple[int, int, int]]:
    """Count users and todos."""
    users = select(func.count(User.id)).scalar_subquery()
    done = func.count().filter(Todo.done)
    counts = select(users.label("users"), func.count(Todo.id).label("todos"), done.label("done"))
    return db.session.execute(counts).one()
