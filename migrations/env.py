"""Alembic's entry: runs on the connection that `lms.migrate` opened."""

import sys

from alembic import context

connection = context.config.attributes["connection"]
base = sys.modules.get("lms.db")


def render_item(kind, item, autogen_context):
    """Our column types as what they are in the database: migrations import nothing from the application."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        return "sa.DateTime(timezone=True)"
    return False


context.configure(
    connection=connection,
    target_metadata=base.Base.metadata if base else None,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=render_item,
    compare_type=True,
    transactional_ddl=False,
)
context.run_migrations()
