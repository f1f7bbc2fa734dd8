"""Every place has a reason and what would change it, in both languages; and what is named does change it."""

from __future__ import annotations

import datetime as dt
import re
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal, assert_index_equal

from coverage.errors import DataError
from coverage.phrases import texts
from coverage.policy import RULES, Policy, list_policies, load_policy
from coverage.reasons import LANGUAGES, explain
from tests.cases import AS_OF, CASES, DEFAULTS, GOLDEN, Case, Row, dsl, fibre, offer, plan, satellite, table, verdicts

PACKS = [load_policy(policy_id) for policy_id in list_policies()]
NORWAY = load_policy("no-2024")
SECTIONS = (
    "form", "technology", "level", "offer", "service", "uncounted", "plan", "verdict", "mobile", "corrected", "lead",
    "undo", "end",
)  # fmt: skip


def said(*cases: Case, policy: Policy = NORWAY, language: str = "en") -> pd.DataFrame:
    return explain(verdicts(cases, policy), policy=policy, as_of=AS_OF, language=language)


def reason(*offers: Row, policy: Policy = NORWAY, language: str = "en", **case: object) -> str:
    return str(said(Case("x", offers, **case), policy=policy, language=language).loc["x", "reason"])  # type: ignore[arg-type]


# --- the list that people have read ---------------------------------------------------------------------------


def test_the_list_of_reasons_is_what_people_have_read() -> None:
    golden = pd.read_csv(GOLDEN, keep_default_na=False)
    assert_frame_equal(table(), golden, check_dtype=False)


def test_the_list_holds_sixty_places_under_every_pack_and_meets_every_clause() -> None:
    golden = pd.read_csv(GOLDEN, keep_default_na=False)
    assert len(golden) == 60 * len(PACKS)
    assert golden.groupby("policy")["place"].nunique().to_dict() == {policy.id: 60 for policy in PACKS}
    for policy in PACKS:
        met = set(golden.loc[golden["policy"] == policy.id, "clause"])
        assert met == {clause.id for clause in policy.clauses} | {"expected-share"}, policy.id


# --- the texts ------------------------------------------------------------------------------------------------


def test_every_text_stands_in_every_language_with_the_same_names_in_braces() -> None:
    for section in SECTIONS:
        for name, spoken in texts(section).items():
            assert set(spoken) == set(LANGUAGES), (section, name)
            if section != "form" or name not in ("decimal", "date"):
                fields = {language: _names(text) for language, text in spoken.items()}
                assert len(set(map(frozenset, fields.values()))) == 1, (section, name, fields)


