"""The doctor finds what is broken, says how to mend it, and never breaks itself."""

import hashlib
from dataclasses import replace

import nbformat
import pandas as pd
import pytest

import harkit
from harkit import __main__ as command_line
from harkit import doctor, settings

LIBRARIES = {
    "torch": "2.14.1", "torchvision": "0.29.1", "weights": "/nowhere/resnet50-0676ba61.pth", "stand_in": False,
    "device": "cpu", "name": "", "capability": "AVX2",
}  # fmt: skip


@pytest.fixture
def config(tmp_path):
    return replace(settings.load("reduced"), data=tmp_path / "data", results=tmp_path / "results")


@pytest.fixture
def healthy(monkeypatch):
    """Libraries that load, without the seconds that loading them takes."""
    monkeypatch.setattr(doctor, "_probe", lambda: LIBRARIES)


def row(table: pd.DataFrame, name: str) -> pd.Series:
    return table.set_index("check").loc[name]


def test_a_machine_that_runs_these_tests_is_ready(config):
    table = doctor.check(config)
    assert list(table.columns) == ["check", "ok", "found", "mend"]
    for name in ("Python", "torch and torchvision", "device", "data folder", "results folder", "ipywidgets"):
        assert row(table, name).ok is True, row(table, name).found


def test_looking_makes_no_folders(config, healthy):
    doctor.check(config)
    assert not config.data.exists() and not config.results.exists()


def test_a_torchvision_that_does_not_fit_is_found(config, tmp_path, monkeypatch):
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    table = doctor.check(config)
    pair = row(table, "torch and torchvision")
    assert pair.ok is False
    assert "nms does not exist" in pair.found and "constraints.txt" in pair.mend
    assert row(table, "device").ok is None and row(table, "ImageNet weights").ok is None


