"""What lifecycle, persona, rating and routing cost a person, in this process: nothing reads or waits.

First the judging alone, in a loop: the move against the transitions, the journey, persona and grade, and who gets the
person. Then what it costs in the cycle, which is what counts: what the planner takes for a person in the example
configuration, in which the lifecycle judges the stage, and persona and grade (or all six derived fields) are compared
and written on both sides, less what it takes where the stage is an ordinary field and nothing is derived. Three people
are asked: one of whom nothing changed, one who changed an ordinary field, and one of whom everything is judged anew.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.figures import Figure
from benchmarks.lab import ROOT
from benchmarks.rating import least
from syncd.bootstrap import read_only_fields
from syncd.core.derived import Deriver
from syncd.core.expressions import compile_expression
from syncd.core.known import NOTHING_KNOWN, Known
from syncd.core.layout import Layouts
from syncd.core.merge import Seen, Take
from syncd.core.normalize import Codec, Context, Inexpressible, Invalid, Lens
from syncd.core.parking import Parking
from syncd.core.planner import Planner
from syncd.core.routing import Desk, Incoming, Router
from syncd.core.routing import Standing as Active
from syncd.core.staging import Moves, Sights, Staging
from syncd.model.beside import journey_of
from syncd.model.lifecycle import Author, AuthorSort, Journey, Move
from syncd.model.link import Base, Columns, Link, Linked, Proof
from syncd.model.mapping import KindMapping, Policy
from syncd.model.plan import Decision, Update
from syncd.model.remote import REF, RemoteRecord, RemoteRef
from syncd.model.values import MISSING, SIDES, Canonical, FieldType, Pair, Side, Wire
from syncd.settings.loading import load

NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PEOPLE: Final = 3_000
OWNER: Final = "user:ann@example.com"
SALES: Final = Author(AuthorSort.USER, user="pat@example.com", role="Account Executive")
_DERIVED: Final = {
    "persona": ("enum", "persona"),
    "grade": ("enum", "grade"),
    "points": ("decimal", "points"),
    "reasons": ("text", "grade_reasons"),
    "cycle": ("integer", "cycle"),
    "since": ("datetime", "stage_entered"),
}
_DECAYING: Final = {
    "name": "was here lately",
    "words": "Came to the website.",
    "when": "last_visit != null",
    "points": 20,
    "decay": {"by": "last_visit", "half_life": 30},
}
TITLES: Final = tuple(
    f"{rank} {team} {number}"
    for rank in ("Head of", "Director of", "Senior", "VP", "Assistant to")
    for team in ("Marketing", "Sales Operations", "Finance", "CRM", "Design", "Field Marketing", "People", "Legal")
    for number in range(5)
)
_ALONE: Final = {"company": ()}
_COLUMNS: Final[dict[tuple[frozenset[str], ...], Columns]] = {}
Person = tuple[Linked, Pair[RemoteRecord | None], Known]


class _Kept(Base):
    """A Base as the store gives it: all of the same fields have one description of them."""

    __slots__ = ("_columns",)

    def __init__(self, agreed: Mapping[str, Canonical], confirmed: Pair[Mapping[str, Wire]]) -> None:
        super().__init__(agreed, confirmed)
        columns = super().columns
        key = columns.agreed, columns.confirmed.marketing, columns.confirmed.crm
        self._columns = _COLUMNS.setdefault(key, columns)

    @property
    def columns(self) -> Columns:
        return self._columns


def judging() -> Iterator[Figure]:
    """Processor time a person, the least of five rounds. Alone in a loop: everybody has a new title and a stage that
    sales moved on. In the cycle: the planner with lifecycle, persona, rating and routing, less the planner without; the
    rating ages. Judging alone is met, and so is what is added where nothing or an ordinary field changed; somebody of
    whom everything is judged anew, whose stage, persona and grade are then written to both sides, is not: the parts
    below say that comparing and writing three more fields takes several times as long as judging them. Titles are among
    200, so that most were met before; a regular expression on one that never was stands by itself. Others worked on the
    machine meanwhile, which lengthens every figure here.
    """
    everything = _kind()
    whole = _with(everything, frozenset({"persona", "grade"}))
    bare = replace(_with(everything, frozenset()), agreed=None, definitions=None)
    staged = replace(whole, fields=tuple(each for each in whole.fields if each.derive is None), definitions=None)
    people = [_person(chance=random.Random(number), number=number, kind=everything) for number in range(PEOPLE)]
    *alone, routed = _judged(whole, people)
    yield from alone
    yield routed
    for name, told, given in (
        ("of whom nothing changed", {}, 0.0),
        ("who got another city", {"City": "Bonn"}, 0.0),
        ("who moved on and got another title", {"Title": "Sales Operations", "Status": "Working - Contacted"}, None),
    ):
        two, six, stages, none = (_spent(kind, people, told) for kind in (whole, everything, staged, bare))
        routing = alone[2].value if given is None else given  # whoever moves on is given to somebody, too
        yield Figure(f"the planner on a person {name}, nothing judged", none, "us")
        yield Figure("what lifecycle, persona, rating and routing add to it", two - none + routing, "us", 60)
        yield Figure("of it the stage: compared, judged and written", stages - none, "us")
        yield Figure("of it persona and grade: compared, judged and written to both sides", two - stages, "us")
        yield Figure("of it routing", routing, "us")
        yield Figure("the same with all six derived fields", six - none + routing, "us")
    pattern = compile_expression(r"title != null && title.matches(r'(?i)\b(head|director)\b')", frozenset({"title"}))
    yield Figure("one condition with a regular expression on a new title", _a_person(pattern.holds, people[:500]), "us")
    names = frozenset({"stage", "country"})
    plain, asked = compile_expression("stage == 'mql'", names), compile_expression("stage == country", names)
    yield Figure("one plain condition on one field", _a_person(plain.holds, people), "us")
    yield Figure("one condition that the library is asked for, a yardstick", _a_person(asked.holds, people), "us")


def _judged(kind: KindMapping, people: Sequence[Mapping[str, Canonical]]) -> Iterator[Figure]:
    """The judging alone: a move by sales that is declared and carried over, then persona and grade."""
    assert kind.agreed is not None
    assert kind.definitions is not None
    staging = Staging(kind.agreed)
    stage = next(each for each in kind.fields if each.name == kind.agreed.lifecycle.field)
    seen = Pair(Seen("mql", changed=False), Seen("sql", changed=True))
    moves: Moves = Pair((), (Move("sql", SALES, NOW),))
    begun = Journey().on("mql", NOW, cycle=1)

    def move(values: Mapping[str, Canonical]) -> None:
        sights = Sights(Pair(MISSING, MISSING), lambda: values, lambda _side, _stage: "", begun)
        verdict, path = staging.merge(stage, agreed="mql", seen=seen, moves=moves, sights=sights)
        assert isinstance(verdict, Take)
        staging.journey(begun, path, person="P", before="mql", stage="sql", now=NOW)

    wanted = {each.name: each.derive for each in kind.fields if each.derive is not None}
    deriver = Deriver(kind.definitions, wanted)

    def rate(values: Mapping[str, Canonical]) -> None:
        answers = deriver.of(values, NOW, unsettled={})
        for name in wanted:
            answers.of(name)

    moved, rated, routed = _a_person(move, people), _a_person(rate, people), _routed(kind, people)
    yield Figure("lifecycle, of a person who moved on", moved, "us")
    yield Figure("persona and grade, of titles met before", rated, "us")
    yield Figure("routing, a third of them of companies that somebody has", routed, "us")
    yield Figure("lifecycle, persona, grade and routing of a person", moved + rated + routed, "us", 60)


def _routed(kind: KindMapping, people: Sequence[Mapping[str, Canonical]]) -> float:
    """Microseconds a person, of all of them coming in at once: the example's rules, everybody active."""
    assert kind.routing is not None
    router = Router(kind.routing, frozenset(each.name for each in kind.fields))
    active = {member for pool in kind.routing.pools for member in pool.members} | {kind.routing.fallback, OWNER}
    desk = Desk(dict.fromkeys(active, Active.ACTIVE))
    incoming = [
        Incoming(str(n), NOW + timedelta(seconds=n), values, f"c{n}", () if n % 3 else ((OWNER, "the account"),))
        for n, values in enumerate(people)
    ]
    return least(lambda: router.all(incoming, desk, NOW)) / len(people) * 1e6


