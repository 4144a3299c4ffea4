"""The routes of the group `admin`: one call protects the whole blueprint, so none of its routes can be forgotten."""

from flask import Blueprint, g
from flask_cognito import cognito_group_permissions, cognito_step_up
from sqlalchemy import select

from .identity import cognito, revoke_user
from .json_views import json_view
from .models import AuditEntry, Todo, User, db
from .schemas import AuditPage, Cleared, PageQuery, TodoPage
from .todos import page_of

admin = Blueprint("admin", __name__, url_prefix="/api/admin")
cognito.protect(admin, groups=["admin"])


@admin.get("/todos")
@json_view()
def list_everybodys_todos(query: PageQuery) -> TodoPage:
    """List the todos of all users."""
    return page_of(select(Todo), query)


@admin.delete("/todos")
@cognito_step_up(max_age=300)
@json_view()
def clear_everybodys_todos() -> Cleared:
    """Delete the todos of all users. Requires a sign-in within the last five minutes."""
    deleted = db.session.query(Todo).delete()
    db.session.commit()
    return Cleared(deleted=deleted)


@admin.post("/users/<int(max=2147483647):user_id>/sign-out")
@json_view()
def sign_user_out(user_id: int) -> None:
    """Revoke every token and session of a user."""
    revoke_user(db.get_or_404(User, user_id).sub)


@admin.get("/audit")
@json_view()
def list_audit(query: PageQuery) -> AuditPage:
    """List what happened, the newest first."""
    newest_first = select(AuditEntry).order_by(AuditEntry.id.desc())
    page = db.paginate(newest_first, page=query.page, per_page=query.per_page, error_out=False)
    return AuditPage.model_validate(page)


@admin.delete("/audit")
@cognito_group_permissions(["admin", "moderator"], require="all")
@json_view()
def clear_audit() -> Cleared:
    """Delete what happened, except the note of this request. Requires both roles."""
    db.session.flush()
    deleted = db.session.query(AuditEntry).filter(AuditEntry.id < g.audit_note.id).delete()
    db.session.commit()
    return Cleared(deleted=deleted)
