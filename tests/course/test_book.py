"""The book: built from the stored outputs without a network, every link in it leads somewhere, anybody can read it."""

import json
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
ADDRESS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LESSONS = sorted((ROOT / "notebooks").glob("0*.ipynb"))

pytest.importorskip("myst_nb", reason="the book's libraries are not installed: pip install -e .[book]")
soup = pytest.importorskip("bs4").BeautifulSoup


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """The built book. A warning, such as a link that leads nowhere, is an error."""
    folder = tmp_path_factory.mktemp("book")
    (folder / "sources").mkdir()
    done = subprocess.run(
        [
            sys.executable, "-W", "ignore", "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(ROOT / "book"),
            "-d", str(folder / "doctrees"), str(folder / "sources"), str(folder / "html"),
        ],
        cwd=folder, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return folder / "html"


@pytest.fixture(scope="module")
def pages(book) -> dict:
    """Every page as BeautifulSoup, by its path."""
    paths = [path for path in sorted(book.rglob("*.html")) if "_static" not in path.parts]  # templates of the theme
    return {path: soup(path.read_text(encoding="utf-8"), "html.parser") for path in paths}


def test_every_lesson_solution_and_teachers_page_is_in_it(book):
    sources = [*(ROOT / "notebooks").rglob("0*.ipynb"), *(ROOT / "notebooks").rglob("*.md")]
    missing = [path for path in sources if not (book / path.relative_to(ROOT).with_suffix(".html")).exists()]
    assert len(sources) > 20 and not missing
    for page in (
        "index",
        "data/README",
        "harkit/drawn/README",
        "bench/beyond_one_machine",
        "api/index",
        "command_line",
    ):
        assert (book / f"{page}.html").exists(), page


def test_a_page_asks_no_other_machine_for_anything(book, pages):
    for path, page in pages.items():
        for tag, attribute in (("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")):
            assert not [tag for tag in page.select(f"{tag}[{attribute}]") if "//" in tag[attribute]], path
        links = [link["href"] for link in page.select("link[href]") if link.get("rel") != ["canonical"]]
        assert not [link for link in links if "//" in link], path
        assert not page.select("script:-soup-contains('cdn.')"), path
    for sheet in book.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet


def test_no_page_names_a_folder_of_this_machine(pages):
    for path, page in pages.items():
        assert str(ROOT) not in page.get_text(), path


def test_every_link_leads_to_a_page_and_a_place_in_it(book, pages):
    places = {path: {tag["id"] for tag in page.select("[id]")} for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        for link in page.select("a[href]"):
            parts = urlsplit(link["href"])
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            if not target.exists() or (place and target in places and place not in places[target]):
                broken.append(f"{path.relative_to(book)}: {link['href']}")
    assert not broken, broken[:10]


def test_a_link_into_the_repository_names_a_file_that_is_there(pages):
    for path, page in pages.items():
        for link in page.select(f"a[href^='{ADDRESS}/blob/main/'], a[href^='{ADDRESS}/tree/main/']"):
            assert (ROOT / link["href"].split("/main/")[1].split("#")[0]).exists(), f"{path}: {link['href']}"


def test_every_picture_says_in_words_what_it_shows(pages):
    for path, page in pages.items():
        for picture in page.select("img"):
            alt = picture.get("alt", "")
            assert len(alt) > 3 and "/" not in alt[:10] and not alt.endswith((".png", ".jpg")), f"{path}: {alt!r}"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_its_figures_hints_and_solutions_folded_and_opens_on_colab_and_binder(lesson, book, pages):
    page = pages[book / "notebooks" / f"{lesson.stem}.html"]
    notebook = nbformat.read(lesson, as_version=4)
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    figures = sum(any(kind.startswith("image/") for kind in out.get("data", {})) for out in outputs)
    assert len(page.select(".cell_output img")) == figures > 0
    summaries = [tag.get_text() for tag in page.select("article details > summary")]
    exercises = len([cell for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])])
    assert summaries.count("Solution") == exercises > 0
    assert summaries.count("Hint") >= exercises and not page.select("article details[open]")
    assert all(len(tag.select("pre")) for tag in page.select("details") if tag.summary.get_text() == "Solution")
    buttons = " ".join(link["href"] for link in page.select(".dropdown-launch-buttons a"))
    place = ADDRESS.removeprefix("https://github.com/")
    assert f"https://colab.research.google.com/github/{place}/blob/main/notebooks/{lesson.name}" in buttons
    assert f"https://mybinder.org/v2/gh/{place}/main" in buttons


