"""The routes of the group `admin`: one call protects the whole blueprint, so none of its routes can be forgotten."""

from apiflask import APIBlueprint
from flask import g
from flask_cognito import cognito_group_permissions, cognito_step_up
from sqlalchemy import select

from .identity import cognito, revoke_user
from .models import AuditEntry, Todo, User, db
from .openapi import NO_CONTENT
from .schemas import AuditPage, Cleared, PageQuery, TodoPage
from .todos import page_of

admin = APIBlueprint("admin", __name__, url_prefix="/api/admin")
cognito.protect(admin, groups=["admin"])


@admin.get("/todos")
@admin.input(PageQuery, "query")
@admin.output(TodoPage)
def list_everybodys_todos(query_data: PageQuery) -> TodoPage:
    """List the todos of all users."""
    return page_of(select(Todo), query_data)


@admin.delete("/todos")
@cognito_step_up(max_age=300)
@admin.output(Cleared)
def clear_everybodys_todos() -> dict[str, int]:
    """Delete the todos of all users. Requires a sign-in within the last five minutes."""
    deleted = db.session.query(Todo).delete()
    db.session.commit()
    return {"deleted": deleted}


@admin.post("/users/<int(max=2147483647):user_id>/sign-out")
@admin.doc(responses=NO_CONTENT)
def sign_user_out(user_id: int) -> tuple[str, int]:
    """Revoke every token and session of a user."""
    revoke_user(db.get_or_404(User, user_id).sub)
    return "", 204


@admin.get("/audit")
@admin.input(PageQuery, "query")
@admin.output(AuditPage)
def list_audit(query_data: PageQuery) -> AuditPage:
    """List what happened, the newest first."""
    newest_first = select(AuditEntry).order_by(AuditEntry.id.desc())
    page = db.paginate(newest_first, page=query_data.page, per_page=query_data.per_page, error_out=False)
    return AuditPage.model_validate(page)


@admin.delete("/audit")
@cognito_group_permissions(["admin", "moderator"], require="all")
@admin.output(Cleared)
def clear_audit() -> dict[str, int]:
    """Delete what happened, except the note of this request. Requires both roles."""
    db.session.flush()
    deleted = db.session.query(AuditEntry).filter(AuditEntry.id < g.audit_note.id).delete()
    db.session.commit()
    return {"deleted": deleted}
