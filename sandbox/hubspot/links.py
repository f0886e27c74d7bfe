"""Associations between records: both directions at once, with type ids, and the rules of the primary company.

Type ids: associations guide (contact->company 279, primary 1; company->contact 280, primary 2; ...). A contact or deal
has at most one primary company; a primary association always carries the unlabelled one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

Pair = tuple[str, str]

#: Unlabelled type of each direction.
UNLABELLED: Mapping[Pair, int] = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("contacts", "deals"): 4,
    ("deals", "contacts"): 3,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("tasks", "contacts"): 204,
    ("contacts", "tasks"): 203,
    ("leads", "contacts"): 578,
    ("contacts", "leads"): 579,
    ("tickets", "contacts"): 16,
    ("contacts", "tickets"): 15,
    ("tickets", "companies"): 339,
    ("companies", "tickets"): 340,
    ("notes", "contacts"): 202,
    ("contacts", "notes"): 201,
    ("notes", "companies"): 190,
    ("companies", "notes"): 189,
    ("calls", "contacts"): 194,
    ("contacts", "calls"): 193,
    ("meetings", "contacts"): 200,
    ("contacts", "meetings"): 199,
    ("tasks", "companies"): 192,
    ("companies", "tasks"): 191,
}
#: Primary type of each direction that has one.
PRIMARY: Mapping[Pair, int] = {
    ("contacts", "companies"): 1,
    ("companies", "contacts"): 2,
    ("deals", "companies"): 5,
    ("companies", "deals"): 6,
}
#: Objects of which each record has at most one primary company.
OWNED_BY_COMPANY = ("contacts", "deals")


def _mirrors() -> dict[int, int]:
    mirrors: dict[int, int] = {}
    for table in (UNLABELLED, PRIMARY):
        for (start, end), number in table.items():
            mirrors[number] = table[end, start]
    return mirrors


MIRROR: Mapping[int, int] = _mirrors()


class Links:
    """All associations of the account."""

    def __init__(self) -> None:
        self._links: dict[Pair, dict[int, dict[int, set[int]]]] = {pair: {} for pair in UNLABELLED}
        self._starting: dict[str, list[Pair]] = {}
        for pair in UNLABELLED:
            self._starting.setdefault(pair[0], []).append(pair)

    def of(self, pair: Pair, number: int) -> Mapping[int, set[int]]:
        """Records of ``pair[1]`` associated with one record of ``pair[0]``: id -> type ids."""
        return self._links[pair].get(number, {})

    def all_of(self, kind: str, number: int) -> Iterator[tuple[str, int, set[int]]]:
        """Every association of one record: object, id, type ids."""
        for pair in self._starting.get(kind, ()):
            for other, types in sorted(self._links[pair].get(number, {}).items()):
                yield pair[1], other, types

    def put(self, pair: Pair, start: int, end: int, *, types: Iterable[int]) -> bool:
        """Gives one pair of records exactly these types plus the unlabelled one. True if that changed anything."""
        wanted = {UNLABELLED[pair], *types}
        if self.of(pair, start).get(end) == wanted:
            return False
        self._links[pair].setdefault(start, {})[end] = wanted
        self._links[pair[1], pair[0]].setdefault(end, {})[start] = {MIRROR[number] for number in wanted}
        return True

    def drop(self, pair: Pair, start: int, end: int) -> bool:
        """Removes every association between two records. True if there was one."""
        if end not in self.of(pair, start):
            return False
        for key, one, other in ((pair, start, end), ((pair[1], pair[0]), end, start)):
            held = self._links[key][one]
            del held[other]
            if not held:
                del self._links[key][one]
        return True

    def drop_all(self, kind: str, number: int) -> list[tuple[str, int]]:
        """Removes every association of one record; returns who was associated."""
        others = [(other_kind, other) for other_kind, other, _ in self.all_of(kind, number)]
        for other_kind, other in others:
            self.drop((kind, other_kind), number, other)
        return others

    def primary(self, kind: str, number: int) -> int | None:
        """Id of the primary company of a contact or deal."""
        pair = (kind, "companies")
        return next((end for end, types in self.of(pair, number).items() if PRIMARY[pair] in types), None)