def _names(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def test_every_excluding_rule_can_be_undone_in_words() -> None:
    excluding = set(RULES) - {"white_area", "eligible"}
    assert excluding <= set(texts("undo"))


def test_bokmal_writes_numbers_dates_and_shares_its_own_way() -> None:
    text = said(Case("x", (dsl(10, 0.5, available_until="2024-03-31"),)), language="nb").loc["x"]
    assert "10/0,5 Mbit/s DSL fra Oldnet, som legges ned 31.03.2024," in text["reason"]
    assert "innen 30.06.2025" in text["change"]
    assert "30,0 % av husstandene" in said(Case("x", share=True), language="nb").loc["x", "reason"]
    assert not re.search(r"\d{4}-\d\d-\d\d|\d\.\d+ ", " ".join(text))


def test_no_bokmal_sentence_of_the_list_holds_english_words() -> None:
    golden = pd.read_csv(GOLDEN, keep_default_na=False)
    words = set(re.findall(r"[a-zæøå]+", " ".join(golden["reason_nb"] + " " + golden["change_nb"]).lower()))
    english = {"the", "offer", "eligible", "plan", "of", "by", "network", "networks", "area", "share", "best"}
    assert not (words - {"plan"}) & english


def test_an_unknown_language_is_one_sentence() -> None:
    with pytest.raises(DataError, match="language 'sv' is none of en, nb"):
        said(Case("x"), language="sv")


def test_places_that_another_policy_judged_are_refused() -> None:
    judged = verdicts([Case("x")], load_policy("eu-2023"))
    with pytest.raises(DataError, match="policy no-2024 has no clause 'white-area'"):
        explain(judged, policy=NORWAY, as_of=AS_OF)


def test_rows_keep_their_index_and_the_english_reason_is_the_one_in_memory() -> None:
    judged = verdicts(CASES, NORWAY)
    words = explain(judged, policy=NORWAY, as_of=AS_OF)
    assert_index_equal(words.index, judged.index)
    assert words["reason"].tolist() == judged["reason"].tolist()
    assert words.notna().all(axis=None)
    assert explain(judged.iloc[:0], policy=NORWAY, as_of=AS_OF).columns.tolist() == ["reason", "change"]


def test_the_order_of_rows_is_irrelevant() -> None:
    judged = verdicts(CASES, NORWAY)
    backwards = explain(judged.iloc[::-1], policy=NORWAY, as_of=AS_OF)
    assert_frame_equal(backwards.iloc[::-1], explain(judged, policy=NORWAY, as_of=AS_OF))


def test_columns_that_only_later_versions_bring_may_be_absent() -> None:
    judged = verdicts([Case("x", (dsl(), satellite()), {"kind": "holiday"})], NORWAY)
    later = ("uncounted_", "fixed_class_", "planned_networks", "also_excluded_by", "correct", "service_basis")
    few = judged.drop(columns=[name for name in judged if name.startswith(later)])
    words = explain(few, policy=NORWAY, as_of=AS_OF).loc["x"]
    assert (
        words["reason"]
        == "Best offer 18/2 Mbit/s DSL from Oldnet is below 30 Mbit/s; holiday home: not funded; not eligible."
    )
    assert words["change"] == "Becomes eligible if the place is not a holiday home."


# --- what is said of an offer -----------------------------------------------------------------------------------


def test_nobody_is_told_that_no_offer_is_known_where_one_is() -> None:
    assert reason().startswith("No fixed offer is known;")
    told = reason(satellite())
    assert told.startswith(
        "No fixed offer counts: the best known, 150/20 Mbit/s satellite from Skynet, is by a technology"
    )
    slow = reason(offer(150, 20, latency_ms=130.0), policy=load_policy("us-bead-2022"))
    assert "150/20 Mbit/s cable from Cablenet, takes more than 100 ms to answer" in slow
    strict = replace(NORWAY, fixed=replace(NORWAY.fixed, counts_closing=False))
    assert "18/2 Mbit/s DSL from Oldnet, closes by 2025-06-30" in reason(
        dsl(available_until="2024-01-01"), policy=strict
    )


def test_an_offer_that_does_not_count_is_told_beside_a_worse_one_that_does() -> None:
    assert "150/20 Mbit/s satellite from Skynet is by a technology that does not count" in reason(dsl(), satellite())
    assert "satellite" not in reason(fibre(), satellite())
    assert "satellite" not in reason(dsl(), satellite() | {"down_mbps": 20.0}), "it would change nothing"


def test_a_provider_that_is_not_named_and_a_class_of_speeds_read_as_a_sentence() -> None:
    told = reason(offer(0, 0, "not named", "dsl", down_max_mbps=30.0, up_max_mbps=5.0))
    assert told.startswith("Best offer between 0/0 and 30/5 Mbit/s DSL from a provider that is not named (counted at")
    told = reason(offer(0, 0, "a provider not named", "other", down_max_mbps=30.0, up_max_mbps=0.0), language="nb")
    assert told.startswith("Beste tilbud mellom 0 og 30 Mbit/s fra en ikke oppgitt tilbyder (regnet etter nedre grense")


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_a_plan_that_is_withheld_only_that_it_counts_is_told(language: str) -> None:
    offers = {"counts": plan(1000, "2023-05-01"), "late": plan(1000, "2031-05-01")}
    cases = [Case("none", (dsl(),)), *(Case(name, (dsl(), one)) for name, one in offers.items())]
    nothing = {"planned_by": None, "planned_date": pd.NaT, "planned_down_mbps": 0.0, "plan_told": False}
    places = verdicts(cases, NORWAY).assign(**nothing)
    told = explain(places, policy=NORWAY, as_of=AS_OF, language=language)["reason"]
    counts = texts("plan")["withheld"][language]
    assert f"; {counts}; " in told["counts"]
    assert told["late"] == told["none"]
    assert "plan" not in told["none"], "nor that there is none"


def test_a_blank_provider_is_no_missing_offer() -> None:
    assert reason(dsl(provider="")).startswith("Best offer 18/2 Mbit/s DSL from a provider that is not named is below")
    told = reason(plan(1000, "2023-12-31", provider=""))
    assert "; a provider that is not named plans 1000/1000 Mbit/s by 2023-12-31;" in told


def test_the_class_told_is_that_of_the_offer_told() -> None:
    told = reason(dsl(50, 10), offer(0, 0, "not named", "cable", down_max_mbps=100.0, up_max_mbps=100.0))
    assert told.startswith("Best offer 50/10 Mbit/s DSL from Oldnet is below 100 Mbit/s;")


def test_two_ways_to_reach_a_threshold() -> None:
    germany = load_policy("de-gigabit-2")
    assert "reaches neither 200/200 nor 500 Mbit/s" in reason(offer(300, 30), policy=germany)
    assert "når verken 200/200 eller 500 Mbit/s" in reason(offer(300, 30), policy=germany, language="nb")
    assert "reaches 200/200 or 500 Mbit/s" in reason(offer(500, 50), policy=germany)


def test_a_share_says_how_much_is_short_of_what() -> None:
    told = said(Case("x", share=True)).loc["x", "reason"]
    assert "30.0% of its homes are short (below 30 Mbit/s: 10.0%; 30 to below 100 Mbit/s: 20.0%)" in told
    assert "25.0% of the municipality's homes are short of mobile coverage" in told
    told = said(Case("x", share=True), policy=load_policy("eu-2023")).loc["x", "reason"]
    assert "80.0% of its homes are short (below 100 Mbit/s: 30.0%; from 100 Mbit/s to below 1000/150 Mbit/s" in told


def test_what_a_hearing_says_to_exist_is_told_where_the_rest_is_a_share() -> None:
    heard = {"claim": "exists", "provider": "A"}
    fast = Case("fast", ({"down_mbps": 500, **heard},), share=True)
    slow = Case("slow", ({"down_mbps": 50, "technology": "dsl", **heard},), share=True)
    words = said(fast, slow)
    assert words.loc["fast", "reason"].startswith(
        "Service is known only as a share of the municipality, but here 500/500 Mbit/s fibre from A reaches 100 Mbit/s;"
    )
    assert words.loc["fast", "change"].startswith("Becomes eligible if no offer that counts reaches 100 Mbit/s.")
    assert (
        "30.0% of its homes are short (30 to below 100 Mbit/s: 30.0%); here 50/50 Mbit/s DSL from A is reported;"
        in (words.loc["slow", "reason"])
    )


def test_a_small_share_is_not_told_as_none() -> None:
    judged = verdicts([Case("x", share=True)], NORWAY)
    tiny = judged.assign(share_below_30=0.0, share_below_100=0.0002, short_fixed=0.0002, eligible=0.0002)
    told = explain(tiny, policy=NORWAY, as_of=AS_OF).loc["x", "reason"]
    assert "0.1% of its homes are short (30 to below 100 Mbit/s: 0.1%)" in told


def test_mobile_shortfall_is_told_and_what_ends_it() -> None:
    words = said(
        Case("none", (fibre(),), mobile=("none", 0)),
        Case("basic", (fibre(),), mobile=("basic", 0)),
        Case("good", (fibre(),), mobile=("good", 1)),
        Case("no data", (fibre(),)),
    )
    assert words["reason"].str.contains("mobile").tolist() == [True, True, False, False]
    assert words["change"].str.contains("mobile").tolist() == [True, True, False, False]
    assert "basic at best, good is asked for" in words.loc["basic", "reason"]
    two = replace(NORWAY, mobile=replace(NORWAY.mobile, operators=2))
    words = said(Case("good", (fibre(),), mobile=("good", 1)), policy=two)
    assert "good from 1 of the 2 operators asked for" in words.loc["good", "reason"]
    assert "once 2 operators give good coverage" in words.loc["good", "change"]


def test_a_correction_ends_the_reason() -> None:
    fixed = {"correction": "wrong_speed, in_use", "corrected_by": "Frosta kommune"}
    dated = Case("x", (dsl(),), fixed | {"corrected_on": "2022-05-01"})
    assert said(dated).loc["x", "reason"].endswith("Corrected by Frosta kommune (2022-05-01): speed, in use.")
    nb = said(dated, language="nb").loc["x", "reason"]
    assert nb.endswith("Rettet av Frosta kommune (01.05.2022): hastighet, i bruk.")
    assert said(Case("x", (dsl(),), fixed)).loc["x", "reason"].endswith("Frosta kommune: speed, in use.")
    assert said(Case("x", (dsl(),))).loc["x", "reason"].endswith("eligible.")


# --- what would change it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "policy_id", "change"),
    [
        (Case("x", (fibre(),)), "no-2024", "Becomes eligible if no offer that counts reaches 100 Mbit/s."),
        (
            Case("x", (dsl(), plan(500, "2023-12-31"))),
            "no-2024",
            "Becomes eligible if the plan of B lapses or comes after 2025-06-30.",
        ),
        (
            Case("x", (fibre(), plan(1000, "2023-12-31"))),
            "no-2024",
            "Becomes eligible only if no offer that counts reaches 100 Mbit/s, and if the plan of B lapses or comes "
            "after 2025-06-30.",
        ),
        (
            Case("x", (dsl(),)),
            "us-bead-2022",
            "No longer eligible if an offer of at least 100/20 Mbit/s that counts is reported, or if a plan of at "
            "least 100/20 Mbit/s by 2026-06-30 is reported.",
        ),
        (
            Case("x", (plan(1000, "2023-12-31"), plan(1000, "2023-12-31", provider="C")), {"kind": "holiday"}),
            "no-2024",
            "Becomes eligible only if the place is not a holiday home, and if the plans of B and of 1 other provider "
            "lapse or come after 2025-06-30.",
        ),
    ],
)
def test_the_change_is_told(case: Case, policy_id: str, change: str) -> None:
    assert said(case, policy=load_policy(policy_id)).loc["x", "change"] == change


