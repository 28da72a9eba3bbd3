"""Every migration goes up and down with data in it, on both databases, and ends where the models stand."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from make import person

from lms import db, migrate


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(migrate._alembic())
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def differences() -> list:
    with db.engine().connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": lambda o, n, kind, r, c: kind != "index" or True}
        )
        return compare_metadata(context, db.Base.metadata)


def test_the_migrations_end_where_the_models_stand(db_app):
    assert migrate.current() == migrate.newest()
    assert not differences()


def test_each_migration_goes_down_and_up_again_with_data_in_the_tables(db_app):
    with db.write():
        person("Élise Ouédraogo", "elise@example.org")
    db.forget()
    for revision in reversed(revisions()[1:]):
        migrate.move(f"{revision}-1", "downgrade")
        migrate.move("head")
        with db.engine().connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM person")) == 1
    assert not differences()


def test_down_to_nothing_and_up_again(db_app):
    db.forget()
    migrate.move("base", "downgrade")
    with db.engine().connect() as connection:
        left = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
    migrate.move("head")
    assert not left
    assert not differences()


def test_the_audit_record_refuses_to_be_changed(db_app):
    from lms import audit

    with db.write():
        audit.record("test.done", "person", "1")
    for statement in ("UPDATE audit_entry SET verb = 'other'", "DELETE FROM audit_entry"):
        try:
            with db.engine().begin() as connection:
                connection.execute(sa.text(statement))
        except sa.exc.DBAPIError:
            continue
        raise AssertionError(f"{statement} was allowed")
