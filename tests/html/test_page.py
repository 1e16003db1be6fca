# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""
The page of `replay --html` in Chromium: on a desk, on a phone and on paper. PICTURES=FOLDER keeps what it looks like.
"""

import os
import pathlib

import pytest

import run
from conftest import HOSTILE
from webdriver import Browser

# A name as people see it: text_printable() shows what a terminal would obey.
NAMES = [name.decode().replace("\x1b", "\\x1b") for name in HOSTILE]
SIZES = {"desk": (1280, 900, False), "phone": (390, 844, True), "small phone": (320, 568, True)}


@pytest.fixture(scope="module")
def page(recorded, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    done = run.sockstall("replay", recorded[0], "--html", path, "--no-fold")  # a lane for each, to be counted
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return path


@pytest.fixture(scope="module", params=SIZES)
def browser(request, page):
    browser = Browser(*SIZES[request.param])
    browser.name = request.param
    browser.is_phone = SIZES[request.param][2]
    browser.open(page)
    yield browser
    if os.environ.get("PICTURES"):
        browser.script("window.scrollTo(0, 0)")
        browser.screenshot(pathlib.Path(os.environ["PICTURES"]) / f"{request.param.replace(' ', '-')}.png")
    browser.close()


def test_nothing_is_asked_for_and_nothing_complains(browser, page):
    assert browser.requests() == [f"file://{page}"]
    assert browser.console() == []


def test_a_hostile_name_is_text(browser):
    assert browser.script("return document.querySelectorAll('img, iframe, object, svg [onload], b b').length") == 0
    headings = browser.script("return [...document.querySelectorAll('section.process h3')].map((e) => e.textContent)")
    for name in NAMES:
        assert [text for text in headings if text.startswith(name + "/")], (name, headings)
    assert browser.script("return document.scripts.length") == 1
    assert browser.script("return document.body.lastElementChild.tagName") == "SCRIPT"


def test_everything_is_there(browser, recorded):
    opened = [record for record in recorded[1] if record.get("event") == "open"]
    assert browser.script("return document.querySelectorAll('a.lane').length") == len(opened)
    assert browser.script("return document.querySelectorAll('main tbody').length") == len(opened)
    text = browser.script("return document.body.textContent")
    for record in opened:
        assert record["verdict"] in text and record["id"] in text
    # Every lane leads to its row.
    assert browser.script(
        "return [...document.querySelectorAll('a.lane, .causes a')].every("
        "(e) => document.querySelector(e.getAttribute('href')))"
    )
    # Causes stand on top.
    if any(record["type"] == "chain" for record in opened):
        assert browser.script("return document.querySelector('main').firstElementChild.id") == "causes"


def test_bars_stand_in_the_order_in_which_stalls_began(browser, recorded):
    """The first reader's bar ends before the right end: it was served."""
    bars = browser.script(
        """
        const found = {};
        document.querySelectorAll("section.process").forEach((group) => {
            const bars = group.querySelectorAll("rect:not(.before)"), last = bars[bars.length - 1].getBoundingClientRect();
            const svg = group.querySelector("svg").getBoundingClientRect();
            found[group.querySelector("h3").textContent] = [bars[0].getBoundingClientRect().left - svg.left,
                                                            svg.right - last.right, svg.width];
        });
        return found;"""
    )
    first, second = [next(bar for name, bar in bars.items() if name.startswith(wanted + "/")) for wanted in NAMES[:2]]
    assert first[0] < second[0], "it began first"
    assert first[1] > 2 and abs(second[1]) < 1, "the second goes on to the end"
    assert 50 < first[2] <= SIZES[browser.name][0]


def test_it_fits_the_screen(browser):
    """Nothing is wider than the screen, and nothing is too small to read or to touch."""
    width = SIZES[browser.name][0]
    assert browser.script("return window.innerWidth") == width
    assert browser.script("return document.documentElement.scrollWidth") <= width
    if not browser.is_phone:
        return
    wide = browser.script(
        f"return [...document.querySelectorAll('main *')].filter("
        f"(e) => e.getBoundingClientRect().right > {width} + 1).map((e) => e.outerHTML.slice(0, 100))"
    )
    assert wide == []
    small = browser.script(
        "return [...document.querySelectorAll('main p, main td, a.lane span')].filter("
        "(e) => parseFloat(getComputedStyle(e).fontSize) < 11).length"
    )
    assert small == 0
    low = browser.script(
        "return [...document.querySelectorAll('a.lane')].filter(" "(e) => e.getBoundingClientRect().height < 32).length"
    )
    assert low == 0


def test_the_filter(browser):
    """Typed with real keys."""
    count = "return document.querySelectorAll('{}:not([hidden])').length"
    all_lanes = browser.script(count.format("a.lane"))
    browser.type("#filter", "onload")
    assert browser.script(count.format("a.lane")) == 1
    # Its own row, and those of chains that it stands in: what is shown has the word.
    shown = "[...document.querySelectorAll('main tbody:not([hidden])')]"
    assert browser.script(f"return {shown}.length") in (1, 2, 3)
    assert browser.script(f"return {shown}.every(e => e.textContent.toLowerCase().includes('onload'))")
    assert browser.script(count.format("section.process")) == 1
    browser.type("#filter", " nothing has this")
    assert browser.script(count.format("a.lane")) == 0
    browser.script("const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
    assert browser.script(count.format("a.lane")) == all_lanes


def test_colours_can_be_read(page):
    """In the dark, too: against the page, WCAG's contrast of 4.5 for every kind of text."""
    for scheme in "light", "dark":
        browser = Browser(1280, 900, scheme=scheme)
        try:
            browser.open(page)
            assert browser.script("return matchMedia('(prefers-color-scheme: dark)').matches") == (scheme == "dark")
            poor = browser.script(
                """
                function light(color) {
                    const [r, g, b] = color.match(/[0-9.]+/g).slice(0, 3).map((c) => c / 255)
                        .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
                    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                }
                const paper = light(getComputedStyle(document.body).backgroundColor);
                return [...document.querySelectorAll("p, td, b, summary, span, h1, h2, h3")].filter((e) => {
                    const ink = light(getComputedStyle(e).color);
                    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
                }).map((e) => e.className + " " + getComputedStyle(e).color);"""
            )
            assert poor == [], scheme
        finally:
            browser.close()


def test_on_paper(browser):
    if browser.is_phone:
        pytest.skip("paper has one size")
    pdf = browser.pdf()
    assert pdf.startswith(b"%PDF") and 1 <= pdf.count(b"/Type /Page\n") <= 10


def test_a_policy_stands_behind_the_escaping(page, tmp_path):
    """If a name got through as markup, it could still do nothing: neither script nor style, and no picture from anywhere."""
    evil = (
        '<img src="x.png" onerror="document.title=\'pwned\'"><script>document.title="pwned"</script>'
        '<style>body { color: rgb(1, 2, 3) }</style><link rel="stylesheet" href="http://127.0.0.1:1/x.css">'
    )
    broken = tmp_path / "broken.html"
    broken.write_text(page.read_text().replace("<h1>", f"<h1>{evil}", 1))
    browser = Browser(1280, 900)
    try:
        browser.open(broken)
        assert browser.script("return document.querySelectorAll('h1 img, h1 script').length") == 2, "it did get through"
        assert "pwned" not in browser.script("return document.title")
        assert browser.script("return getComputedStyle(document.body).color") != "rgb(1, 2, 3)"
        assert browser.requests() == [f"file://{broken}"]
        assert len(browser.console()) >= 4, "each was refused"
    finally:
        browser.close()