# Each condition that a sentence names -> what is done to the data so that it comes true, at its mildest.
@dataclass(frozen=True)
class Data:
    """Hold what the conditions of one place are tried on."""

    case: Case
    policy: Policy

    def place(self, **columns: object) -> Case:
        return replace(self.case, place=self.case.place | columns)

    def offers(self, change: Callable[[Row], Row | None]) -> Case:
        changed = [change({"up_mbps": row["down_mbps"]} | row) for row in self.case.offers]
        return replace(self.case, offers=tuple(row for row in changed if row is not None))

    def more(self, row: Row) -> Case:
        return replace(self.case, offers=(*self.case.offers, row))


def _speeds(text: str) -> list[tuple[float, float]]:
    """Read "200/200 or 500" as the speeds it names."""
    parts = [part.split("/") for part in text.split(" or ")]
    return [(float(part[0]), float(part[1]) if len(part) > 1 else 0.0) for part in parts]


def _no_offer_reaches(data: Data, threshold: str) -> Case:
    down = _speeds(threshold)[0][0] - 1
    return data.offers(lambda row: row if _planned(row) else row | {"down_mbps": min(row["down_mbps"], down)})


def _planned(row: Row) -> bool:
    return row.get("status") == "planned"


def _plans_go(data: Data, plans: str, limit: str, *, lapse: bool) -> Case:
    late = (dt.date.fromisoformat(limit) + dt.timedelta(days=1)).isoformat()
    wanted = re.fullmatch(r"the plans? of (.+?)(?: and of (\d+) other providers?)? (?:lapse|come).*", plans)
    assert wanted
    others = sorted({row["provider"] for row in data.case.offers if _plan_counts(data, row)} - {wanted[1]})
    gone = {"not named" if wanted[1] == "a provider that is not named" else wanted[1], *others[: int(wanted[2] or 0)]}

    def go(row: Row) -> Row | None:
        if not (_planned(row) and row["provider"] in gone):
            return row
        return None if lapse else row | {"available_from": late}

    return data.offers(go)


