import errno
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest
import safetensors.torch
import torch

from harkit import augment, catalogue, evaluation, models, precision, pretrained, recipes, runs, splits, training
from harkit.catalogue import fingerprint
from harkit.pictures import Batches, PictureSet
from harkit.settings import InputError


@pytest.fixture
def table(har_folder):
    return splits.honest(catalogue.read(har_folder), (40, 10, 10))


@pytest.fixture
def fit(table, tmp_path):
    def fit(name="run", network="resnet", recipe="improved", **changes):
        chosen = dict(side=32, width=4, epochs=3, cache=tmp_path / "data" / "decoded", precision="fp32") | changes
        return training.fit(changes.pop("table", table), tmp_path / name, network, recipe, **chosen)

    return fit


def weights(run):
    return safetensors.torch.load_file(run / "weights.safetensors")


def same(a, b):
    return all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(("network", "recipe"), [("vgg16", "published"), ("resnet", "improved")])
def test_a_run_folder_holds_what_the_contract_says(fit, table, network, recipe):
    run = fit(network=network, recipe=recipe, copies_per_class=2)
    files = {path.name for path in run.iterdir()}
    assert files == {
        "settings.json", "environment.json", "history.csv", "split.csv", "validation.csv", "weights.safetensors"
    }  # fmt: skip
    plan, history = runs.settings(run), runs.history(run)
    assert plan["classes"] == catalogue.classes(table) and plan["epochs"] == len(history) == 3
    assert plan["split_hash"] == catalogue.fingerprint(splits.used(table), "split")
    assert history[["train_loss", "validation_accuracy", "validation_f1", "examples_per_second"]].notna().all(axis=None)
    copies = 6 if recipe == "published" else 0
    assert len(pd.read_csv(run / "split.csv")) == 60 + copies
    assert len(pd.read_csv(run / "validation.csv")) == 10


def test_vgg16_learns_from_pictures_that_grow(fit):
    run = fit(network="vgg16", recipe="improved", side=64)
    chosen = recipes.Recipe(**runs.settings(run)["hyperparameters"])
    assert [recipes.side_at(chosen, 64, epoch) for epoch in range(3)] == [32, 48, 64]
    assert runs.history(run)[["train_loss", "validation_accuracy"]].notna().all(axis=None)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(fit):
    assert same(weights(fit("a")), weights(fit("b")))
    assert not same(weights(fit("a2", seed=1)), weights(fit("b2")))


def stop_after(monkeypatch, checkpoints):
    """The training ends, as if the power had failed, after so many checkpoints."""
    keep, count = runs.save_checkpoint, []

    def stop(*arguments, **progress):
        keep(*arguments, **progress)
        count.append(1)
        if len(count) == checkpoints:
            raise KeyboardInterrupt

    monkeypatch.setattr(runs, "save_checkpoint", stop)


@pytest.mark.parametrize(
    ("recipe", "precision"), [("published", "fp32"), ("improved", "fp32"), ("improved", "bf16"), ("improved", "fp16")]
)
@pytest.mark.parametrize("checkpoints", [2, 3])  # at the border of an epoch, within one
def test_a_resumed_run_equals_an_unbroken_one(fit, monkeypatch, recipe, precision, checkpoints):
    small = replace(recipes.get("resnet", recipe), batch_size=8)  # 5 batches an epoch, and a rest
    monkeypatch.setitem(recipes.RECIPES, ("resnet", recipe), small)
    monkeypatch.setattr(training, "PIECE", 3)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    chosen = dict(recipe=recipe, epochs=3, copies_per_class=2, precision=precision)
    whole = fit("whole", **chosen)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        stop_after(broken, checkpoints)
        fit("broken", **chosen)
    resumed = fit("broken", **chosen | {"resume": True})
    assert same(weights(whole), weights(resumed))
    columns = ["epoch", "train_loss", "train_accuracy", "validation_loss", "validation_f1"]
    pd.testing.assert_frame_equal(runs.history(whole)[columns], runs.history(resumed)[columns], check_exact=True)
    assert not (resumed / "checkpoint.pt").exists()


