"""Which unlinked records are one: proofs in order, ambiguity held, nothing guessed.

Goes in: every unlinked record at hand and every record that shares a value with one of them, linked or not. Comes out:
pairs to link, groups in which a person must choose, and records that stand alone. Proofs are tried in order: a
person's choice, the key fields, the id properties of the vendor's own connector, then the configured rules. At each
step records that share a value form a group; a group of one record per side, neither linked, is a pair. Where several
records of one side meet one of the other at a configured rule, a choice that was configured may pick one of them: the
rest are passed over. Any other larger group is held, and so is one in which a record is linked already
or was paired by a stronger proof: the rest of it are duplicates of somebody. Every unlinked record that goes in comes
out exactly once; in a held group it may stand beside linked and just paired ones, which are there to be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from syncd.model.link import Proof
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import Pair, Side

SidedRef = tuple[Side, RemoteRef]
PAIRED = "paired"
"""Stands, with a number, for the link of a record that was paired at an earlier step of the same matching."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One record that takes part in matching.

    ``link`` is the id of its live link, if it has one. ``points_to`` is the record of the other side that its key field
    names, ``native`` the one that the vendor's own connector noted. ``values`` are per match rule its normalised keys.
    """

    side: Side
    record: RemoteRecord
    link: str | None
    points_to: str | None
    native: RemoteRef | None
    values: tuple[tuple[str, ...], ...]

    @property
    def who(self) -> SidedRef:
        """Side and ref: the identity of a record in a matching."""
        return self.side, self.record.ref


@dataclass(frozen=True, slots=True)
class Match:
    """Two records that are one."""

    marketing: Candidate
    crm: Candidate
    proof: Proof


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Records of which a person must say which belong together."""

    members: tuple[Candidate, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Matching:
    """The whole answer.

    ``passed`` were not chosen among several. ``twins`` are groups of one side that share a value, with nobody like them
    on the other.
    """

    pairs: tuple[Match, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    alone: tuple[Candidate, ...] = ()
    passed: tuple[Candidate, ...] = ()
    twins: tuple[Ambiguous, ...] = ()


SAID_APART = "said to be apart by a person; it is not asked again"
"""The reason of a match conflict whose resolution ``apart`` was carried out; its row stays as the memory of that."""
SUGGESTED = "they share what is only a suggestion; say whether they are one (--link) or not (--apart)"
Choose = Callable[[Side, Sequence[Candidate]], Candidate | None]
"""Picks one of several records of one side, or ``None`` to ask a person."""


def ask(_side: Side, _several: Sequence[Candidate]) -> Candidate | None:
    """Always asks a person."""
    return None


@dataclass(slots=True)
class _Groups:
    """Union-find over records; two records that share a token are in one group."""

    parent: dict[SidedRef, SidedRef] = field(default_factory=dict)
    first: dict[object, SidedRef] = field(default_factory=dict)

    def root(self, who: SidedRef) -> SidedRef:
        self.parent.setdefault(who, who)
        while self.parent[who] != who:
            self.parent[who] = self.parent[self.parent[who]]
            who = self.parent[who]
        return who

    def share(self, who: SidedRef, token: object) -> None:
        self.parent[self.root(who)] = self.root(self.first.setdefault(token, who))


def match(
    candidates: Sequence[Candidate],
    *,
    rules: int,
    suggests: frozenset[int] = frozenset(),
    choose: Choose = ask,
    chosen: Mapping[SidedRef, SidedRef] | None = None,
    apart: Iterable[frozenset[SidedRef]] = (),
) -> Matching:
    """Matches the unlinked among the candidates.

    :param rules: how many match rules there are; each candidate carries that many tuples of values.
    :param suggests: numbers of the rules that prove nothing: what matches by them is asked of a person.
    :param choose: picks one of several records of one side that match one record of the other.
    :param chosen: pairs a person linked by hand, marketing to CRM.
    :param apart: groups of which a person said that no two belong together.
    """
    open_ones = {candidate.who: candidate for candidate in candidates}
    told_apart = list(apart)
    pairs: list[Match] = []
    ambiguous: list[Ambiguous] = []
    passed: set[SidedRef] = set()
    sharing = _Groups()
    steps: list[tuple[Proof, int]] = [
        (Proof.MANUAL, 0),
        (Proof.KEY, 0),
        (Proof.NATIVE, 0),
        *((Proof.MATCHED, number) for number in range(rules)),
    ]
    for proof, number in steps:
        suggesting = proof is Proof.MATCHED and number in suggests
        groups = _Groups()
        for candidate in open_ones.values():
            for token in _tokens(candidate, proof, number, chosen or {}):
                groups.share(candidate.who, token)
        for group in _members(groups, open_ones).values():
            verdict = _judge(group, proof, told_apart, None if suggesting else choose)
            if isinstance(verdict, Match):
                pairs.append(verdict)
                for member in (verdict.marketing, verdict.crm):
                    open_ones[member.who] = replace(member, link=f"{PAIRED} {len(pairs)}")
                passed.update(member.who for member in group)  # all but these two, if there are more
            elif isinstance(verdict, Ambiguous):
                ambiguous.append(verdict)
                for member in group:
                    open_ones.pop(member.who)
            elif verdict == "passed":
                passed.update(member.who for member in group)
            elif verdict == "twins":
                for member in group:
                    sharing.share(member.who, (proof, number, group[0].who))
    unlinked = [candidate for candidate in open_ones.values() if candidate.link is None]
    doubled = _members(sharing, open_ones).values()
    twins = tuple(
        _twins(group) for group in doubled if any(member.link is None and member.who not in passed for member in group)
    )
    held = {member.who for group in twins for member in group.members}
    return Matching(
        pairs=tuple(pairs),
        ambiguous=tuple(ambiguous),
        alone=tuple(each for each in unlinked if each.who not in held and each.who not in passed),
        passed=tuple(each for each in unlinked if each.who not in held and each.who in passed),
        twins=twins,
    )


def _twins(group: Sequence[Candidate]) -> Ambiguous:
    members = tuple(sorted(group, key=lambda member: member.who))
    side = "CRM" if members[0].side is Side.CRM else "marketing"
    return Ambiguous(members, f"{len(members)} {side} records share an identity; none is made on the other side")


def _tokens(
    candidate: Candidate, proof: Proof, number: int, chosen: Mapping[SidedRef, SidedRef]
) -> Iterable[tuple[object, ...]]:
    """What a record shares with its counterpart at one step; equal tokens put records into one group."""
    who = candidate.who
    if proof is Proof.MANUAL:
        if candidate.side is Side.MARKETING:
            return [("chosen", chosen[who])] if who in chosen else []
        return [("chosen", who)] if who in chosen.values() else []
    if proof is Proof.KEY:
        own: list[tuple[object, ...]] = [("record", candidate.side, candidate.record.ref.id)]
        if candidate.points_to:
            own.append(("record", candidate.side.other, candidate.points_to))
        return own
    if proof is Proof.NATIVE:
        own = [("native", candidate.side, candidate.record.ref)]
        if candidate.native is not None:
            own.append(("native", candidate.side.other, candidate.native))
        return own
    return [(number, value) for value in candidate.values[number]]


def _members(groups: _Groups, open_ones: Mapping[SidedRef, Candidate]) -> dict[SidedRef, list[Candidate]]:
    found: dict[SidedRef, list[Candidate]] = defaultdict(list)
    for who, candidate in open_ones.items():
        if who in groups.parent:
            found[groups.root(who)].append(candidate)
    return found


def _judge(
    group: list[Candidate], proof: Proof, apart: Sequence[frozenset[SidedRef]], choose: Choose | None
) -> Match | Ambiguous | str:
    """One group at one step: a pair, a question, ``twins``, ``passed``, ``apart`` or ``nothing``.

    :param choose: ``None`` at a step that only suggests: there a pair is a question.
    """
    unlinked = [member for member in group if member.link is None]
    sides = Pair(
        marketing=[member for member in group if member.side is Side.MARKETING],
        crm=[member for member in group if member.side is Side.CRM],
    )
    if not unlinked or len(group) == 1:
        return "nothing"
    if not (sides.marketing and sides.crm):
        said_so = all(any({a.who, b.who} <= said for said in apart) for a, b in combinations(group, 2))
        return "nothing" if proof is not Proof.MATCHED else "apart" if said_so else "twins"
    if proof is not Proof.MANUAL and _are_apart(group, apart):  # whoever says later that two are one is right
        return "apart"
    if len(group) == 2 and len(unlinked) == 2:
        if choose is None:
            return Ambiguous(tuple(sorted(group, key=lambda member: member.who)), SUGGESTED)
        return Match(marketing=sides.marketing[0], crm=sides.crm[0], proof=proof)
    if proof is Proof.MATCHED and choose is not None and (one := _one_of_several(group, sides, choose)) is not None:
        return one
    members = tuple(sorted(group, key=lambda member: member.who))
    linked = [member for member in group if member.link is not None]
    counted = f"{len(sides.marketing)} marketing and {len(sides.crm)} CRM records"
    if linked:
        return Ambiguous(members, f"{counted} share an identity {proof.words}, and one of them is linked already")
    return Ambiguous(members, f"{counted} share an identity {proof.words}")


def _one_of_several(group: Sequence[Candidate], sides: Pair[list[Candidate]], choose: Choose) -> Match | str | None:
    """The pair that a configured choice makes of several against one; ``passed`` if it was made before."""
    linked = {member.link for member in group if member.link is not None}
    if not linked:
        many = Side.CRM if len(sides.marketing) == 1 else Side.MARKETING
        if len(sides.other(many)) != 1 or (picked := choose(many, sides.of(many))) is None:
            return None
        pair = Pair(sides.marketing[0], sides.crm[0]).replacing(many, picked)
        return Match(marketing=pair.marketing, crm=pair.crm, proof=Proof.CHOSEN)
    extra = {member.side for member in group if member.link is None}
    if len(linked) == 1 and len(extra) == 1 and choose(side := extra.pop(), sides.of(side)) is not None:
        return "passed"
    return None


def _are_apart(group: Sequence[Candidate], apart: Sequence[frozenset[SidedRef]]) -> bool:
    """Whether a person has said of everybody in a group who might be linked that they are not one.

    What is linked is one: to be apart from a contact is to be apart from its Lead too, also from one made later.
    """
    ones: dict[object, list[Candidate]] = defaultdict(list)
    for member in group:
        ones[member.link or member.who].append(member)
    for first, second in combinations(ones.values(), 2):
        if all(member.link is not None for member in (*first, *second)):
            continue
        if len({member.side for member in (*first, *second)}) == 1:
            continue
        if not any(a.who in said and b.who in said for said in apart for a in first for b in second):
            return False
    return True
