"""Plants the sentinels, takes them over from another store, gives them up; each is shown before it is done.

A sentinel is a company where companies are mapped, else a person without an address: a record of an object that the
mapping writes anyway, so that no right more is needed. What is found by its marker is never made a second time: a
vendor keeps the key unique, and a call whose answer was lost is simply made again. Whose inscription another store
wrote is only taken over in so many words (``adopt``), and then both sides are compared before anything is written, as
after a restore: the other store has written what this one does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from syncd.core.sentinel import Amiss, Judged
from syncd.engine.lease import take_lease
from syncd.engine.reobserve import refuse_restored
from syncd.engine.sentinel import (
    WRITING,
    expected_on,
    inscription,
    planted_on,
    read,
    search,
    shape_of,
    trouble_of,
)
from syncd.engine.world import World
from syncd.model.errors import BadUsage, Bug, NeedsOperator, RetryLater, WrongAccount
from syncd.model.fitting import Finding, Severity, Topic
from syncd.model.mapping import KindMapping
from syncd.model.remote import AccountIdentity, RemoteRef, Shape
from syncd.model.run import Restored
from syncd.model.sentinel import MARKER, NAMED, TITLE, Inscription, Planted
from syncd.model.values import SIDES, Pair, Side, Wire
from syncd.model.write import CreateRecord, Deferred, Indeterminate, Refused, Stale, UpdateRecord, Written
from syncd.observe.log import emit
from syncd.ports.memory import NOT_ITSELF, PLANTED

COMPANY: Final = "company"
WAIT: Final = 60.0


class Deed(StrEnum):
    """What is to be done on a side."""

    NOTHING = "nothing"
    CREATE = "create"
    REWRITE = "rewrite"
    TAKE_UP = "take up"
    ADOPT = "adopt"


@dataclass(frozen=True, slots=True)
class Sight:
    """How it stands with a side: its account, its sentinel if there is one, whether the store remembers that, what is
    wrong with it, and what it says.
    """

    side: Side
    account: AccountIdentity
    kind: KindMapping | None
    ref: RemoteRef | None = None
    planted: Planted | None = None
    wrong: Judged | None = None
    says: str = ""

    @property
    def well(self) -> bool:
        """Planted, and as the store remembers it."""
        return self.planted is not None and self.wrong is None

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.planted is not None:
            return str(self.wrong.amiss) if self.wrong else "as planted"
        return "not planted" if self.ref is None else str(self.wrong.amiss) if self.wrong else "not remembered"

    def document(self) -> dict[str, Any]:
        """The same as plain values with stable keys."""
        ref = None if self.ref is None else str(self.ref)
        told = {"side": str(self.side), "account": self.account.account, "record": ref}
        return {**told, "state": self.state, "says": self.says}


@dataclass(frozen=True, slots=True)
class Step:
    """What would be done on a side: to which record, and what it would say."""

    side: Side
    deed: Deed
    ref: RemoteRef | None
    object: str
    text: str


# -- looking -----------------------------------------------------------------------------------------------------------
def look(world: World) -> Pair[Sight]:
    """How it stands with both sides. Writes nothing.

    :raises WrongAccount: if the credentials lead to another account than the store is bound to.
    """
    return Pair(*(look_at(world, side) for side in SIDES))


def look_at(world: World, side: Side) -> Sight:
    """The same of one side: a call or two."""
    account, bound = world.connectors.of(side).identity(), world.store.bound().get(side)
    if bound is not None and (bound.vendor, bound.account) != (account.vendor, account.account):
        raise WrongAccount(
            f"{side}: the credentials lead to {account.vendor} account {account.account}, but this store is bound to "
            f"{bound.account}; `syncd doctor` says what to do"
        )
    planted = planted_on(world, side)
    expected = expected_on(world, side, account)
    if planted is not None:
        found = read(world, side, planted, expected)
        if found.amiss not in {Amiss.GONE, Amiss.MERGED}:
            own = next(kind for kind in world.connection.kinds if kind.kind == planted.kind)
            return Sight(side, account, own, planted.ref, planted, found if found.amiss else None, found.text)
    others = search(world, side)
    if not others:
        return Sight(side, account, _where(world, side), None, planted, Judged(Amiss.GONE) if planted else None)
    ref, (kind, text) = next(iter(sorted(others.items())))
    says = Inscription.read(text)
    ours = says is not None and expected.is_ours(says)
    wrong = None if ours else Judged(Amiss.STORE if says else Amiss.STRANGER, text, says)
    return Sight(side, account, kind, ref, None, wrong, text)


def _where(world: World, side: Side) -> KindMapping | None:
    """The kind whose record a new sentinel is: a company if there are any, else the first that can bear it."""
    can = world.connectors.of(side).capabilities.inscribed
    fit = [kind for kind in world.connection.kinds if any(name in can for name in kind.objects.of(side))]
    return next((kind for kind in fit if kind.kind == COMPANY), fit[0] if fit else None)


def steps(world: World, sights: Pair[Sight], *, adopt: bool) -> Sequence[Step]:
    """What ``plant``, or ``adopt``, would do; nothing where all is well.

    :raises NeedsOperator: if one is another store's and that was not meant, or if nothing mapped can bear one.
    """
    return [step for sight in sights if (step := _step(world, sight, adopt=adopt)).deed is not Deed.NOTHING]


def _step(world: World, sight: Sight, *, adopt: bool) -> Step:
    amiss = sight.wrong.amiss if sight.wrong else None
    if amiss in {Amiss.STORE, Amiss.STRANGER} and sight.wrong is not None and sight.ref is not None:
        if not adopt or amiss is Amiss.STRANGER:
            raise trouble_of(sight.side, sight.ref, sight.wrong)
        deed = Deed.ADOPT
    elif adopt or sight.well:
        deed = Deed.NOTHING
    elif amiss is Amiss.COPY:
        raise NeedsOperator(
            f"{sight.side}: the sentinel was written by another copy of this store; run `syncd sync` first, which "
            "compares both sides and writes nothing"
        )
    elif sight.ref is None:
        deed = Deed.CREATE
    else:
        deed = Deed.REWRITE if sight.planted is not None else Deed.TAKE_UP
    can = world.connectors.of(sight.side).capabilities.inscribed
    objects = sight.kind.objects.of(sight.side) if sight.kind is not None else ()
    name = sight.ref.object if sight.ref is not None else next((each for each in objects if each in can), "")
    if not name and deed is not Deed.NOTHING:
        raise NeedsOperator(f"{sight.side}: no object of the mapping can bear a sentinel; map companies or Leads")
    return Step(sight.side, deed, sight.ref, name, _text(world, sight))


def _text(world: World, sight: Sight) -> str:
    """What it would say; when this store first planted it stays in it."""
    fresh, old = inscription(world, sight.side, sight.account), Inscription.read(sight.says)
    ours = old is not None and old.store == fresh.store[:NAMED]
    return str(replace(fresh, since=old.since) if ours and old is not None else fresh)


# -- doing -------------------------------------------------------------------------------------------------------------
def carry_out(world: World, *, adopt: bool = False) -> Sequence[Step]:
    """Does what ``steps`` says, under the lease; looks again first. What was done on one side stays done.

    :raises NeedsOperator, RetryLater: in words, what kept a vendor from writing it.
    """
    if world.connection.mode == "shadow":
        raise BadUsage(
            f"connection {world.connection.name} is in shadow mode, which writes nothing to anybody; plant the "
            "sentinels once it is live"
        )
    holding = take_lease(world, wait=WAIT)
    try:
        refuse_restored(world)
        done = steps(world, sights := look(world), adopt=adopt)
        for step in done:
            world.store.bind(step.side, sights.of(step.side).account)
            _do(world, sights.of(step.side), step)
        return done
    finally:
        holding.release()


def _do(world: World, sight: Sight, step: Step) -> None:
    """One step. What is remembered before the write is only what will be right after it: a write that fails leaves the
    side as strange as it was.
    """
    kind, side, now, mark = sight.kind, step.side, world.clock.now(), world.store.mark()
    assert kind is not None, "a step has an object, and so a kind"
    shape = shape_of(world, side, kind, step.object)
    *titles, longest = shape.objects[step.object]
    text, old = _text(world, sight), Inscription.read(sight.says)
    fields: dict[str, Wire] = {**dict.fromkeys(titles, TITLE), longest: text}
    ref = step.ref
    intent = world.chance.token(16).hex()
    if ref is None:
        ref = _write(world, side, shape, CreateRecord(intent, step.object, MARKER, fields))
        _remember(world, side, Planted(ref, kind.kind, text, mark.entry, now))
    elif step.deed is Deed.TAKE_UP and old is not None and old.generation > mark.generation:
        _compare(world, f"the sentinel of the {side} side was written by a later state of this store: an older copy")
        _remember(world, side, Planted(ref, kind.kind, sight.says, mark.entry, now))
    else:
        if step.deed is Deed.ADOPT and any(world.store.count_links(each.kind) for each in world.connection.kinds):
            _compare(world, f"another store has kept the {side} side in step; its sentinel was adopted")
        _remember(world, side, Planted(ref, kind.kind, text, mark.entry, now))
        _write(world, side, shape, UpdateRecord(intent, ref, {**fields, shape.key: MARKER}))
    world.store.remember(NOT_ITSELF.format(side=side), b"", now)
    world.checked.pop(side, None)
    emit("sentinel.planted", side=str(side), record=str(ref), outcome=str(step.deed))


def _remember(world: World, side: Side, planted: Planted) -> None:
    world.store.remember(PLANTED.format(side=side), planted.stored(), world.clock.now())


def _compare(world: World, why: str) -> None:
    """The store counts as restored from now on."""
    if world.store.restored() is None:
        world.store.note_restored(Restored(world.clock.now(), why))
        emit("store.restored", reason=why)


def _write(world: World, side: Side, shape: Shape, write: CreateRecord | UpdateRecord) -> RemoteRef:
    """The record that was written, if the vendor holds now what was."""
    (result,) = world.connectors.of(side).write(shape, [write], world.clock.now() + WRITING)
    if isinstance(result, Deferred | Indeterminate):
        raise RetryLater(f"{side}: the sentinel could not be written for now ({result.reason}); do it again")
    if not isinstance(result, Written):
        why = "it is not there any more" if isinstance(result, Stale) else result.reason
        advice = result.advice if isinstance(result, Refused) else "do it again once that is mended"
        raise NeedsOperator(f"{side}: the sentinel was not written: {why}; {advice}")
    if any(result.confirmed.get(name) != value for name, value in write.fields.items()):
        raise NeedsOperator(
            f"{side}: {result.ref} does not hold what was just written to it: a workflow, a trigger or a rule of that "
            "side changes names; leave this record out of it, then do it again"
        )
    return result.ref


# -- what the doctor says ----------------------------------------------------------------------------------------------
def sentinels(world: World, unreached: Collection[Side]) -> Iterator[Finding]:
    """How the sentinels of the sides that can be reached stand; that none is planted is only worth knowing."""
    bare: list[Side] = []
    for side in SIDES:
        if side in unreached:
            continue
        try:
            sight = look_at(world, side)
        except (NeedsOperator, RetryLater, Bug):
            continue  # a wrong account, a lacking key field: told by what looks after those
        if sight.ref is None and sight.planted is None:
            bare.append(side)
        elif not sight.well:
            yield _finding(sight)
    if bare:
        yield Finding(
            bare[0],
            Topic.SENTINEL,
            Severity.NOTICE,
            f"no sentinel is planted on {' and '.join(bare)}",
            "an account that was emptied, restored or exchanged, a second syncd on it, and on PostgreSQL a store that "
            "was put back, are noticed late or not at all",
            "`syncd sentinel plant`",
        )


def _finding(sight: Sight) -> Finding:
    wrong, ref = sight.wrong, sight.ref or (sight.planted.ref if sight.planted else None)
    if wrong is None or wrong.amiss is Amiss.COPY:
        return Finding(
            sight.side,
            Topic.SENTINEL,
            Severity.BROKEN if wrong else Severity.RISK,
            f"the sentinel {ref} was written by this store at a point of its history that it does not know",
            "the store may be an older copy, and then overwrites edits",
            "if a backup was put back, `syncd store mark-restored`; then `syncd sentinel plant`"
            if wrong is None
            else "`syncd sync`, which compares both sides and writes nothing; stop any clone of this machine",
        )
    assert ref is not None, "what is wrong is wrong with a record"
    return Finding(
        sight.side,
        Topic.SENTINEL,
        Severity.BROKEN,
        str(trouble_of(sight.side, ref, wrong)),
        "nothing is written to either side" if sight.planted else "two syncds on one account undo each other's work",
        "as it says there",
    )
