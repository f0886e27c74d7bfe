"""A console over both stand-ins with people in step; a file that needs them in trouble furnishes its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.furnished import furnished
from tests.scenarios.steps import Steps
from tests.visits import House


@pytest.fixture(scope="module")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Steps]]:
    """Both stand-ins, made once a file."""
    with furnished(tmp_path_factory.mktemp("furnished")) as (made, steps):
        yield made, steps