EVERYTHING = dict(
    batch_size=8, mixing=0.5, averaging=0.9, growing=((0.4, 0.7),), zoom=1.25, mirror=True, augmentation="crops",
    initialisation="he, zero blocks", keep="last",
)  # fmt: skip


@pytest.mark.parametrize("checkpoints", [2, 3])
@pytest.mark.parametrize("network", ["resnet", "efficientnet_lite0"])
def test_a_run_with_every_ingredient_resumes_as_well(fit, monkeypatch, network, checkpoints):
    monkeypatch.setattr(training, "PIECE", 3)
    monkeypatch.setattr(training, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(pretrained, "load_imagenet", lambda *_: False)
    parts = {
        "resnet": dict(optimizer="muon", learning_rate=0.02),
        "efficientnet_lite0": dict(frozen=6, layer_decay=0.9, head_first=0.3),
    }
    chosen = dict(network=network, side=48, epochs=3, changes=EVERYTHING | parts[network])
    whole = fit("whole", **chosen)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        stop_after(broken, checkpoints)
        fit("broken", **chosen)
    assert same(weights(whole), weights(fit("broken", resume=True, **chosen)))


def test_frozen_parts_stay_as_they_were(fit, monkeypatch):
    monkeypatch.setattr(pretrained, "load_imagenet", lambda *_: False)
    torch.manual_seed(0)
    before = models.build("efficientnet_lite0", 3, 32).state_dict()
    after = weights(fit(network="efficientnet_lite0", epochs=1, changes=dict(frozen=6, averaging=0.0)))
    held = [name for name in before if name.startswith(("stem.", *(f"body.{i}." for i in range(5))))]
    assert all(torch.equal(before[name], after[name]) for name in held)
    assert not torch.equal(before["body.5.layers.0.weight"], after["body.5.layers.0.weight"])
    assert not torch.equal(before["fc.weight"], after["fc.weight"])


def test_a_run_is_asked_at_two_sizes_and_about_mirror_images(fit, table, tmp_path):
    run = fit(changes=EVERYTHING)
    assert runs.side(runs.settings(run)) == 64
    rows = splits.part(table, "validation")
    kept = evaluation.validation_predictions(run)
    asked = evaluation.predict(run, rows, tmp_path / "decoded")
    pd.testing.assert_frame_equal(kept.filter(like="p_"), asked.filter(like="p_"), atol=1e-5, check_dtype=False)


def test_after_each_epoch_a_run_is_asked_once_about_each_picture_as_large_as_it_is_trained_on(fit, table, tmp_path):
    run = fit(changes=EVERYTHING)
    model, plan = runs.load(run)
    pictures = PictureSet(splits.part(table, "validation"), 64, tmp_path / "decoded", plan["classes"])
    batches = [(augment.resize(images, 32), labels) for images, labels in Batches(pictures)]
    loss = torch.nn.functional.cross_entropy(*training.predict_logits(model, batches)).item()
    assert runs.history(run).validation_loss.iloc[-1] == pytest.approx(loss, rel=1e-4)
    kept = evaluation.validation_predictions(run)
    every = -sum(math.log(row[f"p_{row['label']}"]) for row in kept.to_dict("records")) / len(kept)
    assert abs(every / loss - 1) > 1e-3  # at the end it is asked as its recipe says


def test_minutes_are_spread_over_the_sizes(fit, monkeypatch):
    monkeypatch.setattr(precision, "measure", lambda *_: {"fp32": 20.0})
    plan = runs.settings(fit(minutes=0.5, epochs=10, changes=EVERYTHING))
    assert 2 <= plan["epochs"] <= 12  # 40 pictures at 20 a second and 10 asked: 2.6 s an epoch


def test_reading_counts_in_a_time_budget(fit, monkeypatch):
    clock, read, late = time.perf_counter, training.PictureSet, [0.0]

    def slowly(*given):
        late[0] += 60
        return read(*given)

    monkeypatch.setattr(training, "time", SimpleNamespace(perf_counter=lambda: clock() + late[0]))
    monkeypatch.setattr(training, "PictureSet", slowly)
    monkeypatch.setattr(precision, "seconds_an_epoch", lambda *_: 20.0)
    assert runs.settings(fit(minutes=2.2))["epochs"] == 3  # 72 of 132 s are left


@pytest.mark.parametrize(("loaded", "minutes", "epochs"), [(True, 60, 3), (True, 25, 2), (False, 45, 4)])
def test_pretrained_weights_get_no_more_epochs_than_their_recipe_has(fit, monkeypatch, loaded, minutes, epochs):
    monkeypatch.setattr(precision, "seconds_an_epoch", lambda *_: 600.0)
    monkeypatch.setattr(pretrained, "load_imagenet", lambda *_: loaded)
    recipe = replace(recipes.get("efficientnet_lite0", "improved"), epochs=3)
    monkeypatch.setitem(recipes.RECIPES, ("efficientnet_lite0", "improved"), recipe)
    plan = runs.settings(fit(network="efficientnet_lite0", epochs=None, minutes=minutes))
    assert (plan["epochs"], plan["pretrained"]) == (epochs, loaded)


def test_the_figures_of_an_epoch_do_not_depend_on_its_pieces(fit, monkeypatch):
    small = replace(recipes.get("resnet", "improved"), batch_size=8, augmentation="none", mixing=0.0)
    monkeypatch.setitem(recipes.RECIPES, ("resnet", "improved"), small)
    whole = runs.history(fit("whole"))
    monkeypatch.setattr(training, "PIECE", 2)
    pieces = runs.history(fit("pieces"))
    columns = ["train_loss", "train_accuracy", "validation_loss", "validation_accuracy"]
    pd.testing.assert_frame_equal(whole[columns], pieces[columns])


def test_a_full_disk_keeps_the_last_checkpoint(fit, monkeypatch, tmp_path):
    write = torch.save

    def full(state, path):
        if state["rows"] and len(state["rows"]) == 2:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write(state, path)

    with monkeypatch.context() as small_disk, pytest.raises(OSError, match="No space left"):
        small_disk.setattr(torch, "save", full)
        fit("broken")
    left = {path.name for path in (tmp_path / "broken").iterdir()}
    assert "checkpoint.pt" in left and not [name for name in left if name.startswith(".")]
    assert same(weights(fit("broken", resume=True)), weights(fit("whole")))


def test_a_run_can_begin_with_the_weights_of_another(fit, monkeypatch, tmp_path):
    first = fit("first")
    found = []
    with monkeypatch.context() as early:
        early.setattr(training, "_run_epochs", lambda computing, *rest: found.append(computing) or 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fit("then", start=first, seed=5)
    kept = weights(first)
    assert all(torch.equal(tensor, kept[name]) for name, tensor in found[0].network.state_dict().items())
    assert runs.settings(tmp_path / "then")["start"] == catalogue.digest(first / "weights.safetensors")
    with pytest.raises(InputError, match="another network, width"):
        fit("wider", start=first, width=8)


def test_a_run_that_begins_with_another_asks_for_no_other_weights(fit, monkeypatch):
    first = fit("first")
    recipe = replace(recipes.get("resnet", "improved"), pretrained=True)
    monkeypatch.setitem(recipes.RECIPES, ("resnet", "improved"), recipe)
    monkeypatch.setattr(pretrained, "load_imagenet", lambda *_: pytest.fail("ImageNet weights replace the run's"))
    assert runs.settings(fit("then", start=first, epochs=1))["pretrained"] is False


def test_a_finished_run_is_not_overwritten(fit):
    run = fit()
    with pytest.raises(InputError, match="not empty"):
        fit()
    assert fit(resume=True) == run


def test_resuming_with_other_pictures_is_refused(fit, monkeypatch):
    stop_after(monkeypatch, 1)
    with pytest.raises(KeyboardInterrupt):
        fit()
    with pytest.raises(InputError, match="seed"):
        fit(resume=True, seed=5)


def test_resuming_nothing_is_refused(fit):
    with pytest.raises(InputError, match="no run to go on with"):
        fit(resume=True)


@pytest.mark.parametrize(("left", "resume"), [([".split.csv.7.unfinished"], False), (["split.csv"], True)])
def test_a_run_killed_before_its_settings_were_written_is_begun(fit, tmp_path, left, resume):
    (tmp_path / "run").mkdir()
    for name in left:
        (tmp_path / "run" / name).write_text("name,lab")
    run = fit(resume=resume)
    assert runs.finished(run) and len(pd.read_csv(run / "split.csv")) == 60


def test_a_loss_that_explodes_is_said(fit, monkeypatch):
    wild = recipes.Recipe(epochs=2, learning_rate=1e25)
    monkeypatch.setitem(recipes.RECIPES, ("resnet", "improved"), wild)
    with pytest.raises(InputError, match="lower the learning rate"):
        fit()


def test_the_watcher_sees_five_points_an_epoch(fit):
    seen = []
    fit(epochs=2, watch=lambda epoch, **series: seen.append((epoch, *series)))
    assert sum("validation_accuracy" in row for row in seen) == 2
    assert 2 <= sum("train_loss" in row for row in seen) <= 12


def test_predicting_leaves_the_mode_and_the_statistics_alone(fit):
    model = runs.load(fit())[0].train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    training.predict_logits(model, [(torch.randn(4, 3, 32, 32), torch.zeros(4))])
    assert model.training and same(before, model.state_dict())


def test_a_time_budget_sets_the_epochs(fit):
    run = fit(epochs=None, minutes=0.05)
    assert 1 <= runs.settings(run)["epochs"] < 2000
    assert runs.settings(run)["hyperparameters"]["epochs"] == runs.settings(run)["epochs"]


@pytest.mark.parametrize(
    ("minutes", "chosen"),
    # 60 epochs of 40 pictures of 128 px take 48 s, 40 of 96 px 18 s; to try a size takes a second
    [(None, 128), (60, 128), (0.82, 128), (0.81, 96), (0.34, 96), (0.33, 64), (0.001, 64)],
)
def test_what_has_little_time_learns_from_smaller_pictures(table, tmp_path, monkeypatch, minutes, chosen):
    def of_width(width):
        return models.count_parameters(models.build("resnet", 3, 32, width))

    def epoch(computing, train, validation, recipe, side):
        images, labels = next(iter(train))
        assert (len(train.pictures), validation) == (40, 10)
        assert images.shape == (40, 3, side, side) and len(labels) == 40  # fewer than a batch
        assert train.pictures.pixels.shape[1] == recipes.asked(recipe.zoom, side)[-1]
        assert models.count_parameters(computing.network) == of_width(widths[side])
        return 0.8 * (side / 128) ** 2

    def measured(*_):
        nonlocal now
        now += 1
        return {"fp32": 100.0, "fp32 channels last": 110.0}

    now = 0.0
    monkeypatch.setattr(precision, "time", SimpleNamespace(perf_counter=lambda: now))
    monkeypatch.setattr(precision, "measure", measured)
    monkeypatch.setattr(precision, "seconds_an_epoch", epoch)
    widths, sizes = {128: 8, 96: 4, 64: 4}, ((128, 8, 60), (96, 4, 40), (64, 4, 0))
    rest = dict(catalogue=table, out=tmp_path / "run", network="resnet", recipe="improved")
    assert precision.size_within(minutes, sizes, **rest) == (chosen, widths[chosen])


def test_a_size_is_tried_with_the_parts_that_learn(table, tmp_path, monkeypatch):
    def epoch(computing, *_):
        learn.append([all(w.requires_grad for w in part.parameters()) for part in pretrained.stages(computing.network)])
        return 1.0

    learn, network = [], "efficientnet_lite0"
    monkeypatch.setattr(precision, "measure", lambda *_: {"fp32": 100.0})
    monkeypatch.setattr(precision, "seconds_an_epoch", epoch)
    assert precision.size_within(1, ((64, 64, 8), (32, 64, 0)), table, tmp_path / "run", network, "improved")[0] == 64
    frozen = recipes.get(network, "improved").frozen
    assert learn == [[False] * frozen + [True] * (len(learn[0]) - frozen)] and frozen


def test_a_run_that_goes_on_keeps_its_size(fit, table):
    assert precision.size_within(60, ((128, 32, 60), (64, 16, 0)), table, fit(), "resnet", "improved") == (32, 4)


@pytest.mark.parametrize("damage", ["settings", "weights", "no weights", "no settings"])
def test_a_damaged_run_is_named(fit, damage):
    run = fit()
    if damage == "settings":
        (run / "settings.json").write_text("{")
    elif damage == "weights":
        (run / "weights.safetensors").write_bytes((run / "weights.safetensors").read_bytes()[:100])
    elif damage == "no weights":
        (run / "weights.safetensors").unlink()
    else:
        (run / "settings.json").unlink()
    with pytest.raises(InputError, match="run"):
        runs.load(run)


def test_published_recipes_are_exactly_the_published_numbers():
    vgg, resnet, falls = (recipes.get(name, "published") for name in ("vgg16", "resnet", "resnet50"))
    for recipe in (vgg, resnet):
        assert (recipe.optimizer, recipe.momentum, recipe.weight_decay, recipe.batch_size) == ("sgd", 0, 0.001, 32)
        assert (recipe.initialisation, recipe.copies_per_class, recipe.normalisation) == ("xavier", 70, "half")
    assert (vgg.epochs, vgg.learning_rate, resnet.epochs, resnet.learning_rate) == (40, 0.025, 50, 0.05)
    assert (falls.optimizer, falls.learning_rate, falls.batch_size, falls.epochs) == ("adam", 2e-5, 16, 20)
    assert (falls.keep, falls.normalisation, falls.pretrained) == ("f1", "half", True)


def test_two_that_need_the_same_run_train_it_once(har_folder, config, monkeypatch):
    config, trained = replace(config, har=str(har_folder), split_sizes=(40, 10, 10)), []

    def slow_fit(catalogue, out, cache, watch, **plan):
        trained.append(out)
        time.sleep(0.5)
        split_hash = fingerprint(splits.used(catalogue), "split")
        out.mkdir()
        runs.write_json(out / "settings.json", plan | {"split_hash": split_hash, "classes": [], "hyperparameters": {}})
        (out / "weights.safetensors").touch()
        return out

    monkeypatch.setattr(training, "fit", slow_fit)
    splits.prepare("har", config)
    with ThreadPoolExecutor(2) as both:
        found = list(both.map(lambda _: training.ensure("resnet", "improved", config), range(2)))
    assert found == [config.results / "runs" / "resnet-improved"] * 2 and trained == found[:1]


def test_settings_are_plain_json(fit):
    plan = json.loads((fit() / "settings.json").read_text())
    assert recipes.Recipe(**plan["hyperparameters"]).learning_rate == 0.02


def test_a_leak_is_named_before_the_training(har_folder, config, tmp_path, caplog):
    table = splits.leaky(catalogue.read(har_folder), (40, 10, 8))
    training.fit(table, tmp_path / "run", "resnet", "improved", side=32, width=4, epochs=1, cache=tmp_path / "decoded")
    assert "This split leaks (same file)" in caplog.text


def test_a_bf16_run_says_so_and_its_validation_table_is_of_the_kept_float32_weights(fit, table, tmp_path):
    run = fit(precision="bf16")
    again = evaluation.predict(run, splits.part(table, "validation"), tmp_path / "decoded").filter(like="p_")
    kept = evaluation.validation_predictions(run).filter(like="p_")
    assert runs.settings(run)["precision"] == "bf16"
    assert again.to_numpy() == pytest.approx(kept.to_numpy(), abs=1e-6)


def test_the_precision_is_measured_kept_and_gone_on_with(fit, monkeypatch, tmp_path):
    steps = []

    def step(computing, *_):
        steps.append(computing.precision)
        return 0.5 if computing.precision == "bf16" else 1.0

    monkeypatch.setattr(training.precisions, "_step", step)
    with monkeypatch.context() as broken:
        broken.setattr(training, "_run_epochs", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fit(precision=None)
    plan = runs.settings(tmp_path / "run")
    assert plan["precision"] == "bf16" and plan["measured"]["bf16"] == 2 * plan["measured"]["fp32"]
    steps.clear()
    assert runs.settings(fit(precision=None, resume=True))["precision"] == "bf16" and not steps
