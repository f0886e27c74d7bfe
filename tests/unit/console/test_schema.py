"""The API against its own OpenAPI document, over both stand-ins: whatever is sent, no 5xx, and every answer is as the
document says. Every operation is called with what is there, too, and has to come to something at least once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi import checks

from syncd.engine.resync import asked_for
from syncd.model.brake import Wave
from syncd.model.link import LinkState
from syncd.model.notice import Target
from syncd.model.operator import Role
from syncd.model.run import RECREATE, Request, Restored, Run, RunState
from syncd.model.values import SIDES
from syncd.operations.braking import Words, expect, parts
from syncd.operations.parking import id_of
from syncd.operations.wishes import wishes
from syncd.ports.post import Posted
from tests.furnished import furnished, handed_over, held, reconfigured, troubled
from tests.visits import House

EXAMPLES: Final = 8
"""Calls per operation of each sort; each is another set of odd values."""
LEFT_OUT: Final = {
    "GET /api/v1/events": "it does not end; tests/unit/console/test_events.py listens to it",
}
"""What is not called, and why. What would end the caller's own token is called for others'."""
C: Final = "/api/v1/connections/{connection}"
PARKED: Final = {"kind": "person", "side": "crm", "field": "phone", "code": "STRING_TOO_LONG"}
"""The cause of a parked field."""
CHECKED: Final = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A console over both vendors, with something of everything that waits."""
    with furnished(tmp_path_factory.mktemp("schema")) as (made, steps):
        (lead,) = [str(row["Id"]) for row in steps.live("Lead") if row["Email"] == "alan.turing@example.com"]
        steps.both.salesforce.delete("Lead", lead)
        steps.cycle(after=120)
        troubled(made)
        handed_over(made)
        reconfigured(made)
        yield made


