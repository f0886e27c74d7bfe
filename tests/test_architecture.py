"""The rules of the house that no linter knows, read from the syntax trees of the project's own files.

Import-linter checks imports between packages. Here: where time, chance, ids, libraries and vendors' field names belong,
how long a file may be, which words a name may not have. A rule maps one file to sentences, so it can be shown a breach.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sources import Source, forget, full_names, sources

pytestmark = pytest.mark.xdist_group("sources")  # which one process reads once
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("syncd", "connectors", "sandbox")
LONGEST = 350
PRESCRIBED = {"get_route_handler"}  # what a library calls by that name
BANNED_WORDS = ("Manager", "Helper", "Util", "Utils", "Processor", "Handler", "DAO", "Service")


@pytest.fixture(scope="module", autouse=True)
def trees_are_forgotten() -> Iterator[None]:
    """Millions of nodes, which nobody else in this process needs."""
    yield
    forget()


def uphold(rule: Callable[[Source], Iterator[str]], *folders: str) -> None:
    """Fails with everything that a rule has to say about the files below the given folders."""
    seen = sources(*folders)
    assert seen, f"no Python files below {folders}: the rule would hold for nothing"
    if breaches := [f"{source.path}:{breach}" for source in seen for breach in rule(source)]:
        pytest.fail("\n".join(breaches), pytrace=False)


# --- time, chance, ids, threads ---------------------------------------------------------------------------------------

WORLD = re.compile(
    r"datetime\.datetime\.(now|utcnow|today)$|datetime\.date\.today$|(time|random|uuid|secrets|threading)(\.|$)"
)
DECIDING = ("syncd/model", "syncd/core", "syncd/ports", "syncd/engine", "syncd/operations", "syncd/store", "connectors")
# The parts of sandbox that are not kernels: sockets and scripts beside them need threads, the makers their seed.
AROUND_KERNELS = tuple(
    f"sandbox/{name}.py" for name in ("server", "desk", "population", "people", "loader", "hubspot/webhooks_pump")
)


def reaches_for_the_world(source: Source) -> Iterator[str]:
    """Uses of the real clock, chance, ids or threads, which come in as arguments everywhere but at the edge."""
    for line, name in full_names(source):
        seeded = source.within("sandbox") and name in {"random", "random.Random"}
        if WORLD.match(name) and not seeded:
            yield f"{line}: {name}: take the clock, ids, chance or scheduler as an argument"


def unseeded(source: Source) -> Iterator[str]:
    """`random.Random()` without a seed, which is chance that no test can repeat."""
    for node in source.nodes:
        if isinstance(node, ast.Call) and not node.args and ast.unparse(node.func) in {"Random", "random.Random"}:
            yield f"{node.lineno}: random.Random() without a seed"


def test_what_decides_is_told_the_time() -> None:
    """Model, core, ports, engine, operations, store and connectors never ask the machine for time, chance or ids."""
    uphold(reaches_for_the_world, *DECIDING)


def test_stand_in_kernels_are_told_the_time() -> None:
    """The vendors' stand-ins run on a clock and a seed they are given, so that a run can be repeated exactly."""

    def rule(source: Source) -> Iterator[str]:
        if not source.within(*AROUND_KERNELS):
            yield from reaches_for_the_world(source)
            yield from unseeded(source)

    uphold(rule, "sandbox")


@pytest.mark.parametrize(
    "code",
    [
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import datetime\nx = datetime.utcnow()",
        "from datetime import datetime as d\nx = d.now",
        "from datetime import date\nx = date.today()",
        "import time",
        "from time import monotonic",
        "import random as r\nx = r.choice([1])",
        "import random",
        "def f():\n    import uuid",
        "from secrets import token_hex",
        "import threading",
    ],
)
def test_a_reach_for_the_world_is_seen(code: str) -> None:
    """The rule finds a planted use, however it is imported or renamed."""
    assert list(reaches_for_the_world(Source("syncd/core/planted.py", code)))


