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
