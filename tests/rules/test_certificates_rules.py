"""Codes, terms, names of files, the rings: the pure rules of certificates."""

from datetime import date
from itertools import combinations, pairwise
from random import Random

import pytest

from lms.certificates import rules


def codes(count: int = 200, seed: int = 8) -> list[str]:
    """Codes with their check character, without chance."""
    random = Random(seed)
    made = []
    for _n in range(count):
        eleven = "".join(random.choice(rules.ALPHABET) for _position in range(11))
        made.append(eleven + rules.check_character(eleven))
    return made


def test_a_new_code_is_printed_in_three_groups_and_reads_back():
    made = {rules.new_code() for _n in range(500)}
    assert len(made) == 500
    for code in made:
        prefix, *groups = code.split("-")
        assert prefix == "DRM" and [len(group) for group in groups] == [4, 4, 4]
        assert not set("ILOU") & set("".join(groups))
        assert rules.normalise(code) == code


def test_every_single_wrong_character_is_caught():
    for code in codes(40):
        for position in range(12):
            for other in rules.ALPHABET:
                if other != code[position]:
                    assert rules.normalise(code[:position] + other + code[position + 1 :]) is None


def test_every_exchange_of_two_different_characters_is_caught_wherever_they_stand():
    for code in codes(200):
        for i, j in combinations(range(12), 2):
            if code[i] != code[j]:
                typed = list(code)
                typed[i], typed[j] = typed[j], typed[i]
                assert rules.normalise("".join(typed)) is None


def test_the_code_is_proved_for_all_pairs_and_not_only_for_samples():
    # The code is linear: a change goes unseen only if it is itself a code word. So it is enough to try every
    # error of one character, and every exchange by its difference, which is the same in both places.
    zero = "0" * 12
    assert rules.normalise(zero) == "DRM-0000-0000-0000"
    for position in range(12):
        for wrong in rules.ALPHABET[1:]:
            assert rules.normalise(zero[:position] + wrong + zero[position + 1 :]) is None
    for i, j in combinations(range(12), 2):
        for difference in rules.ALPHABET[1:]:
            word = list(zero)
            word[i] = word[j] = difference
            assert rules.normalise("".join(word)) is None


def test_of_everything_else_one_in_thirty_two_is_missed_at_most():
    random = Random(3)
    typed = ["".join(random.choice(rules.ALPHABET) for _n in range(12)) for _m in range(20000)]
    assert sum(rules.normalise(text) is not None for text in typed) / 20000 == pytest.approx(1 / 32, abs=0.006)


@pytest.mark.parametrize(
    "write",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " – "),
        lambda code: code.removeprefix("DRM-"),
        lambda code: f"  {code}\n",
        lambda code: code.replace("0", "O"),
        lambda code: code.replace("0", "o").replace("1", "l"),
        lambda code: code.replace("1", "I"),
        lambda code: f"https://training.example.org/verify/{code}",
        lambda code: f"https://training.example.org/verify/{code}/?lang=ar",
        lambda code: code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
        lambda code: "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in code),
    ],
)
def test_a_code_may_be_typed_in_many_ways(write):
    for typed in codes(30):
        code = rules.normalise(typed)
        assert code is not None
        assert rules.normalise(write(code)) == code


def test_a_code_that_begins_like_its_own_prefix_is_not_shortened():
    eleven = "DRM4QX2M9TC"
    typed = eleven + rules.check_character(eleven)
    assert rules.normalise(typed) == rules.normalise(f"DRM-{typed}") is not None


@pytest.mark.parametrize(
    "typed", ["", "DRM", "DRM-7F4K", "x" * 12, "DRM-UUUU-UUUU-UUUU", "ع" * 12, "0" * 5000, "'; --"]
)
def test_what_cannot_be_a_code_is_a_slip_of_the_pen(typed):
    assert rules.normalise(typed) is None


@pytest.mark.parametrize(
    ("completed", "last_day"),
    [
        (date(2025, 3, 15), date(2028, 3, 14)),
        (date(2024, 2, 29), date(2027, 2, 27)),
        (date(2025, 1, 1), date(2027, 12, 31)),
    ],
)
def test_a_certificate_is_valid_for_three_years_less_a_day(completed, last_day):
    assert rules.valid_until(completed) == last_day


