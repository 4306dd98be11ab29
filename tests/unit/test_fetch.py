import stat
import struct
import zipfile

import pytest

from harkit import catalogue, fetch
from harkit.settings import InputError


def zip_folder(folder, path):
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


def left_behind(folder):
    return [path.name for path in folder.rglob("*")] if folder.exists() else []


def test_a_zip_in_the_kaggle_layout_reads_like_its_folder(har_folder, tmp_path):
    source = zip_folder(har_folder, tmp_path / "set.zip")
    unpacked = catalogue.read(fetch.unpack(source, tmp_path / "data"))
    here = catalogue.read(har_folder)
    assert catalogue.fingerprint(unpacked) == catalogue.fingerprint(here)
    assert unpacked.status.value_counts().to_dict() == here.status.value_counts().to_dict()


def test_a_zip_is_unpacked_once(har_folder, tmp_path):
    source = zip_folder(har_folder, tmp_path / "set.zip")
    first = fetch.unpack(source, tmp_path / "data")
    stamp = first.stat().st_mtime_ns
    assert fetch.unpack(source, tmp_path / "data") == first
    assert first.stat().st_mtime_ns == stamp


def test_a_changed_zip_is_unpacked_anew(har_folder, tmp_path):
    source = zip_folder(har_folder, tmp_path / "set.zip")
    first = fetch.unpack(source, tmp_path / "data")
    next(har_folder.rglob("Image_9.jpg")).unlink()
    assert fetch.unpack(zip_folder(har_folder, source), tmp_path / "data") != first


def test_a_folder_is_returned_as_it_is(har_folder, tmp_path):
    assert fetch.unpack(har_folder, tmp_path / "data") == har_folder


@pytest.mark.parametrize("name", ["../out.jpg", "a/../../out.jpg", "/out.jpg", "..\\out.jpg", "C:\\out.jpg"])
def test_no_path_leaves_the_target(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr("good/1.jpg", b"x")
        archive.writestr(name, b"x")
    with pytest.raises(InputError, match="climbs out"):
        fetch.unpack(tmp_path / "evil.zip", tmp_path / "data" / "deep")
    assert left_behind(tmp_path / "data") in ([], ["deep"])
    assert not list(tmp_path.rglob("out.jpg"))


def test_a_link_in_a_zip_is_refused(tmp_path):
    link = zipfile.ZipInfo("train/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="link"):
        fetch.unpack(tmp_path / "link.zip", tmp_path / "data")


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_broken_zip_leaves_nothing(har_folder, tmp_path, keep):
    whole = zip_folder(har_folder, tmp_path / "set.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: keep if isinstance(keep, int) else int(len(whole) * keep)])
    with pytest.raises(InputError, match=r"cut\.zip"):
        fetch.unpack(tmp_path / "cut.zip", tmp_path / "data")
    assert left_behind(tmp_path / "data") == []


def test_a_damaged_member_leaves_nothing(har_folder, tmp_path):
    source = zip_folder(har_folder, tmp_path / "set.zip")
    content = bytearray(source.read_bytes())
    with zipfile.ZipFile(source) as archive:
        member = archive.infolist()[3]
        start = member.header_offset + 30 + len(member.filename) + 50
    content[start : start + 20] = bytes(20)
    source.write_bytes(content)
    with pytest.raises(InputError, match="not a whole zip"):
        fetch.unpack(source, tmp_path / "data")
    assert left_behind(tmp_path / "data") == []


def test_a_locked_zip_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "locked.zip", "w") as archive:
        archive.writestr("train/1.jpg", b"x" * 100)
    content = bytearray((tmp_path / "locked.zip").read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag "encrypted" in both headers
        struct.pack_into("<H", content, content.index(signature) + offset, 1)
    (tmp_path / "locked.zip").write_bytes(content)
    with pytest.raises(InputError, match="password"):
        fetch.unpack(tmp_path / "locked.zip", tmp_path / "data")


def test_a_bomb_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/1.jpg", bytes(300_000_000))
    with pytest.raises(InputError, match="unpack to"):
        fetch.unpack(tmp_path / "bomb.zip", tmp_path / "data")
    assert left_behind(tmp_path / "data") == []


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        fetch.unpack(tmp_path / "nowhere", tmp_path / "data")


def test_kaggle_serves_from_its_cache_without_a_network(har_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    dataset = tmp_path / "kaggle" / "datasets" / "meetnagadia" / "human-action-recognition-har-dataset"
    (dataset / "versions").mkdir(parents=True)
    har_folder.rename(dataset / "versions" / "1")
    (dataset / "1.complete").touch()
    assert (catalogue.read(fetch.fetch("har", "kaggle")).status == "labelled").sum() == 60


def test_kaggle_out_of_reach_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.delenv("HARKIT_OFFLINE")
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "kaggle"))
    import kagglehub

    def refuse(handle):
        raise ConnectionError("no route")

    monkeypatch.setattr(kagglehub, "dataset_download", refuse)
    with pytest.raises(InputError, match="by hand"):
        fetch.fetch("har", "kaggle")


def test_offline_kaggle_is_not_asked(har_folder, tmp_path, monkeypatch):
    import kagglehub

    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    monkeypatch.setattr(kagglehub, "dataset_download", lambda handle: pytest.fail("asked Kaggle"))
    with pytest.raises(InputError, match="HARKIT_OFFLINE is set"):
        fetch.fetch("har", "kaggle")


def test_the_falls_of_kaggle_need_a_login():
    with pytest.raises(InputError, match="competition"):
        fetch.fetch("falls", "kaggle")


@pytest.mark.parametrize(("kind", "missing"), [("har", "Training_set.csv"), ("falls", "train/<subject>/fall")])
def test_pictures_in_another_layout_are_refused(kind, missing, class_folders):
    with pytest.raises(InputError, match=f"has no {missing}"):
        fetch.fetch(kind, str(class_folders))


@pytest.mark.parametrize(("kind", "count"), [("har", 30), ("falls", 1)])
def test_too_few_drawn_pictures_are_refused(kind, count, tmp_path):
    with pytest.raises(InputError):
        fetch.fetch(kind, "drawn", tmp_path, count)


def test_an_interrupted_folder_is_not_there(tmp_path):
    with pytest.raises(KeyboardInterrupt), fetch.new_folder(tmp_path / "set") as unfinished:
        (unfinished / "half").touch()
        raise KeyboardInterrupt
    assert left_behind(tmp_path) == []
