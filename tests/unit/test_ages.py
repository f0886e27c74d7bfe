"""How old secrets are is told of each that comes from a file, for a metric."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from syncd.bootstrap.ages import secret_ages
from tests.fakes import FakeClock
from tests.unit.settings.conftest import Folder


def test_the_age_of_a_secret_is_that_of_its_file(tmp_path: Path) -> None:
    """An exchanged one is young again without a restart; one in the configuration itself has no age."""
    folder = Folder(tmp_path)
    token = folder.write("token", "pat-na1\n")
    token.chmod(0o600)
    folder.change("syncd.yaml", "access_token: token", "access_token_file: token")
    loaded, now = folder.load(), FakeClock().now()
    quarter = (now - timedelta(days=90)).timestamp()
    os.utime(token, (quarter, quarter))
    name = ("connections.main.marketing.access_token",)
    assert list(secret_ages(loaded, now)) == [("syncd_secret_age_seconds", name, 90 * 86_400.0)]
    os.utime(token, (now.timestamp(), now.timestamp()))
    assert list(secret_ages(loaded, now)) == [("syncd_secret_age_seconds", name, 0.0)]
    token.unlink()
    assert list(secret_ages(loaded, now)) == []
