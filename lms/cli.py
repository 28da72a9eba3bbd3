"""The command `lms`: make a programme, bring its tables up to date, serve it, check its content."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from flask import Flask

from config import LANGUAGES, Config, Unsafe, write_settings
from lms import clock, create_app, db
from lms import migrate as tables
from lms.policy import Refusal

if TYPE_CHECKING:
    from lms.backup.archive import Reader


def _config(**given: Any) -> Config:
    try:
        return Config.load(None, **given).check()
    except Unsafe as error:
        raise click.ClickException(str(error)) from None


@contextlib.contextmanager
def _said() -> Iterator[None]:
    """What a service refuses is said in its own words, without a trace."""
    try:
        yield
    except Refusal as refusal:
        raise click.ClickException(refusal.message) from None


@contextlib.contextmanager
def _on_disk(what: str) -> Iterator[None]:
    """A disk that is full or cannot be written is said without a trace."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise click.ClickException(f"{what} cannot be written: {why}. Nothing is left of it.") from None


@contextlib.contextmanager
def _reached() -> Iterator[None]:
    """A database that is not there, or went away, is said without a trace."""
    from sqlalchemy.exc import DBAPIError

    try:
        db.wait_until_ready(5)
        yield
    except DBAPIError as error:
        first = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(f"The database cannot be used: {first}") from None


def _app(config: Config) -> Flask:
    return create_app(config)


@click.group()
def main() -> None:
    """Duramen: learning and training tracking for migration statistics."""


@main.command()
@click.option("--public-url", prompt="Public address (https://…)", help="Where people open it; QR codes carry it.")
@click.option("--admin-name", prompt="Administrator's name")
@click.option("--admin-address", prompt="Administrator's mail address")
@click.option("--mail-url", prompt="Mail server", default="smtp://localhost:25", show_default=True)
@click.option("--mail-from", prompt="Letters come from (mail address)")
@click.option("--languages", prompt="Languages of the interface", default=",".join(LANGUAGES), show_default=True)
@click.option("--data-dir", type=click.Path(path_type=Path), help="Where everything is kept; by default ./var.")
def init(
    public_url: str,
    admin_name: str,
    admin_address: str,
    mail_url: str,
    mail_from: str,
    languages: str,
    data_dir: Path | None,
) -> None:
    """Make an empty programme: its settings, its tables, its administrator."""
    given: dict[str, Any] = {"data_dir": str(data_dir)} if data_dir else {}
    folder = Config.load(None, demo=False, **given).data_dir
    file = folder / "lms.toml"
    if file.exists():
        raise click.ClickException(f"{file} is there already: this programme was made before. Nothing was changed.")
    values = {
        "public_url": public_url,
        "secret_key": secrets.token_urlsafe(48),
        "mail_url": mail_url,
        "mail_from": mail_from,
    }
    codes = tuple(code.strip() for code in languages.split(","))
    config = _config(**values, languages=codes, demo=False, **given)
    app = _app(config)
    tables.upgrade()
    from lms.people import service as people

    # The settings are written before the transaction ends: either both are there or nothing is.
    with app.app_context(), _said(), db.write():
        link = people.invite(people.create_administrator(admin_name, admin_address, None), by=None)
        write_settings(file, {**values, "languages": config.languages})
    click.echo(f"Settings: {file}")
    click.echo("The administrator sets a password here (the link also went out by mail; it works for 14 days):")
    click.echo(f"  {config.public_url}/invitation/{link}")
    click.echo("Start it with: lms serve")


@main.command()
def migrate() -> None:
    """Bring the tables up to date; a SQLite file is copied first."""
    config = _config()
    db.configure(config.database)
    db.wait_until_ready()
    copy = tables.keep_copy(config.database)
    if copy:
        click.echo(f"A copy of the database as it was: {copy}")
    click.echo("The tables were brought up to date." if tables.upgrade() else "The tables are up to date.")


@main.command()
@click.option("--host", default=None)
@click.option("--port", type=int, default=None)
def serve(host: str | None, port: int | None) -> None:
    """Serve the pages and run the worker, until Ctrl+C."""
    config = _config(**{k: v for k, v in {"host": host, "port": port}.items() if v is not None})
    db.configure(config.database)
    db.wait_until_ready()
    if tables.current() != tables.newest():
        raise click.ClickException("The tables are not up to date. Run: lms migrate")
    _serve(config)


def _serve(config: Config) -> None:
    from lms.jobs.serve import serve as run

    db.engine().dispose()
    sys.exit(run(config))


@main.command()
def worker() -> None:
    """Run only the worker: mail, certificates, jobs. `lms serve` starts one by itself."""
    from lms.jobs.worker import main as run

    run()


@main.command()
@click.option("--build-only", is_flag=True, help="Build it and stop.")
def demo(build_only: bool) -> None:
    """Serve the demonstration: an invented programme, built on the first start, kept from then on."""
    from demo import build

    try:
        config = build.configure()
    except Unsafe as error:
        raise click.ClickException(str(error)) from None
    db.configure(config.database)
    if tables.current() != tables.newest():
        tables.keep_copy(config.database)
        tables.upgrade()
    if not build.is_built():
        click.echo("Building the demonstration …")
        with _app(config).app_context():
            build.build()
    db.forget()
    if not build_only:
        _serve(config)


def _progress(text: str) -> None:
    """One line that says how far it is, where somebody looks on."""
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)


def _size(count: int) -> str:
    if count < 1_000_000:
        return f"{count:,} bytes"
    return f"{count / 1_000_000:,.1f} MB"