def test_a_torch_that_takes_python_down_is_found(config, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("import os; os.abort()")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pair = row(doctor.check(config), "torch and torchvision")
    assert pair.ok is False and "ended with code" in pair.found


def test_a_missing_torch_is_found(config, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pair = row(doctor.check(config), "torch and torchvision")
    assert pair.ok is False and "No module named 'torch'" in pair.found


def test_a_folder_that_can_not_be_written_is_found(config, tmp_path, healthy):
    (tmp_path / "file").write_text("in the way")  # root may write into every folder, but not below a file
    data = row(doctor.check(replace(config, data=tmp_path / "file" / "data")), "data folder")
    assert data.ok is False and "HARKIT_DATA" in data.mend


def test_a_shared_folder_that_holds_everything_need_not_be_writable(config, healthy, monkeypatch):
    plain = doctor._writable
    closed = ("data folder", False, "can't be written", "set HARKIT_DATA")
    monkeypatch.setattr(doctor, "_writable", lambda name, *rest: closed if name == closed[0] else plain(name, *rest))
    for name in (f"drawn-har-{config.drawn_count}-seed0-v2", f"drawn-falls-{config.drawn_subjects}-seed0-v2"):
        (config.data / name).mkdir(parents=True)
    (config.data / "decoded").mkdir()
    assert row(doctor.check(config), "data folder").ok is False, "nothing is decoded, and nobody could do it"
    (config.data / "decoded" / f"0123-{config.side}.npy").touch()
    assert row(doctor.check(config), "data folder").ok is True


@pytest.mark.parametrize("kind", ["har", "falls"])
def test_missing_pictures_are_found(kind, config, tmp_path, healthy):
    found = row(doctor.check(replace(config, **{kind: str(tmp_path / "gone")})), f"pictures: {kind}")
    assert found.ok is False and "gone does not exist" in found.found and f"HARKIT_{kind.upper()}" in found.mend


def test_a_picture_zip_that_is_none_is_found(config, tmp_path, healthy):
    (tmp_path / "har.zip").write_text("not found")
    found = row(doctor.check(replace(config, har=str(tmp_path / "har.zip"))), "pictures: har")
    assert found.ok is False and "no zip" in found.found


def test_drawn_pictures_are_ready_or_drawn_later(config, healthy):
    assert "when a lesson wants them" in row(doctor.check(config), "pictures: har").found
    drawn = config.data / f"drawn-har-{config.drawn_count}-seed0-v1"
    drawn.mkdir(parents=True)
    assert row(doctor.check(config), "pictures: har").found.endswith(str(drawn))


def test_pictures_on_kaggle_are_no_fault(config, tmp_path, healthy, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    assert row(doctor.check(replace(config, har="kaggle")), "pictures: har").ok is None


def test_missing_imagenet_weights_are_no_fault(config, healthy):
    weights = row(doctor.check(config), "ImageNet weights")
    assert weights.ok is None and "goes on without" in weights.mend and "/nowhere" in weights.mend


def test_the_weights_that_stand_in_are_found(config, monkeypatch):
    monkeypatch.setattr(doctor, "_probe", lambda: LIBRARIES | {"stand_in": True})
    weights = row(doctor.check(config), "ImageNet weights")
    assert weights.ok is True and "EfficientNet-Lite0" in weights.found and not weights.mend


def test_damaged_imagenet_weights_are_found(config, tmp_path, monkeypatch):
    whole = tmp_path / f"resnet50-{hashlib.sha256(b'weights').hexdigest()[:8]}.pth"
    monkeypatch.setattr(doctor, "_probe", lambda: LIBRARIES | {"weights": str(whole)})
    whole.write_bytes(b"weights")
    assert row(doctor.check(config), "ImageNet weights").ok is True
    whole.write_bytes(b"weig")
    assert row(doctor.check(config), "ImageNet weights").ok is False


def test_a_device_that_does_not_answer_is_found(config, monkeypatch):
    broken = {name: LIBRARIES[name] for name in ("torch", "torchvision", "weights", "stand_in")}
    monkeypatch.setattr(doctor, "_probe", lambda: broken | {"device": "cuda", "error": "RuntimeError: no driver"})
    device = row(doctor.check(config), "device")
    assert device.ok is False and "HARKIT_DEVICE=cpu" in device.mend


def test_too_little_memory_and_disk_are_found(config, healthy, monkeypatch):
    monkeypatch.setattr(doctor, "_memory_of_machine", lambda: (10**9, 10**8))
    monkeypatch.setattr(doctor, "DISK_NEEDED", {"reduced": 10**9})
    table = doctor.check(config)
    assert row(table, "memory").ok is False and row(table, "disk").ok is False


def test_a_system_that_does_not_tell_its_memory_is_no_fault(config, healthy, monkeypatch):
    monkeypatch.setattr(doctor, "_memory_of_machine", lambda: (None, None))
    assert row(doctor.check(config), "memory").ok is None


@pytest.mark.parametrize(
    "widgets, lab, bridge, ok",
    [("8.1.9", "4.6.6", "3.0.17", True), ("7.7.1", "4.6.6", "3.0.17", False), ("7.7.1", "4.6.6", "1.1.11", True),
     ("7.7.1", None, "3.0.17", True), (None, "4.6.6", None, False)],
)  # fmt: skip
def test_widgets_that_do_not_fit_the_lab_are_found(widgets, lab, bridge, ok, config, healthy, monkeypatch):
    versions = {"ipywidgets": widgets, "jupyterlab": lab, "jupyterlab_widgets": bridge}
    monkeypatch.setattr(doctor, "_version", versions.get)
    monkeypatch.setattr(doctor, "_on_colab", lambda: False)
    table = doctor.check(config)
    assert row(table, "ipywidgets").ok is ok
    assert row(table, "JupyterLab").ok is (True if lab else None)


def test_the_command_prints_the_table_and_ends_with_0_or_1(healthy, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("HARKIT_DATA", str(tmp_path / "data"))
    assert command_line.main(["doctor"]) == 0
    assert "Ready." in capsys.readouterr().out
    monkeypatch.setattr(doctor, "_probe", lambda: {"torch": "2.13.0", "error": "RuntimeError: nms"})
    assert command_line.main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "To mend: torch and torchvision." in printed and "constraints.txt" in printed


def test_an_unknown_profile_is_bad_input(healthy, monkeypatch, capsys):
    monkeypatch.setenv("HARKIT_PROFILE", "huge")
    assert command_line.main(["doctor"]) == 2
    assert "huge" in capsys.readouterr().err


@pytest.mark.parametrize("version, ok", [(harkit.__version__, True), ("0.0.1", False), (None, True)])
def test_lessons_of_another_version_are_named(version, ok, config, healthy, tmp_path, monkeypatch):
    for name in ("harkit", "notebooks"):
        (tmp_path / "course" / name).mkdir(parents=True)
    metadata = {"harkit": {"version": version}} if version else {}
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    nbformat.write(notebook, tmp_path / "course" / "notebooks" / "01_lesson.ipynb")
    monkeypatch.chdir(tmp_path / "course")
    found = row(doctor.check(config), "lessons")
    assert found.ok is ok
    assert ok or ("0.0.1" in found.found and harkit.__version__ in found.found and "CONTRIBUTING.md" in found.mend)


def test_a_folder_without_lessons_is_no_fault(config, healthy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert row(doctor.check(config), "lessons").ok is None
