"""Matching: proofs in order, ambiguity held, and every unlinked record in exactly one place of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.match import SUGGESTED, Candidate, Matching, match
from syncd.model.link import Proof
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Side

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def contact(
    id_: str, *values: str, link: str | None = None, points_to: str | None = None, native: str | None = None
) -> Candidate:
    """A marketing record with the keys of one match rule."""
    return candidate(Side.MARKETING, RemoteRef("contacts", id_), values, link, points_to, native)


def lead(id_: str, *values: str, link: str | None = None, points_to: str | None = None) -> Candidate:
    """A CRM record with the keys of one match rule."""
    return candidate(Side.CRM, RemoteRef("Lead", id_), values, link, points_to, None)


def candidate(
    side: Side, ref: RemoteRef, values: Sequence[str], link: str | None, points_to: str | None, native: str | None
) -> Candidate:
    """A record as matching sees it."""
    return Candidate(
        side=side,
        record=RemoteRecord(ref, "1", NOON, {}),
        link=link,
        points_to=points_to,
        native=RemoteRef("Lead", native) if native else None,
        values=(tuple(values),),
    )


def told(matching: Matching) -> dict[str, list[object]]:
    """The answer in ids."""
    found: dict[str, list[object]] = {
        "pairs": [(pair.marketing.record.ref.id, pair.crm.record.ref.id, str(pair.proof)) for pair in matching.pairs],
        "held": [sorted(member.record.ref.id for member in group.members) for group in matching.ambiguous],
        "alone": [*sorted(each.record.ref.id for each in matching.alone)],
        "twins": [*sorted(each.record.ref.id for group in matching.twins for each in group.members)],
    }
    return found


def answer(*candidates: Candidate, **more: object) -> dict[str, list[object]]:
    """What matching says of these records under one rule."""
    return told(match(candidates, rules=1, **more))  # type: ignore[arg-type]  # chosen and apart


def test_one_of_each_side_with_one_value_is_a_pair() -> None:
    """The plain case."""
    assert answer(contact("1", "ann"), lead("A", "ann"), lead("B", "bob")) == {
        "pairs": [("1", "A", "matched")],
        "held": [],
        "alone": ["B"],
        "twins": [],
    }


def test_more_than_one_hit_is_held() -> None:
    """Two on either side, or a chain by different values: one group, nothing guessed."""
    assert answer(contact("1", "ann"), lead("A", "ann"), lead("B", "ann"))["held"] == [["1", "A", "B"]]
    assert answer(contact("1", "ann"), contact("2", "ann"), lead("A", "ann"))["held"] == [["1", "2", "A"]]
    chain = answer(contact("1", "ann"), lead("A", "ann", "amy"), contact("2", "amy"))
    assert chain["held"] == [["1", "2", "A"]]
    assert chain["pairs"] == []


def test_a_duplicate_of_a_linked_record_is_held() -> None:
    """A stray that shares a value with somebody linked is shown beside both, and takes nothing from them."""
    found = match([contact("1", "ann", link="L"), lead("A", "ann", link="L"), lead("B", "ann")], rules=1)
    assert told(found)["held"] == [["1", "A", "B"]]
    assert "linked already" in found.ambiguous[0].reason


def test_linked_records_alone_are_no_question() -> None:
    """What is linked and shares values with nobody else is not in the answer at all."""
    assert answer(contact("1", "ann", link="L"), lead("A", "ann", link="L")) == {
        "pairs": [], "held": [], "alone": [], "twins": [],
    }  # fmt: skip


def test_twins_stand_on_one_side() -> None:
    """Two of one side and none of the other are twins, so that neither is made twice over there."""
    assert answer(contact("1", "ann"), contact("2", "ann"), contact("3", "bob")) == {
        "pairs": [], "held": [], "alone": ["3"], "twins": ["1", "2"],
    }  # fmt: skip


def test_a_key_proves_more_than_a_native_id_and_that_more_than_a_value() -> None:
    """Each proof in its order; what was paired by the stronger one is not paired again, its rivals are held."""
    by_key = answer(contact("1", "ann", points_to="A"), lead("A"), lead("B", "ann"))
    assert by_key["pairs"] == [("1", "A", "key")]
    assert by_key["held"] == [["1", "B"]]
    from_crm = answer(contact("1", "ann"), lead("A", points_to="1"))
    assert from_crm["pairs"] == [("1", "A", "key")]
    native = answer(contact("1", "ann", native="A"), lead("A"))
    assert native["pairs"] == [("1", "A", "native")]
    both = answer(contact("1", points_to="A", native="B"), lead("A"), lead("B"))
    assert both["pairs"] == [("1", "A", "key")]


def test_two_that_point_at_one_are_held() -> None:
    """Key fields that contradict each other are nobody's proof."""
    assert answer(contact("1", points_to="A"), contact("2", points_to="A"), lead("A"))["held"] == [["1", "2", "A"]]


