"""The demo: a picture gets an action, a film its alarm; a bad upload gets one sentence; nobody outside is asked."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from harkit import __main__ as command_line
from harkit import catalogue, demo, drawn, fetch, runs, settings, splits, training
from harkit.settings import InputError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, Path]:
    """Two tiny runs, one of actions and one of falls."""
    folder = tmp_path_factory.mktemp("demo")
    small = dict(side=32, width=4, epochs=1, cache=folder / "decoded", device="cpu")
    actions = splits.honest(catalogue.read(fetch.fetch("har", "drawn", folder, 60, 0)), (40, 10, 10))
    falls = splits.by_subject(catalogue.read(fetch.fetch("falls", "drawn", folder, 3, 0)))
    return (
        training.fit(actions, folder / "actions", "resnet", "improved", split="honest", **small),
        training.fit(falls, folder / "falls", "resnet", "improved", split="subject", **small),
    )


def bomb(path: Path) -> Path:
    """A JPEG of a few hundred bytes that says it is 60,000 × 60,000 pixels."""
    Image.new("RGB", (8, 8)).save(path, "JPEG")
    content = bytearray(path.read_bytes())
    start = content.index(b"\xff\xc0") + 5  # the frame header: height, then width
    content[start : start + 4] = (60_000).to_bytes(2, "big") * 2
    path.write_bytes(content)
    return path


def test_a_film_is_answered_frame_by_frame_in_the_order_of_the_names(trained, tmp_path):
    frames, lost = drawn.draw_film("fall_forward", seed=5, step=3)
    names = [tmp_path / f"frame_{number:03d}.jpg" for number in range(len(frames))]
    for path, frame in zip(names, frames, strict=True):
        path.write_bytes(frame)
    model, plan = runs.load(trained[1])
    film = demo._frames(model, plan, [str(path) for path in reversed(names)])
    assert len(film) == len(frames) > 5 and film.p_fall.between(0, 1).all()
    assert list(film.second[:3]) == [0.0, 0.1, 0.2] and 0 < lost < 1
    alone = demo._frames(model, plan, [str(names[4])])
    assert abs(alone.p_fall[0] - film.p_fall[4]) < 1e-5


def test_the_alarm_of_the_figure_is_that_of_the_sentence():
    film = pd.DataFrame({"sequence": "film", "second": [0.0, 0.1, 0.2, 0.3], "p_fall": [0.1, 0.9, 0.2, 0.8]})
    assert (
        demo._in_words(film, 0.5, "1 of 1") == "The alarm first rings at 0.1 s. 2 of 4 frames are above the threshold."
    )
    assert "first rings at 0.3 s" in demo._in_words(film, 0.5, "2 of 3")
    assert demo._in_words(film, 0.95, "2 of 3").startswith("The alarm does not ring. 0 of 4")
    axes = demo.timeline(film, 0.5, 2, 3).axes[0]
    assert len(axes.collections[0].get_segments()) == 1 and axes.get_xlabel() == "second of the film"


def test_too_many_frames_are_refused_before_they_are_read(trained):
    model, plan = runs.load(trained[1])
    with pytest.raises(InputError, match="601 frames are too many"):
        demo._frames(model, plan, ["nowhere.jpg"] * 601)


def test_a_run_of_actions_is_no_fall_detector(trained):
    config = settings.load("reduced")
    with pytest.raises(InputError, match="tells no falls"):
        demo.find_run(trained[0], "falls", config)
    assert demo.find_run(trained[1], "falls", config) == trained[1]


def test_without_gradio_the_command_says_how_to_get_it(trained, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    assert command_line.main(["demo", "--actions", str(trained[0]), "--falls", str(trained[1])]) == 2
    assert "pip install" in capsys.readouterr().err


@pytest.fixture(scope="module")
def address(trained, tmp_path_factory):
    """A demo that runs beside the tests."""
    pytest.importorskip("gradio", reason="gradio is not installed: pip install -e .[demo]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "demo.log"
    server = subprocess.Popen(
        [
            sys.executable, "-W", "ignore", "-m", "harkit", "demo", "--actions", str(trained[0]), "--falls",
            str(trained[1]), "--port", str(port),
        ],
        stdin=subprocess.DEVNULL, stdout=log.open("w"), stderr=subprocess.STDOUT,
        env=os.environ | {"HARKIT_OFFLINE": "1"},
    )  # fmt: skip
    for _ in range(1200):  # a machine may be busy
        if "The demo is at" in log.read_text() or server.poll() is not None:
            break
        time.sleep(0.5)
    assert server.poll() is None, log.read_text()
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.wait(20)


@pytest.fixture(scope="module")
def opened(address):
    """The page in Chromium, and every address that it asked for."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with playwright.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page, asked = browser.new_page(viewport={"width": 1280, "height": 1000}), []
        page.on("request", lambda request: asked.append(request.url))
        page.set_default_timeout(60_000)
        page.goto(address)
        page.get_by_role("button", name="Draw one").wait_for()
        yield page, asked
        shots = os.environ.get("HARKIT_SCREENSHOTS")
        if shots:
            page.screenshot(path=Path(shots) / "demo.png")
        browser.close()


@pytest.mark.slow
def test_it_listens_on_this_machine_alone(address):
    port = int(address.rpartition(":")[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as outward:
        outward.connect(("192.0.2.1", 9))  # sends nothing: asks which address of ours leads outward
        own = outward.getsockname()[0]
    if own.startswith("127."):
        pytest.skip("this machine has no other address than its own")
    with socket.socket() as knock, pytest.raises(OSError):
        knock.settimeout(5)
        knock.connect((own, port))


@pytest.mark.slow
def test_a_drawn_picture_gets_five_actions_and_a_map(opened):
    page, _ = opened
    page.get_by_role("button", name="Draw one").click()
    page.locator("[data-testid$='-confidence-set']").nth(4).wait_for()
    page.locator("img[src*='/gradio_api/file=']").nth(1).wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, sentence", [("notes.jpg", "can't be read as a picture"), ("bomb.jpg", "more than 50 million pixels")]
)
def test_a_file_that_is_no_picture_or_a_bomb_gets_one_sentence(name, sentence, opened, tmp_path):
    page, _ = opened
    path = tmp_path / name
    if name == "bomb.jpg":
        bomb(path)
    else:
        path.write_text("no picture")
    page.reload()
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_text(re.compile(f"{name} .*{sentence}|{name} {sentence}")).first.wait_for()
    assert not page.get_by_text("Traceback").count() and not page.locator("[data-testid$='-confidence-set']").count()


@pytest.mark.slow
def test_an_acted_fall_is_shown_with_its_alarm_and_the_threshold_moves_by_keyboard(opened):
    page, _ = opened
    page.reload()
    page.get_by_role("tab", name="A film").click()
    page.get_by_role("button", name="Act a fall").click()
    page.get_by_text("frames are above the threshold").wait_for()
    slider = page.get_by_role("slider").first
    slider.focus()
    page.keyboard.press("End")
    page.get_by_text("The alarm does not ring. 0 of").wait_for()


@pytest.mark.slow
def test_the_page_asked_no_other_machine(opened, address):
    _, asked = opened
    assert len(asked) > 10
    assert not [url for url in asked if not url.startswith((address, "data:", "blob:"))]
