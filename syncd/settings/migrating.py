"""Files of an older version made into files of the current one: what would become of them, and writing it.

Nothing is written before all of it is known. Each file is exchanged as a whole, with the old one kept beside it, and
``syncd.yaml``, which alone says of what version the configuration is, goes after all others: what is killed half-way
still counts as the old version, is refused by every command with the words that say how to go on, and is gone on with
by asking again.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from syncd.model.errors import BadConfig, BadUsage, NeedsOperator
from syncd.settings.main_file import main_path, main_section, ordered, version_of
from syncd.settings.sections import CURRENT, SyncdFile
from syncd.settings.sheet import Sheet
from syncd.settings.steps import MAIN, Step, steps_since
from syncd.settings.tree import Tree, read_tree

VERSION: Final = ("version",)
_BOM: Final = "\ufeff"
_HIDDEN: Final = "***"


@dataclass(frozen=True, slots=True)
class Rewritten:
    """One file: what stands in it, and what is to. ``name`` is the sort of file it is."""

    name: str
    file: Path
    was: str
    becomes: str

    def diff(self) -> str:
        """What is different, as `diff -u` shows it. The value of a secret is ``***`` on both sides."""
        texts = [text.removeprefix(_BOM) for text in (self.was, self.becomes)]
        if self.name == MAIN:
            told = [each for text in texts for each in _scalars(yaml.compose(text, yaml.CSafeLoader))]
            hidden = {node.value for key, node in told if key in _secret() and node.value}
            texts = [_veiled(text, hidden) for text in texts]
        was, becomes = ([f"{line}\n" for line in text.splitlines()] for text in texts)
        return "".join(unified_diff(was, becomes, str(self.file), str(self.file)))


@dataclass(frozen=True, slots=True)
class Migration:
    """From which version to which, by which steps, and the files in the order in which they are to be written."""

    since: int
    to: int
    steps: Sequence[Step]
    files: Sequence[Rewritten]


def migration(path: Path) -> Migration:
    """What would become of a configuration; writes nothing.

    :param path: ``syncd.yaml``, or the folder it is in.
    :raises BadConfig: if a file cannot be read or rewritten, or is of a version that there is no way from.
    """
    main = main_path(path)
    tree = read_tree(main)
    overlays = sorted(main.parent.glob("env/*.yaml"))
    versions = [version_of(each) for each in (tree, *map(read_tree, overlays))]
    since = min((each for each in versions if each is not None), default=None)
    if since is None or versions[0] is None or tree.flaws:
        main_section(tree)
        raise BadConfig(ordered(tree.flaws))
    if since == CURRENT:
        return Migration(CURRENT, CURRENT, (), ())
    steps = steps_since(since) if since < CURRENT else ()
    if not steps:
        stranger = read_tree((main, *overlays)[versions.index(since)])
        main_section(stranger)
        raise BadConfig(ordered(stranger.flaws))
    others = [each for each in _named(main, tree) if each[1] not in (main, *overlays)]
    silent = [(MAIN, each) for each, version in zip(overlays, versions[1:], strict=True) if version is None]
    telling = [(MAIN, each) for each, version in zip(overlays, versions[1:], strict=True) if version is not None]
    files = [_rewritten(name, file, steps) for name, file in (*others, *silent, (MAIN, main), *telling)]
    return Migration(since, CURRENT, steps, tuple(each for each in files if each.was != each.becomes))


def write(planned: Migration) -> Sequence[Path]:
    """Exchanges the files, each as a whole. Returns where the old ones are kept, in the same order.

    :raises BadUsage: if a file is not what it was when the migration was planned. :raises NeedsOperator: if one cannot
        be written; those before it are, and asking again goes on.
    """
    for each in planned.files:
        if _read(each.file) != each.was:
            raise BadUsage(f"{each.file}: somebody changed it meanwhile; nothing was written; ask again")
    kept: list[Path] = []
    for each in planned.files:
        file = each.file.resolve()
        try:
            kept.append(_keep(file, planned.since))
            _exchange(file, each.becomes.encode())
        except OSError as trouble:
            raise NeedsOperator(
                f"{each.file}: cannot be exchanged ({trouble.strerror}); the files before it are of version "
                f"{planned.to}; let it and its folder be written, and ask again"
            ) from trouble
    return kept


# -- parts -----------------------------------------------------------------------------------------------------------
def _named(main: Path, tree: Tree) -> Iterator[tuple[str, Path]]:
    """Every other file of the configuration, by its name within its folder."""
    sections = tree.get(("connections",))
    named = [each.get("directory") for each in sections.values() if isinstance(each, dict)] if sections else []
    folders = dict.fromkeys(main.parent / str(each or ".") for each in named or ["."])
    for folder in folders:
        for pattern in ("*.yaml", "schema/*.yaml", "cases/*.yaml"):
            for file in sorted(folder.glob(pattern)):
                if file.name != MAIN and not (main.is_file() and file.samefile(main)):
                    yield file.relative_to(folder).as_posix(), file


def _rewritten(name: str, file: Path, steps: Sequence[Step]) -> Rewritten:
    was = _read(file)
    mark, text = (_BOM, was.removeprefix(_BOM)) if was.startswith(_BOM) else ("", was)
    sheet = Sheet(str(file), text)
    for step in steps:
        sheet = step.over(name, sheet)
        if name == MAIN:
            sheet = sheet.written(VERSION, str(step.since + 1))
    return Rewritten(name, file, was, mark + sheet.text)


def _read(file: Path) -> str:
    """The text of a file as it is, line ends included. :raises BadConfig: if it cannot be read."""
    tree = read_tree(file)
    if tree.flaws:
        raise BadConfig(ordered(tree.flaws))
    return file.read_bytes().decode()


def _keep(file: Path, since: int) -> Path:
    """A copy beside the file, under a name that nobody has; the one that is there, if it is this very text."""
    content = file.read_bytes()
    number = 1
    while True:
        kept = file.with_name(f"{file.name}.version-{since}{'' if number == 1 else f'.{number}'}")
        if not kept.exists():
            _exchange(kept, content, like=file)
            return kept
        if kept.read_bytes() == content:
            return kept
        number += 1


def _exchange(file: Path, content: bytes, *, like: Path | None = None) -> None:
    """The file has this content from now on, wholly or not at all, with the rights and the owner that it had."""
    status = (like or file).stat()
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            if (os.geteuid(), os.getegid()) != (status.st_uid, status.st_gid):
                os.fchown(opened.fileno(), status.st_uid, status.st_gid)
            os.fchmod(opened.fileno(), status.st_mode & 0o777)
            os.fsync(opened.fileno())
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@cache
def _secret() -> frozenset[str]:
    """Keys of syncd.yaml whose values nobody is to see: those that can also be told by a file."""
    schema: dict[str, Any] = SyncdFile.model_json_schema()
    sections = (schema, *schema.get("$defs", {}).values())
    names = {name for section in sections for name in section.get("properties", {})}
    return frozenset(name for name in names if f"{name}_file" in names)


def _scalars(node: yaml.Node | None, key: str = "") -> Iterator[tuple[str, yaml.ScalarNode]]:
    """Every value that is no section, with its key."""
    if isinstance(node, yaml.ScalarNode):
        yield key, node
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _scalars(each, key)
    elif isinstance(node, yaml.MappingNode):
        for name, each in node.value:
            yield from _scalars(each, name.value)


def _veiled(text: str, hidden: Collection[str]) -> str:
    """The text without these values."""
    found = [node for _, node in _scalars(yaml.compose(text, yaml.CSafeLoader)) if node.value in hidden]
    for node in sorted(found, key=lambda each: each.start_mark.index, reverse=True):
        text = f"{text[: node.start_mark.index]}{_HIDDEN}{text[node.end_mark.index :]}"
    return text
