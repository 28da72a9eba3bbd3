"""A programme is put into one file while it runs, and comes back whole, on either database, or not at all."""

from __future__ import annotations

import io
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import make
import pytest
import sqlalchemy as sa
from evidence import earned, issue_all, issued
from flask import Flask
from served import Server
from settings import SECRET, Client, Place, make_config
from test_commands import init, lms

from config import ROOT, Config
from lms import audit, create_app, db, migrate
from lms.backup import archive, service
from lms.backup.archive import Reader, written
from lms.files import service as files
from lms.people.models import Person
from lms.policy import Refusal

MEANWHILE = """
import sys
sys.path[:0] = ["tests"]
from pathlib import Path
from settings import make_config
from lms import create_app
import make
with create_app(make_config(Path(sys.argv[1]), sys.argv[2])).app_context():
    while True:
        make.person(joined=False)
        print("one more", flush=True)
"""
KILLED = """
import os, signal, sys
sys.path[:0] = ["tests"]
from pathlib import Path
from settings import make_config
from lms import create_app
from lms.backup import service
from lms.backup.archive import Reader, written
what, file, folder, url, when = sys.argv[1:]
def tell(text):
    if text.startswith(when):
        os.kill(os.getpid(), signal.SIGKILL)
with create_app(make_config(Path(folder), url)).app_context():
    if what == "backup":
        with written(Path(file)) as out:
            service.make(out, False, tell)
    else:
        with open(file, "rb") as opened, service.restoring(Reader(opened), tell):
            pass
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def elsewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Another place, of either kind, where nothing is."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    if request.param == "sqlite":
        yield Place("sqlite", f"sqlite:///{folder / 'lms.sqlite'}", folder)
        return
    server, name = request.getfixturevalue("postgres_url"), f"t{uuid.uuid4().hex[:12]}"
    with sa.create_engine(server.replace("postgresql://", "postgresql+psycopg://")).connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(sa.text(f"CREATE DATABASE {name}"))
    yield Place("postgresql", sa.make_url(server).set(database=name).render_as_string(False), folder)
    db.forget()
    db.engine().dispose()  # or its server waits for us when it is to end


@pytest.fixture
def here(db_app: Flask, place: Place) -> Place:
    return place


def silently(_text: str) -> None:
    pass


def backup(path: Path, tell: Callable[[str], None] = silently, **given: Any) -> service.Made:
    with written(path) as file:
        return service.make(file, given.get("with_secrets", False), tell)


def app_at(place: Place) -> Flask:
    """The application of a place; this process's database is that place's from now on."""
    db.forget()
    app = create_app(make_config(place.data_dir, place.url), TESTING=True)
    app.test_client_class = Client
    return app


def restore(path: Path | bytes, place: Place) -> Flask:
    app = app_at(place)
    data = path if isinstance(path, bytes) else path.read_bytes()
    with app.app_context():
        reader = Reader(io.BytesIO(data))
        service.look(reader, silently)
        with service.restoring(reader, silently):
            pass
    return app


def rows_of(path: Path) -> dict[str, list[bytes]]:
    with zipfile.ZipFile(path) as opened:
        return {
            name: sorted(opened.read(name).splitlines()) for name in opened.namelist() if name.startswith("tables/")
        }


def people() -> int:
    db.end_read()
    with db.engine().connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM person")).scalar_one())


def is_empty(place: Place) -> bool:
    """No row and no file is there."""
    db.configure(place.url)
    with db.engine().connect() as connection:
        tables = set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
        rows = sum(connection.execute(sa.text(f'SELECT count(*) FROM "{name}"')).scalar_one() for name in tables)
    db.engine().dispose()
    return not rows and not [path for path in place.data_dir.glob("files/*/*") if path.suffix != ".tmp"]


def meanwhile(place: Place) -> subprocess.Popen[str]:
    """Another process that makes one person after the other; the first is there."""
    process = subprocess.Popen(
        [sys.executable, "-c", MEANWHILE, str(place.data_dir), place.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline()
    return process


# --- there and back -----------------------------------------------------------------------------------


def test_a_backup_made_while_another_writes_comes_back_and_every_certificate_verifies(
    db_app: Flask, place: Place, elsewhere: Place, tmp_path: Path
):
    office = make.organisation("Statistique Tavara", names={"ar": "مرصا نور"})
    names = ("Élise Ouédraogo", "ليلى حدّاد", "N'Guessan d'Almeida")
    held = [issued(make.person(name, organisation_id=office), score=0.1 + 0.2) for name in names]
    waiting = earned(make.person(joined=False))
    twin = make.person("Elise Ouedraogo")
    with db.write():
        db.session().get_one(Person, twin).merged_into = held[0].person_id
        audit.record(
            "test.done", "person", "1", note='" \\ \n \t \u2028 😀 \x7f', none=None, deep=[1.0, 1e-9, {"a": []}]
        )
    pdfs = {one.code: files.read(one.file_id)[0] for one in held}
    db.forget()

    writer = meanwhile(place)
    try:
        before = people()
        made = backup(tmp_path / "a.zip", lambda _text: time.sleep(0.01))
        after = people()
    finally:
        writer.kill()
        writer.wait()
    assert after > before + 2 and not made.damaged and made.files == 3
    rows = rows_of(tmp_path / "a.zip")
    assert len(rows["tables/address.jsonl"]) == len(rows["tables/person.jsonl"]) < after

    app = restore(tmp_path / "a.zip", elsewhere)
    with app.app_context():
        backup(tmp_path / "b.zip")
        assert rows_of(tmp_path / "b.zip") == rows
        assert migrate.current() == migrate.newest()
        for one in held:
            page = app.test_client().get(f"/verify/{one.code}")
            assert page.status_code == 200 and re.search(r"<h1[^>]*>✓ Valid</h1>", page.text)
            owner = make.sign_in(app.test_client(), one.person_id)
            assert owner.get(f"/certificates/{one.id}").data == pdfs[one.code]
        assert make.sign_in(app.test_client(), held[0].person_id).get("/certificates").status_code == 200
        assert issue_all() == 0 and waiting  # its name is not confirmed
        # What the database itself forbids is forbidden there too.
        with pytest.raises(sa.exc.DBAPIError), db.engine().begin() as connection:
            connection.execute(sa.text("DELETE FROM audit_entry"))
        with pytest.raises(sa.exc.DBAPIError), db.engine().begin() as connection:
            connection.execute(sa.text("DELETE FROM person"))
        db.forget()


def test_a_backup_of_older_tables_is_brought_up_to_date(here: Place, elsewhere: Place, tmp_path: Path):
    make.person("Élise Ouédraogo")
    db.forget()
    migrate.move(f"{migrate.newest()}-1", "downgrade")
    try:
        older = migrate.current()
        backup(tmp_path / "old.zip")
    finally:
        migrate.move("head")
    restore(tmp_path / "old.zip", elsewhere)
    assert migrate.current() == migrate.newest() != older and people() == 1


def test_it_goes_into_an_empty_programme_whose_tables_are_there(here: Place, elsewhere: Place, tmp_path: Path):
    make.person()
    backup(tmp_path / "a.zip")
    app_at(elsewhere)
    migrate.upgrade()
    restore(tmp_path / "a.zip", elsewhere)
    assert people() == 1


def test_what_was_removed_for_good_is_neither_kept_nor_missed(here: Place, tmp_path: Path):
    with db.write():
        gone, stays = files.store(b"gone", "text/plain", "gone"), files.store(b"stays", "text/plain", "stays")
    with db.write():
        files.remove(gone)
    files.sweep_removed()
    made = backup(tmp_path / "a.zip")
    assert made.files == 1 and not made.damaged and stays


def test_what_is_removed_in_the_very_moment_is_not_called_damaged(here: Place, tmp_path: Path):
    with db.write():
        gone = files.store(b"gone", "text/plain", "gone")

    def remove(text: str) -> None:
        if text.startswith("files: 1"):
            with db.write():
                files.remove(gone)
            files.sweep_removed()

    made = backup(tmp_path / "a.zip", remove)
    assert (made.files, made.damaged) == (0, ())


# --- the commands -------------------------------------------------------------------------------------


def at(place: Place) -> dict[str, str]:
    return {
        "LMS_DATABASE_URL": place.url,
        "LMS_SECRET_KEY": SECRET,
        "LMS_PUBLIC_URL": "http://localhost",
        "LMS_MAIL_URL": "folder:",
    }


def test_a_damaged_file_is_named_and_the_rest_is_kept(here: Place, elsewhere: Place, tmp_path: Path):
    with db.write():
        for data in (b"sound", b"damaged", b"lost"):
            files.store(data, "text/plain", f"{data.decode()}.txt")
    damaged, lost = (files.path_of(files.keep(data)) for data in (b"damaged", b"lost"))
    damaged.write_bytes(b"changed")
    lost.unlink()
    db.forget()
    done = lms(here.data_dir, "backup", str(tmp_path / "a.zip"), **at(here))
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "damaged.txt" in done.stderr and "lost.txt" in done.stderr and "sound" not in done.stderr
    look = lms(elsewhere.data_dir, "restore", "--look", str(tmp_path / "a.zip"), **at(elsewhere))
    assert look.returncode == 0 and damaged.parent.name + damaged.name in look.stderr
    assert is_empty(elsewhere)
    done = lms(elsewhere.data_dir, "restore", str(tmp_path / "a.zip"), **at(elsewhere))
    assert done.returncode == 0 and "same" in done.stdout, done.stderr
    assert len(list(elsewhere.data_dir.glob("files/*/*"))) == 1


def test_from_init_to_another_machine_and_not_twice(tmp_path: Path):
    old, new, other = tmp_path / "old", tmp_path / "new", tmp_path / "other"
    assert init(old, mail_url="smtps://duramen:password-of-mail@mail.example.org").returncode == 0
    secret = Config.load({"LMS_DATA_DIR": str(old)}).secret_key
    open_one, whole = tmp_path / "open.zip", tmp_path / "whole.zip"

    done = lms(old, "backup", str(open_one))
    assert done.returncode == 0 and "not in it" in done.stdout, done.stderr
    assert stat.S_IMODE(open_one.stat().st_mode) == 0o600
    with zipfile.ZipFile(open_one) as opened:
        everything = b"".join(opened.read(name) for name in opened.namelist())
    assert secret.encode() not in everything and b"password-of-mail" not in everything
    before = open_one.read_bytes()
    again = lms(old, "backup", str(open_one))
    assert again.returncode == 1 and "there already" in again.stderr and open_one.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "open.zip"]

    done = lms(new, "restore", str(open_one))
    assert done.returncode == 0 and "everybody signs in anew" in done.stdout, done.stderr
    assert "password is not in the backup" in done.stdout
    config = Config.load({"LMS_DATA_DIR": str(new)}).check()
    assert config.secret_key != secret and config.public_url == "https://training.example.org"
    assert config.languages == ("en", "ar") and config.mail_url == "smtps://duramen@mail.example.org"
    assert (new / "lms.toml").stat().st_mode & 0o077 == 0
    twice = lms(new, "restore", str(open_one))
    assert twice.returncode == 1 and "not empty" in twice.stderr and "Traceback" not in twice.stderr

    assert "lock it away" in lms(old, "backup", "--with-secrets", str(whole)).stdout
    done = lms(other, "restore", str(whole))
    assert done.returncode == 0 and "signed in again" in done.stdout, done.stderr
    assert Config.load({"LMS_DATA_DIR": str(other)}) == replace(Config.load({"LMS_DATA_DIR": str(old)}), data_dir=other)


def test_a_running_server_is_not_robbed_of_its_tables(here: Place, elsewhere: Place, tmp_path: Path):
    make.person()
    backup(tmp_path / "a.zip")
    app_at(elsewhere)
    migrate.upgrade()
    db.engine().dispose()
    server = Server(elsewhere.data_dir, env=at(elsewhere))
    try:
        server.start("serve")
        refused = lms(elsewhere.data_dir, "restore", str(tmp_path / "a.zip"), **at(elsewhere))
    finally:
        server.stop()
    assert refused.returncode == 1 and "in use" in refused.stderr and "Traceback" not in refused.stderr
    assert is_empty(elsewhere)


# --- what goes wrong ----------------------------------------------------------------------------------


def world_with_files(count: int = 3, size: int = 300_000) -> None:
    make.person("Élise Ouédraogo")
    with db.write():
        for number in range(count):
            files.store(os.urandom(size), "application/pdf", f"{number}.pdf")
    db.forget()


def killed(what: str, file: Path, place: Place, when: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, what, str(file), str(place.data_dir), place.url, when], cwd=ROOT, timeout=60
    )
    assert done.returncode == -9


@pytest.mark.kill
@pytest.mark.parametrize("when", ["person", "files: 2"])
def test_a_backup_that_is_killed_leaves_no_file_of_that_name(here: Place, tmp_path: Path, when: str):
    world_with_files()
    db.engine().dispose()
    killed("backup", tmp_path / "a.zip", here, when)
    assert not (tmp_path / "a.zip").exists()
    assert backup(tmp_path / "a.zip").files == 3


@pytest.mark.kill
def test_a_restore_that_is_killed_left_nothing_final_and_is_done_again(here: Place, elsewhere: Place, tmp_path: Path):
    world_with_files()
    backup(tmp_path / "a.zip")
    db.engine().dispose()
    for when in ("person", "files: 3"):
        killed("restore", tmp_path / "a.zip", elsewhere, when)
    db.configure(elsewhere.url)
    with db.engine().connect() as connection:
        assert "person" not in sa.inspect(connection).get_table_names()
    restore(tmp_path / "a.zip", elsewhere)
    assert people() == 1 and len(list(elsewhere.data_dir.glob("files/*/*"))) == 3


def full(limit: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def test_a_full_disk_is_said_and_leaves_nothing(here: Place, elsewhere: Place, tmp_path: Path):
    world_with_files(1, 3_000_000)

    def run(limit: int, place: Place, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "lms.cli", *words], cwd=ROOT, capture_output=True, text=True, timeout=60,
            env={"LMS_DATA_DIR": str(place.data_dir), "PATH": "/usr/bin:/bin", **at(place)}, preexec_fn=full(limit),
        )  # fmt: skip

    refused = run(500_000, here, "backup", str(tmp_path / "a.zip"))
    assert refused.returncode == 1 and "cannot be written" in refused.stderr and "Traceback" not in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["elsewhere"]
    backup(tmp_path / "a.zip")
    for limit in (100_000, 500_000, 2_500_000):
        refused = run(limit, elsewhere, "restore", str(tmp_path / "a.zip"))
        assert refused.returncode == 1 and "Traceback" not in refused.stderr, refused.stderr
        assert "cannot be" in refused.stderr or "did not take it" in refused.stderr
        assert is_empty(elsewhere) and not (elsewhere.data_dir / "lms.toml").exists()
    restore(tmp_path / "a.zip", elsewhere)
    assert people() == 1


def test_a_folder_with_files_of_ours_is_not_mixed_with_others(here: Place, elsewhere: Place, tmp_path: Path):
    world_with_files(1, 10)
    backup(tmp_path / "a.zip")
    with app_at(elsewhere).app_context():
        files.keep(b"of another programme")
    with pytest.raises(Refusal, match="has files already"):
        restore(tmp_path / "a.zip", elsewhere)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[bytes]:
    """A small backup, for those who spoil it."""
    folder = tmp_path_factory.mktemp("sound")
    with app_at(Place("sqlite", f"sqlite:///{folder / 'lms.sqlite'}", folder)).app_context():
        migrate.upgrade()
        make.person("Élise Ouédraogo")
        with db.write():
            files.store(b"a file", "text/plain", "a.txt")
        backup(folder / "a.zip")
        db.forget()
    yield (folder / "a.zip").read_bytes()
    shutil.rmtree(folder)


def test_one_bit_that_is_not_as_it_was_written_is_noticed_wherever_it_is(sound: bytes):
    Reader(io.BytesIO(sound))
    for position in [*range(0, len(sound), 97), *range(len(sound) - 200, len(sound))]:
        spoilt = bytearray(sound)
        spoilt[position] ^= 1 << position % 8
        with pytest.raises(Refusal):
            Reader(io.BytesIO(bytes(spoilt)))


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + b"\0" * 18, b"not an archive" * 100, b"\0" * 1000])
def test_what_is_no_archive_is_told(data: bytes):
    with pytest.raises(Refusal):
        Reader(io.BytesIO(data))


def test_an_archive_that_is_cut_off_anywhere_is_told(sound: bytes):
    for length in [*range(1, len(sound), 501), len(sound) - 1]:
        with pytest.raises(Refusal):
            Reader(io.BytesIO(sound[:length]))


def forged(data: bytes, change: Callable[[dict[str, Any], dict[str, bytes]], None], **given: Any) -> bytes:
    """A backup by somebody who knows how they are made: other contents, hashes and seal that fit."""
    with zipfile.ZipFile(io.BytesIO(data)) as opened:
        entries = {name: opened.read(name) for name in opened.namelist()}
    manifest = json.loads(entries.pop("manifest.json"))
    manifest["entries"] = {}
    change(manifest, entries)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.comment = archive._MARK + b"0" * 64
        for name, content in entries.items():
            digest = archive.hashlib.sha256(content).hexdigest()
            manifest["entries"].setdefault(name, {"size": len(content), "sha256": digest})
            info = zipfile.ZipInfo(name)
            info.external_attr = given.get("mode", 0o100600) << 16
            packed = given.get("packed", zipfile.ZIP_STORED) if name.startswith("files/") else zipfile.ZIP_DEFLATED
            made.writestr(info, content, packed)
        made.writestr("manifest.json", json.dumps(manifest))
    archive._seal(out)
    return out.getvalue()


def put(name: str, content: bytes) -> Callable[[Any, Any], None]:
    return lambda _manifest, entries: entries.update({name: content})


def say(**given: Any) -> Callable[[Any, Any], None]:
    return lambda manifest, _entries: manifest.update(given)


def one_row(table: str, line: bytes) -> Callable[[Any, Any], None]:
    def change(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
        entries[f"tables/{table}.jsonl"] = line
        manifest["tables"][table]["rows"] = 1

    return change


def smaller_than_it_is(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
    entries["tables/person.jsonl"] = b"\0" * 50_000_000
    manifest["entries"]["tables/person.jsonl"] = {"size": 100, "sha256": "0" * 64}


OUTSIDE = "none of a backup"
FORGERIES: dict[str, tuple[Callable[[Any, Any], None], str, dict[str, Any]]] = {
    "a path upwards": (put("files/../../etc/passwd", b"x"), OUTSIDE, {}),
    "a path from the root": (put("/etc/passwd", b"x"), OUTSIDE, {}),
    "a name that ends elsewhere": (put("files/" + "a" * 64 + "\n", b"x"), OUTSIDE, {}),
    "a folder": (put("files/", b""), OUTSIDE, {}),
    "symbolic links": (say(), "no plain file", {"mode": 0o120777}),
    "devices": (say(), "no plain file", {"mode": 0o020666}),
    "a bomb in a table": (smaller_than_it_is, "has not the size", {}),
    "a bomb among the files": (put(f"files/{'a' * 64}", bytes(10_000_000)), "packed", {"packed": zipfile.ZIP_DEFLATED}),
    "a file under another's hash": (put("files/" + "a" * 64, b"x"), "not the file of that name", {}),
    "a newer format": (say(format=archive.FORMAT + 1), "newer Duramen", {}),
    "a newer version": (say(version="99.1"), "newer Duramen", {}),
    "a revision of later": (say(revision="9999_later"), "newer Duramen", {}),
    "a manifest without tables": (say(tables=7), "does not say its tables", {}),
    "a settings file that speaks of the place": (
        put("settings.json", b'{"database_url": "postgresql://elsewhere"}'),
        "settings that no programme has",
        {},
    ),
}


FITS_NOT: dict[str, tuple[Callable[[Any, Any], None], str]] = {
    "a table that is not ours": (
        lambda manifest, entries: (
            manifest["tables"].update(other={"rows": 0, "columns": {"id": "id"}}),
            entries.update({"tables/other.jsonl": b""}),
        ),
        "are not those of",
    ),
    "a column that is not ours": (
        lambda manifest, _entries: manifest["tables"]["unit"]["columns"].update({'x"; DROP TABLE person; --': "id"}),
        "are not those of",
    ),
    "a row that is too short": (one_row("unit", b"[]\n"), "Line 1"),
    "a row that is none": (one_row("unit", b"{\n"), "Line 1"),
    "more rows than said": (
        lambda manifest, _entries: manifest["tables"]["person"].update(rows=7),
        "has not the rows",
    ),
}


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_archive_is_found_before_anything_is_done(sound: bytes, how: str):
    change, said, given = FORGERIES[how]
    with pytest.raises(Refusal, match=said):
        reader = Reader(io.BytesIO(forged(sound, change, **given)))
        service.look(reader, silently)
        service.settings_of(reader)


def test_a_forged_archive_that_does_not_fit_changes_nothing(sound: bytes, elsewhere: Place):
    for change, said in FITS_NOT.values():
        with pytest.raises(Refusal, match=said):
            restore(forged(sound, change), elsewhere)
        assert is_empty(elsewhere)
    restore(sound, elsewhere)
    assert people() == 1


def test_rows_that_refer_to_nothing_are_refused(sound: bytes, elsewhere: Place):
    def change(manifest: dict[str, Any], entries: dict[str, bytes]) -> None:
        entries["tables/person.jsonl"] = b""
        manifest["tables"]["person"]["rows"] = 0

    with pytest.raises(Refusal, match="refer"):
        restore(forged(sound, change), elsewhere)
    assert is_empty(elsewhere)
