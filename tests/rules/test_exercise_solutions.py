"""Each solution of an exercise derived a second time, by a plain method that shares nothing with the first."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from test_exercises import EACH, seeds

from lms.assessment import exercises
from lms.assessment.exercises import (
    ages_and_exits,
    balance_closes,
    dual_system,
    emigration_residual,
    four_groups,
    link_registers,
    mirror_flows,
    over_coverage,
    signs_of_life,
    standardised_rate,
    suppress_attack,
)
from lms.assessment.exercises.frame import Data, Sheet


def dicts(sheet: Sheet) -> list[dict]:
    return [dict(zip(sheet.heads, row, strict=True)) for row in sheet.rows]


def four(data: Data) -> dict[str, float]:
    home, born, foreign, both, everybody = data.facts["country"], 0, 0, 0, 0
    for row in dicts(data.sheets[0]):
        count = row.get("persons", 1)
        everybody += count
        citizen = row["citizenship"] == home or row["second_citizenship"] == home
        if not citizen:
            foreign += count
        if row["birth_country"] != home:
            born += count
            if citizen:
                both += count
    return {"foreign_born": born, "foreign_born_share": born / everybody * 100, "foreign_citizens": foreign,
            "foreign_born_citizens": both}  # fmt: skip


def balance(data: Data) -> dict[str, float]:
    wrong = []
    for row in dicts(data.sheet("regions")):
        natural, net = row["births"] - row["deaths"], row["immigration"] - row["emigration"]
        change = row["population_end"] - row["population_start"]
        if change - natural - net - row["correction"] != 0:
            wrong.append((row["region"], change - natural - net - row["correction"]))
    assert len(wrong) == 1 and wrong[0][1] % 9 == 0, "two digits that changed places differ by a multiple of nine"
    item = {row["item"]: row["persons"] for row in dicts(data.sheet("foreign_born"))}
    expected = item["stock_start"] + item["immigration"] - item["emigration"] - item["deaths"]
    unseen = expected - item["census_end"]
    return {"region": wrong[0][0], "gap": wrong[0][1], "expected_stock": expected, "stock_gap": -unseen,
            "coverage": item["emigration"] / (unseen + item["emigration"]) * 100}  # fmt: skip


def register(data: Data) -> dict[str, float]:
    groups: dict[str, list[float]] = {}
    for row in dicts(data.sheets[0]):
        group = groups.setdefault(row["group"], [0.0] * 5)  # people, employed, silent, abroad, here
        if "register" in row:
            names = ("register", "employed", "no_sign", "found_abroad", "found_here")
            group[:] = [sum(pair) for pair in zip(group, (row[name] for name in names), strict=True)]
            continue
        group[0] += 1
        group[1] += row["sign_work"] or 0
        if not any(row[sign] for sign in ("sign_work", "sign_health", "sign_school")):
            group[2] += 1
            group[3] += row["found"] == "abroad"
            group[4] += row["found"] == "here"
    gone = sum(silent / (abroad + here) * abroad for _n, _e, silent, abroad, here in groups.values())
    people, employed = sum(g[0] for g in groups.values()), sum(g[1] for g in groups.values())
    return {"over_coverage": gone, "corrected_stock": people - gone, "register_rate": employed / people * 100,
            "corrected_rate": employed / (people - gone) * 100}  # fmt: skip


def permits(data: Data) -> dict[str, float]:
    year = data.facts["year"]
    first = [row for row in dicts(data.sheets[0]) if "first" in row["kind"]]
    new = [row for row in first if row["here_before"] == "no"]
    came = [row for row in new if row["first_entry"] and row["first_entry"].isoformat()[:4] == str(year)]
    long = [row for row in came if row["first_entry"] + timedelta(days=365) <= row["valid_until"]]
    steps = {"first_permits": first, "newcomers": new, "arrivals": came, "long_term": long}
    return {name: len({row["person"] for row in rows}) for name, rows in steps.items()}


def mirror(data: Data) -> dict[str, float]:
    left = sum(row["to_partner"] for row in dicts(data.sheet("departures")))
    left -= sum(row["of_whom_returned"] for row in dicts(data.sheet("departures")))
    came = 0
    for row in dicts(data.sheet("arrivals")):
        if "stay_months" in row:
            if row["stay_months"] in ("12-23", "24+", "12+", "12-17", "18+", "still"):
                came += row["foreign_citizens"] + row["own_citizens"]
        elif row["left_on"] is None or row["left_on"] >= row["arrived_on"] + timedelta(days=365):
            came += 1
    return {"sender": left, "comparable": came, "coverage": left / came * 100, "factor": came / left}


def residence(data: Data) -> dict[str, float]:
    """Day by day: a set of days in the country for each person."""
    last, stays = data.facts["last"], {}
    for row in dicts(data.sheets[0]):
        here = stays.setdefault(row["person"], [])
        if "entry" in row:
            here.append([row["entry"], row["exit"]])
        elif row["direction"] == "in":
            here.append([row["day"], None])
        else:
            here[-1][1] = row["day"]
    found = {"unbroken_12": 0, "days_183": 0, "days_365_of_16": 0}
    for own in stays.values():
        days = {entry + timedelta(days=n) for entry, exit in own for n in range(((exit or last) - entry).days)}
        begin = min(days)
        found["days_183"] += sum(day < later(begin, 12) for day in days) >= 183
        found["days_365_of_16"] += sum(day < later(begin, 16) for day in days) >= 365
        found["unbroken_12"] += any(
            entry.year == data.facts["year"] and (exit or last) >= later(entry, 12) for entry, exit in own
        )
    return found


def later(day: date, months: int) -> date:
    month = day.month + months
    year, month = day.year + (month - 1) // 12, (month - 1) % 12 + 1
    while True:
        try:
            return day.replace(year=year, month=month)
        except ValueError:
            day -= timedelta(days=1)


PLAIN = {
    "four-groups": four, "balance-closes": balance, "over-coverage": register, "permits-to-arrivals": permits,
    "mirror-flows": mirror, "residence-rules": residence,
}  # fmt: skip


@pytest.mark.parametrize(("name", "form"), EACH)
def test_a_second_way_gives_the_same(name, form):
    exercise = exercises.ALL[name]
    for seed in seeds(25):
        data = exercise.generate(seed, form)
        assert PLAIN[name](data) == pytest.approx(dict(exercise.solve(data).figures), rel=1e-12)


@pytest.mark.deep
@pytest.mark.parametrize(("name", "form"), EACH)
def test_a_second_way_gives_the_same_for_five_hundred_seeds(name, form):
    exercise = exercises.ALL[name]
    for seed in seeds(500):
        data = exercise.generate(seed, form)
        assert PLAIN[name](data) == pytest.approx(dict(exercise.solve(data).figures), rel=1e-12)


# --- the worked examples of the lessons, put through the same program ---


def test_the_four_groups_of_the_lesson():
    rows = (("QM", "QM", None, 4_612_000, 0), ("QM", "QN", None, 38_000, 0), ("QN", "QM", None, 121_000, 0),
            ("QN", "QN", None, 229_000, 18_000))  # fmt: skip
    heads = ("birth_country", "citizenship", "second_citizenship", "persons", "of_whom_refugees")
    data = Data((Sheet("population", heads, rows),), {"country": "QM"})
    assert four_groups.solve(data).figures["foreign_born_share"] == 7.0
    wrong = {name: answer.figures.get("foreign_born") for name, answer in four_groups.mistakes(data).items()}
    assert wrong["citizens_for_born"] == 267_000 and wrong["native_born_added"] == 388_000
    assert wrong["naturalised_dropped"] == 229_000 and wrong["refugees_added"] == 368_000


def test_the_balance_of_the_lesson():
    items = (("stock_start", 350_000), ("immigration", 40_000), ("emigration", 15_000), ("deaths", 3_500),
             ("births_to_foreign_born", 5_000), ("naturalisations", 6_000), ("census_end", 359_000))  # fmt: skip
    region = (1, 2024, 100, 1, 1, 1, 1, 0, 109)
    data = Data(
        (Sheet("regions", balance_closes._HEADS, (region,)), Sheet("foreign_born", ("item", "persons"), items)), {}
    )
    right = balance_closes.solve(data).figures
    assert (right["expected_stock"], right["stock_gap"], round(right["coverage"], 1)) == (371_500, -12_500, 54.5)
    wrong = {name: one.figures.get("expected_stock") for name, one in balance_closes.mistakes(data).items()}
    assert wrong["deaths_forgotten"] == 375_000 and wrong["births_added"] == 376_500
    assert wrong["naturalisations_subtracted"] == 365_500


def test_the_check_sample_of_the_lesson():
    row = ("other", 412_000, 231_000, 37_000, 400, 292, 108, 0)
    data = Data((Sheet("strata", over_coverage._HEADS, (row,)),), {})
    right = over_coverage.solve(data).figures
    assert (right["over_coverage"], right["corrected_stock"]) == (27_010, 384_990)
    assert (round(right["register_rate"], 1), round(right["corrected_rate"], 1)) == (56.1, 60.0)
    wrong = over_coverage.mistakes(data)
    assert wrong["all_removed"].figures["corrected_stock"] == 375_000
    assert wrong["whole_register"].figures["over_coverage"] == pytest.approx(300_760)


def test_the_mirror_flows_of_the_lesson():
    data = Data(
        (
            Sheet("departures", ("period", "to_partner", "of_whom_returned"), (("2023", 4_200, 0),)),
            Sheet("arrivals", ("stay_months", "foreign_citizens", "own_citizens"),
                  (("3-11", 2_486, 0), ("12+", 8_814, 0))),
        ),
        {"year": 2023},
    )  # fmt: skip
    right = mirror_flows.solve(data).figures
    assert (right["comparable"], round(right["coverage"], 1), round(right["factor"], 2)) == (8_814, 47.7, 2.10)
    wrong = mirror_flows.mistakes(data)
    assert round(wrong["not_harmonised"].figures["coverage"], 1) == 37.2


# --- linking two registers, and two lists of one population ---


def linking(data: Data) -> dict[str, float]:
    """Every pair of one year of birth, field by field; the evidence as odds that are multiplied, its logarithm last."""
    names = ("surname", "given_name", "birth_date", "sex", "citizenship")
    rates = {row["field"]: (row["m"], row["u"]) for row in dicts(data.sheet("fields"))}
    counts: dict[tuple, list[int]] = {}  # what of each field is known to agree: pairs, pairs of one person
    if data.sheets[1].name == "patterns":
        known = {"agree": True, "differ": False, "missing": None}
        for row in dicts(data.sheet("patterns")):
            same = tuple(known[row[f"on_{name}"]] for name in names)
            counts[same] = [row["pairs"], row["of_whom_one_person"]]
            if row["pattern"] == data.facts["pattern"]:
                stated = same
    else:
        years: dict[int, list[tuple]] = {}
        for row in data.sheet("register").rows:
            years.setdefault(row[4].year, []).append(row)
        for one in data.sheet("permits").rows:
            for other in years.get(one[4].year, ()):
                same = tuple([x == y if x and y else None for x, y in zip(one[2:], other[2:], strict=True)])
                count = counts.setdefault(same, [0, 0])
                count[0] += 1
                count[1] += one[1] == other[1]
                if (one[0], other[0]) == (data.facts["record_a"], data.facts["record_b"]):
                    stated = same
    links = right = false_twins = 0
    for same, (pairs, one_person) in counts.items():
        odds = 1.0
        for name, agrees in zip(names, same, strict=True):
            m, u = rates[name]
            odds *= 1 if agrees is None else m / u if agrees else (1 - m) / (1 - u)
        if same == stated:
            weight = math.log(odds) / math.log(2)
        if odds >= 2 ** data.facts["threshold"]:
            links, right = links + pairs, right + one_person
            false_twins += pairs - one_person if same[:3] == (True, False, True) else 0
    return {"pair_weight": weight, "links": links, "false_twins": false_twins,
            "precision_after": right / (links - false_twins) * 100}  # fmt: skip


PLAIN |= {"link-registers": linking}


@pytest.mark.parametrize(("given", "born", "citizenship", "weight", "wrong", "wrongly"), [
    ("agree", "agree", "agree", 32.69, "natural_logarithm", 22.66),
    ("agree", "differ", "missing", 12.36, "missing_differs", 6.84),
    ("agree", "differ", "agree", 15.97, "nothing_against", 21.03),
    ("differ", "agree", "agree", 22.33, "natural_logarithm", 15.48),
])  # fmt: skip
def test_the_weights_of_the_lesson(given, born, citizenship, weight, wrong, wrongly):
    fields = (("surname", 0.95, 0.001), ("given_name", 0.93, 0.01), ("birth_date", 0.97, 0.0003), ("sex", 0.99, 0.5),
              ("citizenship", 0.98, 0.08))  # fmt: skip
    certain = ("P01", *["agree"] * 5, 10, 9)
    row = ("P02", "agree", given, born, "agree", citizenship, 3, 1)
    heads = ("pattern", *(f"on_{field}" for field, _m, _u in fields), "pairs", "of_whom_one_person")
    sheets = (Sheet("fields", ("field", "m", "u"), fields), Sheet("patterns", heads, (certain, row)))
    data = Data(sheets, {"threshold": 20.0, "pattern": "P02"})
    assert link_registers.solve(data).figures["pair_weight"] == pytest.approx(weight, abs=0.005)
    assert link_registers.mistakes(data)[wrong].figures["pair_weight"] == pytest.approx(wrongly, abs=0.01)


def two_lists(data: Data) -> dict[str, float]:
    """Numbers as sets at the desk; Chapman's estimate as the matches and everybody else weighed up, n1 + n2 - m and the
    unseen (n1 - m)(n2 - m)/(m + 1)."""
    groups: dict[str, list[int]] = {}  # census, register, both, gone before census day
    if data.sheets[0].name == "lists":
        for row in dicts(data.sheets[0]):
            groups[row["group"]] = [row["census"], row["register"], row["both"], row["left_before"]]
    else:
        for group in {row["group"] for row in dicts(data.sheet("census"))}:
            forms = {row["number"] for row in dicts(data.sheet("census")) if row["group"] == group}
            records = [row for row in dicts(data.sheet("register")) if row["group"] == group]
            numbers = {row["register_number"].split("-")[1] for row in records}
            gone = {row["record"] for row in records if row["left_on"] and row["left_on"] < data.facts["day"]}
            assert len(numbers) == len(records), "nobody is on a list twice"
            assert not any(row["register_number"].split("-")[1] in forms for row in records if row["record"] in gone)
            groups[group] = [len(forms), len(numbers), len(forms & numbers), len(gone)]
    given = cleaned = variance = 0.0
    for census, register, both, gone in groups.values():
        only = census - both
        given += census + register - both + only * (register - both) / (both + 1)
        left = register - gone
        cleaned += census + left - both + only * (left - both) / (both + 1)
        variance += (census + 1) / (both + 1) * (left + 1) / (both + 1) * only * (left - both) / (both + 2)
    reach = 1.96 * variance**0.5
    return {"as_given": given, "cleaned": cleaned, "standard_error": variance**0.5, "lower": cleaned - reach,
            "upper": cleaned + reach, "bias": (given / cleaned - 1) * 100}  # fmt: skip


PLAIN |= {"dual-system": two_lists}


def lists_of(*strata: tuple) -> Data:
    heads = ("group", "census", "register", "left_before", "left_after", "both")
    return Data((Sheet("lists", heads, strata),), {})


def test_the_two_lists_of_the_lesson():
    right = dual_system.solve(lists_of(("other", 6_500, 8_000, 320, 0, 5_200))).figures
    assert [round(right[name]) for name in ("as_given", "cleaned", "lower", "upper")] == [10_000, 9_600, 9_534, 9_666]
    clean = lists_of(("other", 6_500, 8_000, 0, 0, 5_200))
    right = dual_system.solve(clean).figures
    assert (round(right["standard_error"], 1), round(right["lower"]), round(right["upper"])) == (36.7, 9_928, 10_072)
    wrong = dual_system.mistakes(clean)
    assert wrong["either_list"].figures["cleaned"] == 9_300 and wrong["lists_added"].figures["cleaned"] == 14_500


def test_the_two_kinds_of_people_in_one_lake():
    data = lists_of(("other", 8_100, 7_200, 0, 0, 6_480), ("union", 500, 400, 0, 0, 200))
    assert dual_system.solve(data).figures["cleaned"] == pytest.approx(10_000, abs=2)
    assert round(dual_system.mistakes(data)["pooled"].figures["cleaned"]) == 9_784


# --- a residual of two censuses ---


def residual(data: Data) -> dict[str, float]:
    """Person by person as one would in a spreadsheet: each line of the first census is carried forward by itself."""
    facts, lines, flows = data.facts, [], {"births": 0, "immigration": 0}  # line: census, age, native, foreign, share
    if len(data.sheets) == 2:
        for row in dicts(data.sheet("cohorts")):
            age = int(row["age"].replace("+", "-").split("-")[0])
            lines.append((1, age, row["native_first"], row["foreign_first"], row["survival"]))
            lines.append((2, age, row["native_second"], row["foreign_second"], None))
        flows.update({row["item"]: row["persons"] for row in dicts(data.sheet("items"))})
    else:
        table = dicts(data.sheet("survival"))
        for row in dicts(data.sheet("population")):
            share = next(one["survival"] for one in table if one["sex"] == row["sex"]
                         and one["age_from"] <= row["age"] <= (one["age_to"] or 999))  # fmt: skip
            when = 1 if row["census"] == facts["first"] else 2
            lines.append((when, row["age"], row["native_born"], row["foreign_born"], share))
        for row in dicts(data.sheet("flows")):
            if row["year"] not in (facts["first"] - 1, facts["last"]):
                flows = {name: flows[name] + row[name] for name in flows}
    low, high = (int(part) for part in facts["cohort"].split("-"))
    born, cohort = -flows["births"] * facts["of_births"], 0.0
    expected, counted = 0.0, 0
    for when, age, native, foreign, share in lines:
        if when == 1:
            expected += foreign * share
            cohort -= native * share if low <= age + facts["years"] <= high else 0
        else:
            counted += foreign
            cohort += native if low <= age <= high else 0
            born += native if age < facts["years"] else 0
    net = counted - expected
    more = counted / (100 - facts["missed"]) * 100 - counted
    return {"born_between": born, "cohort_net": cohort, "expected": expected, "net": net,
            "emigration": flows["immigration"] - net, "if_missed": flows["immigration"] - net - more}  # fmt: skip


PLAIN["emigration-residual"] = residual


def test_the_cohort_of_the_lesson():
    """182,400 women of 20 to 24 in one census, 168,900 of 30 to 34 in the next; the groups around them are empty."""
    data = Data(
        (
            Sheet("cohorts", ("age", "native_first", "native_second", "foreign_first", "foreign_second", "survival"),
                  (("0-9", 0, 0, 0, 0, 0.99), ("10-19", 0, 0, 0, 0, 0.99), ("20-29", 182_400, 0, 182_400, 0, 0.985),
                   ("30-39", 0, 168_900, 0, 168_900, 0.98), ("40+", 0, 0, 0, 0, 0.5))),
            Sheet("items", ("item", "persons"), (("births", 0), ("births_mothers_abroad", 0), ("immigration", 0))),
        ),
        {"first": 2010, "last": 2020, "years": 10, "cohort": "30-39", "of_births": 0.97, "missed": 1},
    )  # fmt: skip
    right = emigration_residual.solve(data).figures
    assert round(right["cohort_net"]) == round(right["net"]) == -10_764
    assert round(right["if_missed"]) == 9_058, "with one per cent missed a sixth of the flow has never left"
    wrong = emigration_residual.mistakes(data)
    assert wrong["deaths_ignored"].figures["cohort_net"] == -13_500
    assert round(wrong["survival_divided"].figures["cohort_net"]) == -16_278


# --- an index of signs of life ---


def signs(data: Data) -> dict[str, float]:
    """One person, or one row, after the other, with exact fractions."""
    facts = {key: Fraction(str(value)) for key, value in data.facts.items() if key != "country"}
    weights = {row["source"]: Fraction(str(row["weight"])) for row in dicts(data.sheet("weights"))}
    strong = {row["source"] for row in dicts(data.sheet("weights")) if row["strong"] == "yes"}
    if len(data.sheets) == 2:
        rows = dicts(data.sheet("kinds"))
    else:
        found = {row["person"]: row["found"] for row in dicts(data.sheet("sample"))}
        records = [row for row in dicts(data.sheet("signs")) if row["day"].year == facts["year"]]
        seen: dict[str, set[str]] = {}
        for record in records:
            seen.setdefault(record["person"], set()).add(record["source"])
        rows = []
        for row in dicts(data.sheet("people")):
            status = "new" if row["registered_on"].year >= facts["year_before"] else "settled"
            result = found.get(row["person"])
            rows.append({"status": "exit" if row["exit_on"] else status, "signs": " ".join(seen.get(row["person"], ())),
                         "people": 1, "before": row["before"], "found_here": int(result == "here"),
                         "found_abroad": int(result == "abroad")})  # fmt: skip
    exact = {n / 10: Fraction(n, 10) for n in range(11)}
    for row in rows:
        own = set((row["signs"] or "").split())
        row["index"] = facts["memory"] * exact[row["before"]] + facts["fresh"] * sum(weights[one] for one in own)
        row["always"] = row["status"] == "new" and bool(own & strong)
    outcomes = {}
    for threshold in (Fraction(n, 10) for n in range(2, 9)):
        residents = dropped = kept = 0
        for row in rows:
            if row["status"] != "exit" and (row["always"] or row["index"] >= threshold):
                residents += row["people"]
                kept += row["found_abroad"]
            else:
                dropped += row["found_here"]
        outcomes[threshold] = (residents, dropped * facts["one_in"], kept * facts["one_in"])
    residents, dropped, kept = outcomes[facts["threshold"]]
    tried = {one: abs(out[1] - out[2]) for one, out in outcomes.items() if facts["lowest"] <= one <= facts["highest"]}
    balance = min(one for one in tried if tried[one] == min(tried.values()))
    return {"residents": residents, "dropped": float(dropped), "kept": float(kept), "balance": float(balance)}


PLAIN["signs-of-life"] = signs


def test_the_thresholds_of_the_lesson():
    """An index that was last year's value alone: 1,000 residents and 120 who have left, each of them looked up."""
    here, gone = (8, 14, 28, 60, 190, 700), (70, 24, 13, 8, 4, 1)
    rows = tuple((n, n / 5, None, "settled", here[n] + gone[n], here[n], gone[n]) for n in range(6))
    heads = ("row", "before", "signs", "status", "people", "found_here", "found_abroad")
    facts = {"memory": 1.0, "fresh": 0.0, "threshold": 0.4, "lowest": 0.2, "highest": 0.6, "one_in": 1}
    data = Data((Sheet("weights", ("source", "weight", "strong"), (("S", 1.0, "yes"),)), Sheet("kinds", heads, rows)),
                facts)  # fmt: skip
    right = signs_of_life.solve(data).figures
    assert (right["residents"], right["dropped"], right["kept"]) == (1_004, 22, 26)
    wrong = signs_of_life.mistakes(data)
    assert wrong["greater_than"].figures["residents"] == 963
    assert wrong["all_registered"].figures["residents"] == 1_120