def _spent(kind: KindMapping, people: Sequence[Mapping[str, Canonical]], told: Mapping[str, Wire]) -> float:
    """Microseconds a person."""
    planner = _planner(kind)
    prepared = [_changed(each, planner, kind, told) for each in people]
    quick = sum(planner.unchanged(linked, seen) for linked, seen, _ in prepared)
    assert quick == (0 if told else PEOPLE), "whoever tells nothing new is left to the quick answer, and nobody else"
    return least(lambda: _decide(planner, prepared)) / PEOPLE * 1e6


def _a_person(ask: Callable[[Mapping[str, Canonical]], object], people: Sequence[Mapping[str, Canonical]]) -> float:
    """Microseconds a person."""
    return least(lambda: [ask(each) for each in people]) / len(people) * 1e6


def _kind() -> KindMapping:
    """The example's mapping of people, with a visit that loses worth, and six derived fields on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(shutil.copytree(ROOT / "config", Path(folder) / "config"))
        _edit(config / "schema" / "person.yaml", _more_fields)
        _edit(config / "rating.yaml", lambda tree: tree["rules"].append(_DECAYING))
        routing = config / "routing.yaml"
        routing.write_text(routing.read_text(encoding="utf-8").replace("stages: []", "stages: [sql]"), encoding="utf-8")
        environ = {
            "SYNCD_CONNECTIONS__MAIN__MARKETING__ACCESS_TOKEN": "x",  # not a secret
            "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_ID": "x",
            "SYNCD_CONNECTIONS__MAIN__CRM__CLIENT_SECRET": "x",  # not a secret
            "SYNCD_CONNECTIONS__MAIN__CRM__LOGIN_URL": "https://example.my.salesforce.com",
        }
        kinds = load(config, environ, read_only=read_only_fields()).connection(None).connection.kinds
        return next(kind for kind in kinds if kind.kind == "person")


def _edit(path: Path, change: Any) -> None:  # noqa: ANN401 - a function of one YAML file
    tree = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(tree)
    path.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _more_fields(tree: dict[str, Any]) -> None:
    for name, (sort, derive) in _DERIVED.items():
        tree["fields"][name] = {"type": sort, "derive": derive, "marketing": f"syncd_{name}", "crm": f"Syncd_{name}__c"}
    visit = {"type": "date", "marketing": "last_visit", "crm": {"Lead": "Last_Visit__c"}, "policy": "crm"}
    tree["fields"]["last_visit"] = visit


def _with(kind: KindMapping, derived: frozenset[str]) -> KindMapping:
    """The same mapping with these derived fields; with none of them, nobody has agreed on stages either."""
    fields = tuple(each for each in kind.fields if each.derive is None or each.name in derived)
    if not derived:
        fields = tuple(replace(each, policy=Policy.CRM) if each.policy is Policy.LIFECYCLE else each for each in fields)
    return replace(kind, fields=fields)


def _planner(kind: KindMapping) -> Planner:
    lens = Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON))
    return Planner(Layouts(lens), connection="main", parking=Parking(kind, Pair("m", "c"), Pair(NOW, NOW)), now=NOW)


def _person(*, chance: random.Random, number: int, kind: KindMapping) -> dict[str, Canonical]:
    """One person's shared values; every third of what may be empty is."""
    among: dict[str, Sequence[Canonical]] = {
        "title": TITLES,
        "country": ("DE", "US", "FR", "BR"),
        "phone": ("+4930901820",),
        "product_interests": (("crm",), ("crm", "service")),
        "last_visit": ("2026-03-01", "2026-01-15", "2025-03-02"),
        "industry": ("software", "steel"),
    }
    values: dict[str, Canonical] = {each.name: None for each in kind.fields if each.derive is None}
    values |= {name: chance.choice(found) if chance.random() > 1 / 3 else None for name, found in among.items()}
    return values | {
        "email": f"p{number}@{chance.choice(('example.com', 'gmail.com', 'example.org'))}",
        "last_name": f"Doe {number}",
        "company_name": f"Acme {number % 500}",
        "city": "Ulm",
        "stage": "mql",
        "opt_out": False,
    }


