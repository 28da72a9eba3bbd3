"""The administrator's page says what is wrong with the content, where, and what readers see meanwhile."""

import make
import pytest
from taught import BANKED, GOOD, WHO, lesson, write

from lms.curriculum import index


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A content folder of the test's own, looked at whenever somebody asks."""
    folder = write(tmp_path / "content", {})
    monkeypatch.setattr(index, "_library", index.Library(folder, tmp_path / "cache", every=0))
    return folder


@pytest.fixture
def administrator(client):
    return make.sign_in(client, make.role(make.person(), "administrator"))


def test_good_content_is_called_good_and_what_is_written_is_listed(administrator, folder):
    page = administrator.get("/admin/content").text
    assert "<h1>All content is good</h1>" in page
    assert "1 of 2 lessons have a text" in page
    assert "2 questions in the bank" in page


def test_problems_are_counted_and_said_with_file_and_line(administrator, folder):
    (folder / WHO).write_text(lesson().replace("!!! desk", "!!! note").replace("![Three stays]", "![]"))
    (folder / BANKED).write_text(GOOD[BANKED].replace("[tag:lesson=who]", "[tag:lesson=<i>whom]", 1))
    page = administrator.get("/admin/content").text
    assert "<h1>3 problems in 2 files</h1>" in page
    assert "Line 14" in page
    assert "There is no lesson &lt;i&gt;whom." in page
    assert "An older version is shown" not in page


def test_a_broken_lesson_goes_on_being_read_and_the_page_says_so(administrator, folder):
    assert index.current().lesson("who").written
    (folder / WHO).write_text("nothing")
    page = administrator.get("/admin/content").text
    assert "<h1>1 problem in 1 file</h1>" in page
    assert "1 file cannot be used as it is now. Readers see its last good version." in page
    assert "An older version is shown" in page
    assert "A lead." in administrator.get("/learn/lessons/who").text


def test_a_folder_without_content_says_what_will_be_here(administrator, folder, monkeypatch):
    monkeypatch.setattr(index, "_library", index.Library(folder / "no", None))
    page = administrator.get("/admin/content").text
    assert "<h1>1 problem in 1 file</h1>" in page
    assert "No module is here yet." in page


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_page_is_there_in_every_language(administrator, folder, language):
    (folder / WHO).write_text("nothing")
    assert administrator.get(f"/admin/content?lang={language}").status_code == 200


@pytest.mark.parametrize("role", ["coordinator", "observer"])
def test_nobody_else_opens_it(client, folder, role):
    make.sign_in(client, make.role(make.person(), role))
    assert client.get("/admin/content").status_code == 403