# --- ages that are round, exits that are missing ---


def ages(data: Data) -> dict[str, float]:
    """Ages one by one, each a person or a band of them; days counted from the entry."""
    people, middle = [], data.facts["middle"]  # first age, last age, source, how many
    matched_long = matched = entries = seen = 0
    if len(data.sheets) == 2:
        for row in dicts(data.sheet("ages")):
            first, *last = row["age"].split("-")
            people += [(int(first), int((last or [first])[0]), name, row[name]) for name in ("paper", "said")]
        for row in dicts(data.sheet("posts")):
            entries, matched = entries + row["entries"], matched + row["with_exit"]
            matched_long, seen = matched_long + row["long_stays"], seen + row["seen_later"]
    else:
        for row in dicts(data.sheet("stays")):
            entries += 1
            if row["age"]:
                people.append((row["age"], row["age"], row["age_source"], 1))
            if row["left_on"] is None:
                seen += row["seen_later"] == "yes"
            else:
                matched += 1
                matched_long += row["left_on"] >= later(row["entered_on"], 12)

    def whipple(kept: set[str]) -> float:
        own = [(first, last, count) for first, last, source, count in people if source in kept]
        assert all(first > 22 or last < 23 for first, last, _count in own), "no band lies across the border"
        inside = [(first, count) for first, last, count in own if first >= 23 and last <= 62]
        return sum(count for first, count in inside if first % 5 == 0) / sum(count for _f, count in inside) * 5 * 100

    group = sum(count for first, last, _source, count in people if abs(first - middle) <= 2 and abs(last - middle) <= 2)
    without = entries - matched
    estimate = matched_long + seen + (without - seen) * data.facts["rate"] / 100
    return {"whipple": whipple({"paper", "said"}), "whipple_paper": whipple({"paper"}), "group": group,
            "lower": matched_long, "estimate": estimate, "upper": matched_long + without}  # fmt: skip


