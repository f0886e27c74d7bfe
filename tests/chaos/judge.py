"""Says which promises a run broke, from the evidence alone: the vendors' logs, what they hold, and the audit.

It shares no code with what it judges; of syncd it imports nothing at all. Numbers of promises are those of
docs/promises.md. A breach names the promise, the place and what was found there; nothing else is a verdict.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.chaos.evidence import COLUMNS, Edit, Evidence

LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
SECRETS: Final = ("pat-na1-sandbox", "sandbox-secret", "Bearer ")  # not a secret
WRITES_AN_EDIT: Final = 2
"""Records written for each thing that people did, at most: each edit is one write on the other side, and one more where
a process died in the middle of it."""

STOPPED: Final = frozenset({0, 1, 3, 4, 143, -15})
"""Exit codes of what was told to stop: as it would have ended anyway, or interrupted, before it could listen, too; a
daemon at work ends with 0."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was broken: which, where, and what was found."""

    promise: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise} {self.where}: {self.what}"


def judged(evidence: Evidence) -> list[Breach]:
    """Every breach."""
    return [
        *_tokens(evidence),
        *_newcomers(evidence),
        *_doubles(evidence),
        *_opt_outs(evidence),
        *_audited(evidence),
        *_chain(evidence),
        *_quiet(evidence),
        *_stores(evidence),
        *_spoken(evidence),
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _told(evidence: Evidence, contact: str, lead: str, name: str) -> bool:
    both = {("marketing", contact), ("crm", lead)}
    return any((side, record) in both and what in (name, "*") for side, record, what in evidence.listed)


# -- P1, P2, P5 --------------------------------------------------------------------------------------------------------
def _tokens(evidence: Evidence) -> Iterator[Breach]:
    """Each field that people typed into holds on both sides what was typed last on one of them, or it is listed."""
    typed: defaultdict[tuple[str, str, str], dict[str, Edit]] = defaultdict(dict)
    for edit in sorted(evidence.edits, key=lambda each: each.order):
        typed[edit.contact, edit.lead, edit.field][edit.side] = edit
    for (contact, lead, name), last in typed.items():
        if _told(evidence, contact, lead, name):
            continue
        columns = COLUMNS[name]
        there = evidence.contacts.get(contact), evidence.leads.get(lead)
        where = f"contacts/{contact} Lead/{lead} {name}"
        if there[0] is None or there[1] is None:
            yield Breach("P3", where, "a record is gone that nobody deleted")
            continue
        left, right = _text(there[0].get(columns[0])), _text(there[1].get(columns[1]))
        if left != right:
            yield Breach("P1", where, f"{left!r} and {right!r}, and nobody was told")
        wanted = {edit.token for edit in last.values()}
        for held in {left, right} - wanted:
            yield Breach("P2", where, f"{held!r} stands where {' or '.join(sorted(wanted))} was typed last")


# -- P3 ----------------------------------------------------------------------------------------------------------------
def _newcomers(evidence: Evidence) -> Iterator[Breach]:
    """Everybody who came is there once on the other side, and both name each other; nobody else was made."""
    by_key = defaultdict[str, list[str]](list)
    for lead, row in evidence.leads.items():
        by_key[_text(row.get("Syncd_Marketing_Id__c"))].append(lead)
    for contact, address in evidence.newcomers.items():
        found = by_key.get(contact, [])
        same = [lead for lead, row in evidence.leads.items() if _text(row.get("Email")).lower() == address.lower()]
        if len(same) > 1:
            yield Breach("P3", f"contacts/{contact}", f"{len(same)} Leads have the address {address}: {same}")
        if _told(evidence, contact, found[0] if found else "", "*"):
            continue
        back = _text(evidence.contacts.get(contact, {}).get("syncd_crm_id"))
        if len(found) != 1 or back != found[0]:
            yield Breach("P3", f"contacts/{contact}", f"is the key of the Leads {found} and names {back or 'none'}")
    for side, lines in evidence.calls.items():
        created = [(id_, line) for line in lines for id_ in line["created"]]
        for id_, line in created:
            held = (evidence.leads if side == "crm" else evidence.contacts).get(id_)
            if held is None:
                yield Breach("P3", f"{side} {id_}", f"was created by {line['operation']} and is not there any more")
            elif side == "marketing" or _text(held.get("Syncd_Marketing_Id__c")) not in evidence.newcomers:
                yield Breach("P3", f"{side} {id_}", f"was created by {line['operation']}, and nobody had come")


def _doubles(evidence: Evidence) -> Iterator[Breach]:
    """No two records of a side bear one key."""
    held = (("crm", evidence.leads, "Syncd_Marketing_Id__c"), ("marketing", evidence.contacts, "syncd_crm_id"))
    for side, records, column in held:
        bearers = defaultdict[str, list[str]](list)
        for id_, record in records.items():
            bearers[_text(record.get(column))].append(id_)
        for key, ids in bearers.items():
            if key and len(ids) > 1:
                yield Breach("P3", side, f"{key} is the key of {len(ids)} records: {ids}")


# -- P9 ----------------------------------------------------------------------------------------------------------------
def _opt_outs(evidence: Evidence) -> Iterator[Breach]:
    """Whoever unsubscribed is unsubscribed on both sides in the end, and was so at every look after the first."""
    for contact, lead in evidence.opted_out:
        if _told(evidence, contact, lead, "opt_out"):
            continue
        stands = {
            f"contacts/{contact}": _text(evidence.contacts.get(contact, {}).get("hs_email_optout")) == "true",
            f"Lead/{lead}": evidence.leads.get(lead, {}).get("HasOptedOutOfEmail") is True,
        }
        for where, is_out in stands.items():
            if not is_out:
                yield Breach("P9", where, "unsubscribed, and may be mailed")
    out: set[tuple[str, str]] = set()
    for side, record, is_out in evidence.seen_opted_out:
        if is_out:
            out.add((side, record))
        elif (side, record) in out:
            yield Breach("P9", f"{side} {record}", "was unsubscribed and was not any more")


# -- P14 ---------------------------------------------------------------------------------------------------------------
def _audited(evidence: Evidence) -> Iterator[Breach]:
    """Each write that a vendor logged has a row of the audit: never more writes of a record than rows about it."""
    by_address = {_text(each.get("email")).lower(): id_ for id_, each in evidence.contacts.items() if each.get("email")}
    for side, lines in evidence.calls.items():  # HubSpot's communication preferences go by address
        written, created = Counter[str](), 0
        for line in lines:
            if (line["fault"] or "").endswith(", first"):
                continue  # what delivered it twice was on the way
            created += len(line["created"])
            written.update(by_address.get(id_.lower(), id_) for id_ in set(line["written"]) - set(line["created"]))
        rows = Counter(row["ref_id"] for row in evidence.audit if row["side"] == side and row["action"] != "create")
        for id_, count in written.items():
            if count > rows[id_]:
                yield Breach("P14", f"{side} {id_}", f"was written {count} times, {rows[id_]} of them in the audit")
        creates = sum(1 for row in evidence.audit if row["side"] == side and row["action"] == "create")
        if created > creates:
            yield Breach("P14", side, f"{created} records were created, {creates} of them in the audit")
    unfinished = [row["seq"] for row in evidence.audit if not row["finished_at"]]
    if unfinished:
        yield Breach("P14", "audit", f"rows without an ending: {unfinished[:5]}")
    sent = Counter((row["intent"], row["attempt"]) for row in evidence.audit)
    for (intent, attempt), count in sent.items():
        if count > 1:
            yield Breach("P14", "audit", f"attempt {attempt} of {intent} stands there {count} times")


def _chain(evidence: Evidence) -> Iterator[Breach]:
    for flaw in evidence.verified.get("flaws", ["it was not verified"]):
        yield Breach("P14", "audit verify", str(flaw))
    rows = evidence.verified.get("rows")
    if rows is not None and rows != len(evidence.audit):
        yield Breach("P14", "audit verify", f"counts {rows} rows where there are {len(evidence.audit)}")


# -- quiet -------------------------------------------------------------------------------------------------------------
def _quiet(evidence: Evidence) -> Iterator[Breach]:
    """It became quiet, both sides agree, a resync of everything wrote nothing, and it did not write more than asked."""
    if evidence.quiet:
        yield Breach("P7", "quiet", f"it never became quiet: {evidence.quiet}")
    if evidence.open_intents:
        yield Breach("P7", "quiet", f"{evidence.open_intents} writes have no known ending")
    if evidence.agreement[0]:
        yield Breach("P1", "agreement", evidence.agreement[1])
    if evidence.written_when_quiet:
        yield Breach("P10", "quiet", f"comparing everything made {evidence.written_when_quiet} writes")
    written = sum(len(line["written"]) for lines in evidence.calls.values() for line in lines)
    deeds = len(evidence.edits) + 3 * len(evidence.newcomers) + len(evidence.opted_out)
    if written > WRITES_AN_EDIT * deeds:
        yield Breach("P4", "both sides", f"{written} records were written for {deeds} deeds of people")


# -- P7, P13 -----------------------------------------------------------------------------------------------------------
def _stores(evidence: Evidence) -> Iterator[Breach]:
    for name, said in evidence.integrity.items():
        if said != "ok":
            yield Breach("P7", name, said)


def _spoken(evidence: Evidence) -> Iterator[Breach]:
    """Processes wrote nothing but JSON, fell over nothing, told no secret and nothing that people typed, and ended only
    when they were told to, or for a reason.
    """
    tokens = {edit.token for edit in evidence.edits} | set(evidence.newcomers.values())
    for process in evidence.processes:
        if process.by == "itself":
            yield Breach("P15", process.name, f"ended by itself with {process.code}")
        at_work = any('"service.started"' in line for line in process.lines)
        if process.by == "stopped" and (process.code not in STOPPED or (at_work and process.code)):
            yield Breach("P15", process.name, f"was told to stop and ended with {process.code}")
        if process.rest and process.by != "killed":
            yield Breach("P13", process.name, f"wrote half a line: {process.rest[:200]!r}")
        for line in process.lines:
            yield from _line(process.name, line, tokens)


def _line(name: str, line: str, tokens: set[str]) -> Iterator[Breach]:
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        yield Breach("P13", name, f"wrote what is no JSON: {line[:200]!r}")
        return
    if not isinstance(event, dict) or not {"time", "level", "event"} <= event.keys() or event["level"] not in LEVELS:
        yield Breach("P13", name, f"wrote what is no event: {line[:200]!r}")
        return
    if event["event"] == "turn.crashed" or "Traceback" in line:
        yield Breach("P7", name, f"fell over something unforeseen: {line[:600]}")
    if any(secret in line for secret in SECRETS) or any(word in tokens for word in _words(event)):
        yield Breach("P13", name, f"told what it may not tell: {line[:200]!r}")


def _words(event: dict[str, Any]) -> Iterator[str]:
    for value in event.values():
        yield from str(value).replace('"', " ").replace("'", " ").split()