def test_seeded_chance_is_for_stand_ins_only() -> None:
    """`random.Random(seed)` passes in sandbox and nowhere else; without a seed it passes nowhere."""
    code = "import random\nchance = random.Random(7)"
    assert list(reaches_for_the_world(Source("sandbox/planted.py", code))) == []
    assert list(reaches_for_the_world(Source("connectors/planted.py", code)))
    assert list(reaches_for_the_world(Source("sandbox/planted.py", "import random\nx = random.random()")))
    assert list(unseeded(Source("sandbox/planted.py", "import random\nchance = random.Random()")))


# --- which library belongs where --------------------------------------------------------------------------------------

BELONGS = {
    "sqlalchemy": ("syncd/store",),
    "alembic": ("syncd/store",),
    "psycopg": ("syncd/store",),
    "pysqlite3": ("syncd/store",),
    "sqlite3": ("syncd/store",),
    "pydantic": ("syncd/settings", "syncd/console"),
    "pydantic_settings": ("syncd/settings",),
    "typer": ("syncd/cli",),
    **dict.fromkeys(("fastapi", "starlette", "uvicorn", "jinja2"), ("syncd/console",)),
    "simple_salesforce": ("connectors/salesforce",),
    "hubspot": ("connectors/hubspot",),
    "faker": ("sandbox",),
}
CORE_LIBRARIES = frozenset({"cel", "phonenumbers", "email_validator", "tldextract", "pycountry", "babel", "holidays"})


def strays(source: Source) -> Iterator[str]:
    """Imports of a library outside the folder that it belongs to."""
    for line, name in full_names(source):
        library = name.partition(".")[0]
        if library in BELONGS and not source.within(*BELONGS[library]):
            yield f"{line}: {library} is imported in {' and '.join(BELONGS[library])} only"


def impure(source: Source) -> Iterator[str]:
    """Imports in model, ports and core of anything but the standard library, the project, and core's few libraries."""
    allowed = {"syncd", *sys.stdlib_module_names}
    if source.within("syncd/core"):
        allowed |= CORE_LIBRARIES
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        else:
            continue
        for name in names:
            if name.partition(".")[0] not in allowed:
                yield f"{node.lineno}: {name} is a library that this layer may not use"


def test_every_library_has_its_folder() -> None:
    """SQL lives in the store, pydantic where a person wrote the input, a vendor's client in its connector."""
    uphold(strays, *PACKAGES)


def test_deciding_needs_few_libraries() -> None:
    """Model and ports are standard library only; core adds the parsers of people's notations and CEL."""
    uphold(impure, "syncd/model", "syncd/ports", "syncd/core")


def test_a_stray_library_is_seen() -> None:
    """Both rules find a planted import, and leave the right place alone."""
    assert list(strays(Source("syncd/engine/planted.py", "from sqlalchemy import select")))
    assert list(strays(Source("syncd/store/planted.py", "from sqlalchemy import select"))) == []
    assert list(impure(Source("syncd/model/planted.py", "import phonenumbers")))
    assert list(impure(Source("syncd/core/planted.py", "import phonenumbers"))) == []


# --- shape of files and folders ---------------------------------------------------------------------------------------


def too_long(source: Source) -> Iterator[str]:
    """A file over the limit that does not say why: `Length:` and the reason, in its first 15 lines."""
    lines = source.text.splitlines()
    if len(lines) > LONGEST and not any("Length:" in line for line in lines[:15]):
        yield f"{len(lines)} lines: split it, or argue for it in its first 15 lines (`Length: ...`)"


def test_no_file_is_long_without_a_reason() -> None:
    """A file that one sitting cannot take in is split, or argues for its length where it begins."""
    uphold(too_long, *PACKAGES, "tests", "deploy")


def test_length_needs_an_argument_at_the_top() -> None:
    """The limit counts lines, and only an argument near the top lifts it."""
    body = "x = 1\n" * LONGEST
    assert list(too_long(Source("syncd/planted.py", body))) == []
    assert list(too_long(Source("syncd/planted.py", body + "x = 1\n")))
    assert list(too_long(Source("syncd/planted.py", f"# Length: one table\n{body}"))) == []
    assert list(too_long(Source("syncd/planted.py", f"{body}# Length: one table\n")))


def test_folders_are_one_deep() -> None:
    """A folder of syncd holds files, no folders; only Alembic's layout of migrations is prescribed from outside."""
    folders = {path.parent.relative_to(ROOT / "syncd").as_posix() for path in (ROOT / "syncd").rglob("*.py")}
    deeper = {folder for folder in folders if "/" in folder and not folder.startswith("store/migrations")}
    assert deeper == set()


