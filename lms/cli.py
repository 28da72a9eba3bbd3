"""The command `lms`: make a programme, bring its tables up to date, serve it, check its content."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from flask import Flask

from config import LANGUAGES, Config, Unsafe
from lms import create_app, db
from lms import migrate as tables
from lms.policy import Refusal


def _config(**given: object) -> Config:
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
    given: dict[str, object] = {"data_dir": str(data_dir)} if data_dir else {}
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

    lines = [f'{name} = "{_toml(value)}"' for name, value in values.items()]
    lines.append("languages = [" + ", ".join(f'"{code}"' for code in config.languages) + "]")
    # The settings are written before the transaction ends: either both are there or nothing is.
    with app.app_context(), _said(), db.write():
        link = people.invite(people.create_administrator(admin_name, admin_address, None), by=None)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write("# The settings of this programme. LMS_* variables come before them. Keep this file secret.\n")
            out.write("\n".join(lines) + "\n")
    click.echo(f"Settings: {file}")
    click.echo("The administrator sets a password here (the link also went out by mail; it works for 14 days):")
    click.echo(f"  {config.public_url}/invitation/{link}")
    click.echo("Start it with: lms serve")


def _toml(value: str) -> str:
    """A text inside a TOML string: JSON's escapes are TOML's too, and DEL wants one there."""
    return json.dumps(value, ensure_ascii=False)[1:-1].replace("\x7f", "\\u007f")


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