def _plan_counts(data: Data, row: Row) -> bool:
    if not _planned(row) or row["available_from"] is None:
        return False
    up, day = row.get("up_mbps", row["down_mbps"]), np.datetime64(row["available_from"], "s")
    above = data.policy.highest_eligible
    return bool(data.policy.plan_counts(row["down_mbps"], up, day, above=above, as_of=AS_OF))


def _one_network(data: Data, network: str) -> Case:
    # A planned network is the one that stays: that it goes is a condition of its own.
    rows = sorted(data.case.offers, key=_planned, reverse=True)
    fast = [row["provider"] for row in rows if row["down_mbps"] >= float(network)]
    slow = float(network) - 1
    return data.offers(
        lambda row: row | {"down_mbps": slow} if row["provider"] in fast and row["provider"] != fast[0] else row
    )


def undone(data: Data, item: str) -> list[Case]:
    """Return the ways to make one condition of an excluded place come true."""
    if item == "the place lies in a municipality of the study":
        return [data.place(municipality_code="5001")]
    if item == "the place is not a holiday home":
        return [data.place(kind="household"), data.place(kind="business")]
    if item == "the place is in use all year round":
        return [data.place(year_round=True)]
    if item == "its area has not had support before":
        return [data.place(funded_earlier=False)]
    if item == "the existing network cannot easily be upgraded to 1 Gbit/s":
        return [data.offers(lambda row: row | {"upgradeable": False})]
    if found := re.fullmatch(r"no offer that counts reaches (.+) Mbit/s", item):
        return [_no_offer_reaches(data, found[1])]
    if found := re.fullmatch(r"fewer than two networks of at least (\d+) Mbit/s exist or are planned by .*", item):
        return [_one_network(data, found[1])]
    found = re.fullmatch(r"the plans? of .* after ([\d-]+)", item)
    assert found, item
    return [_plans_go(data, item, found[1], lapse=lapse) for lapse in (True, False)]


