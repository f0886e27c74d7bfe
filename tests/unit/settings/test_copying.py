"""A configuration is copied for a trial: what syncd reads, and nothing that lies beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from syncd.model.errors import BadUsage
from syncd.settings.copying import copy_mapping

EXAMPLE = Path(__file__).parents[3] / "config"


def test_secrets_and_stores_stay_where_they_are(tmp_path: Path) -> None:
    """Neither the folder of secrets, whoever may read it, nor a store or a backup goes along; every YAML file does."""
    here, there = tmp_path / "here", tmp_path / "there"
    shutil.copytree(EXAMPLE, here)
    (here / "secrets").mkdir(mode=0o700)
    for name in ("secrets/hubspot_token", "syncd.db", "syncd.db.generation", "copies.age", "notes.txt"):
        (here / name).write_text("secret", encoding="utf-8")
    copy_mapping(here, there)
    copied = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    assert copied >= {"schema/person.yaml", "cases/person.yaml", "lifecycle.yaml", "teams.yaml", "mapping.schema.json"}
    assert not [name for name in copied if not name.endswith((".yaml", ".json"))]
    assert "syncd.yaml" not in copied


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a sentence with the file and the reason."""

    def refused(path: Path, _there: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "copyfile", refused)
    with pytest.raises(BadUsage, match=r"\.yaml .*Permission denied.*mend its rights"):
        copy_mapping(EXAMPLE, tmp_path / "there")