def test_every_module_says_what_it_is() -> None:
    """Each file with code of its own begins with a docstring."""

    def rule(source: Source) -> Iterator[str]:
        if source.text.strip() and ast.get_docstring(source.tree) is None:
            yield "1: no docstring"

    uphold(rule, *PACKAGES, "tests", "deploy")


def test_every_test_says_what_it_proves() -> None:
    """Each test function has a docstring."""

    def rule(source: Source) -> Iterator[str]:
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
                yield f"{node.lineno}: {node.name} has no docstring"

    uphold(rule, "tests")


# --- words ------------------------------------------------------------------------------------------------------------


def words(name: str) -> list[str]:
    """The words of a name, in lower case: `HTTPServiceDAO_x` is http, service, dao, x."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def vague(source: Source) -> Iterator[str]:
    """Classes and functions named by a word that says nothing, or by both ends of a pair that has no ends."""
    banned = {word.lower() for word in BANNED_WORDS}
    for node in source.nodes:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name not in PRESCRIBED:
            for word in sorted(banned & set(words(node.name))):
                yield f"{node.lineno}: `{word}` in the name {node.name}: say what it does"


def test_names_say_something() -> None:
    """No class or function is a manager, helper, util, processor, handler, DAO or service."""
    uphold(vague, *PACKAGES)


@pytest.mark.parametrize("name", ["LinkManager", "date_helper", "str_utils", "RowDAO", "HTTPService", "on_handler"])
def test_a_vague_name_is_seen(name: str) -> None:
    """The rule finds the word in either way of writing names, and spares a word that only contains it."""
    assert list(vague(Source("syncd/planted.py", f"class {name}: ...")))
    assert list(vague(Source("syncd/planted.py", f"def {name}(): ...")))
    assert list(vague(Source("syncd/planted.py", "def utility_of_handled(): ..."))) == []


# --- vendors' field names ---------------------------------------------------------------------------------------------

FIELD_NAMES = re.compile(
    r"\b(lifecyclestage|hs_\w+|hubspot_owner_id|lastmodifieddate|associatedcompanyid|hubspotscore"
    r"|SystemModstamp|LastModifiedDate|LastModifiedById|CreatedById|OwnerId|AccountId|ConvertedContactId"
    r"|IsConverted|IsDeleted|MasterRecordId|HasOptedOutOfEmail|LeadSource|MasterLabel|\w+__c)\b"
)
# The lab is the project's own operator: it sets up, edits and judges both stand-ins by their real names. Settings
# check what people write into config/, where some vendor fields are refused as targets by name.
SPEAK_VENDOR = ("syncd/lab",)


def vendor_names(source: Source) -> Iterator[str]:
    """Vendor field names in strings and identifiers of the code; prose in docstrings and comments may explain them."""
    prose = {id(node.value) for node in source.nodes if isinstance(node, ast.Expr)}
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found = FIELD_NAMES.search(node.value)
        elif isinstance(node, ast.Attribute):
            found = FIELD_NAMES.search(node.attr)
        else:
            continue
        if found:
            yield f"{node.lineno}: {found[0]} is a vendor's name; it belongs in connectors or config"


def test_vendor_field_names_stay_outside() -> None:
    """The sync path knows canonical fields only; a vendor's field is named by its connector and by configuration."""

    def rule(source: Source) -> Iterator[str]:
        if not source.within(*SPEAK_VENDOR):
            yield from vendor_names(source)

    uphold(rule, "syncd")


def test_a_vendor_field_name_is_seen() -> None:
    """The rule finds names in strings and attributes, custom fields too, and leaves explanations alone."""
    assert list(vendor_names(Source("syncd/core/planted.py", 'x = "lifecyclestage"')))
    assert list(vendor_names(Source("syncd/core/planted.py", "x = row.SystemModstamp")))
    assert list(vendor_names(Source("syncd/core/planted.py", 'x = f"{a} Syncd_Stage__c"')))
    assert list(vendor_names(Source("syncd/core/planted.py", '"""Why: SystemModstamp has whole seconds."""'))) == []