def test_a_person_s_choice_comes_first() -> None:
    """Out of three that share an address the chosen two are paired, and the third is a duplicate of them."""
    here, there = (Side.MARKETING, RemoteRef("contacts", "1")), (Side.CRM, RemoteRef("Lead", "B"))
    chosen = answer(contact("1", "ann"), lead("A", "ann"), lead("B", "ann"), chosen={here: there})
    assert chosen["pairs"] == [("1", "B", "manual")]
    assert chosen["held"] == [["1", "A", "B"]]


def test_a_choice_whose_record_is_gone_is_nobody_s_pair() -> None:
    """The chosen counterpart is not there: the record is matched as if nobody had chosen."""
    here, there = (Side.MARKETING, RemoteRef("contacts", "1")), (Side.CRM, RemoteRef("Lead", "gone"))
    assert answer(contact("1", "ann"), lead("A", "ann"), chosen={here: there})["pairs"] == [("1", "A", "matched")]


def whos(*candidates: Candidate) -> frozenset[tuple[Side, RemoteRef]]:
    """A group of records said to be apart."""
    return frozenset(each.who for each in candidates)


def test_apart_is_remembered() -> None:
    """Records said to be apart are alone, also when one of them left; somebody new among them is a new question."""
    one, a, b = contact("1", "ann"), lead("A", "ann"), lead("B", "ann")
    said = [whos(one, a, b)]
    assert answer(one, a, b, apart=said) == {"pairs": [], "held": [], "alone": ["1", "A", "B"], "twins": []}
    assert answer(one, a, apart=said)["alone"] == ["1", "A"]
    assert answer(one, a, b, lead("C", "ann"), apart=said)["held"] == [["1", "A", "B", "C"]]


def test_apart_from_a_record_is_apart_from_its_counterpart() -> None:
    """A Lead that was made for the contact afterwards belongs to it: the old strangers are no question again."""
    one, a = contact("1", "ann"), lead("A", "ann")
    linked = contact("1", "ann", link="L")
    assert answer(linked, lead("N", "ann", link="L"), a, apart=[whos(one, a)])["held"] == []


def test_records_without_a_value_are_alone() -> None:
    """No e-mail proves nothing: two empty values are not the same."""
    assert answer(contact("1"), lead("A"))["alone"] == ["1", "A"]


def test_a_later_rule_is_asked_only_by_those_left_over() -> None:
    """The first rule pairs; the second one finds the rest."""
    rows = [
        Candidate(Side.MARKETING, RemoteRecord(RemoteRef("contacts", id_), "1", NOON, {}), None, None, None, values)
        for id_, values in (("1", (("ann",), ())), ("2", ((), ("x.com",))))
    ] + [
        Candidate(Side.CRM, RemoteRecord(RemoteRef("Lead", id_), "1", NOON, {}), None, None, None, values)
        for id_, values in (("A", (("ann",), ())), ("B", ((), ("x.com",))))
    ]
    assert told(match(rows, rules=2))["pairs"] == [("1", "A", "matched"), ("2", "B", "matched")]


def test_a_linked_record_is_nobody_s_counterpart() -> None:
    """One of each side that share a value, one of them linked elsewhere: a question that shows both, and no pair."""
    found = match([lead("A", "ann", link="L"), contact("1", "ann")], rules=1)
    assert told(found) == {"pairs": [], "held": [["1", "A"]], "alone": [], "twins": []}
    reason = "1 marketing and 1 CRM records share an identity by a rule of `match`, and one of them is linked already"
    assert found.ambiguous[0].reason == reason
    assert [member.who for member in found.ambiguous[0].members] == sorted(
        member.who for member in found.ambiguous[0].members
    )


def test_a_question_tells_how_many_share_what() -> None:
    """In an order that depends on nothing but who they are, so that it is the same question next time."""
    members = (contact("1", "ann"), lead("B", "ann"), lead("A", "ann"))
    for order in (members, members[::-1]):
        (question,) = match(order, rules=1).ambiguous
        assert question.reason == "1 marketing and 2 CRM records share an identity by a rule of `match`"
        assert [each.record.ref.id for each in question.members] == ["A", "B", "1"]
    (keyed,) = match([contact("1", points_to="A"), contact("2", points_to="A"), lead("A")], rules=1).ambiguous
    assert keyed.reason == "2 marketing and 1 CRM records share an identity by the key field"
    (native,) = match([contact("1", native="A"), contact("2", native="A"), lead("A")], rules=1).ambiguous
    assert native.reason == "2 marketing and 1 CRM records share an identity by the native connector's id"


