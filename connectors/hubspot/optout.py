"""Opt-outs: the one thing that is written to an address instead of a property, and before everything else.

``hs_email_optout`` is read-only; the status belongs to the address and may exist before the contact, so a new contact
is never reachable for a moment. Unsubscribing twice is the same as once, so the call may be repeated. Resubscribing is
refused: consent is a person's to give.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.hubspot.client import HubSpotClient, object_of
from connectors.hubspot.errors import Rejected, read_fault
from connectors.hubspot.reading import Reader
from connectors.hubspot.wire import UNSUBSCRIBED, Asked, chunks, id_of, properties_of, to_text
from syncd.model.errors import NeedsOperator, RetryLater
from syncd.model.values import Lane, Wire
from syncd.model.write import CreateRecord, Deferred, Refused, Write, WriteResult

BATCH: Final = 100


def is_opt_in(fields: Mapping[str, Wire]) -> bool:
    """Whether a write wants anything else than an opt-out of the pseudo-field."""
    return UNSUBSCRIBED in fields and to_text(fields[UNSUBSCRIBED]) != "true"


def refuse_opt_in() -> Refused:
    """The result of such a write."""
    return Refused(
        "OPT_OUT_ONLY",
        "syncd sets an opt-out in HubSpot and never takes one back",
        "let the person subscribe again in HubSpot; map @unsubscribed as opt_out",
        (UNSUBSCRIBED,),
    )


def unsubscribe(
    client: HubSpotClient, reader: Reader, asked: Asked, rows: Mapping[int, Write], *, lane: Lane
) -> dict[int, WriteResult]:
    """Unsubscribes the addresses of all rows that ask for it; answers results only for rows that must go no further."""
    wanted = {index: row for index, row in rows.items() if UNSUBSCRIBED in row.fields}
    addresses = _addresses(reader, asked, wanted) if wanted else {}
    ends: dict[int, WriteResult] = {
        index: Refused(
            "NO_ADDRESS",
            "an opt-out belongs to an e-mail address and this contact has none",
            "give the contact an address, or take the opt-out out of the write",
            (UNSUBSCRIBED,),
        )
        for index in wanted
        if not addresses.get(index)
    }
    failed: dict[str, WriteResult] = {}
    for lot in chunks(list(dict.fromkeys(address for address in addresses.values() if address)), BATCH):
        failed |= _send(client, lot, lane=lane)
    ends |= {index: failed[address] for index, address in addresses.items() if address in failed}
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


def _later(why: RetryLater) -> Deferred:
    return Deferred("NOT_UNSUBSCRIBED", str(why), *([why.after] if why.after else []))


def _texts(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _refused(code: str, message: str) -> Refused:
    return Refused(code, message, "correct the address, or unsubscribe it in HubSpot by hand", (UNSUBSCRIBED,))
