"""JupyterLab in a real browser: each lesson runs to its end, each widget is worked by keyboard and mouse.

Pictures of what a class would see are kept in build/screenshots.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LESSONS = sorted((ROOT / "notebooks").glob("0*.ipynb"))
WIDTH, HEIGHT = 1300, 5000  # of the browser's window: a whole screenful of a lesson and more
LONGEST = 1_800_000  # milliseconds, until a test gives up on a page; no figure depends on it
QUIET = [  # Chromium asks nobody outside
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")
SETUP = """
from pathlib import Path
import numpy as np, pandas as pd
from harkit import catalogue as catalogues, evaluation, explore, fetch, splits, training
folder = fetch.fetch("har", "drawn", Path("data"), 60, 0)
catalogue = splits.honest(catalogues.read(folder), (40, 10, 10))
cache = Path("data/decoded")
run = training.fit(catalogue, Path("run"), "resnet", "improved", side=64, width=4, epochs=1, cache=cache, device="cpu")
answers = evaluation.predict(run, splits.part(catalogue, "train"), cache)
falling = np.arange(40) % 2 == 0
falls = pd.DataFrame({"label": np.where(falling, "fall", "non_fall"), "p_fall": np.linspace(0, 1, 40)})
falls["p_non_fall"], falls["predicted"] = 1 - falls.p_fall, np.where(falls.p_fall > 0.5, "fall", "non_fall")
example = splits.part(catalogue, "train").path.iloc[0]
print("ready")
"""
CELLS = {
    "browse": "explore.browse(catalogue)",
    "augmentation": "explore.augmentation(example)",
    "confusion": "explore.confusion(answers)",
    "threshold": "explore.threshold(falls, frames_per_second=10)",
    "try_picture": "explore.try_picture(run)",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of JupyterLab in a folder with the lessons, and the folder."""
    pytest.importorskip("jupyterlab")
    folder = tmp_path_factory.mktemp("lab")
    for path in LESSONS:
        shutil.copy(path, folder)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1",
            "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
        ],
        cwd=folder, stdin=subprocess.DEVNULL,
        env=os.environ | {"HARKIT_RESULTS": str(folder / "results"), "JUPYTER_CONFIG_PATH": str(ROOT / "deploy")},
        stdout=(folder / "server.log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        while server.poll() is None and not _answers(port):
            time.sleep(0.5)
        assert server.poll() is None, (folder / "server.log").read_text()
        yield f"http://127.0.0.1:{port}/lab/tree/", folder
    finally:
        server.terminate()
        server.wait(60)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(lab, browser):
    """A page of JupyterLab in which all widgets stand, each in a cell of its own."""
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, *CELLS.values())]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, lab[1] / "widgets.ipynb")
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    run_all(page, f"{lab[0]}widgets.ipynb")
    page.wait_for_selector(".jp-Cell button.widget-upload", timeout=LONGEST)
    yield page
    page.close()


def run_all(page, address: str) -> list[dict]:
    """Open a notebook, run all its cells, wait for the last one; gives the code cells with their outputs."""
    page.goto(f"{address}?reset", timeout=LONGEST)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=LONGEST)
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.isReady", timeout=LONGEST)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells').then(() => { window.ended = true; })")
    page.wait_for_function("window.ended", timeout=LONGEST)
    cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.model.toJSON().cells")
    return [cell for cell in cells if cell["cell_type"] == "code"]