PLAIN["ages-and-exits"] = ages


def test_the_ages_and_open_stays_of_the_lesson():
    """10,000 less 100 for each year of age; 12% of those at 9 and 1 say the 0, 8% of those at 4 and 6 the 5."""
    counts = {age: 10_000 - 100 * age for age in range(100)}
    said = dict(counts)
    for age in range(10, 100):
        step, share = {9: (1, 12), 1: (-1, 12), 4: (1, 8), 6: (-1, 8)}.get(age % 10, (0, 0))
        if age + step in counts:
            said[age] -= counts[age] * share // 100
            said[age + step] += counts[age] * share // 100
    rows = tuple((str(age), said[age], 1) for age in range(20, 65))
    heads = ("post", "entries", "with_exit", "long_stays", "seen_later")
    posts = Sheet("posts", heads, (("A", 10_000, 8_700, 240, 180),))
    data = Data((Sheet("ages", ("age", "paper", "said"), rows), posts), {"rate": 2, "middle": 35})
    right = ages_and_exits.solve(data).figures
    assert round(right["whipple_paper"], 1) == 119.8
    assert (right["lower"], round(right["estimate"], 1), right["upper"]) == (240, 442.4, 1_540)
    wrong = {name: one.figures for name, one in ages_and_exits.mistakes(data).items()}
    index = {name: round(one["whipple_paper"], 1) for name, one in wrong.items() if "whipple_paper" in one}
    assert {name: index[name] for name in ("factor", "narrow", "from_twenty", "tens_only")} == {
        "factor": 24.0, "narrow": 132.5, "from_twenty": 127.7, "tens_only": 59.3}  # fmt: skip
    assert round(wrong["like_matched"]["estimate"]) == 276, "as in all matched stays; in similar ones it is 295"


