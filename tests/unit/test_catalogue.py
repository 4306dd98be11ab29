import shutil

import pandas as pd
import pytest
from painting import paint
from PIL import ExifTags, Image

from harkit import catalogue
from harkit.settings import InputError


@pytest.fixture
def top(har_folder):
    return har_folder / "Human Action Recognition"


def status_of(table, name):
    return table.set_index("name").status[name]


def test_the_kaggle_layout_is_recognised_below_its_top_folder(har_folder):
    table = catalogue.read(har_folder)
    assert table.status.value_counts().to_dict() == {"labelled": 60, "unlabelled": 5, "unlisted": 2}
    assert catalogue.classes(table) == ["calling", "cycling", "running"]
    assert status_of(table, "train/Image_7(1).jpg") == "unlisted"
    assert status_of(table, "test/Image_9(1).jpg") == "unlisted"


def test_the_falls_layout_walks_every_depth(falls_folder):
    table = catalogue.read(falls_folder)
    labelled = table[table.status == "labelled"]
    assert len(labelled) == 60 and labelled.subject.nunique() == 5
    assert labelled.groupby("sequence").size().eq(6).all()
    assert (table.status == "unlabelled").sum() == 4


def test_class_folders_are_recognised(class_folders):
    table = catalogue.read(class_folders)
    assert table.label.value_counts().to_dict() == {"calling": 20, "running": 20}


def test_copies_and_mirrors_share_a_group_and_others_do_not(har_folder):
    table = catalogue.read(har_folder).set_index("name")
    assert table.group["train/Image_0.jpg"] == table.group["train/Image_3.jpg"]
    assert table.group["train/Image_1.jpg"] == table.group["train/Image_4.jpg"]
    assert table.group["train/Image_5.jpg"] == table.group["test/Image_4.jpg"]
    assert table.group.nunique() == len(table) - 3


def test_the_falls_layout_is_recognised_without_test_pictures(falls_folder):
    before = catalogue.read(falls_folder)
    shutil.rmtree(falls_folder / "test")
    (falls_folder / "sample_submission.csv").unlink()
    after = catalogue.read(falls_folder)
    assert after.name.tolist() == before.name[before.status == "labelled"].tolist()


def test_pictures_that_no_class_holds_are_counted(class_folders):
    paint(class_folders / "beside.jpg", 1)
    paint(class_folders / "running" / "deeper" / "1.jpg", 2)
    paint(class_folders / "running" / ".hidden" / "1.jpg", 3)
    table = catalogue.read(class_folders)
    assert table.name[table.status == "unlisted"].tolist() == ["beside.jpg", "running/deeper/1.jpg"]


def test_problems_are_counted_and_named(har_folder, top):
    (top / "train" / "Image_6.jpg").write_bytes((top / "train" / "Image_6.jpg").read_bytes()[:300])
    (top / "train" / "Image_8.jpg").unlink()
    found = catalogue.problems(catalogue.read(har_folder)).set_index("problem")
    expected = {
        "unreadable files": 1, "missing files": 1, "unlisted files": 2, "unlabelled files": 5,
        "labelled files with a byte-identical copy": 2, "labelled files with a near-duplicate": 2,
        "labelled files that also stand in the test folder": 1,
    }  # fmt: skip
    assert found.files.to_dict() == expected
    assert found["for example"]["unreadable files"] == "train/Image_6.jpg"
    assert found["for example"]["missing files"] == "train/Image_8.jpg"


@pytest.mark.parametrize("content", [b"", b"this is text, not a picture", b"\xff\xd8\xff\xe0 cut"])
def test_what_is_not_a_picture_is_left_out_and_named(har_folder, top, content):
    (top / "train" / "Image_6.jpg").write_bytes(content)
    table = catalogue.read(har_folder)
    assert status_of(table, "train/Image_6.jpg") == "unreadable"
    assert table.set_index("name").why["train/Image_6.jpg"]


@pytest.fixture
def opened(monkeypatch):
    """The names of the pictures that were opened."""
    names, plain = [], Image.open
    monkeypatch.setattr(Image, "open", lambda path, **how: (names.append(path), plain(path, **how))[1])
    return names


