"""What the drawn world promises: every action, the same bytes anywhere, the layouts and the dirt of the real sets."""

import csv
import hashlib
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from harkit import catalogue as catalogues
from harkit import drawn, published
from harkit.drawn import acting, actions, gestures, groups, poses, scenes
from harkit.drawn import har as har_files
from harkit.drawn import photograph as photographs
from harkit.drawn.body import anybody
from harkit.drawn.luck import Luck
from harkit.drawn.skeleton import SIDES, Skeleton, jitter, limit

COUNT = 75


@pytest.fixture(scope="module")
def har(tmp_path_factory):
    folder = tmp_path_factory.mktemp("har")
    drawn.draw_har(folder, COUNT, seed=3, processes=1)
    return folder / "Human Action Recognition"


@pytest.fixture(scope="module")
def falls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("falls")
    drawn.draw_falls(folder, subjects=3, seed=3, processes=1)
    return folder / "falls"


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digest(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def readable(path):
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


def test_the_actions_come_in_alphabetical_order():
    assert list(drawn.ACTIONS) == sorted(drawn.ACTIONS)


def test_all_fifteen_actions_of_the_published_set_are_drawn():
    names = set(published.class_counts().index)
    assert len(names) == 15 and names <= set(drawn.ACTIONS)


@pytest.mark.parametrize("action", drawn.ACTIONS)
def test_every_action_can_be_drawn(action):
    for index in range(8):
        image = drawn.draw_picture(action, seed=5, index=index)
        assert image.mode == "RGB" and 84 <= image.width <= 478
        assert np.asarray(image).std() > 8, "the picture is empty"


def test_the_same_seed_gives_the_same_picture_and_another_seed_another():
    one, again, other = (drawn.draw_picture("cycling", seed, 7) for seed in (1, 1, 2))
    assert one.tobytes() == again.tobytes() != other.tobytes()


def test_the_background_is_that_of_the_same_picture():
    """In the corners, which people rarely reach, little differs but the grain."""
    corners = []
    for index in range(12):
        with_people, without = (drawn.draw_picture("cycling", 9, index, people) for people in (True, False))
        assert with_people.size == without.size
        one, other = (np.asarray(image.resize((32, 32)), float) for image in (with_people, without))
        assert np.abs(one - other).max() > 25, "nobody was left out"
        corners.append(np.abs(one - other)[:5, :5].mean())
    assert np.median(corners) < 4


def test_any_number_of_processes_draws_the_same_bytes(har, tmp_path):
    drawn.draw_har(tmp_path, COUNT, seed=3, processes=2)
    assert digest(tmp_path / "Human Action Recognition") == digest(har)


def test_the_csv_lists_the_labelled_pictures_equally_over_the_actions(har):
    labelled = rows(har / "Training_set.csv")
    assert len(labelled) == COUNT
    counts = Counter(row["label"] for row in labelled)
    assert set(counts) == set(drawn.ACTIONS) and max(counts.values()) - min(counts.values()) <= 1
    assert all((har / "train" / row["filename"]).is_file() for row in labelled)
    assert list(rows(har / "Testing_set.csv")[0]) == ["filename"]
    assert all((har / "test" / row["filename"]).is_file() for row in rows(har / "Testing_set.csv"))


def test_the_order_of_the_files_does_not_tell_the_action(har):
    labels = [row["label"] for row in rows(har / "Training_set.csv")]
    assert labels != sorted(labels)
    assert sum(a == b for a, b in zip(labels, labels[15:], strict=False)) < len(labels) / 3


def test_the_dirt_of_the_real_set_is_there(har):
    listed = [har / "train" / row["filename"] for row in rows(har / "Training_set.csv")]
    contents = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in listed)
    assert max(contents.values()) == 2, "no byte-identical copies"
    assert sum(not readable(path) for path in listed) == 1, "exactly one file is cut short"
    strays = set((har / "train").iterdir()) - set(listed)
    assert len(strays) >= 2 and all("(1)" in path.name for path in strays)
    tested = [har / "test" / row["filename"] for row in rows(har / "Testing_set.csv")]
    assert len(set((har / "test").iterdir()) - set(tested)) == 1
    assert {path.read_bytes() for path in tested} & {path.read_bytes() for path in listed}, "no picture in both folders"


def test_copies_carry_the_label_of_their_original():
    from harkit.drawn.har import _plan

    labelled, _, _ = _plan(700, 1)
    groups_of = {}
    for job in labelled:
        groups_of.setdefault(job.index, []).append(job)
    copies = [jobs for jobs in groups_of.values() if len(jobs) > 1]
    assert len(copies) == round(700 * 110 / 12600) + round(700 * 130 / 12600)
    assert all(len({job.action for job in jobs}) == 1 for jobs in copies)
    assert {job.how for job in labelled} == {"drawn", "recompressed", "mirrored", "cropped", "cut short"}


