"""``syncd glossary``: the page on which both teams read what they agreed on."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from syncd.cli.call import Call
from syncd.model.errors import BadUsage, NoStore


def glossary(
    context: typer.Context,
    *,
    as_html: Annotated[
        bool, typer.Option("--html", help="One self-contained HTML file with a diagram, light or dark.")
    ] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="Markdown; so it is without --html, too.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there, not to standard output.")
    ] = None,
    files_only: Annotated[
        bool, typer.Option("--files-only", help="Without what definitions said before, which the store remembers.")
    ] = False,
) -> None:
    """One page for both teams: each stage in words, who may say so, what it looks like in each system, what comes next.

    Made from lifecycle.yaml, teams.yaml and the mapping, and from personas.yaml and rating.yaml where they are there.
    A definition that has changed shows what it said before, word by word, with the day since when syncd works with
    it; the store remembers that, if there is one. With --files-only the same files make the same page.
    """
    from syncd.bootstrap.defining import definitions_of, glossary_of
    from syncd.cli.out import say
    from syncd.operations.definitions import Change, history
    from syncd.operations.page_html import html
    from syncd.operations.page_markdown import markdown
    from syncd.system import writing

    if as_html and as_markdown:
        raise BadUsage("say --html or --md, not both")
    call: Call = context.obj
    loaded, _ = call.loaded_without_secrets()
    settings = loaded.connection(call.connection)
    earlier: tuple[Change, ...] = ()
    if not files_only:
        with suppress(NoStore), call.memory() as store:
            earlier = history(store, definitions_of(settings))
    page = glossary_of(settings, earlier)
    if page is None:
        raise BadUsage(f"{settings.directory} holds no lifecycle.yaml; docs/lifecycle.md tells how to write one")
    text = html(page) if as_html else markdown(page)
    if out is None:
        sys.stdout.write(text)
        return
    with writing(out):
        out.write_text(text, encoding="utf-8")
    say(f"wrote {out}")