def test_what_only_suggests_is_asked() -> None:
    """A rule that proves nothing makes a question of every pair; the same value under a rule that proves is a pair."""
    pair = (contact("1", "ann"), lead("A", "ann"))
    found = match(pair, rules=1, suggests=frozenset({0}))
    assert told(found) == {"pairs": [], "held": [["1", "A"]], "alone": [], "twins": []}
    assert [member.record.ref.id for member in found.ambiguous[0].members] == ["A", "1"]
    assert found.ambiguous[0].reason == SUGGESTED
    assert answer(*pair, suggests=frozenset({1}))["pairs"] == [("1", "A", "matched")]
    keyed = (contact("1", points_to="A"), lead("A"))
    assert answer(*keyed, suggests=frozenset({0}))["pairs"] == [("1", "A", "key")], "only match rules suggest"


def test_twins_say_which_side_has_two() -> None:
    """Both words, so that a person knows where to merge; whoever is linked among them is shown too."""
    (leads,) = match([lead("B", "ann"), lead("A", "ann")], rules=1).twins
    assert leads.reason == "2 CRM records share an identity; none is made on the other side"
    assert [each.record.ref.id for each in leads.members] == ["A", "B"]
    (contacts,) = match([contact("1", "ann", link="L"), contact("2", "ann"), contact("3", "ann")], rules=1).twins
    assert contacts.reason == "3 marketing records share an identity; none is made on the other side"
    chain = match([contact("1", "ann", "amy"), contact("2", "ann"), contact("3", "amy")], rules=1)
    assert told(chain)["twins"] == ["1", "2", "3"]
    assert len(chain.twins) == 1, "who shares with one shares with all of them"


def test_twins_that_were_said_to_be_apart_are_alone() -> None:
    """Only if all of them were: a third one is a twin again. Two that one key names are no twins at all."""
    one, two, three = contact("1", "ann"), contact("2", "ann"), contact("3", "ann")
    assert answer(one, two, apart=[whos(one, two)])["alone"] == ["1", "2"]
    assert answer(one, two, three, apart=[whos(one, two)])["twins"] == ["1", "2", "3"]
    assert answer(contact("1", points_to="A"), contact("2", points_to="A"))["alone"] == ["1", "2"]


def two_ruled(side: Side, id_: str, first: str, second: str) -> Candidate:
    """A record with one value for each of two rules, or none."""
    ref = RemoteRef("contacts" if side is Side.MARKETING else "Lead", id_)
    values = tuple((each,) if each else () for each in (first, second))
    return Candidate(side, RemoteRecord(ref, "1", NOON, {}), None, None, None, values)


def test_twins_of_different_people_are_different_questions() -> None:
    """Two and two, by one rule or by two: nobody is shown beside a stranger."""
    by_one = match([contact("1", "ann"), contact("2", "ann"), contact("3", "bob"), contact("4", "bob")], rules=1)
    assert [[each.record.ref.id for each in group.members] for group in by_one.twins] == [["1", "2"], ["3", "4"]]
    rows = [("1", "ann", ""), ("2", "ann", ""), ("3", "", "x"), ("4", "", "x")]
    by_two = match([two_ruled(Side.MARKETING, *row) for row in rows], rules=2)
    assert [[each.record.ref.id for each in group.members] for group in by_two.twins] == [["1", "2"], ["3", "4"]]


def test_who_was_passed_over_is_no_twin_but_of_somebody_new() -> None:
    """Two that were not chosen share another value: that is no question. With a third it is one, and told once."""
    rows = [two_ruled(Side.CRM, id_, "ann", "x") for id_ in "BC"] + [two_ruled(Side.CRM, "A", "ann", "")]
    one = two_ruled(Side.MARKETING, "1", "ann", "")
    found = match([one, *rows], rules=2, choose=oldest)
    assert sorted(each.record.ref.id for each in found.passed) == ["B", "C"]
    assert found.twins == ()
    found = match([one, *rows, two_ruled(Side.CRM, "D", "", "x")], rules=2, choose=oldest)
    assert told(found)["twins"] == ["B", "C", "D"]
    assert found.passed == ()


def oldest(_side: Side, several: Sequence[Candidate]) -> Candidate:
    """A configured choice: the lowest id."""
    return min(several, key=lambda each: each.record.ref.id)


def test_a_configured_choice_picks_one_of_several() -> None:
    """On either side; the rest are passed over: neither alone nor a question, and not asked about again."""
    for made, passed in (
        ([contact("1", "ann"), lead("B", "ann"), lead("A", "ann")], "B"),
        ([contact("2", "ann"), contact("1", "ann"), lead("A", "ann")], "2"),
    ):
        found = match(made, rules=1, choose=oldest)
        (pair,) = found.pairs
        assert (pair.marketing.record.ref.id, pair.crm.record.ref.id, pair.proof) == ("1", "A", Proof.CHOSEN)
        assert [each.record.ref.id for each in found.passed] == [passed]
        assert told(found) == {"pairs": [("1", "A", "chosen")], "held": [], "alone": [], "twins": []}