# --- dissemination: suppression, SDMX, standardised rates ---


def suppressed(data: Data) -> dict[str, float]:
    """The rule of the text step by step; what an attacker learns by moving people round the hidden cells until one of
    them is empty (augmenting paths), not by sums."""
    threshold, table = data.facts["threshold"], {}
    for row in dicts(data.sheets[0]):
        if "person" in row:
            here = row["left_on"] is None or row["left_on"].isoformat() > f"{data.facts['year']}-12-31"
            if here and row["birth_country"] != data.facts["country"]:
                cell = row["birth_country"], row["district"]
                table[cell] = table.get(cell, 0) + 1
        elif row["birth_country"] != "total":
            for head, count in row.items():
                if head.startswith("district_"):
                    table[row["birth_country"], head[-1].upper()] = count
    origins, districts = sorted({o for o, _d in table}), sorted({d for _o, d in table})
    unsafe = [(o, d) for o in origins for d in districts if 0 < table.get((o, d), 0) < threshold]
    exact = sum(can_lose(table, set(unsafe), cell) == can_gain(table, set(unsafe), cell) == 0 for cell in unsafe)
    hidden = set(unsafe)
    for o, d in unsafe:
        best = None
        for o2 in origins:
            for d2 in districts:
                three = {(o, d2), (o2, d), (o2, d2)}
                if o2 == o or d2 == d or not all(table.get(cell) for cell in three):
                    continue
                price = sum(table[cell] for cell in three - hidden)
                if best is None or price < best[0]:
                    best = price, three
        hidden |= best[1]
    first, second = (tuple(data.facts[name].split("\u00a0·\u00a0")) for name in ("first", "second"))
    return {"unsafe": len(unsafe), "exact": exact, "hidden_people": sum(table[cell] for cell in hidden),
            "first_highest": table[first] + can_gain(table, hidden, first),
            "second_lowest": table[second] - can_lose(table, hidden, second),
            "second_highest": table[second] + can_gain(table, hidden, second)}  # fmt: skip


