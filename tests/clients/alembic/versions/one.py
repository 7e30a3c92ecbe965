"""A table and an index in Alembic's one transaction, as `alembic revision` writes them."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "one", None


def upgrade():
    op.create_table("account", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.String(50)))
    op.create_index("account_name", "account", ["name"])


def downgrade():
    op.drop_table("account")
