"""What an operator asks of the brake: what it holds, approving or rejecting exactly that, and saying that a wave comes.

A lot is shown in parts: what nobody has answered, what waits for a second person, what is approved and not yet written,
what was rejected. Each part has a digest of its own, which changes with what is in it: nobody approves what they did
not see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from syncd.model.appended import declared
from syncd.model.brake import VALID, WEEK, Answer, Expectation, HeldChange, Key, Lot, Measure, Wave, Word
from syncd.model.errors import BadUsage
from syncd.model.held import EXPECT, expectations, over, read_answers, read_lots, write_answers, written
from syncd.model.mapping import Connection
from syncd.model.run import Request
from syncd.model.values import Instant, Side
from syncd.observe.log import emit
from syncd.ports.memory import BRAKE_ANSWERS, BRAKE_HELD
from syncd.ports.store import Store

SAMPLES: Final = 20
MOST: Final = 1_000_000
"""The largest wave that can be expected."""


class Stands(StrEnum):
    """How a part of a lot stands. ``in_line``: it goes on by itself as the window moves."""

    WAITS = "waits"
    IN_LINE = "in_line"
    SECOND = "second"
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a lot that stands in one way; ``answer`` is what was said of it."""

    lot: Lot
    stands: Stands
    digest: str
    answer: Answer | None = None

    @property
    def asks(self) -> bool:
        """Whether somebody must still say something."""
        return self.stands in (Stands.WAITS, Stands.SECOND)


def parts(store: Store, now: Instant) -> list[Part]:
    """Everything that is held, oldest first."""
    given = [each for each in _answers(store) if each.word is Word.REJECTED or now - each.at < VALID]
    found: list[Part] = []
    for lot in sorted(_lots(store).values(), key=lambda each: (each.since, each.key)):
        left = {each.mark: each for each in lot.changes}
        for answer in reversed(given):  # the latest word counts
            taken = [left.pop(mark) for mark in answer.marks & left.keys() if answer.means(left[mark])]
            if taken:
                found.append(_answered(lot, taken, answer, now))
        if left:
            rest = replace(lot, changes=tuple(left.values()))
            found.append(Part(rest, Stands.IN_LINE if lot.waits else Stands.WAITS, rest.digest))
    return found


def _answered(lot: Lot, changes: Sequence[HeldChange], answer: Answer, now: Instant) -> Part:
    if answer.word is Word.REJECTED:
        stands = Stands.REJECTED
    else:
        stands = Stands.APPROVED if answer.holds_at(now) else Stands.SECOND
    part = replace(lot, changes=tuple(changes))
    return Part(part, stands, answer.digest if stands is Stands.SECOND else part.digest, answer)


