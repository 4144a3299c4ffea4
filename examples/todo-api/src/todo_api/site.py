"""What nobody has to sign in for."""

from flask import Blueprint
from sqlalchemy import text

from .json_views import json_view
from .models import db
from .schemas import Health

site = Blueprint("site", __name__)


@site.get("/healthz")
@json_view()
def show_health() -> Health:
    """Say whether the app runs and reaches its database."""
    db.session.execute(text("SELECT 1"))
    return Health()