def test_the_last_day_of_validity_is_valid_and_the_next_is_not():
    last_day = date(2028, 3, 14)
    assert rules.status("issued", last_day, last_day) == "valid"
    assert rules.status("issued", last_day, date(2028, 3, 15)) == "expired"
    assert rules.status("waiting", last_day, last_day) == rules.status("blocked", last_day, last_day) == "prepared"


def test_a_result_is_rounded_down():
    assert [rules.percent(score) for score in (0.699999, 0.7, 0.29, 1.0, 0.0)] == [69, 70, 29, 100, 0]


def test_numbers_are_gathered_into_runs():
    assert rules.runs([1, 2, 3]) == [(1, 3)]
    assert rules.runs([1, 2, 5]) == [(1, 2), (5, 5)]
    assert rules.runs([]) == []


def test_missing_letters_are_named_once_each_and_spaces_and_joiners_are_none():
    known = {ord(c) for c in "Amina"}
    assert rules.missing_letters(["Amina 🙂\u200c\u00a0🙂", "ⵣ"], known) == "🙂ⵣ"
    assert rules.missing_letters(["A\u200dmina"], known) == ""


@pytest.mark.parametrize(
    ("name", "latin"),
    [
        ("Élise Ouédraogo", True),
        ("N'Guessan d'Almeida", True),
        ("ليلى حدّاد", False),
        ("Нино", False),
        ("Nino ნინო", False),
    ],
)
def test_a_name_in_latin_letters_needs_no_latin_form(name, latin):
    assert rules.is_latin(name) is latin


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Amina Diallo", "Amina Diallo, X.pdf"),
        ("../../etc/passwd", "etc passwd, X.pdf"),
        ('A/B\\C:D*E?F"G<H>I|J\x00K', "A B C D E F G H I J K, X.pdf"),
        ("-rf .", "rf, X.pdf"),
        ("...", "X.pdf"),
        ("CON", "CON, X.pdf"),
        ("ليلى حدّاد", "ليلى حدّاد, X.pdf"),
    ],
)
def test_a_file_is_named_so_that_every_system_takes_it(name, file):
    assert rules.file_name(name, "X") == file


def test_the_longest_name_makes_a_file_name_of_less_than_200_bytes():
    name = rules.file_name("Ѩ" * 200, "DRM-0000-0000-0000")
    assert len(name.encode()) < 200 and name.endswith(", DRM-0000-0000-0000.pdf")


def radii(line: rules.Line) -> list[float]:
    return [(x * x + y * y) ** 0.5 for x, y in line.points]


def test_there_is_one_ring_a_lesson_and_it_is_as_wide_as_the_lesson_is_long():
    minutes = [20, 20, 40]
    lines = rules.ring_lines(minutes, "DRM-0000-0000-0000")
    ends = [max(radii(line)) / max(radii(lines[-1])) for line in lines if line.strength > 0.3]
    assert len(ends) == 3
    heart = max(radii(lines[0])) / max(radii(lines[-1]))
    breadths = [outer - inner for inner, outer in pairwise([heart, *ends])]
    assert breadths[2] / breadths[0] == pytest.approx(2, rel=0.15)
    assert breadths[1] / breadths[0] == pytest.approx(1, rel=0.15)


def test_the_grain_is_a_certificates_own_and_drawn_alike_again():
    one, again = (rules.ring_lines([20, 25], "DRM-0000-0000-0001") for _n in range(2))
    assert one == again
    assert one != rules.ring_lines([20, 25], "DRM-0000-0000-0002")


def test_rings_never_cross_each_other():
    for n, code in enumerate(codes(60)):
        lines = rules.ring_lines([5 + (n * 7 + k * 13) % 60 for k in range(1 + n % 12)], code)
        for inner, outer in pairwise(lines):
            assert all(a < b for a, b in zip(radii(inner), radii(outer), strict=True))


def test_rings_stay_on_their_side_of_the_page():
    for code in codes(100):
        assert max(radii(rules.ring_lines([90] * 30, code)[-1])) < 105


def test_no_lessons_have_no_rings():
    assert rules.ring_lines([], "DRM-0000-0000-0000") == []