def ended(data: Data, item: str) -> tuple[list[Case], list[Case]]:
    """Return the ways to make one condition of an eligible place come true, and near misses."""
    if item == "the existing network can easily be upgraded to 1 Gbit/s":
        return [data.offers(lambda row: row | {"upgradeable": True})], []
    if found := re.fullmatch(r"(a second network|two networks) of at least (\d+) Mbit/s .* by ([\d-]+)", item):
        least = float(found[2])
        new = [offer(least, 10, name, "fibre") for name in (["Z"] if found[1] == "a second network" else ["Y", "Z"])]
        built = replace(data.case, offers=(*data.case.offers, *new))
        last = new[-1]
        by_plan = last | {"status": "planned", "available_from": found[3]}
        short = replace(data.case, offers=(*data.case.offers, *new[:-1], last | {"down_mbps": least - 1}))
        return [built, replace(data.case, offers=(*data.case.offers, *new[:-1], by_plan))], [short]
    found = re.fullmatch(r"(an offer|a plan) of at least (.+) Mbit/s (?:by ([\d-]+) is reported|that counts.*)", item)
    assert found, item
    speeds = _speeds(found[2])
    # What falls short is of a network that is there already: another one would make a second network of it.
    network = data.policy.fixed.network_counts_from_mbps
    fast = [row["provider"] for row in data.case.offers if row["down_mbps"] >= network]
    miss = fast[0] if fast else "Z"
    if found[1] == "an offer":
        near = [offer(down - 1, up, miss, "fibre") for down, up in speeds]
        near += [offer(down, up - 1, miss, "fibre") for down, up in speeds if up and len(speeds) == 1]
        near += [offer(down, up, miss, "satellite") for down, up in speeds if not _counts(data, "satellite")]
        return [data.more(offer(down, up, "Z", "fibre")) for down, up in speeds], [data.more(row) for row in near]
    late = (dt.date.fromisoformat(found[3]) + dt.timedelta(days=1)).isoformat()
    plans = [data.more(plan(down, found[3], up=up, provider="Z")) for down, up in speeds]
    near = [plan(down, late, up=up, provider=miss) for down, up in speeds]
    near += [plan(down - 1, found[3], up=up, provider=miss) for down, up in speeds]
    return plans, [data.more(row) for row in near]


def _counts(data: Data, technology: str) -> bool:
    return technology in data.policy.fixed.technologies


def trials(cases: list[Case], policy: Policy) -> Iterator[tuple[Case, bool, str]]:
    """Yield changed places, whether they must be eligible, and why."""
    judged = verdicts(cases, policy)
    words = explain(judged, policy=policy, as_of=AS_OF)
    for case in cases:
        eligible = judged.loc[case.label, "eligible"] == 1
        change = words.loc[case.label, "change"].split(" No longer short")[0]
        found = re.fullmatch(r"(?:Becomes eligible|No longer eligible)(?: only)? if (.*)\.", change)
        assert found, change
        if eligible:
            for item in found[1].split(", or if "):
                enough, less = ended(Data(case, policy), item)
                yield from ((changed, False, f"{case.label}: {item}") for changed in enough)
                yield from ((changed, True, f"{case.label}: less than {item}") for changed in less)
            continue
        items = found[1].split(", and if ")
        assert eligible == (not items)
        for all_of in _all_of(case, policy, items):
            yield all_of, True, f"{case.label}: {change}"
        for left_out in items:
            for most in _all_of(case, policy, [item for item in items if item != left_out]):
                yield most, False, f"{case.label}: all but {left_out}"


