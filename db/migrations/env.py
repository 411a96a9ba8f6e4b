"""Alembic's entry: runs the steps on the connection that ``Database.upgrade`` opened."""

from alembic import context

from db import record_tables
from db.tables import Base


def run() -> None:
    """Run the steps inside the caller's transaction, so that a failed one leaves nothing."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        transactional_ddl=True,
        render_as_batch=True,
    )
    context.run_migrations()


__all__ = ["record_tables"]
run()
