"""Opt-outs: the one thing that is written to an address instead of a property, and before everything else.

``hs_email_optout`` and ``hs_email_optout_<id>`` are read-only; the status belongs to the address and may exist before
the contact, so a new contact is never reachable for a moment. Unsubscribing twice is the same as once, so the call may
be repeated: whoever the answer of a batch does not name as done is unsubscribed once more, alone, since an opt-out that
was not made must never count as made. Resubscribing is refused: consent is a person's to give.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar

from connectors.hubspot.client import HubSpotClient, object_of
from connectors.hubspot.errors import LOCK_PAUSE, Fault, Rejected, read_fault
from connectors.hubspot.reading import Reader
from connectors.hubspot.wire import SUBSCRIPTION, UNSUBSCRIBED, Asked, chunks, id_of, opt_outs, properties_of, to_text
from connectors.transport import Answer
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.link import NO_ADDRESS
from syncd.model.values import Lane, Wire
from syncd.model.write import CreateRecord, Deferred, Refused, Write, WriteResult

BATCH: Final = 100
MULTI_STATUS: Final = 207
_NOT_THERE: Final = 404
K = TypeVar("K")


def opt_ins(fields: Mapping[str, Wire]) -> tuple[str, ...]:
    """The names of opt-outs that a write wants to be anything else than set."""
    return tuple(name for name in opt_outs(fields) if to_text(fields[name]) != "true")


def refuse_opt_in(names: tuple[str, ...]) -> Refused:
    """The result of such a write."""
    return Refused(
        "OPT_OUT_ONLY",
        "syncd sets an opt-out in HubSpot and never takes one back",
        f"let the person subscribe again in HubSpot; map {', '.join(names)} as opt_out",
        names,
    )


def unsubscribe(
    client: HubSpotClient, reader: Reader, asked: Asked, rows: Mapping[int, Write], *, lane: Lane
) -> dict[int, WriteResult]:
    """Unsubscribes the addresses of all rows that ask for it; answers results only for rows that must go no further."""
    wanted = {index: names for index, row in rows.items() if (names := opt_outs(row.fields))}
    addresses = _addresses(reader, asked, {index: rows[index] for index in wanted}) if wanted else {}
    ends: dict[int, WriteResult] = {
        index: Refused(
            NO_ADDRESS,
            "an opt-out belongs to an e-mail address and this contact has none",
            "give the contact an address: syncd then unsubscribes it by itself",
            tuple(names),
        )
        for index, names in wanted.items()
        if not addresses.get(index)
    }
    asking = {(address, name): None for index, address in addresses.items() if address for name in wanted[index]}
    wide = [address for address, name in asking if name == UNSUBSCRIBED]
    # Who is out of everything is out of each subscription too.
    single = [(address, name) for address, name in asking if name != UNSUBSCRIBED and address not in wide]
    failed: dict[tuple[str, str], WriteResult] = {}
    for lot in chunks(wide, BATCH):
        failed |= {(address, UNSUBSCRIBED): end for address, end in _send(client, lot, lane=lane).items()}
    for start in range(0, len(single), BATCH):
        failed |= _leave(client, single[start : start + BATCH], lane=lane)
    for index, address in addresses.items():
        for name in wanted[index]:
            if (end := failed.get((address, name))) is not None:
                ends.setdefault(index, end)
    return ends


def _addresses(reader: Reader, asked: Asked, rows: Mapping[int, Write]) -> dict[int, str]:
    """The address of each row: the one being written, else the one the contact has."""
    told = {index: to_text(row.fields["email"]) for index, row in rows.items() if row.fields.get("email")}
    unknown = {
        index: row.ref.id for index, row in rows.items() if index not in told and not isinstance(row, CreateRecord)
    }
    if unknown:
        held = {
            id_of(row, asked.kind): str(properties_of(row).get("email") or "")
            for row in reader.batch(asked, list(unknown.values()), also=("email",))
        }
        told |= {index: held.get(key, "") for index, key in unknown.items()}
    return {index: address.strip().lower() for index, address in told.items()}


def _send(client: HubSpotClient, lot: Sequence[str], *, lane: Lane) -> dict[str, WriteResult]:
    """Sends one lot; answers the addresses that were not unsubscribed, and why."""
    try:
        answer = client.ask(
            "unsubscribe",
            client.paths.unsubscribe_all(),
            {"inputs": list(lot)},
            lane=lane,
            query={"channel": "EMAIL", "verbose": "false"},
        )
    except Rejected as refusal:
        if refusal.status == _NOT_THERE:  # the batch form itself, since no address is a path of it
            return _one_by_one(client, lot, lane=lane)
        if len(lot) > 1:
            half = len(lot) // 2
            return _send(client, lot[:half], lane=lane) | _send(client, lot[half:], lane=lane)
        return {lot[0]: _failed(refusal.fault)}
    except NeedsOperator:
        # The batch form needs a scope that only Marketing Hub Enterprise can grant (subscription preferences guide).
        return _one_by_one(client, lot, lane=lane)
    except RetryLater as why:
        return dict.fromkeys(lot, _later(why))
    done, errors = _read(answer, "unsubscribe", lot, lambda row: _address(row.get("subscriberIdString")))
    failed: dict[str, WriteResult] = {}
    stray: list[Fault] = []
    for error in errors:
        fault = read_fault(error)
        named = _named(error.get("context")).intersection(lot)
        failed |= dict.fromkeys(named, _failed(fault))
        if not named:
            stray.append(fault)
    doubtful = [address for address in lot if address not in done and address not in failed]
    if waits := next((fault for fault in stray if fault.passing), None):
        return failed | dict.fromkeys(doubtful, _failed(waits))
    return failed | _one_by_one(client, doubtful, lane=lane)


def _read(
    answer: Answer, operation: str, lot: Sequence[K], key: Callable[[Mapping[str, Any]], K]
) -> tuple[Collection[K], list[Mapping[str, Any]]]:
    """What of a lot was done, as far as the answer of its batch tells, and the errors it lists.

    Rows are left out where nobody asked for them ("verbose"), so an answer that tells neither rows nor any trouble says
    that all was done. In every other one only what it names was: an error need not say which row it belongs to, and
    nothing of it is required (batch unsubscribe page, error page).
    """
    body = object_of(answer, operation)
    rows: list[Mapping[str, Any]] = [row for row in body.get("results") or () if isinstance(row, dict)]
    errors: list[Mapping[str, Any]] = [error for error in body.get("errors") or () if isinstance(error, dict)]
    whole = answer.status != MULTI_STATUS and not body.get("numErrors") and body.get("status") in (None, "COMPLETE")
    if whole and not rows and not body.get("errors"):
        return lot, []
    return {key(row) for row in rows}, errors


def _one_by_one(client: HubSpotClient, lot: Sequence[str], *, lane: Lane) -> dict[str, WriteResult]:
    """The single form, a call an address. :raises NeedsOperator: if the token may not do that either."""
    failed: dict[str, WriteResult] = {}
    for address in lot:
        path = client.paths.unsubscribe_one(address)
        ask = partial(client.ask, "unsubscribe.one", path, {}, lane=lane, query={"channel": "EMAIL"})
        if (end := _alone(ask, UNSUBSCRIBED)) is not None:
            failed[address] = end
    return failed


def _leave(client: HubSpotClient, lot: Sequence[tuple[str, str]], *, lane: Lane) -> dict[tuple[str, str], WriteResult]:
    """Unsubscribes addresses from single subscriptions; answers the pairs that were not, and why."""
    try:
        inputs = [{"subscriberIdString": address, **_status(name)} for address, name in lot]
        answer = client.ask("unsubscribe.some", client.paths.subscriptions(), {"inputs": inputs}, lane=lane)
    except RetryLater as why:
        return dict.fromkeys(lot, _later(why))
    except (Rejected, NeedsOperator):
        # A batch with a row at fault, or a token without the scope of the batch form: one by one tells which.
        return _leave_one_by_one(client, lot, lane=lane)
    done, errors = _read(
        answer,
        "unsubscribe.some",
        lot,
        lambda row: (_address(row.get("subscriberIdString")), f"{SUBSCRIPTION}{row.get('subscriptionId')}"),
    )
    doubtful = [pair for pair in lot if pair not in done]
    if waits := next((fault for fault in map(read_fault, errors) if fault.passing), None):
        return {pair: _failed(waits, pair[1]) for pair in doubtful}
    return _leave_one_by_one(client, doubtful, lane=lane)


def _leave_one_by_one(
    client: HubSpotClient, lot: Sequence[tuple[str, str]], *, lane: Lane
) -> dict[tuple[str, str], WriteResult]:
    """The single form, a call a pair. :raises NeedsOperator: if the token may not do that either."""
    failed: dict[tuple[str, str], WriteResult] = {}
    for address, name in lot:
        path = client.paths.subscription(address)
        ask = partial(client.ask, "unsubscribe.from", path, _status(name), lane=lane)
        if (end := _alone(ask, name)) is not None:
            failed[address, name] = end
    return failed


def _alone(ask: Callable[[], Answer], name: str) -> WriteResult | None:
    """Makes one call of a single form; answers why it did not do what it should, ``None`` if it did."""
    try:
        answer = ask()
    except Rejected as refusal:
        return _failed(refusal.fault, name)
    except RetryLater as why:
        return _later(why)
    body = answer.detail()
    errors = body.get("errors") if isinstance(body, dict) else None  # its answer has the form of a batch of one
    return _failed(read_fault(errors[0]), name) if isinstance(errors, list) and errors else None


def _status(name: str) -> dict[str, object]:
    """The wish to leave one subscription (communication preferences API, "update subscription")."""
    number = int(name.removeprefix(SUBSCRIPTION))
    return {"subscriptionId": number, "statusState": "UNSUBSCRIBED", "channel": "EMAIL"}


def _later(why: RetryLater) -> Deferred:
    return Deferred("NOT_UNSUBSCRIBED", str(why), why.after or timedelta(0))


def _named(context: object) -> set[str]:
    """All that the context of an error names, whatever it is called there."""
    held = list(context.values()) if isinstance(context, dict) else []
    return {_address(part) for value in held for part in (value if isinstance(value, list) else [value])}


def _address(value: object) -> str:
    return str(value or "").strip().lower()


def _failed(fault: Fault, name: str = UNSUBSCRIBED) -> Deferred | Refused:
    """What a fault makes of an opt-out: a limit or a lock says nothing of the address, so it is asked again later."""
    if fault.passing:
        return Deferred("NOT_UNSUBSCRIBED", fault.message, LOCK_PAUSE)
    advice = "correct the address, or unsubscribe it in HubSpot by hand"
    return Refused(fault.code, fault.message, advice, (name,))