def can_gain(table: dict, hidden: set, cell: tuple[str, str]) -> int:
    """By how much a hidden cell can grow, with all sums kept: what it gains, another of its column loses."""
    return moved(table, hidden, cell, start=("column", cell[1]), end=("row", cell[0]))


def can_lose(table: dict, hidden: set, cell: tuple[str, str]) -> int:
    return min(table[cell], moved(table, hidden, cell, start=("row", cell[0]), end=("column", cell[1])))


def moved(table: dict, hidden: set, cell: tuple[str, str], start: tuple[str, str], end: tuple[str, str]) -> int:
    """The greatest flow: from a column to a row a cell shrinks (down to 0), from a row to a column it grows."""
    left = {other: table[other] for other in hidden if other != cell}
    gained = 0
    while gained <= 10_000:
        paths, seen = [[start]], {start}
        for path in paths:
            kind, name = path[-1]
            for row, column in left:
                if kind == "column" and column == name and left[row, column] and ("row", row) not in seen:
                    seen.add(("row", row))
                    paths.append([*path, ("row", row)])
                if kind == "row" and row == name and ("column", column) not in seen:
                    seen.add(("column", column))
                    paths.append([*path, ("column", column)])
        path = next((path for path in paths if path[-1] == end), None)
        if path is None:
            return gained
        steps = [((b[1], a[1]), -1) if a[0] == "column" else ((a[1], b[1]), 1) for a, b in pairwise(path)]
        most = min([left[at] for at, sign in steps if sign < 0] or [10_001])
        for at, sign in steps:
            left[at] += sign * most
        gained += most
    return gained


