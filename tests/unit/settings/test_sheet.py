"""Text of the configuration that is changed in one place keeps everything else, or is not changed at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from syncd.model.errors import BadConfig
from syncd.settings.sheet import Sheet

CONFIG = Path(__file__).resolve().parents[3] / "config"


def sheet(text: str) -> Sheet:
    """A file of this text."""
    return Sheet("syncd.yaml", dedent(text))


def test_a_renamed_key_changes_one_word() -> None:
    """Every connection has it; what looks like it elsewhere stays, and so do comments, quotes and umlauts."""
    was = """\
        # poll: wie oft; für alle
        connections:
          main: {title: "Größe, poll: 5", poll: 60} # poll: 60
          other:
            "poll":   0x10   # öfter
        poll: 7
        """
    now = sheet(was).renamed(("connections", "*", "poll"), "every")
    assert now.text == dedent(was).replace("poll: 60}", "every: 60}").replace('"poll": ', "every: ")
    assert now.renamed(("connections", "*", "poll"), "every") == now


def test_a_value_is_written_in_its_place() -> None:
    """The line's comment and the rest of the file stay."""
    assert sheet("version: 1  # first\na: 1\n").written(("version",), "2").text == "version: 2  # first\na: 1\n"
    assert sheet("a: 1\n").written(("version",), "2").text == "a: 1\n"


def test_a_section_moves_with_its_comments() -> None:
    """Those above and within it; those of its neighbours stay with them. Lines that go on keep their shape."""
    was = """\
        version: 1

        # where
        store:
          url: sqlite:///x.db
          # kept elsewhere
          # on another disk
          backup:
            folder: /backup # not here
            # days
            why: |
              as long
                # as needed

          # last
          size: 3
        # the end of the store

        log:
          level: info
        # the end
        """
    now = """\
        version: 1

        # where
        store:
          url: sqlite:///x.db

          # last
          size: 3
        # the end of the store

        log:
          level: info
        # kept elsewhere
        # on another disk
        backup:
          folder: /backup # not here
          # days
          why: |
            as long
              # as needed
        # the end
        """
    moved = sheet(was).moved(("store", "backup"), ("backup",))
    assert moved.text == dedent(now)
    assert moved.moved(("store", "backup"), ("backup",)) == moved


def test_a_section_that_is_left_empty_goes_and_its_comments_do_not() -> None:
    """The place that something is moved to is made if need be."""
    was = """\
        connections:
          main:
            # how much
            limits: # a day
              # of creates
              creates: 5
              # and no more
            crm: {}
        """
    now = """\
        connections:
          main:
            crm: {}
            brake:
              person:
                # how much
                # a day
                # of creates
                creates: 5
                # and no more
        """
    path, to = ("connections", "*", "limits", "creates"), ("connections", "*", "brake", "person", "creates")
    assert sheet(was).moved(path, to).text == dedent(now)


@pytest.mark.parametrize("ended", ["\n", "\r\n"])
def test_line_ends_stay_and_one_that_is_missing_is_added(ended: str) -> None:
    """As the file has them."""
    was = ended.join(("a:", "  b: 1", "  c: 2", "d: 3"))
    assert sheet(was).moved(("a", "b"), ("b",)).text == ended.join(("a:", "  c: 2", "d: 3", "b: 1", ""))


@pytest.mark.parametrize(
    ("was", "change", "advice"),
    [
        ("a: {b: 1, c: 2}\n", lambda each: each.moved(("a", "b"), ("b",)), "by hand: move a.b to b"),
        ("a:\n  b: 1\n  d: 2\nc: 5\n", lambda each: each.moved(("a", "b"), ("c", "b")), "move a.b to c.b"),
        (
            "a:\n  b: 1\n  d: 2\nc: {e: 1}\n",
            lambda each: each.moved(("a", "b"), ("c", "b")),
            "by hand: move a.b to c.b",
        ),
        ("a:\n  b: 1\nb: 1\n", lambda each: each.moved(("a", "b"), ("b",)), "move a.b to b"),
        ("old: 1\nnew: 2\n", lambda each: each.renamed(("old",), "new"), "keep the one that counts"),
        ("a: 1\na: 2\n", lambda each: each.renamed(("a",), "b"), "keep one of the two"),
    ],
)
def test_what_cannot_be_done_is_said_and_not_done(was: str, change: Callable[[Sheet], Sheet], advice: str) -> None:
    """With the place, and what to do by hand."""
    with pytest.raises(BadConfig) as refused:
        change(sheet(was))
    (flaw,) = refused.value.flaws
    assert advice in flaw.advice
    assert flaw.line


def comments(text: str) -> list[str]:
    """Every line's comment, in no order; a mark within a value counts on both sides alike."""
    return sorted(line[line.index("#") :].strip() for line in text.splitlines() if "#" in line)


@pytest.mark.parametrize("file", [*CONFIG.glob("*.yaml"), *CONFIG.glob("schema/*.yaml")], ids=lambda file: file.name)
def test_each_section_of_the_example_can_be_renamed_and_moved(file: Path) -> None:
    """None of its comments is lost, one line alone is different after a new name, and all can be put elsewhere."""
    one = Sheet(str(file), file.read_text(encoding="utf-8"))
    for key, value in one.says().items():
        renamed = one.renamed((key,), "another")
        changed = zip(one.text.splitlines(), renamed.text.splitlines(), strict=True)
        assert [new.partition(":")[0] for old, new in changed if new != old] == ["another"]
        moved = one.moved((key,), ("else", "where", key))
        assert comments(moved.text) == comments(one.text)
        assert moved.says() == {**{k: v for k, v in one.says().items() if k != key}, "else": {"where": {key: value}}}
        back = moved.moved(("else", "where", key), (key,))
        assert back.says() == one.says()
        assert comments(back.text) == comments(one.text)
