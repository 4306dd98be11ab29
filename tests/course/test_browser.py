"""The widgets in JupyterLab and a real browser: each moved by keyboard alone, a picture uploaded, a bad file too."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]
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
def page(tmp_path_factory):
    """A page of JupyterLab in which all widgets stand, each in a cell of its own."""
    playwright = pytest.importorskip("playwright.sync_api")
    folder = tmp_path_factory.mktemp("lab")
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, *CELLS.values())]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), folder / "widgets.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}", "--ip=127.0.0.1",
            "--IdentityProvider.token=", "--LabApp.expose_app_in_browser=True",
        ],
        cwd=folder, env=os.environ | {"HARKIT_OFFLINE": "1"}, stdin=subprocess.DEVNULL,
        stdout=(folder / "server.log").open("w"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        with playwright.sync_playwright() as engine:
            browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1300, "height": 5000})
            _open(page, f"http://127.0.0.1:{port}/lab/tree/widgets.ipynb?reset")
            yield page
            browser.close()
    finally:
        server.terminate()
        server.wait(20)


def _open(page, address: str) -> None:
    for _ in range(60):
        try:
            page.goto(address)
            break
        except Exception:  # the server is still starting
            time.sleep(1)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function("window.jupyterapp.shell.currentWidget.sessionContext.isReady", timeout=60_000)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".jp-OutputArea >> text=ready", timeout=120_000)
    page.wait_for_selector(".jp-Cell button.widget-upload", timeout=60_000)


def cell(page, name: str):
    """The cell with this widget."""
    return page.locator(".jp-Notebook .jp-Cell").nth(1 + list(CELLS).index(name))


def picture(box) -> str:
    return box.locator("img").first.get_attribute("src")


def changed(box, before: str) -> None:
    """Wait until another picture is shown."""
    for _ in range(100):
        if picture(box) != before:
            return
        time.sleep(0.1)
    raise AssertionError("the picture stays the same")


def says(box, text: str) -> None:
    box.get_by_text(text).first.wait_for(timeout=15_000)


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
    button = box.locator("button.widget-upload")
    button.focus()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(path)
    box.locator("table tr").nth(4).wait_for(timeout=20_000)
    assert box.locator("table tr").count() == 5
    box.locator("img").first.wait_for(state="visible")


def test_a_file_that_is_no_picture_gets_one_sentence(page, tmp_path):
    box, path = cell(page, "try_picture"), tmp_path / "notes.jpg"
    path.write_text("no picture")
    with page.expect_file_chooser() as chooser:
        box.locator("button.widget-upload").click()
    chooser.value.set_files(path)
    says(box, "notes.jpg can't be read as a picture")
    assert not box.locator("img").first.is_visible()


def test_no_cell_shows_an_error(page):
    assert page.locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    shots = os.environ.get("HARKIT_SCREENSHOTS")
    if shots:
        page.screenshot(path=Path(shots) / "widgets.png")
