"""Small sets of noise pictures in the three layouts, and folders of a test's own."""

import pandas as pd
import pytest
from painting import paint
from PIL import Image

from harkit import settings


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test reads or writes the course's own data and results, or asks a network."""
    monkeypatch.setenv("HARKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HARKIT_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("HARKIT_OFFLINE", "1")
    monkeypatch.setenv("HARKIT_DEVICE", "cpu")
    monkeypatch.delenv("HARKIT_PROFILE", raising=False)
    monkeypatch.delenv("HARKIT_HAR", raising=False)
    monkeypatch.delenv("HARKIT_FALLS", raising=False)


@pytest.fixture
def config():
    return settings.load("reduced")


COLOURS = {"calling": (200, 60, 60), "cycling": (60, 200, 60), "running": (60, 60, 200)}


@pytest.fixture
def har_folder(tmp_path):
    """The Kaggle layout below a nested top folder: 3 classes × 20, one copy, one mirror, strays, test pictures."""
    top = tmp_path / "har" / "Human Action Recognition"
    rows = []
    for number in range(60):
        label = sorted(COLOURS)[number % 3]
        paint(top / "train" / f"Image_{number}.jpg", number, COLOURS[label])
        rows.append((f"Image_{number}.jpg", label))
    (top / "train" / "Image_3.jpg").write_bytes((top / "train" / "Image_0.jpg").read_bytes())
    with Image.open(top / "train" / "Image_1.jpg") as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(top / "train" / "Image_4.jpg", quality=80)
    paint(top / "train" / "Image_7(1).jpg", 700)
    for number in range(5):
        paint(top / "test" / f"Image_{number}.jpg", 1000 + number)
    (top / "test" / "Image_4.jpg").write_bytes((top / "train" / "Image_5.jpg").read_bytes())
    paint(top / "test" / "Image_9(1).jpg", 900)
    pd.DataFrame(rows, columns=["filename", "label"]).to_csv(top / "Training_set.csv", index=False)
    pd.DataFrame({"filename": [f"Image_{n}.jpg" for n in range(5)]}).to_csv(top / "Testing_set.csv", index=False)
    return tmp_path / "har"


@pytest.fixture
def falls_folder(tmp_path):
    """The falls layout: 5 subjects, two sequences of 6 frames each, at different depths; 4 test pictures."""
    top = tmp_path / "falls"
    for subject in range(5):
        for kind, colour in (("fall", (200, 80, 80)), ("non_fall", (80, 80, 200))):
            folder = top / "train" / f"s{subject}" / kind / f"s{subject}_{kind}_a"
            folder = folder / "camera_1" if subject == 0 else folder
            for frame in range(6):
                paint(folder / f"{frame:03d}.jpg", 100 * subject + frame, colour)
    ids = [f"{number:012x}.jpg" for number in range(4)]
    for number, name in enumerate(ids):
        paint(top / "test" / name, 9000 + number)
    pd.DataFrame({"id": ids, "label": 0}).to_csv(top / "sample_submission.csv", index=False)
    return top


@pytest.fixture
def class_folders(tmp_path):
    """One folder a class: 2 classes × 20."""
    for number in range(40):
        label = ("calling", "running")[number % 2]
        paint(tmp_path / "folders" / label / f"{number}.jpg", number, COLOURS[label])
    return tmp_path / "folders"
