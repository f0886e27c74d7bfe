"""``syncd.yaml`` with its overlay and the environment laid over it, and nothing else.

``outline`` is all that a command needs which only looks at the store: it reads no mapping, compiles no expression and
asks for no credential, so that it is quick, and still answers while a mapping is broken.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from syncd.model.errors import BadConfig, Flaw
from syncd.model.keeping import FOR_GOOD, Keep
from syncd.settings.accounts import BackupSettings, Secret, chosen, trouble_with
from syncd.settings.sections import (
    CURRENT,
    BackupSection,
    HttpSection,
    JobsSection,
    KeepSection,
    StoreSection,
    SyncdFile,
)
from syncd.settings.steps import first_version, steps_since
from syncd.settings.tree import Loc, Tree, read_tree
from syncd.settings.validate import Section, validated

FILE: Final = "syncd.yaml"
_OVERLAY: Final = re.compile(r"[\w-][\w.-]{0,63}")
_VERSION: Final = re.compile(r"[0-9]{1,9}")
SHORTEST_KEY: Final = 32
"""Characters that a key of backups has at least."""
DATABASES: Final = ("sqlite", "postgresql")
"""The sorts of databases that a store is kept in, as its address begins."""
NO_SETTINGS: Final = frozenset({"SYNCD_ENV", "SYNCD_CONFIG", "SYNCD_STRICT_EVENTS"})
"""Variables that are no key of syncd.yaml."""


@dataclass(frozen=True, slots=True)
class Outline:
    """What is connected and where it is remembered. ``connections`` are the kinds each one syncs, ``polls`` the seconds
    between cycles of each, ``keep`` how long history is kept,
    ``backup`` where backups are.
    """

    store_url: Secret
    log_level: str
    connections: Mapping[str, tuple[str, ...]]
    polls: Mapping[str, float]
    keep: Keep = FOR_GOOD
    backup: BackupSettings | None = None

    def chosen(self, name: str | None) -> str:
        """The name of a connection; of the only one if none is given. :raises BadUsage: as ``Loaded.connection``."""
        return chosen(self.connections, name)


def outline(path: Path, environ: Mapping[str, str]) -> Outline:
    """Reads the main file alone.

    :param path: ``syncd.yaml``, or the folder it is in.
    :raises BadConfig: with every flaw of that file, its overlay and the environment.
    """
    main = main_path(path)
    tree, _ = main_tree(main, environ)
    section = main_section(tree)
    store_url = None if section is None else address_of(section.store, ("store",), tree=tree, folder=main.parent)
    backup = None if section is None else backing_up(section.backup, tree=tree, folder=main.parent)
    if section is None or tree.flaws:
        raise BadConfig(ordered(tree.flaws))
    assert store_url is not None
    folders = {name: main.parent / each.directory / "schema" for name, each in section.connections.items()}
    kinds = {name: tuple(_kinds(folder)) for name, folder in folders.items()}
    polls = {name: each.poll for name, each in section.connections.items()}
    return Outline(store_url, section.log.level, kinds, polls, kept(section.keep), backup)


def _kinds(folder: Path) -> list[str]:
    """The kinds that a folder's mapping files are about, by name; what is wrong with a file is for ``check`` to say."""
    named = (read_tree(path).get(("kind",)) for path in folder.glob("*.yaml"))
    return sorted({kind for kind in named if isinstance(kind, str)})


def main_path(path: Path) -> Path:
    """The main file itself, for its folder too."""
    return path / FILE if path.is_dir() else path


def main_tree(path: Path, environ: Mapping[str, str]) -> tuple[Tree, list[Path]]:
    """The main file, the overlay that ``SYNCD_ENV`` names, then the environment; and the files that were read."""
    files = [path]
    tree = _found(path)
    name = environ.get("SYNCD_ENV")
    if name:
        folder = path.parent / "env"
        overlay = folder / f"{name}.yaml"
        if _OVERLAY.fullmatch(name) and overlay.is_file():
            files.append(overlay)
            tree = tree.overlaid(read_tree(overlay))
        else:
            known = ", ".join(sorted(each.stem for each in folder.glob("*.yaml"))) or "none"
            advice = f"there are: {known}; make it or unset SYNCD_ENV"
            tree.flaws.append(Flaw(str(folder), 0, 0, f"SYNCD_ENV={name:.80} names no overlay", advice))
    if any(each.startswith("SYNCD_") and each not in NO_SETTINGS for each in environ):
        from syncd.settings.environment import environment_tree  # noqa: PLC0415 - pydantic-settings takes 0.1 s

        tree = tree.overlaid(environment_tree(environ))
    return tree, files


def _found(path: Path) -> Tree:
    """The main file. Where it is not there, somebody is mostly in another folder: which one that is helps them."""
    try:
        path.stat()
    except FileNotFoundError:
        what = f"there is no configuration at {path.absolute()}"
        advice = "go to the folder that holds one, or name it with --config or SYNCD_CONFIG"
        return Tree(str(path), flaws=[Flaw(str(path), 0, 0, what, advice)])
    except OSError:  # told by whoever reads it
        pass
    return read_tree(path)


def main_section(tree: Tree) -> SyncdFile | None:
    """What the main file says, or ``None`` with its flaws noted in the tree."""
    return validated(SyncdFile, tree) if _version_fits(tree) else None


