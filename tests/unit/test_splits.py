import pandas as pd
import pytest
from painting import paint
from sklearn.model_selection import train_test_split

from harkit import catalogue, fetch, splits
from harkit.layouts import find_top
from harkit.settings import InputError


def table_of(count=300, classes=5, pairs=20):
    """A catalogue without files: `pairs` groups of two, the rest alone."""
    group = [i if i >= 2 * pairs else i // 2 for i in range(count)]
    label = [f"class{g % classes}" for g in group]
    return pd.DataFrame(
        {"path": [f"{i}.jpg" for i in range(count)], "name": [f"{i}.jpg" for i in range(count)], "label": label,
         "digest": [f"{i:04x}" for i in range(count)], "group": group, "status": "labelled", "subject": "", "split": ""}
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sizes", [(200, 50, 50), (100, 20, 20), (5000, 1000, 1000)])
def test_no_group_is_in_two_splits_and_sizes_hold(seed, sizes):
    table = splits.honest(table_of(), sizes, seed)
    assert splits.used(table).groupby("group").split.nunique().max() == 1
    share = min(1, 300 / sum(sizes))
    got = table.split.value_counts().reindex(splits.SPLITS)
    assert got.tolist() == pytest.approx([size * share for size in sizes], abs=2)


def test_splits_are_stratified():
    counted = splits.counts(splits.honest(table_of(), (200, 50, 50))).drop("all")
    assert (counted.max() - counted.min() <= 4).all()


def test_a_split_of_all_leaves_no_test_and_divides_no_group(har_folder):
    divided = splits.divide(catalogue.read(har_folder), "all")
    labelled = divided[divided.status == "labelled"]
    assert set(labelled.split) == {"train", "validation"}
    assert 0.02 < (labelled.split == "validation").mean() < 0.1
    assert (labelled.groupby("group").split.nunique() == 1).all()


def test_a_seed_gives_the_same_split_and_another_seed_another():
    first, again, other = (splits.honest(table_of(), (200, 50, 50), seed).split for seed in (1, 1, 2))
    assert first.equals(again) and not first.equals(other)


def test_only_labelled_pictures_are_split():
    table = table_of()
    table.loc[:9, "status"] = "unreadable"
    assert (splits.honest(table, (200, 50, 50)).split[:10] == "").all()


def test_the_leaky_split_tests_what_it_trained_on():
    leaky = splits.leaky(table_of(1000, pairs=0), (5000, 1000, 1000))
    test = leaky[leaky.split == "test"].path
    shared = test.isin(leaky[leaky.split == "train"].path).mean()
    assert shared == pytest.approx(0.887, abs=0.04)  # five draws of 5/9 each
    assert not leaky.duplicated(["path", "split"]).any()


def test_one_clean_run_leaks_nothing():
    once = splits.leaky(table_of(1000, pairs=0), (5000, 1000, 1000), runs=1)
    assert not once.duplicated("path").any()


def test_subjects_are_never_divided(falls_folder):
    table = splits.by_subject(catalogue.read(falls_folder))
    used = splits.used(table)
    assert used.groupby("subject").split.nunique().eq(1).all()
    assert set(used.split) == {"train", "validation", "test"}
    assert (table.split[table.status != "labelled"] == "").all()


def test_with_two_subjects_there_is_no_test_part(falls_folder):
    table = catalogue.read(falls_folder)
    two = splits.by_subject(table[table.subject.isin(["s0", "s1"])].reset_index(drop=True))
    assert set(splits.used(two).split) == {"train", "validation"}


def test_one_subject_is_refused(falls_folder):
    table = catalogue.read(falls_folder)
    with pytest.raises(InputError, match="two subjects"):
        splits.by_subject(table[table.subject == "s0"])


def test_a_part_of_one_class_is_refused(falls_folder):
    table = catalogue.read(falls_folder)
    table = table[(table.label == "non_fall") | (table.subject == "s0")]
    with pytest.raises(InputError, match="one class only"):
        splits.by_subject(table)


def people(falls):
    """A falls catalogue without files: for each person how many frames are falls and how many are not."""
    rows = [
        (f"s{i}/{label}/{k}", label, f"s{i}", f"s{i}/{label}")
        for i, counts in enumerate(falls)
        for label, count in zip(("fall", "non_fall"), counts, strict=True)
        for k in range(count)
    ]
    table = pd.DataFrame(rows, columns=["name", "label", "subject", "sequence"])
    return table.assign(path=table.name, digest=table.name, group=range(len(table)), status="labelled", split="")


@pytest.mark.parametrize("seed", range(4))
def test_a_split_by_subject_is_stratified(seed):
    table = splits.by_subject(people([(30, 10), (10, 30)] * 5), seed)
    shares = (splits.used(table).label == "fall").groupby(splits.used(table).split).mean()
    assert shares.tolist() == pytest.approx([0.5] * 3, abs=0.01), "one of each kind in every part of the held out"
    assert splits.used(table).groupby("split").subject.nunique().to_dict() == {"train": 6, "validation": 2, "test": 2}
    assert not splits.leaks(table)[["validation", "test"]].to_numpy().any()


def test_a_split_by_subject_that_can_not_have_both_classes_names_the_people():
    with pytest.raises(InputError, match=r"subjects \(s\d\) hold frames of one class only \(non_fall\): add subjects"):
        splits.by_subject(people([(8, 8), (0, 8), (0, 8)]))


def test_a_split_by_subject_repeats_with_its_seed():
    parts = [splits.by_subject(people([(8, 8)] * 10), seed).split.tolist() for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]


def test_a_split_by_frame_divides_sequences(falls_folder):
    table = splits.used(splits.by_frame(catalogue.read(falls_folder)))
    assert table.split.value_counts().to_dict() == {"train": 48, "validation": 12}
    assert table.groupby("sequence").split.nunique().max() == 2


def test_a_split_by_frame_is_the_published_one(falls_folder):
    table = catalogue.read(falls_folder)
    labelled = table[table.status == "labelled"]
    _, held_out = train_test_split(labelled.path, test_size=0.2, stratify=labelled.label, random_state=42)
    assert set(splits.part(splits.by_frame(table), "validation").path) == set(held_out)


def test_a_split_by_frame_of_too_few_frames_is_refused(falls_folder):
    rows = catalogue.read(falls_folder)
    few = pd.concat([rows[rows.label == "fall"].head(1), rows[rows.label == "non_fall"]], ignore_index=True)
    with pytest.raises(InputError, match=r"more frames of each class.*'fall': 1"):
        splits.by_frame(few)


def test_a_split_by_subject_needs_subjects(har_folder):
    with pytest.raises(InputError, match="falls layout"):
        splits.divide(catalogue.read(har_folder), "subject")


def test_every_lesson_sees_the_same_split(har_folder, config, monkeypatch):
    monkeypatch.setattr(fetch, "fetch", lambda *_: har_folder)
    first = splits.prepare("har", config)
    written = (config.results / "har_split.csv").read_bytes()
    again = splits.prepare("har", config)
    assert (config.results / "har_split.csv").read_bytes() == written
    assert first.split.tolist() == again.split.tolist()


def test_a_split_of_other_pictures_is_made_anew(har_folder, class_folders, config, monkeypatch):
    monkeypatch.setattr(fetch, "fetch", lambda *_: har_folder)
    splits.prepare("har", config)
    monkeypatch.setattr(fetch, "fetch", lambda *_: class_folders)
    assert catalogue.classes(splits.prepare("har", config)) == ["calling", "running"]


@pytest.mark.parametrize("change", ["label", "bytes"])
def test_a_split_of_pictures_that_were_mended_is_made_anew(har_folder, config, monkeypatch, change):
    monkeypatch.setattr(fetch, "fetch", lambda *_: har_folder)
    before = splits.prepare("har", config).set_index("name").loc["train/Image_1.jpg"]
    top = find_top(har_folder)
    if change == "label":
        table = top / "Training_set.csv"
        table.write_text(table.read_text().replace("Image_1.jpg,cycling", "Image_1.jpg,running"))
    else:
        paint(top / "train" / "Image_1.jpg", 77)
    after = splits.prepare("har", config).set_index("name").loc["train/Image_1.jpg"]
    assert (before.label, after.label) == ("cycling", "running" if change == "label" else "cycling")
    assert (before.digest != after.digest) == (change == "bytes")


def found(table) -> dict:
    """Leaks of a split by name, those that are there."""
    rows = splits.leaks(table).set_index("leak")
    return {name: tuple(row) for name, row in rows[["validation", "test"]].iterrows() if sum(row)}


@pytest.fixture
def divided(har_folder):
    return splits.honest(catalogue.read(har_folder), (40, 10, 8))


def test_an_honest_split_has_no_known_leak(divided):
    assert found(divided) == {}


def test_an_honest_split_by_subject_has_no_known_leak(falls_folder):
    assert found(splits.by_subject(catalogue.read(falls_folder))) == {}


def test_folders_that_nobody_emptied_are_named(har_folder):
    table = splits.leaky(catalogue.read(har_folder), (40, 10, 8))
    known = set(splits.part(table, "train").path)
    same = tuple(splits.part(table, part).path.isin(known).sum() for part in ("validation", "test"))
    assert found(table)["same file"] == same and sum(same) > 0


@pytest.mark.parametrize(
    ("leak", "original", "copy"),
    [
        ("byte-identical copy", 0, 3),
        ("near-duplicate or changed copy", 1, 4),
    ],
)
def test_a_copy_across_the_split_is_named(divided, leak, original, copy):
    at = {n: divided.name.str.endswith(f"train/Image_{n}.jpg") for n in (original, copy)}
    planted = divided.assign(split=divided.split.mask(at[original], "train").mask(at[copy], "test"))
    assert found(planted) == {leak: (0, 1)}
    table = splits.leaks(planted).set_index("leak")
    assert table.example[leak].endswith(f"train/Image_{copy}.jpg")


def test_augmentation_before_the_split_is_named(divided, tmp_path):
    from harkit import augment

    copies = augment.write_copies(divided, tmp_path / "data", 4, 0)
    extra = (copies.status == "augmented").to_numpy().nonzero()[0][:3]
    before = copies.split.copy()
    before.iloc[extra] = "test"  # as if copies had been made first and divided afterwards
    assert found(copies) == {}
    assert found(copies.assign(split=before)) == {"near-duplicate or changed copy": (0, 3)}


def test_frames_of_one_sequence_on_both_sides_are_named(falls_folder):
    table = splits.by_frame(catalogue.read(falls_folder))
    assert found(table) == {"same sequence": ((table.split == "validation").sum(), 0)}


def test_films_of_one_subject_on_both_sides_are_named(falls_folder):
    table = catalogue.read(falls_folder)
    table = table.assign(split=(table.label == "fall").map({True: "train", False: "validation"}))
    table.loc[table.status != "labelled", "split"] = ""
    assert found(table) == {"same subject": ((table.split == "validation").sum(), 0)}