def test_formulas_are_drawn_by_the_browser_itself(book, pages):
    found = 0
    for path, page in pages.items():
        assert not page.select(".math, script[src*=mathjax i]"), path
        found += len(page.select("article math"))
    assert found >= 10
    assert pages[book / "notebooks" / "07_evaluation.html"].select_one("math[display=block] mfrac msqrt")


def test_a_term_of_the_glossary_leads_to_its_section(book, pages):
    links = pages[book / "notebooks" / "glossary.html"].select("article a[href*='.html#']")
    assert len(links) >= 60  # and that their places exist, the test of all links says


@pytest.mark.parametrize("hub", ["", "https://hub.example.org"])
def test_a_class_with_a_hub_of_its_own_gets_a_button_for_it(hub, monkeypatch):
    monkeypatch.setenv("HUB", hub)
    monkeypatch.setattr(sys, "path", [*sys.path])
    options = runpy.run_path(str(ROOT / "book" / "conf.py"))["html_theme_options"]
    assert options["launch_buttons"]["jupyterhub_url"] == hub
    assert options["repository_url"] == ADDRESS


def test_a_link_that_leads_nowhere_is_left_for_sphinx_to_refuse(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "book"))
    import sources

    page, pages = ROOT / "notebooks" / "glossary.md", {ROOT / "data" / "README.md"}
    assert sources.relink("[a](no_such_page.md)", page, pages) == "[a](no_such_page.md)"
    assert sources.relink("[a](../data/README.md#dirt)", page, pages) == "[a](../data/README.md#dirt)"
    assert sources.relink("[a](../data)", page, pages) == "[a](../data/README.md)"
    assert sources.relink("[a](../README.md)", page, pages) == "[a](../index.md)"
    assert sources.relink("[a](../harkit/models.py)", page, pages) == f"[a]({ADDRESS}/blob/main/harkit/models.py)"


# In a browser: slow


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    """axe-core's script, from npm."""
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine, which brings axe-core: apt-get install npm")
    folder = tmp_path_factory.mktemp("axe")
    done = subprocess.run(
        ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "axe-core@4"],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"axe-core can't be had from npm: {done.stderr.strip()[-200:]}")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault_for_those_who_see_or_move_otherwise(scheme, book, pages, browser, axe):
    faults = {}
    for width in (390, 1280):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        for path in pages:
            page.goto(path.as_uri(), wait_until="load")
            page.evaluate(axe)
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            for fault in found:
                if fault["impact"] in ("serious", "critical"):
                    faults.setdefault(fault["id"], []).append(
                        f"{path.relative_to(book)} at {width} px: {fault['nodes'][0]['html'][:150]}"
                    )
        page.close()
    assert not faults, json.dumps({name: [len(found), *found[:3]] for name, found in faults.items()}, indent=1)


@pytest.mark.slow
def test_no_page_is_wider_than_a_phone(book, pages, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide = []
    for path in pages:
        page.goto(path.as_uri(), wait_until="load")
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(str(path.relative_to(book)))
    page.close()
    assert not wide


@pytest.mark.slow
def test_a_page_from_the_file_system_loads_whole_and_the_search_finds_a_word(book, browser):
    page = browser.new_page()
    problems = []
    page.on("requestfailed", lambda request: problems.append(request.url))
    page.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((book / "search.html").as_uri() + "?q=receptive")
    page.wait_for_selector("#search-results li", timeout=30_000)
    page.goto((book / "notebooks" / "04_vgg16.html").as_uri(), wait_until="load")
    pictures = "[...document.querySelectorAll('article img')].every(image => image.complete && image.naturalWidth > 0)"
    assert page.evaluate(pictures)
    page.close()
    assert not problems