def keep_pictures(page, name: str) -> None:
    """The notebook from top to bottom, one picture a screenful, into build/screenshots."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for old in SHOTS.glob(f"{name}-*.png"):
        old.unlink()
    panel = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
    place = number = 0
    while True:
        panel.evaluate("(e, y) => { e.scrollTop = y; }", place)
        page.wait_for_timeout(700)  # cells that come into sight are drawn
        page.screenshot(path=SHOTS / f"{name}-{number:02d}.png")
        height, whole = panel.evaluate("e => [e.clientHeight, e.scrollHeight]")
        place, number = place + height - 100, number + 1
        if place + 100 >= whole:
            return


def cell(page, name: str):
    """The cell with this widget."""
    return page.locator(".jp-Notebook .jp-Cell").nth(1 + list(CELLS).index(name))


def picture(box) -> str:
    return box.locator("img").first.get_attribute("src")


def changed(box, before: str) -> None:
    """Wait until another picture is shown."""
    for _ in range(1200):
        if picture(box) != before:
            return
        time.sleep(0.1)
    raise AssertionError("the picture stays the same")


def says(box, text: str) -> None:
    box.get_by_text(text).first.wait_for(timeout=120_000)


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, marks=[] if path == LESSONS[0] else pytest.mark.slow, id=path.stem) for path in LESSONS],
)
def test_a_lesson_runs_to_its_end_and_shows_no_error(lab, browser, path):
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT // 2})
    cells = run_all(page, lab[0] + path.name)
    keep_pictures(page, path.stem)
    seen = page.locator("body").inner_text()
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")  # its memory is the next one's
    page.close()
    outputs = [(cell["source"], out) for cell in cells for out in cell["outputs"]]
    assert not [(source, out["evalue"]) for source, out in outputs if out["output_type"] == "error"]
    assert not [(source, out["text"]) for source, out in outputs if out.get("name") == "stderr"]
    assert all(cell["execution_count"] for cell in cells if cell["source"])
    figures = [out for _, out in outputs if {"image/png", "image/jpeg"} & out.get("data", {}).keys()]
    assert len(figures) >= 3, "a lesson shows figures"
    assert "Would you like to get notified" not in seen, "a question that has no place in a class"
    assert "Error displaying widget" not in seen and "Loading widget" not in seen


def choose(page, press, path: Path) -> None:
    """Press the button of an upload and choose a file. A browser opens its window only within seconds of a key, and on
    a busy machine they pass: then press again, as a person would."""
    for last in (False, False, True):
        try:
            with page.expect_file_chooser() as chooser:
                press()
            return chooser.value.set_files(path)
        except Exception:  # playwright's own TimeoutError; playwright is imported only where it is there
            if last:
                raise


def test_the_threshold_moves_with_the_arrow_keys(page):
    box = cell(page, "threshold")
    says(box, "10 of 20 falling frames are missed")
    before, handle = picture(box), box.get_by_role("slider")
    handle.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    changed(box, before)
    says(box, "12 of 20 falling frames are missed")


def test_every_slider_of_the_augmentation_moves_with_the_arrow_keys_and_a_button_brings_all_back(page):
    box = cell(page, "augmentation")
    plain, handles = picture(box), box.get_by_role("slider")
    assert handles.count() == 5
    for i in range(5):
        handles.nth(i).focus()
        before = picture(box)
        page.keyboard.press("ArrowRight")
        changed(box, before)
    box.get_by_role("checkbox").focus()
    before = picture(box)
    page.keyboard.press("Space")
    changed(box, before)
    before = picture(box)
    box.get_by_role("button", name="as it was").focus()
    page.keyboard.press("Enter")
    changed(box, before)
    assert plain != before


def test_the_class_browser_is_worked_by_keyboard(page):
    box = cell(page, "browse")
    for i in (0, 1):  # class, part
        before = picture(box)
        box.get_by_role("slider").nth(i).focus()
        page.keyboard.press("ArrowRight")
        changed(box, before)
    says(box, "page 1 of 1")


def test_a_cell_of_the_matrix_is_pressed_by_keyboard(page):
    box = cell(page, "confusion")
    box.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    says(box, "pictures of calling were called calling")
    for i, text in ((0, "pictures of clapping were called calling"), (1, "pictures of clapping were called clapping")):
        box.get_by_role("slider").nth(i).focus()
        page.keyboard.press("ArrowRight")
        says(box, text)


def drag(page, handle, pixels: int) -> None:
    """Take a slider's handle with the mouse, move it to the right, let go."""
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels / 2, y, steps=4)
    page.mouse.move(x + pixels, y, steps=4)
    page.mouse.up()


def test_a_slider_moves_with_the_mouse(page):
    box = cell(page, "threshold")
    before, words = picture(box), box.locator(".widget-html").first.inner_text()
    drag(page, box.get_by_role("slider"), 120)
    changed(box, before)
    assert box.locator(".widget-html").first.inner_text() != words


def test_classes_are_browsed_with_the_mouse(page):
    box = cell(page, "browse")
    before = picture(box)
    drag(page, box.get_by_role("slider").first, 60)
    changed(box, before)


def test_tab_leads_from_one_slider_to_the_next(page):
    handles = cell(page, "augmentation").get_by_role("slider")
    handles.first.focus()
    for _ in range(4):  # a slider's number can be edited, so it may be a stop as well
        page.keyboard.press("Tab")
        if handles.nth(1).evaluate("e => e === document.activeElement"):
            return
    raise AssertionError("Tab does not reach the second slider")


def test_a_picture_is_chosen_by_keyboard_and_answered_with_five_classes_and_a_map(page, tmp_path):
    box, path = cell(page, "try_picture"), tmp_path / "mine.png"
    from PIL import Image

    Image.effect_noise((90, 60), 80).convert("RGB").save(path)

    def press() -> None:
        box.locator("button.widget-upload").focus()
        page.keyboard.press("Space")

    choose(page, press, path)
    box.locator("table tr").nth(4).wait_for(timeout=120_000)
    assert box.locator("table tr").count() == 5
    box.locator("img").first.wait_for(state="visible")


def test_a_file_that_is_no_picture_gets_one_sentence(page, tmp_path):
    box, path = cell(page, "try_picture"), tmp_path / "notes.jpg"
    path.write_text("no picture")
    choose(page, box.locator("button.widget-upload").click, path)
    says(box, "notes.jpg can't be read as a picture")
    assert not box.locator("img").first.is_visible()


def test_no_cell_shows_an_error(page):
    keep_pictures(page, "widgets")
    cells = page.evaluate("window.jupyterapp.shell.currentWidget.content.model.toJSON().cells")
    outputs = [out for cell in cells for out in cell["outputs"]]
    assert outputs and not [out for out in outputs if out["output_type"] == "error" or out.get("name") == "stderr"]
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
