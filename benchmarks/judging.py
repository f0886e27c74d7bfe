"""What lifecycle, persona and rating together add to the decision on a person, in this process: nothing reads or waits.

The same 10,000 people are decided on twice, by one planner of the example configuration in which the lifecycle judges
the stage and six derived fields are written to both sides, and by one in which the stage is an ordinary field and
nothing is derived. What the first costs more is what is told.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from benchmarks.figures import Figure
from benchmarks.lab import ROOT
from benchmarks.rating import least
from syncd.bootstrap import read_only_fields
from syncd.core.known import NOTHING_KNOWN, Known
from syncd.core.normalize import Codec, Context, Inexpressible, Invalid, Lens
from syncd.core.planner import Planner
from syncd.model.lifecycle import Author, AuthorSort, Journey, Move, journey_of
from syncd.model.link import Base, Link, Linked, Proof
from syncd.model.mapping import KindMapping, Policy
from syncd.model.plan import Decision, Update
from syncd.model.remote import RemoteRecord, RemoteRef
from syncd.model.values import SIDES, Canonical, FieldType, Pair, Side, Wire
from syncd.settings.loading import load

NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PEOPLE: Final = 10_000
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
Person = tuple[Linked, Pair[RemoteRecord | None], Known]


def judging() -> Iterator[Figure]:
    """Processor time a person, the least of five rounds: with all that is agreed on, and without, and the difference.
    Everybody has a new title, and a stage that sales moved on; then a new city, from which nothing follows.
    """
    whole = _kind()
    bare = _without(whole)
    people = [_person(chance=random.Random(number), number=number, kind=whole) for number in range(PEOPLE)]
    for name, goal, told in (
        ("who moved on and got another title", 60, {"Title": "Sales Operations", "Status": "Working - Contacted"}),
        ("who got another city", None, {"City": "Bonn"}),
    ):
        spent: list[float] = []
        for kind in (whole, bare):
            planner = _planner(kind)
            prepared = [_changed(each, planner, kind, told) for each in people]
            decided = least(lambda planner=planner, prepared=prepared: _decide(planner, prepared))  # type: ignore[misc]
            spent.append(decided / PEOPLE * 1e6)
        yield Figure(f"decision on a person {name}", spent[0], "us")
        yield Figure("without lifecycle, persona and rating", spent[1], "us")
        yield Figure(f"lifecycle, persona and rating of a person {name}", spent[0] - spent[1], "us", goal)


def _kind() -> KindMapping:
    """The example's mapping of people, with a visit that loses worth, and six derived fields on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(shutil.copytree(ROOT / "config", Path(folder) / "config"))
        _edit(config / "schema" / "person.yaml", _more_fields)
        _edit(config / "rating.yaml", lambda tree: tree["rules"].append(_DECAYING))
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


def _without(kind: KindMapping) -> KindMapping:
    """The same mapping, in which nobody has agreed on anything: the CRM's stage counts."""
    fields = tuple(
        replace(each, policy=Policy.CRM) if each.policy is Policy.LIFECYCLE else each
        for each in kind.fields
        if each.derive is None
    )
    return replace(kind, fields=fields, agreed=None, definitions=None)


def _planner(kind: KindMapping) -> Planner:
    lens = Lens(kind, Context(), Pair(Codec.TEXT, Codec.JSON))
    return Planner(lens, connection="main", schemas=Pair("m", "c"), read=Pair(NOW, NOW), now=NOW)


def _person(*, chance: random.Random, number: int, kind: KindMapping) -> dict[str, Canonical]:
    """One person's shared values; every third of what may be empty is."""
    among: dict[str, Sequence[Canonical]] = {
        "title": ("Head of Marketing", "Marketing Operations", "Student", "Director of Sales"),
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
    confirmed = Pair(*(_wires(planner, kind, side, refs.of(side), values) for side in SIDES))
    journey = Journey().on("mql", NOW, cycle=1)
    linked = Linked(link, Base({**values, journey_of("stage"): journey.text}, confirmed))
    seen = Pair(*(RemoteRecord(refs.of(side), "1", NOW, confirmed.of(side), {}, frozenset()) for side in SIDES))
    first = planner.linked(linked, Pair(seen.marketing, seen.crm), NOTHING_KNOWN)
    assert isinstance(first, Decision), "nothing is to be asked of somebody in step"
    base = linked.base
    assert base is not None
    for side in SIDES:
        update = first.write_to(side)
        if isinstance(update, Update):
            confirmed = confirmed.replacing(side, {**confirmed.of(side), **update.fields})
    linked = Linked(link, Base({**base.agreed, **first.agreed}, confirmed))
    crm = RemoteRecord(refs.crm, "2", NOW, {**confirmed.crm, **told}, {}, frozenset())
    moves = ((), (Move("sql", SALES, NOW),)) if "Status" in told else ((), ())
    return linked, Pair(None, crm), Known(moves=Pair(*moves))


def _wires(
    planner: Planner, kind: KindMapping, side: Side, ref: RemoteRef, values: Mapping[str, Canonical]
) -> dict[str, Wire]:
    found: dict[str, Wire] = {}
    for mapping in kind.fields:
        names = mapping.slots.of(side).get(ref.object, ())
        if mapping.type is FieldType.REFERENCE:
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
        planner.linked(linked, seen, known)
