"""Broken input, killed processes, full disks: tried in numbers, and counted for a table at the end."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import configuration


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test reads or writes the course's own data and results, or asks a network."""
    for name, value in {"DATA": tmp_path / "data", "RESULTS": tmp_path / "results", "DEVICE": "cpu"}.items():
        monkeypatch.setenv(f"HARKIT_{name}", str(value))
    for name in ("PROFILE", "HAR", "FALLS", "PHOTOS"):
        monkeypatch.delenv(f"HARKIT_{name}", raising=False)
    monkeypatch.setenv("HARKIT_OFFLINE", "1")
    configuration.set_hypothesis_home_dir(tmp_path / ".hypothesis")  # not into the course's folder


@pytest.fixture
def count(request):
    """Counts one input: what kind it was, and how it ended.

    "right": as if nothing were wrong. "refused": one sentence. "left out": one of many, named with the reason.
    "made anew": found damaged, and made again. "can't be known": a flipped bit made another picture, as good as any.
    """
    counts = Counter()
    yield lambda kind, ending: counts.update([(kind, ending)])
    request.node.user_properties.append(("faults", [[*key, number] for key, number in counts.items()]))


@pytest.fixture
def outside(tmp_path):
    """Gives the files of the test's folder that harkit may not touch, with their digests."""
    (tmp_path / "letter.txt").write_text("not yours")
    own = {tmp_path / name for name in ("data", "results", ".hypothesis")}

    def state() -> dict[Path, str]:
        paths = [path for path in tmp_path.rglob("*") if path.is_file() and not own & set(path.parents)]
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    return state