def test_a_choice_is_only_of_several_against_one() -> None:
    """Two against two is a question whatever was configured, and so is a choice that picks nobody."""
    two_by_two = [contact("1", "ann"), contact("2", "ann"), lead("A", "ann"), lead("B", "ann")]
    assert answer(*two_by_two, choose=oldest)["held"] == [["1", "2", "A", "B"]]
    three = [contact("1", "ann"), lead("A", "ann"), lead("B", "ann")]
    assert answer(*three)["held"] == [["1", "A", "B"]]
    keys = [contact("1", points_to="A"), contact("2", points_to="A"), lead("A")]
    assert answer(*keys, choose=oldest)["held"] == [["1", "2", "A"]], "contradicting keys are no matter of choice"
    assert answer(*three, choose=oldest, suggests=frozenset({0}))["held"] == [["1", "A", "B"]], "nor are suggestions"


def test_who_was_not_chosen_before_is_passed_over_again() -> None:
    """A linked pair and one more of a side that may be chosen from: passed. One more of each side is a question."""
    linked = [contact("1", "ann", link="L"), lead("A", "ann", link="L")]
    found = match([*linked, lead("B", "ann")], rules=1, choose=oldest)
    assert [each.record.ref.id for each in found.passed] == ["B"]
    assert told(found) == {"pairs": [], "held": [], "alone": [], "twins": []}
    assert answer(*linked, lead("B", "ann"), contact("2", "ann"), choose=oldest)["held"] == [["1", "2", "A", "B"]]
    two = [*linked, contact("2", "ann", link="M"), lead("B", "ann")]
    assert answer(*two, choose=oldest)["held"] == [["1", "2", "A", "B"]], "two links: whose is it?"


def test_several_choices_are_asked_side_by_side() -> None:
    """The side that has several is the one that is chosen from, and only with those of it."""
    asked: list[tuple[Side, list[str]]] = []

    def noting(side: Side, several: Sequence[Candidate]) -> None:
        asked.append((side, sorted(each.record.ref.id for each in several)))

    match([contact("1", "ann"), lead("A", "ann"), lead("B", "ann")], rules=1, choose=noting)
    match([contact("1", "bob"), contact("2", "bob"), lead("A", "bob")], rules=1, choose=noting)
    linked = [contact("1", "ann", link="L"), lead("A", "ann", link="L"), contact("2", "ann")]
    match(linked, rules=1, choose=noting)
    assert asked == [(Side.CRM, ["A", "B"]), (Side.MARKETING, ["1", "2"]), (Side.MARKETING, ["1", "2"])]


candidates_of_a_small_world = st.lists(
    st.tuples(
        st.sampled_from(list(Side)),
        st.sampled_from("1234"),
        st.lists(st.sampled_from("ab"), max_size=2),
        st.sampled_from([None, None, "L", "M"]),
        st.sampled_from([None, None, "1", "2"]),
    ),
    max_size=8,
    unique_by=lambda row: (row[0], row[1]),
)


@settings(max_examples=400)
@given(rows=candidates_of_a_small_world, order=st.randoms(use_true_random=False))
def test_every_unlinked_record_comes_out_once(
    rows: list[tuple[Side, str, list[str], str | None, str | None]], order: st.DataObject
) -> None:
    """Each in one pair, one held group, or alone; and the order in which records come in changes nothing."""
    made = [
        candidate(side, RemoteRef("contacts" if side is Side.MARKETING else "Lead", id_), values, link, points, None)
        for side, id_, values, link, points in rows
    ]
    found = match(made, rules=1)
    paired = [each.who for pair in found.pairs for each in (pair.marketing, pair.crm)]
    placed = [
        *paired,
        *(each.who for group in found.ambiguous for each in group.members if each.link is None),
        *(each.who for each in found.alone),
        *(each.who for group in found.twins for each in group.members if each.link is None),
    ]
    assert sorted(placed) == sorted(each.who for each in made if each.link is None)
    assert all(pair.marketing.side is Side.MARKETING and pair.crm.side is Side.CRM for pair in found.pairs)
    assert all(pair.proof is not Proof.MANUAL for pair in found.pairs)
    order.shuffle(made)  # type: ignore[attr-defined]  # a seeded random.Random
    again = told(match(made, rules=1))
    once = told(found)
    assert {key: sorted(map(str, value)) for key, value in again.items()} == {
        key: sorted(map(str, value)) for key, value in once.items()
    }
