"""The pages as people see them: in a real browser, in light and dark, on a desktop and on a phone.

Most rules of how a page must be are axe's (https://github.com/dequelabs/axe-core): contrast, headings, heads of tables,
names of pictures. What it does not look at, the texts and bars of drawings and the width, is measured here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from tests.browser import sites
from tests.browser.conftest import WIDTHS, Visit

pytestmark = pytest.mark.slow

WIDER = """() => [...document.querySelectorAll('body *')]
  .filter(each => each.getBoundingClientRect().right > innerWidth + .5 && !each.closest('thead'))
  .map(each => `${each.tagName}: ${each.textContent.slice(0, 60)}`).slice(0, 5)
  .concat(document.documentElement.scrollWidth > innerWidth ? [`${document.documentElement.scrollWidth} wide`] : [])"""
DRAWINGS = """() => [...document.querySelectorAll('svg')].map(each => each.getBoundingClientRect())
  .filter(box => box.width || box.height).map(box => [box.width, box.height])"""
SMALLEST = """() => Math.min(100, ...[...document.querySelectorAll('svg')].filter(each => each.clientWidth).map(
  each => each.querySelector('text')).filter(Boolean).map(each => each.getScreenCTM().a
    * parseFloat(getComputedStyle(each).fontSize)))"""
CONTRAST = """() => {
  const rgb = text => text.match(/[\\d.]+/g).map(Number).slice(0, 3);
  const light = colour => colour.map(each => each / 255)
    .map(each => each <= .04045 ? each / 12.92 : ((each + .055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [.2126, .7152, .0722][place], 0);
  const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + .05) / (b + .05); };
  const style = (each, name) => getComputedStyle(each)[name];
  const blend = (each, under) => { const own = rgb(style(each, 'fill')), share = Number(style(each, 'opacity'));
    return own.map((part, place) => part * share + under[place] * (1 - share)); };
  const found = [];
  for (const drawing of [...document.querySelectorAll('svg')].filter(each => each.clientWidth)) {
    const paper = rgb(style(drawing.closest('figure'), 'backgroundColor'));
    for (const text of drawing.querySelectorAll('text')) {
      const box = drawing.classList.contains('way') && text.parentNode.querySelector('rect');
      found.push(['text', text.textContent, ratio(rgb(style(text, 'fill')), box ? rgb(style(box, 'fill')) : paper)]);
    }
    for (const bar of drawing.querySelectorAll('.bars rect:not(.room)')) {
      const room = blend(bar.parentNode.querySelector('.room'), paper);
      found.push(['bar', bar.parentNode.querySelector('title').textContent, ratio(blend(bar, room), room)]);
    }
    for (const line of drawing.querySelectorAll('path[d]:not(marker path)'))
      found.push(['line', line.getAttribute('class') ?? '', ratio(rgb(style(line, 'stroke')), paper)]);
  }
  return found;
}"""
LEAST = {"text": 4.5, "bar": 3.0, "line": 3.0}
"""WCAG 2.2 AA: 1.4.3 for texts, 1.4.11 for what must be seen of a drawing."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every page over ordinary people."""
    return sites.written(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def harmful(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages over names that were written to do harm."""
    return sites.hostile(tmp_path_factory.mktemp("harmful"))


@pytest.mark.parametrize("name", sites.NAMES)
def test_a_page_is_read_by_everybody_everywhere(name: str, pages: dict[str, Path], visit: Visit) -> None:
    """No complaint of axe, nothing wider than the screen, drawings that can be seen and read; it asks for nothing."""
    visit.open(pages[name])
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            visit.seen(scheme, width)
            where = f"{name}, {scheme}, {width}"
            if (scheme, width) != ("dark", "phone"):  # a picture costs a second, and this one shows nothing new
                visit.kept(f"{name}-{scheme}-{width}")
            assert visit.page.evaluate(WIDER) == [], where
            drawn = visit.page.evaluate(DRAWINGS)
            assert bool(drawn) == (name in sites.WITH_DRAWINGS), where
            assert all(wide > 200 and high >= 40 for wide, high in drawn), (where, drawn)
            assert visit.page.evaluate(SMALLEST) > 10, where
        # Colours do not depend on the width, nor does anything else that axe looks at on the colours.
        assert _complaints(visit, whole=scheme == "light") == [], f"{name}, {scheme}"
        seen = visit.page.evaluate(CONTRAST)
        assert [each for each in seen if each[2] < LEAST[each[0]]] == [], f"{name}, {scheme}"
    assert visit.said == []
    assert visit.asked == [pages[name].as_uri()]


@pytest.mark.parametrize("name", ["handoff", "credit", "funnel", "glossary"])
def test_names_that_do_harm_are_text(name: str, harmful: dict[str, Path], visit: Visit) -> None:
    """Nothing of them runs, loads, hides what stands behind, turns it around, or makes the page wider."""
    visit.open(harmful[name])
    for width in WIDTHS:
        visit.seen("light", width)
        assert visit.page.evaluate(WIDER) == [], width
    visit.page.evaluate("document.querySelectorAll('*').forEach(each => each.dispatchEvent(new Event('mouseover')))")
    assert visit.page.evaluate("window.ran") is None
    assert visit.page.locator("script, img, foreignObject, iframe, body [onload], [onmouseover]").count() == 0
    text = visit.page.locator("main").inner_text()
    assert all(harm in text for harm in sites.HARM[:7])
    assert "moc.elpmaxe@nna" in text
    assert not {"\N{RIGHT-TO-LEFT OVERRIDE}", "\N{RIGHT-TO-LEFT EMBEDDING}"} & set(text)
    assert visit.page.locator("footer").inner_text().startswith("Made ")
    assert visit.said == []
    assert visit.asked == [harmful[name].as_uri()]


def test_a_page_that_asks_and_fails_is_noticed(visit: Visit, tmp_path: Path) -> None:
    """The tests above can fail: a request, an error, an unreadable grey and a table without heads are all seen."""
    file = tmp_path / "bad.html"
    file.write_text(
        "<!doctype html><html lang=en><title>x</title><main><h1>x</h1><h4>y</h4><p style='color:#ccc'>pale</p>"
        "<table><tr><th></th></tr><tr><td>1</td></tr></table><div style='width:2000px'>w</div>"
        "<img src='https://elsewhere.example/a.png'><script>throw new Error('no')</script></main></html>",
        encoding="utf-8",
    )
    visit.open(file)
    assert {"color-contrast", "heading-order", "empty-table-header", "image-alt"} <= set(_complaints(visit))
    assert any("2000" in each or "wide" in each for each in visit.page.evaluate(WIDER))
    assert any("no" in each for each in visit.said)
    assert "https://elsewhere.example/a.png" in visit.asked


def _complaints(visit: Visit, *, whole: bool = True) -> list[str]:
    """What axe has to say, by rule. :param whole: every rule, else those about colours alone."""
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if not whole:
        options["runOnly"] = ["color-contrast"]
    if not visit.page.evaluate("'axe' in window"):
        visit.page.evaluate(AXE_SCRIPT)
    found = visit.page.evaluate("options => axe.run(options)", options)["violations"]
    return [each["id"] for each in found]