def test_too_few_pictures_for_the_dirt_are_refused(tmp_path):
    with pytest.raises(ValueError, match="60"):
        drawn.draw_har(tmp_path, 59)


def test_the_falls_lie_in_the_layout_of_the_competition(falls):
    subjects = sorted(path.name for path in (falls / "train").iterdir())
    assert subjects == ["subject_01", "subject_02", "subject_03"]
    frames = sorted((falls / "train").rglob("*.jpg"))
    assert 3 * 8 * 6 < len(frames) <= 3 * 8 * 8
    for frame in frames:
        subject, label, sequence, name = frame.relative_to(falls / "train").parts
        assert label in ("fall", "non_fall") and sequence.startswith(subject)
        assert name.startswith(sequence.removesuffix("_before")) and name[-8] == "_"
    listed = rows(falls / "sample_submission.csv")
    assert {row["label"] for row in listed} == {"0"}
    assert sorted(row["id"] for row in listed) == sorted(path.name for path in (falls / "test").iterdir())
    assert all(len(row["id"]) == 16 for row in listed)


def test_frames_before_the_loss_of_balance_are_no_fall(falls):
    before = list((falls / "train").glob("*/non_fall/*_before"))
    assert before
    for folder in before:
        after = folder.parent.parent / "fall" / folder.name.removesuffix("_before")
        assert max(path.name for path in folder.iterdir()) < min(path.name for path in after.iterdir())


def test_both_classes_end_in_the_same_poses():
    last = {name: sequence.keys[-1].pose for name, sequence in acting.SEQUENCES.items()}
    lying = {last[name] for name in acting.FALLS}
    assert lying & {key.pose for name in acting.OTHERS for key in acting.SEQUENCES[name].keys}


def test_the_falls_are_the_same_in_any_number_of_processes(falls, tmp_path):
    drawn.draw_falls(tmp_path, subjects=3, seed=3, processes=2)
    assert digest(tmp_path / "falls") == digest(falls)


def test_a_sixteenth_action_is_the_one_entry_of_the_guide(monkeypatch, tmp_path):
    guide = (Path(drawn.__file__).parent / "README.md").read_text(encoding="utf-8")
    entry = re.search(r"```python\n(.*?)```", guide, re.DOTALL)[1]
    monkeypatch.setattr(actions, "TABLE", table := dict(actions.TABLE))
    monkeypatch.setattr(har_files, "TABLE", table)
    exec(entry, vars(actions))  # as if it stood at the end of actions.py
    assert drawn.draw_picture("reading").mode == "RGB"
    drawn.draw_har(tmp_path, 64, processes=1)
    catalogue = catalogues.read(tmp_path)
    assert set(catalogues.classes(catalogue)) == {*drawn.ACTIONS, "reading"}
    assert (catalogue.label == "reading").sum() == 4


def test_lesson_1_finds_all_of_the_dirt(tmp_path):
    drawn.draw_har(tmp_path, 600, seed=8)
    labelled, tested, strays = har_files._plan(600, 8)
    catalogue = catalogues.read(tmp_path).set_index("name")
    names = {}
    for job in labelled:
        names.setdefault(job.index, []).append(job)
    assert {job.how for job in labelled} == {"drawn", "recompressed", "mirrored", "cropped", "cut short"}
    for jobs in names.values():
        rows = catalogue.loc[[job.path for job in jobs if job.how != "cut short"]]
        assert rows.group.nunique() <= 1, [job.how for job in jobs]
    found = catalogues.problems(catalogue.reset_index()).set_index("problem").files
    assert found["unreadable files"] == sum(job.how == "cut short" for job in labelled) == 1
    assert found["unlisted files"] == len(strays)
    exact = [jobs for jobs in names.values() if len(jobs) > 1 and all(job.how == "drawn" for job in jobs)]
    assert found["labelled files with a byte-identical copy"] == sum(map(len, exact)) > 0
    indices = {job.index for job in labelled}
    assert found["labelled files that also stand in the test folder"] >= sum(job.index in indices for job in tested) > 0