def _all_of(case: Case, policy: Policy, items: list[str]) -> list[Case]:
    """Make conditions come true one after the other, in every way there is."""
    made = [case]
    for item in items:
        made = [changed for before in made for changed in undone(Data(before, policy), item)]
    return made


@pytest.mark.parametrize("policy", PACKS, ids=lambda policy: policy.id)
def test_the_change_that_is_told_turns_the_verdict_and_less_does_not(policy: Policy) -> None:
    """For every drawn place: make the named change to the data, judge again, and see the verdict flip."""
    found = list(trials([case for case in CASES if not case.share], policy))
    assert len(found) > 100
    changed = [replace(case, label=f"{number}") for number, (case, _, _) in enumerate(found)]
    eligible = verdicts(changed, policy)["eligible"].to_numpy() == 1
    wrong = [why for (_, wanted, why), got in zip(found, eligible, strict=True) if wanted != got]
    assert not wrong


DRAWN_OFFER = st.builds(
    lambda down, up, provider, technology, planned, day, upgradeable: (
        offer(down, up, provider, technology, upgradeable=upgradeable)
        | ({"status": "planned", "available_from": day} if planned else {})
    ),
    st.sampled_from([5.0, 30.0, 99.0, 100.0, 200.0, 500.0, 1000.0]),
    st.sampled_from([0.5, 3.0, 20.0, 150.0, 200.0]),
    st.sampled_from("ABC"),
    st.sampled_from(["fibre", "dsl", "other"]),
    st.booleans(),
    st.sampled_from([None, "2023-01-01", "2025-06-30", "2030-01-01"]),
    st.booleans(),
)
DRAWN_PLACE = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["household", "holiday"]),
        "year_round": st.booleans(),
        "funded_earlier": st.booleans(),
        "municipality_code": st.sampled_from(["5001", None]),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DRAWN_OFFER, max_size=4), DRAWN_PLACE, st.sampled_from(PACKS))
def test_what_must_change_together_turns_the_verdict_of_any_place(
    offers: list[Row], place: Row, policy: Policy
) -> None:
    case = Case("x", tuple(offers), place)
    judged = verdicts([case], policy)
    change = str(explain(judged, policy=policy, as_of=AS_OF).loc["x", "change"])
    if judged.loc["x", "eligible"] == 1:
        assert change.startswith("No longer eligible if ")
        return
    found = re.fullmatch(r"Becomes eligible(?: only)? if (.*)\.", change)
    assert found, change
    items = found[1].split(", and if ")
    assert items[:1] == [item for item in items if item][:1]
    made = [replace(done, label=f"{number}") for number, done in enumerate(_all_of(case, policy, items))]
    assert (verdicts(made, policy)["eligible"] == 1).all(), change


def test_a_share_changes_as_told() -> None:
    share = Case("share", share=True)
    planned = Case("planned", (plan(100, "2025-06-30"),), share=True)
    late = Case("late", (plan(100, "2025-07-01"),), share=True)
    holiday = Case("holiday", place={"kind": "holiday"}, share=True)
    both = Case("both", (plan(100, "2025-06-30"),), {"kind": "holiday"}, share=True)
    cases = [share, planned, late, holiday, both]
    out = verdicts(cases, NORWAY)
    np.testing.assert_allclose(out["eligible"], [0.3, 0, 0.3, 0, 0])
    words = said(*cases)["change"]
    assert words["share"].startswith("That share is no longer eligible if a plan of at least 100 Mbit/s by 2025-06-30")
    assert words["planned"] == "That share becomes eligible if the plan of B lapses or comes after 2025-06-30."
    assert words["holiday"] == "That share becomes eligible if the place is not a holiday home."
    assert out.loc["both", "also_excluded_by"] == "planned"
    assert words["both"].startswith("That share becomes eligible only if the place is not a holiday home, and if the")


def test_defaults_of_the_drawn_places_are_not_what_a_case_repeats() -> None:
    assert all(
        case.place.get(name, "-") != value for case in CASES for name, value in DEFAULTS.items() if name in case.place
    )
