"""Finds records in the store by what somebody types: an address, words of a name, how either begins, or an id.

Reaches no vendor: what is found is what syncd has linked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from syncd.core.words import words_in, words_of
from syncd.model.errors import BadUsage
from syncd.model.link import Linked
from syncd.model.remote import RemoteRef
from syncd.model.values import Canonical, Pair, Side
from syncd.ports.store import Store

WITHIN: Final = 20_000
"""Links with one word that are held against those with another, at most."""
CANDIDATES: Final = 1_000
"""Links whose names are looked at, at most."""
MOST_WORDS: Final = 5
LONGEST: Final = 300
_NAMED_BY: Final = ("first_name", "last_name", "name", "full_name")
_SUBTITLED_BY: Final = ("email", "company_name", "company", "domain", "website")


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, best first. ``more`` says that there are others, which more words would tell apart; those that
    can be listed come behind the link ``next``.
    """

    found: Sequence[Linked]
    more: bool = False
    next: str | None = None


def search(
    store: Store, text: str, *, objects: Mapping[str, Pair[tuple[str, ...]]], limit: int, after: str | None = None
) -> Finding:
    """Records that the text may mean.

    :param objects: by kind, the vendor objects of each side, for ids.
    :param after: ``next`` of what was found before; the same text goes on behind it.
    :raises BadUsage: if that is not among them any more.
    """
    text = text.strip()[:LONGEST]
    if not text:
        return Finding(())
    if (named := _by_id(store, text, objects)) or text.partition(":")[0] in ("link", *Side):
        return _told(store, [each.link.id for each in named], limit, after)
    words = list(dict.fromkeys(words_in(text)))[:MOST_WORDS]
    if not any(letter.isspace() for letter in text):
        # An address as far as it was typed is no word of its own before its @.
        start = store.links_with(text.casefold(), _enough(limit, after))
        if start or not words:
            return _told(store, start, limit, after)
    if len(words) == 1:
        return _told(store, store.links_with(words[0], _enough(limit, after)), limit, after)
    return _with_all(store, words, limit, after) if words else Finding(())


def _enough(limit: int, after: str | None) -> int:
    """So many ids hold the page and say whether others follow. Where a later page begins is known by all before it."""
    return limit + 1 if after is None else WITHIN


def _with_all(store: Store, words: Sequence[str], limit: int, after: str | None) -> Finding:
    """Records with every word. Ids are compared; names are looked at only for a word that too many have."""
    lists = sorted((store.links_with(word, WITHIN) for word in words), key=len)
    whole = [ids for ids in lists if len(ids) < WITHIN] or lists[:1]
    common_to_others = frozenset(whole[0]).intersection(*whole[1:])
    common = _behind([id for id in whole[0] if id in common_to_others], after)
    looked = common[:CANDIDATES]
    known = store.by_link(looked if len(whole) < len(lists) else looked[: limit + 1])
    fitting = [id for id in looked if id in known and _fits(known[id], words)]
    last = fitting[limit - 1] if len(fitting) > limit else looked[-1] if len(common) > CANDIDATES else None
    return Finding([known[id] for id in fitting[:limit]], last is not None or len(whole[0]) >= WITHIN, last)


def _told(store: Store, ids: Sequence[str], limit: int, after: str | None) -> Finding:
    listed = _behind(ids, after)
    shown = listed[:limit]
    known = store.by_link(shown)
    last = shown[-1] if len(listed) > limit else None
    return Finding([known[id] for id in shown if id in known], last is not None or len(ids) >= WITHIN, last)


def _behind(ids: Sequence[str], after: str | None) -> Sequence[str]:
    if after is None:
        return ids
    if after not in ids:
        raise BadUsage("what this cursor names is gone; begin again without one")
    return ids[ids.index(after) + 1 :]


def _fits(linked: Linked, words: Sequence[str]) -> bool:
    own = words_of(linked.base.agreed) if linked.base is not None else frozenset()
    return all(any(each.startswith(word) for each in own) for word in words)


def _by_id(store: Store, text: str, objects: Mapping[str, Pair[tuple[str, ...]]]) -> list[Linked]:
    """A link or a record: ``link:ID``, ``SIDE:OBJECT/ID``, ``OBJECT/ID``, or an id alone, of any object."""
    sort, colon, rest = text.partition(":")
    if colon and sort == "link":
        return list(store.by_link([rest]).values())
    asked: dict[tuple[str, Side], list[RemoteRef]] = {}
    for kind, side, ref in named_records(text, objects):
        asked.setdefault((kind, side), []).append(ref)
    found: dict[str, Linked] = {}
    for (kind, side), refs in asked.items():
        for linked in store.linked(kind, side, refs).values():
            found[linked.link.id] = linked
    return list(found.values())


def named_records(text: str, objects: Mapping[str, Pair[tuple[str, ...]]]) -> Iterator[tuple[str, Side, RemoteRef]]:
    """The records that ``SIDE:OBJECT/ID``, ``OBJECT/ID`` or an id alone may name: kind, side and record of each.

    :param objects: by kind, the vendor objects of each side.
    """
    sort, colon, rest = text.partition(":")
    sides = [Side(sort)] if colon and sort in list(Side) else list(Side)
    name, slash, id = (rest if colon else text).partition("/")
    if not slash:
        name, id = "", name
    if not id or any(letter.isspace() for letter in id) or "@" in id:
        return
    for kind, pair in objects.items():
        for side in sides:
            for each in pair.of(side):
                if name in ("", each):
                    yield kind, side, RemoteRef(each, id)


def title_of(agreed: Mapping[str, Canonical]) -> tuple[str, str]:
    """A record for people: its name, and what tells it from others of that name; empty where nothing is known."""
    name = " ".join(str(agreed[each]) for each in _NAMED_BY if agreed.get(each))
    beside = next((str(agreed[each]) for each in _SUBTITLED_BY if agreed.get(each)), "")
    return (name, beside) if name else (beside, "")


def finding_document(linked: Linked) -> dict[str, Any]:
    """One record as plain values with stable keys."""
    link = linked.link
    name, beside = title_of(linked.base.agreed if linked.base is not None else {})
    return {
        "link": link.id,
        "kind": link.kind,
        "state": link.state.value,
        "name": name,
        "beside": beside,
        "refs": {side.value: str(ref) for side in Side if (ref := link.refs.of(side)).id},
    }