PLAIN["suppress-attack"] = suppressed


def test_the_rectangle_of_the_lesson():
    counts = {"N": (2, 18, 25), "S": (14, 11, 9), "W": (21, 7, 16)}
    heads = ("birth_country", "district_x", "district_y", "district_z", "total")
    rows = (*((name, *own, sum(own)) for name, own in counts.items()), ("total", 37, 36, 50, 123))
    data = Data(
        (Sheet("table", heads, rows),), {"threshold": 3, "first": "N\u00a0·\u00a0X", "second": "S\u00a0·\u00a0Y"}
    )
    assert dict(suppress_attack.solve(data).figures) == {
        "unsafe": 1, "exact": 1, "hidden_people": 45, "first_highest": 16, "second_lowest": 9, "second_highest": 25,
    }  # fmt: skip
    wrong = suppress_attack.mistakes(data)
    assert wrong["row_bound"].figures["first_highest"] == 20
    assert wrong["two_in_the_row"].figures["hidden_people"] == 20
    assert suppressed(data) == dict(suppress_attack.solve(data).figures)


def flows(data: Data) -> dict[str, float]:
    """Each figure counted by itself, key by key of the whole cube, from people and not from cells."""
    year, home = data.facts["year"], data.sheets[0].name == "arrivals"
    people, late, hidden = [], [], set()  # a person: the values of all dimensions but area and frequency
    if home:
        codes = {(row["dimension"], row["national"]): row["shared"] for row in dicts(data.sheet("codes"))}
        ages = [(national, code) for (dimension, national), code in codes.items() if dimension == "AGE"]

        def band(age: int) -> str:
            bounds = [(*map(int, text.replace("+", "-200").split("-")), code) for text, code in ages]
            return next(code for low, high, code in bounds if low <= age <= high)

        def one(row: dict) -> tuple:
            return (codes["SEX", row["sex"]], band(row["age"]), codes["C_PREV", row["came_from"]],
                    row["arrived_on"].year)  # fmt: skip

        people = [one(row) for row in dicts(data.sheet("arrivals"))]
        late = [one(row) for row in dicts(data.sheet("late"))]
        hidden = {
            (codes["SEX", row["sex"]], dict(ages)[row["age_group"]], codes["C_PREV", row["came_from"]], row["year"])
            for row in dicts(data.sheet("hidden"))
        }
        lists = [[code for (dimension, _n), code in codes.items() if dimension == name] for name in
                 ("SEX", "AGE", "C_PREV")]  # fmt: skip
    else:
        sex = {"1": "M", "2": "F"}
        for row in dicts(data.sheet("flows")):
            people += [("M", row["came_from"], row["year"])] * row["men"]
            people += [("F", row["came_from"], row["year"])] * row["women"]
        for row in dicts(data.sheet("late")):
            late += [(sex[row["sex"]], row["came_from"], row["year"])] * row["persons"]
        hidden = {(sex[row["sex"]], row["came_from"], row["year"]) for row in dicts(data.sheet("hidden"))}
        lists = [["M", "F"], sorted({row["came_from"] for row in dicts(data.sheet("flows"))})]
    series = [()]
    for codes_of in lists:
        series = [(*before, code) for before in series for code in (*codes_of, "_T")]
    keys = [(*before, when) for before in series for when in (year - 1, year)]

    def belongs(person: tuple, key: tuple) -> bool:
        return all(part in (own, "_T") for own, part in zip(person, key, strict=True))

    tally, fresh = Counter(people), Counter(late)
    values = {key: sum(n for person, n in tally.items() if belongs(person, key)) for key in keys}
    revised = [key for key in keys if key not in hidden and any(belongs(person, key) for person in fresh)]
    assert hidden <= set(keys)
    return {"observations": len(keys), "series": len(series), "total": values[(*("_T",) * len(lists), year)],
            "control": sum(n for key, n in values.items() if key not in hidden), "revision": len(revised)}  # fmt: skip