def test_a_picture_is_looked_at_once_for_all_who_share_a_cache(har_folder, top, tmp_path, opened):
    alone = catalogue.read(har_folder)
    first = catalogue.read(har_folder, tmp_path / "cache")
    opened.clear()
    again = catalogue.read(har_folder, tmp_path / "cache")
    assert not opened
    Image.effect_noise((48, 40), 90).convert("RGB").save(top / "train" / "Image_6.jpg")
    opened.clear()
    changed = catalogue.read(har_folder, tmp_path / "cache")
    assert opened == [str(top / "train" / "Image_6.jpg")]
    pd.testing.assert_frame_equal(first, alone)
    pd.testing.assert_frame_equal(again, alone)
    pd.testing.assert_frame_equal(changed, catalogue.read(har_folder))


def test_a_damaged_cache_of_looks_is_made_anew(har_folder, tmp_path):
    alone = catalogue.read(har_folder, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    whole = file.read_bytes()
    for end in range(0, len(whole), len(whole) // 12):
        for damaged in (whole[:end], whole[:end] + b"\0\1\2\3" + whole[end + 4 :]):
            file.write_bytes(damaged)
            pd.testing.assert_frame_equal(catalogue.read(har_folder, tmp_path / "cache"), alone)


def test_a_cache_that_can_not_be_written_stops_nobody(har_folder, tmp_path):
    (tmp_path / "file").write_text("in the way")  # root may write into every folder, but not below a file
    pd.testing.assert_frame_equal(catalogue.read(har_folder, tmp_path / "file" / "cache"), catalogue.read(har_folder))


def test_a_catalogue_survives_the_disk(har_folder, tmp_path):
    table = catalogue.read(har_folder)
    catalogue.save(table, tmp_path / "t.csv", har_folder)
    pd.testing.assert_frame_equal(catalogue.load(tmp_path / "t.csv", har_folder), table, check_dtype=False)


def test_a_saved_catalogue_holds_no_absolute_path(har_folder, tmp_path):
    catalogue.save(catalogue.read(har_folder), tmp_path / "t.csv", har_folder)
    assert str(tmp_path) not in (tmp_path / "t.csv").read_text()


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_csv_files_of_other_systems_are_read(har_folder, top, start, ending):
    text = (top / "Training_set.csv").read_text()
    (top / "Training_set.csv").write_bytes((start + text.replace("\n", ending)).encode())
    assert (catalogue.read(har_folder).status == "labelled").sum() == 60


def wrong_column(top):
    (top / "Training_set.csv").write_text("file,class\nImage_1.jpg,calling\n")


def label_without_pictures(top):
    with open(top / "Training_set.csv", "a") as file:
        file.write("Image_900.jpg,swimming\n")


def climbing_name(top):
    with open(top / "Training_set.csv", "a") as file:
        file.write("../../secret.jpg,calling\n")


def not_a_csv(top):
    (top / "Training_set.csv").write_bytes(b"\xff\xfe\x00\x81" * 50)


def empty_csv(top):
    (top / "Training_set.csv").write_text("")


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (wrong_column, "no column 'filename'"),
        (label_without_pictures, "'swimming'"),
        (climbing_name, "plain file name"),
        (not_a_csv, "Training_set"),
        (empty_csv, "Training_set"),
    ],
)
def test_bad_input_is_one_sentence(har_folder, top, damage, says):
    damage(top)
    with pytest.raises(InputError, match=says) as caught:
        catalogue.read(har_folder)
    assert "\n" not in str(caught.value)


def test_missing_and_empty_folders_are_named(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        catalogue.read(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no pictures"):
        catalogue.read(tmp_path / "empty")


def test_the_time_stamp_of_a_camera_is_read_and_a_broken_one_is_not(har_folder):
    first, second, third = sorted((har_folder / "Human Action Recognition" / "train").glob("Image_2?.jpg"))[:3]
    for path, day in ((first, "2026:01:31 10:20:30"), (second, "yesterday"), (third, "")):
        exif = Image.Exif()
        exif[ExifTags.IFD.Exif] = {ExifTags.Base.DateTimeOriginal: day}
        with Image.open(path) as image:
            image.load()
            image.save(path, exif=exif)
    third.write_bytes(third.read_bytes().replace(b"Exif\0\0II", b"Exif\0\0??"))
    table = catalogue.read(har_folder).set_index("path")
    assert table.taken[str(first)] == "2026-01-31 10:20:30.0"
    assert table.taken[str(second)] == table.taken[str(third)] == ""
    assert (table.status[[str(first), str(second), str(third)]] == "labelled").all()
