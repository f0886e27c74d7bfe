"""The API against its own OpenAPI document: whatever is sent, no 5xx, and every answer is as the document says."""

from __future__ import annotations

import contextlib
import re
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from syncd.model.operator import Role
from tests.unit.console.test_api import console, program  # noqa: F401 - fixtures
from tests.visits import Caller, House

EXAMPLES = 8
"""Calls per operation of each sort; each is another set of odd values."""
LEFT_OUT = re.compile(r"explanation|resyncs$|estimate|rollbacks|DELETE|reports|drift/accept|events")
"""What asks the vendors, does not end, takes the caller's own token away, or is made elsewhere."""


@pytest.fixture
def document(program: Caller) -> Any:  # noqa: F811 - the fixture
    """The document as the server tells it, for its own address."""
    return program.get("/api/v1/openapi.json").json


@pytest.fixture
def asking(console: House, document: Any) -> tuple[Any, str]:  # noqa: F811 - the same
    """What schemathesis reads of the document, and the token of an admin."""
    admin = console.program(Role.ADMIN)
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.update(base_url=f"http://127.0.0.1:{console.port}")
    return loaded, admin.bearer


CHECKED = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
]


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_it(asking: tuple[Any, str]) -> None:
    """Every operation, with values that fit the document and values that do not; the vendors are not asked here."""
    loaded, token = asking
    tried = []
    for result in loaded.get_all_operations():
        operation = result.ok()
        if LEFT_OUT.search(operation.label):
            continue
        for mode in GenerationMode:
            _called(operation, mode, token)
        tried.append(operation.label)
    assert len(tried) > 20, tried


def _called(operation: Any, mode: GenerationMode, token: str) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def calls(case: Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKED)

    with contextlib.suppress(Unsatisfiable):  # an operation without anything that could be wrong
        calls()