PLAIN["sdmx-flows"] = flows


def fairly(data: Data) -> dict[str, float]:
    """Sums over cells of (group, age) kept as fractions, and the standard as shares of one."""
    people, working = Counter(), Counter()
    if data.sheets[0].name == "ages":
        for row in dicts(data.sheet("ages")):
            for group in ("native", "foreign"):
                people[group, row["age_group"]] += row[f"{group}_born"]
                working[group, row["age_group"]] += row[f"{group}_employed"]
        standard = {row["age_group"]: row["standard"] for row in dicts(data.sheet("ages"))}
    else:
        standard = {row["age_group"]: row["standard"] for row in dicts(data.sheet("standard"))}
        groups = {age: name for name in standard for age in range(int(name[:2]), int(name[-2:]) + 1)}
        for row in dicts(data.sheet("persons")):
            if row["age"] in groups:
                cell = "native" if row["birth_country"] == data.facts["country"] else "foreign", groups[row["age"]]
                people[cell] += row["weight"]
                working[cell] += row["weight"] if row["status"] == "employed" else 0
    crude, fair = {}, {}
    for group in ("native", "foreign"):
        own = [age for name, age in people if name == group]
        crude[group] = Fraction(sum(working[group, age] for age in own), sum(people[group, age] for age in own)) * 100
        fair[group] = sum(
            Fraction(weight, sum(standard.values())) * Fraction(working[group, age], people[group, age]) * 100
            for age, weight in standard.items()
        )
    series = {row["year"]: row["immigration"] for row in dicts(data.sheet("series"))}
    base = [series[year] for year in sorted(series) if data.facts["from"] <= year <= data.facts["to"]]
    last = series[data.facts["year"]]
    found = {
        "crude_gap": crude["native"] - crude["foreign"],
        "native_rate": fair["native"],
        "foreign_rate": fair["foreign"],
        "standard_gap": fair["native"] - fair["foreign"],
        "index_year": last / series[data.facts["base"]] * 100,
        "index_mean": last * len(base) / sum(base) * 100,
    }
    return {name: float(value) for name, value in found.items()}  # fmt: skip