class There:
    """What is there to be named, as it is at the moment; ``admin`` calls."""

    def __init__(self, made: House) -> None:
        self.made, self.store = made, made.store
        sent = Posted(taken=True, said="taken")
        made.desk.host = replace(made.desk.host, targets=lambda: [Target("ops", frozenset())], post=lambda _, __: sent)
        self.admin = made.program(Role.ADMIN)
        (self.link, *_) = made.store.links_with("ada", 1)
        (self.tombstone,) = [each.id for each in made.store.links("person") if each.state is LinkState.TOMBSTONE]
        self.run = next(run.id for run in made.store.runs(100) if "updated.crm" in run.counts)

    def path(self, operation: str) -> Mapping[str, str]:
        """Parameters of a path; what a store that was put back waits for is over, but where it is accepted, and what
        was told to stand still goes on.
        """
        now = self.made.clock.now()
        self.made.desk.roster.pause("main", None, now)
        accepted = operation.endswith("/restored/accept")
        self.store.note_restored(Restored(now, "test", compared=now) if accepted else None)
        if operation.endswith(("/first-link", "/first-link/approve")):
            self.store.save_run(Run("z", "main", "sync", "daemon", now, digest="abc", state=RunState.HELD))
        return {"connection": "main", "link": self.link, "digest": self._digest(), **self._named(operation)}

    def _digest(self) -> str:
        if not (found := parts(self.store, self.made.clock.now())):
            held(self.made)
            found = parts(self.store, self.made.clock.now())
        return found[0].digest

    def _named(self, operation: str) -> Mapping[str, str]:
        match operation.rpartition("/api/v1/")[2].replace("connections/{connection}/", "").split("/")[0]:
            case "runs":
                return {"id": self.run}
            case "conflicts":
                return {"id": self.store.conflicts()[0].id}
            case "resyncs":
                return {"id": next((each.id for each in asked_for(self.store)), "none")}
            case "wishes":
                return {"id": self._wish()}
            case "tokens":
                return {"id": self._others_token()}
            case "operators":
                self.made.program(Role.VIEWER)
                return {"name": "viewer1"}
            case "expected":
                return {"id": self._wave()}
            case "targets":
                return {"name": "ops"}
            case _:
                return {"name": "handoff"}

    def _wave(self) -> str:
        words = Words({Wave.CREATES: 5}, until=self._tomorrow(), reason="test")
        now = self.made.clock.now()
        return expect(self.store, words, connection="main", fields={}, who="test", now=now).id

    def _wish(self) -> str:
        now = self.made.clock.now()
        self.store.approve(wish := Request(f"wish-{now:%H%M%S%f}", "main", RECREATE, self.tombstone, "test", now))
        return next((each.id for each in wishes(self.store, RECREATE)), wish.id)

    def _tomorrow(self) -> str:
        return (self.made.clock.now() + timedelta(days=1)).isoformat()

    def _others_token(self) -> str:
        _, token = self.made.desk.entrance.make_token("admin1", role=Role.VIEWER, label="x", days=1, who="test")
        return token.id

    def query(self, operation: str) -> Mapping[str, Any]:
        """What is asked for."""
        if operation.endswith("/reports/{name}/records"):
            return {"key": "rejected"}
        if operation == f"GET {C}/parked/cause":
            return PARKED
        found = {"q": "ada"}
        asked = {
            f"GET {C}/records": found,
            f"GET {C}/unlinked": found,
            f"GET {C}/explanation": {"record": f"link:{self.link}"},
        }
        return asked.get(operation, {})

    def body(self, operation: str) -> Any:
        """What is sent along."""
        link = f"link:{self.link}"
        (linked,) = self.store.by_link([self.link]).values()
        bodies: dict[str, Any] = {
            f"POST {C}/conflicts/{{id}}/resolve": {"take": "crm"},
            f"POST {C}/links": {side.value: f"{side}:{linked.link.refs.of(side)}" for side in SIDES},
            f"POST {C}/dead-letters/retry": {"ids": [each.id for each in self.store.letters_page(2)]},
            f"POST {C}/dead-letters/drop": {"ids": [each.id for each in self.store.letters_page(1)]},
            f"POST {C}/parked/retry": {"ids": [id_of(each) for each in self.store.parked()] or ["none"]},
            f"POST {C}/parked/cause/retry": PARKED,
            f"POST {C}/drift/accept": {"fields": ["person.industry"]},
            f"POST {C}/resyncs/estimate": {"records": [link]},
            f"POST {C}/resyncs": {"records": [link]},
            f"POST {C}/rollbacks/plan": {"run": self.run},
            f"POST {C}/maintenance": {"for": "2h"},
            f"POST {C}/expected": {"wave": "creates", "records": 5, "until": self._tomorrow(), "reason": "test"},
            f"POST {C}/forget": {"record": link},
            f"POST {C}/first-link/approve": {"digest": "abc"},
            f"POST {C}/recreate": {"record": f"link:{self.tombstone}"},
            "POST /api/v1/tokens": {"label": "test"},
            "POST /api/v1/operators": {"name": "eve", "role": "viewer"},
        }
        if operation == f"POST {C}/rollbacks":
            planned = self.admin.post("/api/v1/connections/main/rollbacks/plan", {"run": self.run}).json
            return {"run": self.run, "digest": planned["plan"]["digest"]}
        return bodies.get(operation, {"reason": "test"} if operation.endswith(("/approve", "/reject")) else {})


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_it(made: House) -> None:
    """Every operation: with values that fit the document, with some that do not, and with what is there."""
    there = There(made)
    loaded = schemathesis.openapi.from_dict(there.admin.get("/api/v1/openapi.json").json)
    loaded.config.update(base_url=f"http://127.0.0.1:{made.port}")
    came: dict[str, set[int]] = {}
    for result in loaded.get_all_operations():
        operation = result.ok()
        if operation.label in LEFT_OUT:
            continue
        came[operation.label] = set()
        for mode in GenerationMode:
            came[operation.label] |= called(operation, mode, there)
    assert len(came) > 40, sorted(came)
    assert {each: statuses for each, statuses in came.items() if not statuses & {200}} == {}


def called(operation: Any, mode: GenerationMode, there: There) -> set[int]:
    """Calls an operation some times; the statuses that came back."""
    statuses: set[int] = set()

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), named=st.booleans())
    def calls(case: Case, named: bool) -> None:
        checked = CHECKED
        if named:
            name_what_is_there(case, there)
        if named and mode is GenerationMode.POSITIVE:  # schemathesis takes for wrong what it has not made itself
            checked = [each for each in CHECKED if each is not checks.negative_data_rejection]
        answer = case.call_and_validate(headers={"Authorization": f"Bearer {there.admin.bearer}"}, checks=checked)
        statuses.add(answer.status_code)

    with contextlib.suppress(Unsatisfiable):  # an operation without anything that could be wrong
        calls()
    return statuses


def name_what_is_there(case: Case, there: There) -> None:
    """Puts into a case what is there, wherever nothing is to be wrong."""
    wrong = {where for where, part in case.meta.components.items() if part.mode.is_negative}
    label = case.operation.label
    if ParameterLocation.PATH not in wrong:
        known = there.path(label)
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    if wrong:
        return
    case.query = dict(there.query(label))
    if case.method != "GET":
        case.headers = {}
        if isinstance(case.body, dict):
            case.body = there.body(label)