def version_of(tree: Tree) -> int | None:
    """The version that a file names; ``None`` if it names none."""
    given = tree.get(("version",))
    if given is None or isinstance(given, bool) or not _VERSION.fullmatch(str(given)):
        return None
    return int(given)


def _version_fits(tree: Tree) -> bool:
    """Whether the model is for this version; what to do about another one is noted."""
    version = version_of(tree)
    if version is None:
        return True  # the model says what is wrong
    if isinstance(tree.value, dict):
        tree.value["version"] = version
    if version > CURRENT:
        tree.flaw(
            ("version",),
            f"version {version} was written for a newer syncd; this one knows version {CURRENT}",
            "upgrade syncd, or use the file it had before",
        )
    elif version < CURRENT and steps_since(version):
        command = shlex.join(["syncd", "--config", tree.file, "config", "migrate"])
        tree.flaw(
            ("version",),
            f"version {version} was written for an older syncd; this one reads version {CURRENT}",
            f"`{command}` shows what becomes of the files, and does it with --write",
        )
    elif version < CURRENT:
        tree.flaw(
            ("version",),
            f"there never was a version {version}, the first is {first_version(CURRENT)}: there is nothing to migrate",
            f"write `version: {CURRENT}`",
        )
    return version == CURRENT


def secret_of(section: Section, name: str, loc: Loc, *, tree: Tree, folder: Path) -> Secret | None:
    """The secret of a section, checked once; it is read again at every use."""
    file, value = getattr(section, f"{name}_file"), getattr(section, name)
    full = ".".join(str(part) for part in (*loc, name))
    if file is None:
        return None if value is None else Secret(full, value=SecretStr(value) if isinstance(value, str) else value)
    path = folder / Path(file).expanduser()
    wrong = trouble_with(path)
    if wrong is not None:
        what, advice = wrong
        tree.flaw((*loc, f"{name}_file"), f"{full}_file: {path} {what}", advice)
    return Secret(full, file=path)


def address_of(section: StoreSection | JobsSection, loc: Loc, *, tree: Tree, folder: Path) -> Secret | None:
    """The address of a database, checked as far as that goes without opening it."""
    address = secret_of(section, "url", loc, tree=tree, folder=folder)
    if address is None or (address.file is not None and trouble_with(address.file) is not None):
        return address
    wrong = _no_address(address().get_secret_value())
    if wrong:
        key = "url_file" if address.file is not None else "url"
        tree.flaw(
            (*loc, key), f"{address.name} {wrong}", "give `sqlite:///FOLDER/syncd.db` or `postgresql://HOST/NAME`"
        )
    return address


def _no_address(url: str) -> str:
    """Why a text is no address of a database that syncd knows; never with the rest of it, which may hold a password."""
    scheme, there, rest = url.partition("://")
    if not there:
        return "is no address of a database"
    sort = scheme.partition("+")[0]
    if sort not in {*DATABASES, "postgres"}:  # the last as hosters write it
        return f"names a {sort[:30]!r} database, and syncd knows {' and '.join(DATABASES)}"
    if sort == "sqlite" and rest and not rest.startswith("/"):
        return "names a host, and SQLite has none: a path begins after the third slash"
    return ""


def kept(section: KeepSection) -> Keep:
    """How long history is kept; 0 days are for good."""
    audit, runs = (timedelta(days=days) if days else None for days in (section.audit, section.runs))
    return Keep(audit, runs)


def backing_up(section: BackupSection, *, tree: Tree, folder: Path) -> BackupSettings | None:
    """Where backups are made, checked; ``None`` where none are."""
    if section.folder is None:
        return None
    key = secret_of(section, "key", ("backup",), tree=tree, folder=folder)
    if key is None:
        return None
    if (key.file is None or trouble_with(key.file) is None) and len(key().get_secret_value()) < SHORTEST_KEY:
        tree.flaw(
            ("backup", "key_file" if key.file else "key"),
            f"backup.key is shorter than {SHORTEST_KEY} characters",
            "make one: `openssl rand -hex 32`, or `head -c 32 /dev/urandom | base64`",
        )
    return BackupSettings(folder / Path(section.folder).expanduser(), section.every, section.keep, key)


def authorities(section: HttpSection, *, tree: Tree, folder: Path) -> str | None:
    """The file of further certificate authorities, checked once; it is read at the start of every process."""
    if section.ca_file is None:
        return None
    import ssl  # noqa: PLC0415 - most configurations name no such file

    file = folder / Path(section.ca_file).expanduser()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        wrong, advice = "holds no certificate in PEM form", "write -----BEGIN CERTIFICATE----- and what follows into it"
    except FileNotFoundError:
        wrong, advice = "does not exist", "make it, or mend the path"
    except OSError as error:
        wrong, advice = f"cannot be read ({type(error).__name__})", "mend its rights, and name the file itself"
    else:
        return str(file)
    tree.flaw(("http", "ca_file"), f"http.ca_file: {file} {wrong}", advice)
    return None


def ordered(flaws: list[Flaw]) -> tuple[Flaw, ...]:
    """Each flaw once, by place."""
    unique = dict.fromkeys(flaws)
    return tuple(sorted(unique, key=lambda flaw: (flaw.file, flaw.line, flaw.column, flaw.what)))
