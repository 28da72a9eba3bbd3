"""`lms content`: for those who write."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from config import Config
from lms.curriculum import check as rules


@click.group()
def content() -> None:
    """What is taught: check it, look at it."""


@content.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="The content folder; by default the configured.")
@click.option("--advice", is_flag=True, help="Also what could be better: long sentences, translations out of date.")
def check(folder: Path | None, advice: bool) -> None:
    """Say everything that is wrong in the content, with file and line; exit 1 if anything is."""
    folder = folder or Config.load().content_dir
    found = rules.problems(folder)
    for problem in found:
        click.echo(str(problem))
    for note in rules.advice(folder) if advice else ():
        click.echo(f"note: {note}")
    if found:
        files = len({problem.file for problem in found})
        click.echo(f"{_count(len(found), 'problem')} in {_count(files, 'file')}.")
    else:
        click.echo(f"All content in {folder} is good.")
    sys.exit(1 if found else 0)


@content.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--module", required=True, help="The module whose bank the questions join.")
@click.option("--lesson", default="", help="The lesson that questions are about which name none.")
@click.option("--competency", default="", help="The competency that questions ask for which name none.")
@click.option("--difficulty", default=1, type=click.IntRange(1, 3), show_default=True)
@click.option("--language", default="en", show_default=True)
@click.option("--name", default="", help="What the new file is called; by default as the file that is read.")
@click.option("--look", is_flag=True, help="Only say what would be taken; write nothing.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="The content folder; by default the configured.")
def take_over(
    file: Path,
    module: str,
    lesson: str,
    competency: str,
    difficulty: int,
    language: str,
    name: str,
    look: bool,
    folder: Path | None,
) -> None:
    """Take over a bank of your own, GIFT or Moodle XML, and say of each question what could not be taken and why.

    Each question is taken whole or not at all; exit 1 if any was not.
    """
    from lms.curriculum import importing

    folder = folder or Config.load().content_dir
    where = importing.Where(language, module, name or importing.name_of(file), lesson, competency, difficulty)
    try:
        found = importing.read(file.read_bytes(), where, folder)
        for one in found:
            for line in importing.told(one):
                click.echo(line)
        written = None if look else importing.write(found, where, folder)
    except importing.Refused as refused:
        raise click.ClickException(str(refused)) from None
    taken = sum(not one.why for one in found)
    where_to = f"taken into {written}." if written else "can be taken; nothing is written."
    click.echo(f"{taken} of {_count(len(found), 'question')} {where_to}")
    sys.exit(0 if taken == len(found) else 1)


@content.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path), help="The content folder; by default the configured.")
@click.option("--port", default=8010, show_default=True, help="The port, on this machine alone.")
def preview(folder: Path | None, port: int) -> None:
    """Serve the lessons as they are written, without a database; a page renews itself when its file is saved."""
    from werkzeug.serving import run_simple

    from lms.curriculum.preview import app_for

    folder = folder or Config.load().content_dir
    click.echo(f"Lessons of {folder}: http://127.0.0.1:{port}/  (Ctrl-C ends it)")
    run_simple("127.0.0.1", port, app_for(folder), threaded=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