@main.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option(
    "--with-secrets", is_flag=True, help="The secret key too: whoever has the file can then sign in as anybody."
)
def backup(file: Path | None, with_secrets: bool) -> None:
    """Write everything into one FILE, while the server runs: database, stored files, settings.

    Without FILE it is named by the moment. It holds people's data: keep it as safe as the database. Ends with 1 where a
    stored file is damaged; the rest is in the backup then, and the damaged ones are named.
    """
    from lms.backup import service
    from lms.backup.archive import written

    config = _config()
    name = f"duramen-{clock.now():%Y%m%d-%H%M%S}.zip"
    path = Path(name) if file is None else file / name if file.is_dir() else file
    with _on_disk(str(path)), _app(config).app_context(), _said(), _reached():
        try:
            with written(path) as out:
                made = service.make(out, with_secrets, _progress)
        finally:
            _progress("")
    for table in made.left_out:
        click.echo(f"Not in it, since it is not Duramen's: the table {table}")
    for sha256, called, wrong in made.damaged:
        click.echo(f"Damaged, and not in it: {called or 'a file'} (files/{sha256[:2]}/{sha256[2:]} {wrong})", err=True)
    click.echo(
        f"{path}: {made.tables} tables with {made.rows:,} rows, {made.files:,} files, {_size(path.stat().st_size)}. "
        + ("The secret key is in it: lock it away." if with_secrets else "The secret key is not in it.")
    )
    sys.exit(1 if made.damaged else 0)


@main.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--look", is_flag=True, help="Only check the file and say what is in it.")
def restore(file: Path, look: bool) -> None:
    """Put a backup back into an empty place: an empty database of either kind, a data folder without files.

    The whole FILE is checked first. Settings of the place (LMS_* variables, lms.toml) come before those of the file; a
    database's address is always the place's.
    """
    from lms.backup import service
    from lms.backup.archive import Reader

    with file.open("rb") as opened, _said():
        try:
            reader = Reader(opened)
            found = service.look(reader, _progress)
        finally:
            _progress("")
        click.echo(
            f"A backup of {found.at}, by Duramen {found.version} (tables {found.revision}) from {found.database}: "
            f"{len(found.tables)} tables with {found.rows:,} rows ({found.tables.get('person', 0):,} people, "
            f"{found.tables.get('certificate', 0):,} certificates), "
            f"{found.files:,} files of {_size(found.files_size)}, "
            f"{'with' if found.secrets else 'without'} the secret key. Every byte is as it was written."
        )
        for sha256 in found.missing:
            click.echo(f"Damaged when it was made, and not in it: the file {sha256}", err=True)
        if not look:
            _restore(reader)


def _restore(reader: Reader) -> None:
    """Load a proved archive into this place, make its settings, and say what is there."""
    from lms.backup import service

    _folder, settings = Config.place()
    given = {"secret_key": secrets.token_urlsafe(48), **service.settings_of(reader)}
    makes = not settings.exists()
    try:
        config = Config.load(None, beneath=given if makes else None).check()
    except Unsafe as error:
        raise click.ClickException(f"{error} Nothing was changed.") from None
    with _on_disk(f"{config.data_dir}"), _app(config).app_context(), _reached(), contextlib.ExitStack() as unless_done:
        try:
            with service.restoring(reader, _progress):
                if makes:
                    if config.secret_key != given["secret_key"]:
                        del given["secret_key"]  # the place says it
                    write_settings(settings, given)
                    unless_done.callback(settings.unlink)
            unless_done.pop_all()
        finally:
            _progress("")
    click.echo(f"Settings: {settings}" + ("" if makes else " (yours, as they were; those of the backup were left)"))
    if makes and service.lacks_password(config.mail_url):
        click.echo("The mail server's password is not in the backup: write it into mail_url there.")
    if service.same_secret(reader.manifest, config.secret_key):
        click.echo("The secret key is the same: who was signed in then is signed in again.")
    else:
        click.echo("The secret key is another one: everybody signs in anew.")
    click.echo(
        "Whatever happened after the backup is gone: who was erased since is there again, and letters go out twice."
    )
    click.echo("Everything is there. Start it with: lms serve")


@main.group()
def mail() -> None:
    """Letters: those that come back."""


@mail.command()
def bounced() -> None:
    """Read one message that came back, from standard input. For a mail server: `|lms mail bounced`.

    What is no notice of a failure for good changes nothing. Ends with 0, so that the server is content; only where
    the database is away it is asked to come again.
    """
    from sqlalchemy.exc import DBAPIError

    from lms.mail import bounces

    raw = sys.stdin.buffer.read(bounces.LARGEST + 1)
    while sys.stdin.buffer.read(bounces.LARGEST):
        pass  # to its end, or the server that pipes it takes us for dead
    report = bounces.read(raw)
    if report is None:
        click.echo("This is no notice of a letter that failed for good. Nothing was changed.")
        return
    try:
        with _app(_config()).app_context(), db.write():
            click.echo(bounces.record(report))
    except DBAPIError:
        click.echo("The database is away. Come again later.", err=True)
        sys.exit(os.EX_TEMPFAIL)


def _content() -> click.Group:
    from lms.curriculum import check
    from lms.curriculum.commands import content
    from lms.surveys import templates

    check.also(templates.problems)
    return content


class _Lazy(click.Group):
    """Loads a room's commands only when they are asked for: starting must stay quick."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _content().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return _content().list_commands(ctx)


main.add_command(_Lazy("content", help="What is taught: check it, look at it."))


if __name__ == "__main__":
    main()
