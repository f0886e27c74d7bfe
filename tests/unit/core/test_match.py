"""Matching: proofs in order, ambiguity held, and every unlinked record in exactly one place of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.core.match import Candidate, Matching, match
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
