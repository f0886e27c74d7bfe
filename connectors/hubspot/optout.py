"""Opt-outs: the one thing that is written to an address instead of a property, and before everything else.

``hs_email_optout`` and ``hs_email_optout_<id>`` are read-only; the status belongs to the address and may exist before
the contact, so a new contact is never reachable for a moment. Unsubscribing twice is the same as once, so the call may
be repeated. Resubscribing is refused: consent is a person's to give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.hubspot.client import HubSpotClient, object_of
from connectors.hubspot.errors import Rejected, read_fault
from connectors.hubspot.reading import Reader
from connectors.hubspot.wire import SUBSCRIPTION, UNSUBSCRIBED, Asked, chunks, id_of, opt_outs, properties_of, to_text
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.link import NO_ADDRESS
from syncd.model.values import Lane, Wire
from syncd.model.write import CreateRecord, Deferred, Refused, Write, WriteResult

BATCH: Final = 100


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
        if len(lot) > 1:
            half = len(lot) // 2
            return _send(client, lot[:half], lane=lane) | _send(client, lot[half:], lane=lane)
        return {lot[0]: _refused(refusal.fault.code, refusal.fault.message)}
    except NeedsOperator:
        # The batch form needs a scope that only Marketing Hub Enterprise can grant (subscription preferences guide).
        return _one_by_one(client, lot, lane=lane)
    except RetryLater as why:
        return dict.fromkeys(lot, _later(why))
    failed: dict[str, WriteResult] = {}
    for error in object_of(answer, "unsubscribe").get("errors") or []:
        fault = read_fault(error)
        named = {str(part).lower() for value in (error.get("context") or {}).values() for part in _texts(value)}
        for address in lot:
            if address in named or (not named and len(lot) == 1) or address in fault.message.lower():
                failed[address] = _refused(fault.code, fault.message)
    return failed


def _one_by_one(client: HubSpotClient, lot: Sequence[str], *, lane: Lane) -> dict[str, WriteResult]:
    """The single form, a call an address. :raises NeedsOperator: if the token may not do that either."""
    failed: dict[str, WriteResult] = {}
    for address in lot:
        try:
            client.ask(
                "unsubscribe.one", client.paths.unsubscribe_one(address), {}, lane=lane, query={"channel": "EMAIL"}
            )
        except Rejected as refusal:
            failed[address] = _refused(refusal.fault.code, refusal.fault.message)
        except RetryLater as why:
            failed[address] = _later(why)
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
    errors = object_of(answer, "unsubscribe.some").get("errors") or []
    return _leave_one_by_one(client, lot, lane=lane) if errors else {}


def _leave_one_by_one(
    client: HubSpotClient, lot: Sequence[tuple[str, str]], *, lane: Lane
) -> dict[tuple[str, str], WriteResult]:
    """The single form, a call a pair. :raises NeedsOperator: if the token may not do that either."""
    failed: dict[tuple[str, str], WriteResult] = {}
    for address, name in lot:
        try:
            client.ask("unsubscribe.from", client.paths.subscription(address), _status(name), lane=lane)
        except Rejected as refusal:
            failed[address, name] = _refused(refusal.fault.code, refusal.fault.message, name)
        except RetryLater as why:
            failed[address, name] = _later(why)
    return failed


def _status(name: str) -> dict[str, object]:
    """The wish to leave one subscription (communication preferences API, "update subscription")."""
    number = int(name.removeprefix(SUBSCRIPTION))
    return {"subscriptionId": number, "statusState": "UNSUBSCRIBED", "channel": "EMAIL"}


def _later(why: RetryLater) -> Deferred:
    return Deferred("NOT_UNSUBSCRIBED", str(why), *([why.after] if why.after else []))


def _texts(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _refused(code: str, message: str, name: str = UNSUBSCRIBED) -> Refused:
    return Refused(code, message, "correct the address, or unsubscribe it in HubSpot by hand", (name,))
