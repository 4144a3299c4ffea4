"""The routes of the group `admin`: one call protects the whole blueprint, so none of its routes can be forgotten."""

from flask import Blueprint
from flask_cognito import cognito_group_permissions
from sqlalchemy import select

from .identity import cognito
from .json_views import json_view
from .models import AuditEntry, Todo, db
from .schemas import AuditPage, Cleared, PageQuery, TodoPage
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
    """Delete what happened. It takes both roles, so that neither can cover its own tracks alone."""
    deleted = db.session.query(AuditEntry).delete()
    db.session.commit()
    return Cleared(deleted=deleted)