def test_grain_and_blur_bring_a_file_to_a_size_by_chance():
    plain, busy = (Image.new("RGB", (550, 366), "tan") for _ in range(2))
    busy.paste(Image.effect_noise((550, 366), 60).convert("RGB").resize((180, 120)).resize((550, 366)))
    photograph = photographs.any_photograph(Luck(1))
    photograph = replace(photograph, size=(275, 183), quality=80)
    without = [len(photographs.jpeg(photographs.take(drawing, photograph, Luck(2)), 80)) for drawing in (plain, busy)]
    with_chance = [len(photographs.develop(drawing, photograph, Luck(3))) for drawing in (plain, busy)]
    assert without[1] / without[0] > 1.5 * with_chance[1] / with_chance[0]


def test_frames_carry_the_time_at_which_they_were_taken(falls):
    catalogue = catalogues.read(falls)
    assert (catalogue.taken != "").all()
    frames = catalogue[catalogue.status == "labelled"].copy()
    frames["film"] = frames.sequence.str.replace("_before", "").str.split("/").str[-1]
    number = frames.name.str.extract(r"_(\d+)\.jpg")[0].astype(int)
    seconds = pd.to_datetime(frames.taken).groupby(frames.film).transform(lambda times: times - times.min())
    assert seconds.dt.total_seconds().sub(number / 10).abs().max() < 1e-6


def test_a_film_is_one_sequence_ten_frames_a_second_the_same_for_the_same_seed():
    frames, lost = drawn.draw_film("fall_sideways", seed=3, step=5)
    again, _ = drawn.draw_film("fall_sideways", seed=3, step=10)
    assert frames[::2] == again and 5 <= len(frames) <= 8  # about three seconds
    assert 0.4 < lost < 1 and drawn.draw_film("walk", seed=3, step=20)[1] is None


def test_the_table_of_actions_names_only_what_exists():
    for action in actions.TABLE.values():
        assert set(action.poses) <= set(poses.POSES)
        assert set(action.gestures) <= set(gestures.GESTURES)
        assert set(action.groups) <= set(groups.GROUPS)
        assert set(action.scenes) <= set(scenes.SCENES)


def test_every_pose_keeps_within_the_limits_of_its_joints():
    for name, angles in poses.POSES.items():
        assert limit(angles) == angles, name
        assert limit(noisy := jitter(angles, Luck(1), 30)) == noisy


def test_no_reach_tears_a_limb():
    luck = Luck(4)
    for _ in range(50):
        skeleton = Skeleton(body := anybody(luck), poses.POSES["stand"])
        for side in SIDES:
            skeleton.reach(side, luck.rng.normal(0, 1, 3))
            upper = np.linalg.norm(skeleton.at[f"elbow_{side}"] - skeleton.at[f"shoulder_{side}"])
            fore = np.linalg.norm(skeleton.at[f"hand_{side}"] - skeleton.at[f"elbow_{side}"])
            assert upper == pytest.approx(body.upper_arm) and fore == pytest.approx(body.forearm)


def test_what_a_picture_is_said_to_show_is_what_was_drawn(monkeypatch):
    from harkit.drawn import picture

    seen = []
    backdrop, in_front, draw = picture.draw_backdrop, picture._in_front, groups.Actor.draw
    monkeypatch.setattr(picture, "draw_backdrop", lambda *a: seen.append(("place", a[2], a[4])) or backdrop(*a))
    monkeypatch.setattr(picture, "_in_front", lambda *a: seen.append(("in front",)) or in_front(*a))
    monkeypatch.setattr(groups.Actor, "draw", lambda actor, *a: seen.append(("actor", actor)) or draw(actor, *a))
    for index in range(40):
        seen.clear()
        drawn.draw_picture("hugging" if index % 2 else "running", seed=7, index=index)
        kinds = [entry[0] for entry in seen]
        actors = [entry[1] for entry in seen if entry[0] == "actor"]
        place = next(entry for entry in seen if entry[0] == "place")
        said = picture.describe("hugging" if index % 2 else "running", 7, index)
        assert (scenes.SCENES[said.scene], said.light) == place[1:]
        assert said.in_front == ("in front" in kinds) and said.people == len(actors)
        assert said.age == actors[0].skeleton.body.age


def test_every_labelled_picture_can_be_described(har):
    table = pd.DataFrame(drawn.describe_har(COUNT, seed=3))
    assert table.name.tolist() == [f"train/{row['filename']}" for row in rows(har / "Training_set.csv")]
    some = drawn.describe_har(COUNT, seed=3, names={"train/Image_2.jpg", "train/Image_9.jpg"})
    pd.testing.assert_frame_equal(table.iloc[[1, 8]].reset_index(drop=True), pd.DataFrame(some))
    assert set(table["view"]) <= {"full", "half", "close"} and set(table.light) <= set(scenes.SKIES)