def _changed(values: Mapping[str, Canonical], planner: Planner, kind: KindMapping, told: Mapping[str, Wire]) -> Person:
    """A linked person whose Lead tells something new: as it is when the cycle comes to decide."""
    refs = Pair(RemoteRef("contacts", str(values["last_name"])[4:]), RemoteRef("Lead", f"00Q{values['last_name']}"))
    link = Link(f"l{values['last_name']}", "person", refs, Proof.KEY, NOW, keyed=Pair(marketing=True, crm=True))
    confirmed: Pair[Mapping[str, Wire]] = Pair(*(_wires(planner, kind, side, refs.of(side), values) for side in SIDES))
    journey = Journey().on("mql", NOW, cycle=1)
    linked = Linked(link, _Kept({**values, journey_of("stage"): journey.text}, confirmed))
    seen = Pair(*(RemoteRecord(refs.of(side), "1", NOW, confirmed.of(side), _ALONE) for side in SIDES))
    first = planner.linked(linked, Pair(seen.marketing, seen.crm), NOTHING_KNOWN)
    assert isinstance(first, Decision), "nothing is to be asked of somebody in step"
    base = linked.base
    assert base is not None
    for side in SIDES:
        update = first.write_to(side)
        if isinstance(update, Update):
            confirmed = confirmed.replacing(side, {**confirmed.of(side), **update.fields})
    linked = Linked(link, _Kept({**base.agreed, **first.agreed}, confirmed))
    crm = RemoteRecord(refs.crm, "2", NOW, {**confirmed.crm, **told}, _ALONE)
    moves = ((), (Move("sql", SALES, NOW),)) if "Status" in told else ((), ())
    return linked, Pair(None, crm), Known(moves=Pair(*moves))


def _wires(
    planner: Planner, kind: KindMapping, side: Side, ref: RemoteRef, values: Mapping[str, Canonical]
) -> dict[str, Wire]:
    found: dict[str, Wire] = {}
    for mapping in kind.fields:
        names = mapping.slots.of(side).get(ref.object, ())
        if mapping.type is FieldType.REFERENCE:
            if names:
                found[f"{REF}{mapping.name}"] = None  # nobody has a company
            continue
        found |= dict.fromkeys(names, "" if side is Side.MARKETING else None)
        if mapping.type is FieldType.OPT_OUT:
            found |= dict.fromkeys(names, "false" if side is Side.MARKETING else False)
        elif mapping.derive is None and values[mapping.name] is not None:
            wires = planner.lens.write(side, ref.object, mapping.name, values[mapping.name])
            assert not isinstance(wires, Invalid | Inexpressible), (mapping.name, wires)
            found |= wires
    return found


def _decide(planner: Planner, people: Sequence[Person]) -> None:
    for linked, seen, known in people:
        if not planner.unchanged(linked, seen):
            planner.linked(linked, seen, known)
