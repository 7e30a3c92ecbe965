"""Indexes on a table that was there before: inside the transaction, and outside it."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "two", "one"


def upgrade():
    op.add_column("item", sa.Column("c", sa.Integer))
    op.create_index("item_a", "item", ["a"])
    with op.get_context().autocommit_block():
        op.create_index("item_b", "item", ["b"])


def downgrade():
    op.drop_index("item_b")
    op.drop_index("item_a")
    op.drop_column("item", "c")
