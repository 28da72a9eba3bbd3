"""Every migration goes up and down with data in it, on both databases, and ends where the models stand."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from make import membership, organisation, person

from lms import db, migrate


def revisions() -> list[str]:
    script = ScriptDirectory.from_config(migrate.alembic_config())
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


def test_what_stands_and_what_is_wanted_is_what_alembic_says(db_app):
    assert migrate.newest() == revisions()[-1]
    with db.engine().connect() as connection:
        assert migrate.current() == MigrationContext.configure(connection).get_current_revision()


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


def test_why_people_left_and_where_to_is_taken_over_and_back(db_app):
    office = organisation()
    reasons = ("other_office", "abroad", "retired", "contract", "other", "unknown", "")
    keys = [membership(person(), office) for _reason in reasons]
    db.forget()
    migrate.move("0003_office-1", "downgrade")
    with db.engine().begin() as connection:
        for key, reason in zip(keys, reasons, strict=True):
            connection.execute(
                sa.text("UPDATE membership SET end_reason = :reason, ends_on = :day WHERE id = :key"),
                {"reason": reason, "day": "2026-01-01" if reason else None, "key": stored(key)},
            )
    migrate.move("head")
    assert parted(keys) == [
        ("unknown", "national"),
        ("unknown", "abroad"),
        ("retired", "unknown"),
        ("contract", "unknown"),
        ("other", "unknown"),
        ("unknown", "unknown"),
        ("", ""),
    ]
    db.forget()
    migrate.move("0003_office-1", "downgrade")
    assert parted(keys) == [(reason, "") for reason in reasons]
    migrate.move("head")


def stored(key) -> str:
    """An id as this database keeps it."""
    return key.hex if db.engine().dialect.name == "sqlite" else str(key)


def parted(keys) -> list[tuple[str, str]]:
    with db.engine().connect() as connection:
        rows = connection.execute(sa.text("SELECT id, end_reason, destination FROM membership"))
        by_id = {str(row[0]): (row[1], row[2]) for row in rows}
    return [by_id[stored(key)] for key in keys]


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
