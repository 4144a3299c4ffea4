"""Keep a deleted todo for a while, so that its owner can undo that."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("todo", sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_todo_deleted_at", "todo", ["deleted_at"])


def downgrade() -> None:
    op.drop_index("ix_todo_deleted_at", "todo")
    op.drop_column("todo", "deleted_at")