PLAIN["standardised-rate"] = fairly


def test_the_rates_and_the_index_of_the_lesson():
    ages = (
        ("15-24", 400, 120, 40, 11.2, 400),
        ("25-54", 1500, 1275, 260, 197.6, 1500),
        ("55-64", 600, 360, 30, 15.6, 600),
    )
    heads = ("age_group", "native_born", "native_employed", "foreign_born", "foreign_employed", "standard")
    series = tuple(zip(range(2015, 2024), (20, 22, 21, 24, 26, 9, 18, 31, 29), strict=True))
    data = Data(
        (Sheet("ages", heads, ages), Sheet("series", ("year", "immigration"), series)),
        {"year": 2023, "base": 2015, "from": 2015, "to": 2019, "shock": 2020},
    )  # fmt: skip
    assert {name: round(value, 1) for name, value in standardised_rate.solve(data).figures.items()} == {
        "crude_gap": 2.2, "native_rate": 70.2, "foreign_rate": 62.6, "standard_gap": 7.6, "index_year": 145.0,
        "index_mean": 128.3,
    }  # fmt: skip
    wrong = {name: one.figures for name, one in standardised_rate.mistakes(data).items()}
    assert round(wrong["mean_of_rates"]["native_rate"], 1) == 58.3
    assert round(wrong["mean_of_rates"]["foreign_rate"], 1) == 52.0
    assert round(wrong["foreign_ages"]["native_rate"], 1) == 76.1
    assert round(wrong["foreign_ages"]["standard_gap"], 1) == 8.1
    assert (round(wrong["pooled_ages"]["native_rate"], 1), round(wrong["pooled_ages"]["foreign_rate"], 1)) == (
        70.9,
        63.2,
    )
    assert round(wrong["shock_base"]["index_year"]) == 322
    assert round(wrong["one_year_for_the_mean"]["index_mean"], 1) == 111.5
