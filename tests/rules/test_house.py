"""The habits of the house that a machine can hold."""

import re
import tomllib

import pytest

from config import ROOT
from lms import db

FLOORS = [
    re.split(r"[|:]\s*", layer.replace(" ", ""))
    for layer in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
]
FLOOR = {room: len(FLOORS) - n for n, rooms in enumerate(FLOORS) for room in rooms}


def room_of(table) -> str:
    for mapper in db.Base.registry.mappers:
        if mapper.local_table is table:
            return mapper.class_.__module__.split(".")[1]
    raise AssertionError(table)


@pytest.fixture(scope="module", autouse=True)
def all_rooms():
    import lms.cli
    import lms.desk  # noqa: F401


def test_foreign_keys_and_relationships_point_downward():
    wrong = []
    for table in db.Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is not table:
                here, there = room_of(table), room_of(key.column.table)
                if here != there and FLOOR[here] <= FLOOR[there]:
                    wrong.append(f"{table.name} → {key.column.table.name}")
    for mapper in db.Base.registry.mappers:
        for relation in mapper.relationships:
            here, there = room_of(mapper.local_table), room_of(relation.mapper.local_table)
            if here != there and FLOOR[here] <= FLOOR[there]:
                wrong.append(str(relation))
    assert not wrong


def test_nothing_that_proves_something_is_deleted_by_cascade():
    cascades = [
        f"{table.name}.{key.parent.name}"
        for table in db.Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.ondelete != "RESTRICT"
    ]
    assert not cascades


def test_only_the_clock_knows_what_time_it_is():
    asks = re.compile(r"datetime\.(utc)?now\(|date\.today\(|time\.time\(")
    found = [p.name for p in (ROOT / "lms").rglob("*.py") if p.name != "clock.py" and asks.search(p.read_text())]
    assert not found


def test_no_template_holds_an_inline_style_or_script():
    inline = re.compile(r"\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\ssrc=)|<style|javascript:", re.I)
    pages = [*ROOT.glob("lms/*/templates/**/*.html"), *ROOT.glob("demo/templates/**/*.html")]
    assert len(pages) > 20
    # The certificate is a document for the renderer, never sent to a browser.
    found = [p.name for p in pages if p.name != "certificate.html" and inline.search(p.read_text())]
    assert not found


def test_rooms_are_known_to_the_plan_and_none_is_a_drawer_for_everything():
    rooms = [p for p in (ROOT / "lms").iterdir() if p.is_dir() and (p / "__init__.py").exists()]
    assert {p.name for p in rooms} <= set(FLOOR)
    forbidden = {"utils.py", "helpers.py", "common.py", "manager.py"}
    assert not [p for room in rooms for p in room.rglob("*.py") if p.name in forbidden]
    assert all((room / "__init__.py").read_text().startswith('"""') for room in rooms)


def test_migrations_import_nothing_from_the_application():
    found = [
        p.name
        for p in (ROOT / "migrations" / "versions").glob("*.py")
        if re.search(r"(from|import) lms", p.read_text())
    ]
    assert not found


def test_the_lock_files_pin_by_hash_and_name_no_index():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text.split("\n", 2)[2])
