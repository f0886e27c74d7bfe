"""Texts that are JSON and no text: what stands in the bytes of an answer while the vendor's own text stays whole."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sandbox.faults import texts
from tests.unit.sandbox.fault_stands import Proofs, Stand, faults_of, prove, stand


def asked(at: Stand) -> bytes:
    """The bytes of a read of everybody."""
    if at.vendor == "hubspot":
        body = {"limit": 100, "properties": ["jobtitle", "city"]}
        return at.raw("POST", "/crm/v3/objects/contacts/search", body).body
    return at.raw("GET", "/services/data/v60.0/query?q=SELECT+Id,Title,City+FROM+Lead").body


def spoilt(form: str, sign: str) -> Callable[[Stand], None]:
    """Proves that one text of one row ends with the sign, in its escaped form, and that the next read is honest."""

    def proof(at: Stand) -> None:
        honest = json.loads(asked(at))
        at.arm("broken-text", form=form)
        body = asked(at)
        assert body.count(texts.FORMS[form]) == 1
        told = json.loads(body)
        assert len(told.get("results", told.get("records"))) == len(honest.get("results", honest.get("records")))
        assert json.dumps(told).replace(json.dumps(sign)[1:-1], "") == json.dumps(honest)
        assert (at.fired("broken-text"), json.loads(asked(at))) == (1, honest)

    return proof


def both(at: Stand) -> None:
    """Half of a pair, and NUL."""
    spoilt("half", "\ud83d")(at)
    spoilt("nul", "\x00")(type(at)())


PROOFS: Proofs = {("broken-text", "hubspot"): both, ("broken-text", "salesforce"): both}


@pytest.mark.parametrize(("name", "vendor"), faults_of(texts.ENTRIES))
def test_what_a_caller_sees(name: str, vendor: str) -> None:
    """The bytes of the answer."""
    prove(PROOFS, name, vendor)


def test_an_answer_without_a_text_passes() -> None:
    """There the fault waits for the next one."""
    hub = stand("hubspot")
    hub.arm("broken-text")
    assert hub.call(*hub.write())[0] == 200
    assert hub.fired("broken-text") == 0
    asked(hub)
    assert hub.fired("broken-text") == 1