def named(found: Sequence[Part], name: str) -> Part:
    """The part with this digest, or the only one whose digest begins with it.

    :raises BadUsage: if nothing that is held has it, now.
    """
    fitting = [each for each in found if name and each.digest.startswith(name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise BadUsage(f"{len(fitting):,} held lots begin with {name!r}: write more of the digest")
    raise BadUsage(
        f"nothing is held under the digest {name!r}: what is held has changed since, or was written; "
        "look again with `syncd held list`"
    )


def approve(store: Store, digest: str, *, who: str, reason: str, now: Instant) -> Part:
    """Approves exactly the changes of a digest, for a day; returns how they stand then.

    :raises BadUsage: if nothing has this digest now, or this person has approved it already.
    """
    part = named(parts(store, now), digest)
    before = part.answer if part.stands is Stands.SECOND else None
    if part.stands is Stands.APPROVED:
        raise BadUsage(f"{part.digest} is approved already; the next cycle writes it: `syncd sync`")
    if before is not None and who in before.who:
        raise BadUsage(
            f"{who} has approved {part.digest} already; it is more than ten times what is allowed, so another person "
            "must approve it too, from an account of their own"
        )
    answer = Answer(
        digest=part.digest,
        word=Word.APPROVED,
        people=before.people if before else part.lot.people,
        who=(*before.who, who) if before else (who,),
        reason=reason,
        at=max(now, *(each.since or now for each in part.lot.changes)),  # whatever clock it was held by
        marks=before.marks if before else frozenset(each.mark for each in part.lot.changes),
    )
    _say(store, answer, now)
    return next(each for each in parts(store, now) if each.answer == answer)


def reject(store: Store, digest: str, *, who: str, reason: str, now: Instant) -> Part:
    """Leaves exactly these changes unwritten for good; they stay listed until the records agree again.

    :raises BadUsage: if nothing has this digest now, or it is rejected already.
    """
    part = named(parts(store, now), digest)
    if part.stands is Stands.REJECTED:
        raise BadUsage(f"{part.digest} is rejected already; `syncd held approve` writes it after all")
    marks = frozenset(each.mark for each in part.lot.changes)
    answer = Answer(part.digest, Word.REJECTED, 1, (who,), reason, now, marks)
    _say(store, answer, now)
    return next(each for each in parts(store, now) if each.answer == answer)


def _say(store: Store, answer: Answer, now: Instant) -> None:
    """Stores an answer, behind those that still mean something and without what it takes back of them."""
    held = {each.mark for lot in _lots(store).values() for each in lot.changes}
    kept = [replace(each, marks=(each.marks & held) - answer.marks) for each in _answers(store)]
    kept = [each for each in kept if each.marks and (each.word is Word.REJECTED or now - each.at < VALID)]
    store.remember(BRAKE_ANSWERS, write_answers([*kept, answer]), now)
    emit(
        "brake.answered", digest=answer.digest, outcome=str(answer.word), who=answer.who[-1], records=len(answer.marks)
    )


def _lots(store: Store) -> dict[Key, Lot]:
    return read_lots(store.recall(BRAKE_HELD))


def _answers(store: Store) -> list[Answer]:
    return read_answers(store.recall(BRAKE_ANSWERS))


def part_document(part: Part) -> dict[str, Any]:
    """One part as plain values with stable keys; no value of a record is in it."""
    kind, measure, side, name, _ = part.lot.key
    answer = part.answer
    return {
        "digest": part.digest,
        "stands": part.stands.value,
        "kind": kind,
        "measure": str(measure),
        "side": str(side),
        "field": name or None,
        "records": len(part.lot.changes),
        "rule": part.lot.why.value,
        "limit": part.lot.limit,
        "used": part.lot.used,
        "linked": part.lot.linked,
        "people": part.lot.people,
        "since": part.lot.since,
        "likely_cause": part.lot.cause,
        "samples": [each.record for each in part.lot.changes[:SAMPLES]],
        "answer": None
        if answer is None
        else {"word": answer.word.value, "who": list(answer.who), "reason": answer.reason, "at": answer.at},
    }


def held_document(store: Store, kinds: Collection[str] | None = None) -> Iterator[dict[str, Any]]:
    """Every held change by the records it is about, in the form that the agreement program reads."""
    for lot in _lots(store).values():
        if kinds is not None and lot.key[0] not in kinds:
            continue
        links = [each.record.removeprefix("link:") for each in lot.changes if each.record.startswith("link:")]
        known = store.by_link(links)
        for each in lot.changes:
            found = known.get(each.record.removeprefix("link:"))
            refs = [each.record] if found is None else [f"{side}:{found.link.refs.of(side)}" for side in Side]
            yield {"kind": lot.key[0], "measure": str(lot.key[1]), "field": lot.key[3] or None, "refs": refs}


# -- expectations ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Words:
    """The words of ``syncd expect``, as they were typed."""

    numbers: Mapping[Wave, int | None]
    kind: str = ""
    field: str = ""
    until: str = ""
    reason: str = ""


def fields_of(connection: Connection) -> dict[str, list[str]]:
    """The shared fields of each kind that a wave can be expected of; what is only ever added has none."""
    fields = {each.kind: [name.name for name in each.fields] for each in connection.kinds}
    return fields | {each: [] for each in declared(connection.signals)}


def expect(
    store: Store, words: Words, *, connection: str, fields: Mapping[str, Collection[str]], who: str, now: Instant
) -> Expectation:
    """Approves a wave in advance.

    :param fields: the shared fields of each kind.
    :raises BadUsage: if the words do not fit each other, the mapping, or the clock.
    """
    given = [(wave, number) for wave, number in words.numbers.items() if number is not None]
    if len(given) != 1:
        raise BadUsage("say one of --creates N, --updates N, --clears N; for several waves call it again")
    wave, records = given[0]
    if not 1 <= records <= MOST:
        raise BadUsage(f"--{wave} {records}: write how many records are expected, 1 to {MOST:,}")
    if words.kind and words.kind not in fields:
        raise BadUsage(f"--kind {words.kind}: there is no such kind; there are {', '.join(fields)}")
    if words.field and wave is Wave.CREATES:
        raise BadUsage("--field does not go with --creates: a record is made whole")
    known = {name for kind, names in fields.items() if words.kind in ("", kind) for name in names}
    if words.field and words.field not in known:
        raise BadUsage(f"--field {words.field}: the mapping has no such field; it has {', '.join(sorted(known))}")
    if not words.reason.strip():
        raise BadUsage("--reason: say why so much will change, for those who look at it later")
    until = _until(words.until, now)
    told = Expectation(
        id=f"{EXPECT}:{wave}:{now:%Y%m%dT%H%M%S%f}",
        wave=wave,
        records=records,
        kind=words.kind,
        field=words.field,
        until=until,
        reason=words.reason.strip(),
        who=who,
        at=now,
    )
    store.approve(Request(told.id, connection, EXPECT, written(told), who, now))
    for request in over(store.requests(), now):
        store.cancel(request, now)
    return told


def _until(text: str, now: Instant) -> Instant:
    if not text:
        raise BadUsage("--until: say until when it is expected, e.g. 2026-11-30T18:00 (UTC) or with an offset")
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise BadUsage(f"--until {text}: write an ISO 8601 instant, e.g. 2026-11-30T18:00 (UTC)") from None
    until = read if read.tzinfo is not None else read.replace(tzinfo=UTC)
    if until <= now:
        raise BadUsage(f"--until {text} is in the past; it is {now:%Y-%m-%dT%H:%M} UTC now")
    if until - now > WEEK:
        raise BadUsage(f"--until {text} is more than a week ahead; say it again when that is nearer")
    return until


def used_of(store: Store, waves: Sequence[Expectation]) -> dict[str, int]:
    """How many records of each wave have come so far."""
    used = dict.fromkeys((each.id for each in waves), 0)
    for _, _, counts in store.charges(0) if used else ():
        for key, records in counts:
            if key[1] == Measure.EXPECTED and key[4] in used:
                used[key[4]] += records
    return used


def expected(store: Store, now: Instant) -> list[Expectation]:
    """The waves that are expected now."""
    return expectations(store.requests(), now)


def expectation_document(each: Expectation, *, used: int) -> dict[str, Any]:
    """One expectation as plain values with stable keys."""
    return {
        "id": each.id,
        "wave": each.wave.value,
        "records": each.records,
        "used": used,
        "kind": each.kind or None,
        "field": each.field or None,
        "until": each.until,
        "reason": each.reason,
        "who": each.who,
        "at": each.at,
    }


def cancel_expectation(store: Store, name: str, now: Instant) -> Expectation:
    """Takes an expectation back. :raises BadUsage: if there is none of that id now."""
    for each in expectations(store.requests(), now):
        if each.id == name:
            store.cancel(each.id, now)
            return each
    raise BadUsage(f"no wave {name!r} is expected; `syncd expect --list` shows those that are")
