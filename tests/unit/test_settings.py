from pathlib import Path

import pytest

from harkit import settings
from harkit.settings import InputError


def test_the_profile_comes_from_the_environment_or_the_call(monkeypatch):
    assert settings.load().profile == "reduced"  # no GPU in these tests
    monkeypatch.setenv("HARKIT_PROFILE", "photos")
    assert (settings.load().profile, settings.load().side) == ("photos", 96)
    assert settings.load("full").side == 224


def test_an_unknown_profile_is_refused():
    with pytest.raises(InputError, match="reduced, photos, full"):
        settings.load("large")


def test_reduced_draws_even_where_photographs_are(tmp_path, monkeypatch):
    (tmp_path / settings.HAR_ZIP).touch()
    monkeypatch.setenv("HARKIT_PHOTOS", str(tmp_path))
    assert settings.load("reduced").har == "drawn"
    assert settings.load("photos").har == str(tmp_path / settings.HAR_ZIP)
    assert settings.load("photos").falls == "drawn"  # no zip of the falls there


def test_one_set_can_be_named_by_itself(monkeypatch):
    monkeypatch.setenv("HARKIT_FALLS", "somewhere.zip")
    assert settings.load("reduced").falls == str(Path.cwd() / "somewhere.zip")


def test_a_folder_of_photographs_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HARKIT_PHOTOS", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="HARKIT_PHOTOS"):
        settings.load("photos")


def test_photographs_under_another_name_are_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "archive.zip").touch()
    monkeypatch.setenv("HARKIT_PHOTOS", str(tmp_path))
    with pytest.raises(InputError, match=f"{settings.HAR_ZIP}.*rename"):
        settings.load("photos")


@pytest.mark.parametrize("device, says", [("gpu", "cpu, cuda, mps"), ("cuda", "finds none here")])
def test_a_device_that_is_not_there_is_refused(monkeypatch, device, says):
    monkeypatch.setenv("HARKIT_DEVICE", device)
    with pytest.raises(InputError, match=says):
        settings.device()


def test_another_folder_loads_the_same_settings(tmp_path, monkeypatch):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / settings.HAR_ZIP).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HARKIT_PHOTOS", "photos")
    monkeypatch.setenv("HARKIT_FALLS", "drawn")
    here = settings.load("photos")
    for name, value in settings.environment(here).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir("/")
    assert settings.load() == here


def test_offline_means_no_download(monkeypatch):
    monkeypatch.delenv("HARKIT_OFFLINE")
    assert settings.load("full").download
    monkeypatch.setenv("HARKIT_OFFLINE", "1")
    assert not settings.load("full").download


def test_profiles_keep_their_results_apart():
    assert settings.load("reduced").results != settings.load("photos").results


def test_full_is_as_published():
    full = settings.load("full")
    assert (full.side, full.width, full.split_sizes, full.copies_per_class) == (224, 64, (5000, 1000, 1000), 70)
    assert full.epochs == {"vgg16": 40, "resnet": 50, "resnet50": 20, "efficientnet_lite0": 20}


def test_a_lesson_prints_no_folder_of_this_machine(tmp_path):
    assert settings.short(settings.course_folder() / "results" / "x") == "results/x"
    assert settings.short(Path.home() / "pictures") == "~/pictures" or Path.home() == settings.course_folder()
    assert settings.short(tmp_path / "a" / "b" / "c") == "…/b/c"


def test_a_folder_below_the_home_is_found(monkeypatch):
    """A class server gives every learner the same variable."""
    monkeypatch.setenv("HARKIT_RESULTS", "~/results")
    assert settings.load("reduced").results == Path.home().resolve() / "results" / "reduced"
