"""`torchrun -m harkit train` in two processes on the CPU trains as one process would, and ends as one."""

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from harkit import augment, catalogue, models, pictures, precision, recipes, runs, several, splits
from harkit.settings import InputError

needs_accelerate = pytest.mark.skipif(
    not importlib.util.find_spec("accelerate"), reason='Accelerate is not installed: pip install -e ".[scale]"'
)
PLAIN = dict(keep="last", averaging=0.0, growing=(), mirror=False)  # what `by_hand` does
RECIPE = replace(recipes.get("resnet", "improved", short=True), batch_size=8, learning_rate=0.001, **PLAIN)
# As the command line does it, with small batches and pieces and a checkpoint after each. What a process other than the
# first writes or prints is told on stderr, and END, "process:piece", kills one.
SCRIPT = """
import json, os, signal, sys, time
from harkit import models, precision, recipes, training
from harkit.__main__ import main

recipes.RECIPES["resnet", "improved"] = recipes.Recipe(**json.loads(os.environ["RECIPE"]))
training.PIECE, training.CHECKPOINT_SECONDS = 2, 0
precision.choose = lambda *_: ("fp32", 1, {})
build, train = models.build, training.train_one_epoch
models.build = lambda *given: build(*given[:3], 4, *given[4:])  # a narrow network
rank, pieces, end = os.environ.get("RANK", "0"), [], os.environ.get("END")

def train_or_die(*given):
    pieces.append(1)
    if end == f"{rank}:{len(pieces)}":
        time.sleep(1)  # the other one waits by then
        os.kill(os.getpid(), signal.SIGKILL)
    return train(*given)

def tell(event, given):
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    if event in ("os.rename", "os.mkdir") or (event == "open" and given[2] & writes and given[0] != os.devnull):
        if "harkit" in str(given[0]) or os.environ["MINE"] in str(given[0]):
            os.write(2, f"WRITES {event} {given[0]}".encode())

training.train_one_epoch = train_or_die
if rank != "0":
    sys.addaudithook(tell)
sys.exit(main(sys.argv[1:]))
"""


def train(folder, out, *more, processes=2, end="", script=True):
    """Run the command to its end and give exit code, stdout, stderr and seconds."""
    arguments = ["train", "--data", folder, "--model", "resnet", "--recipe", "improved", "--size", 32, "--epochs", 2]
    path = out.parent / "train.py"
    path.write_text(SCRIPT)
    what = [path] if script else ["-m", "harkit"]
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", processes]
    command = [sys.executable, *(torchrun if processes > 1 else []), *what, *arguments, "--out", out, *more]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "END": end, "MINE": str(out.parent)}
    environment["RECIPE"] = json.dumps(asdict(RECIPE))
    environment["PYTHONPATH"] = str(Path(several.__file__).parents[1])
    began = time.monotonic()
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout, done.stderr, time.monotonic() - began


@precision.threads_restored()
def by_hand(folder, cache, last=2, epochs=2):
    """One process that does what two do together, or `last` in the last piece of batches: mean losses and the network.

    Each slice of a batch goes through batch normalisation by itself, and the gradients are accumulated, each slice
    weighted by its pictures. The running statistics are those of the first slices.
    """
    torch.set_num_threads(1)  # as `train` gives its processes; two sum a gradient in another order
    table = splits.divide(catalogue.read(folder), "honest", 0)
    torch.manual_seed(0)
    model = models.build("resnet", 2, 32, 4, RECIPE.dropout)
    models.initialise(model, RECIPE.initialisation)
    part = pictures.PictureSet(splits.used(table), 32, cache, catalogue.classes(table)).part("train")
    look = dict(augment=augment.ON_THE_FLY[RECIPE.augmentation], normalisation=pictures.NORMALISATION["half"])
    two, others = (
        [pictures.Batches(part, 8, seed=0, share=(rank, world), **look) for rank in range(world)] for world in (2, last)
    )
    optimizer, scheduler = recipes.make_optimizer(replace(RECIPE, epochs=epochs), model, len(two[0]))
    loss_function, losses = nn.CrossEntropyLoss(label_smoothing=RECIPE.label_smoothing), []
    for epoch in range(epochs):
        loss_sum = 0.0
        for batches in (*two, *others):
            batches.epoch = epoch
        pieces_of_two, pieces_of_others = (
            list(zip(*(batches.pieces(2) for batches in shares), strict=True)) for shares in (two, others)
        )
        for pieces in pieces_of_two[:-1] + (pieces_of_others if epoch == epochs - 1 else pieces_of_two)[-1:]:
            for slices in zip(*pieces, strict=True):
                whole = sum(len(labels) for _, labels in slices)
                optimizer.zero_grad()
                for number, (images, labels) in enumerate(slices):
                    kept = {name: buffer.clone() for name, buffer in model.named_buffers()}
                    loss = loss_function(model(images), labels)
                    (loss * len(labels) / whole).backward()
                    loss_sum += loss.item() * len(labels)
                    if number:
                        for name, buffer in model.named_buffers():
                            buffer.copy_(kept[name])
                optimizer.step()
                scheduler.step()
        losses.append(loss_sum / len(part))
    return losses, model


def largest_difference(a: dict, b: dict) -> float:
    return max((a[name].double() - b[name].double()).abs().max().item() for name in a)


def weights(run):
    return safetensors.torch.load_file(run / "weights.safetensors")


@pytest.fixture
def uneven(class_folders):
    """29 training pictures: three batches of 8, and a last one of 5, which two processes share as 3 and 2."""
    table = splits.divide(catalogue.read(class_folders), "honest", 0)
    assert (table.split == "train").sum() % 8 == 5
    return class_folders


@needs_accelerate
def test_two_processes_train_as_one_that_accumulates_their_slices(uneven, tmp_path):
    code, shown, said, _ = train(uneven, tmp_path / "two")
    assert code == 0, said
    losses, model = by_hand(uneven, tmp_path / "decoded")
    found, history = weights(tmp_path / "two"), runs.history(tmp_path / "two")
    differences = (history.train_loss - losses).abs().max(), largest_difference(found, model.state_dict())
    print("largest difference of an epoch's loss, of a weight:", *differences)
    assert max(differences) < 1e-5
    assert history.validation_accuracy.notna().all() and runs.settings(tmp_path / "two")["processes"] == 2
    assert "WRITES" not in said, "only process 0 writes files"
    assert shown.count("validation accuracy") == 1, "only process 0 prints"


@needs_accelerate
@pytest.mark.parametrize("then", [2, 1])
def test_a_killed_process_ends_all_and_the_run_goes_on(uneven, tmp_path, then):
    code, _, said, seconds = train(uneven, tmp_path / "broken", end="1:4")  # in the last piece
    assert code != 0 and seconds < 300, "a hang"
    assert "harkit: Process 0 of 2 stops because another one ended" in said and "go on with --resume" in said
    assert "Signal 9 (SIGKILL)" in said and len(runs.history(tmp_path / "broken")) == 1
    code, _, said, _ = train(uneven, tmp_path / "broken", "--resume", processes=then)
    assert code == 0, said
    losses, model = by_hand(uneven, tmp_path / "decoded", last=then)
    found = (runs.history(tmp_path / "broken").train_loss - losses).abs()
    weight = largest_difference(weights(tmp_path / "broken"), model.state_dict())
    print("largest difference of an epoch's loss, of a weight:", found.max(), weight)
    assert max(found.max(), weight) < 1e-5


@pytest.mark.parametrize(
    "waits",
    [
        "time.sleep(60)",
        "torch.distributed.HashStore().wait(['nothing'], timedelta(seconds=60))",  # C++, where Python's handlers wait
        "raise RuntimeError('gloo: closed by peer')",
    ],
)
def test_a_process_that_torchrun_ends_says_so_once(waits):
    code = f"""
import os, signal, sys, threading, time, torch
from datetime import timedelta
from harkit import several

threading.Timer(1, os.kill, (os.getpid(), signal.SIGTERM)).start()
try:
    with several.together():
        {waits}
except several.InputError as error:
    print("harkit:", error, file=sys.stderr)
    time.sleep(2)  # torchrun's signal comes now
    sys.exit(2)
"""
    environment = os.environ | {"RANK": "0", "WORLD_SIZE": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=50)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("harkit: Process 0 of 2 stops because another one ended") == 1, done.stderr


@needs_accelerate
def test_bad_input_ends_all_processes_in_a_sentence(class_folders, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep")
    code, _, said, seconds = train(class_folders, tmp_path / "run", script=False)
    assert code != 0 and seconds < 300
    assert "is not empty: choose another --out" in said and (tmp_path / "run" / "mine.txt").exists()


@pytest.mark.parametrize("world", [1, 2, 3, 4])
@pytest.mark.parametrize("count", [16, 17, 19, 21, 29])
def test_each_picture_is_seen_once_an_epoch_whatever_the_number_of_processes(har_folder, tmp_path, world, count):
    table = catalogue.read(har_folder)
    table = table[table.status == "labelled"].drop_duplicates("digest").head(count)
    whole = pictures.PictureSet(table, 8, tmp_path)
    whole.labels = np.arange(count)  # a label of its own tells each picture
    alone = pictures.Batches(whole, 8, seed=3)
    shares = [pictures.Batches(whole, 8, seed=3, share=(rank, world)) for rank in range(world)]
    for batches in (alone, *shares):
        batches.epoch = 2
    seen = [[[labels.tolist() for _, labels in piece] for piece in batches.pieces(2)] for batches in shares]
    slices = [[batch for piece in share for batch in piece] for share in seen]
    assert {len(share) for share in slices} == {len(shares[0])}
    together = [list(chain(*parts)) for parts in zip(*slices, strict=True)]
    assert sorted(chain(*together)) == list(range(count))
    assert [*chain(*together)] == [label for _, labels in alone for label in labels.tolist()], "another order"
    assert all(len(batch) == 8 for batch in together[:-1])
    for parts in zip(*slices, strict=True):
        sizes = [len(part) for part in parts]
        assert min(sizes) >= 2 and max(sizes) - min(sizes) <= 1


def test_a_run_that_goes_on_in_fewer_processes_keeps_its_batches(har_folder, tmp_path):
    table = catalogue.read(har_folder).query("status == 'labelled'").head(18)  # two batches of 8, and 2 pictures left
    whole = pictures.PictureSet(table, 8, tmp_path)
    alone, of_two = pictures.Batches(whole, 8), pictures.Batches(whole, 8, share=(0, 2))
    assert len(alone) == 3 and len(of_two) == 2
    several.go_on(alone, {"processes": 2, "threads": torch.get_num_threads()})
    assert [len(labels) for _, labels in alone] == [8, 10]
    several.go_on(of_two, {"threads": 1})  # begun by one process, before runs told how many
    assert len(of_two) == 2


def test_the_changes_of_a_process_are_repeatable_and_its_own(har_folder, tmp_path):
    table = catalogue.read(har_folder).query("status == 'labelled'")
    whole = pictures.PictureSet(table, 8, tmp_path)
    noise = dict(seed=3, augment=lambda images, generator: images * 0 + torch.rand(1, generator=generator))


    def means(**share):
        return [images.mean().item() for images, _ in pictures.Batches(whole, 8, **noise, **share)]

    assert means(share=(0, 2)) == means(share=(0, 2)) == means()
    assert not set(means(share=(0, 2))) & set(means(share=(1, 2)))


def test_more_processes_than_a_batch_has_pairs_of_pictures_are_refused(har_folder, tmp_path):
    whole = pictures.PictureSet(catalogue.read(har_folder).query("status == 'labelled'"), 8, tmp_path)
    with pytest.raises(InputError, match="start 4 at most"):
        pictures.Batches(whole, 8, share=(0, 5))


def test_one_process_does_not_import_accelerate(monkeypatch):
    code = "import sys; from harkit import several, training\n"
    code += "assert several.once(len, 'ab') == several.ahead(len, 'ab') == 2 and several.device('cpu') == 'cpu'\n"
    code += "with several.together(): assert several.spread(several) is several and several.share() == (0, 1)\n"
    code += "sys.exit('accelerate' in sys.modules)"
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    monkeypatch.setenv("WORLD_SIZE", "1")  # torchrun --nproc-per-node 1
    assert several.share() == (0, 1)


def test_without_accelerate_several_processes_are_told_what_is_missing(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setitem(sys.modules, "accelerate", None)
    several._accelerator.cache_clear()
    with pytest.raises(InputError, match=r"2 processes need Accelerate.*\[scale\]"):
        several.once(len, "ab")


def test_a_process_without_a_gpu_of_its_own_is_told_how_many_there_are(monkeypatch):
    pytest.importorskip("accelerate")
    for name, value in {"WORLD_SIZE": "2", "RANK": "1", "LOCAL_RANK": "1", "HARKIT_DEVICE": "cuda"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    several._accelerator.cache_clear()
    with pytest.raises(InputError, match="Process 1 has no GPU of its own, there are 1"):
        several.device("cuda")


def test_an_error_of_ones_own_is_not_taken_for_another_processs_end(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(RuntimeError, match="shapes"), several.together():
        raise RuntimeError("shapes do not fit")
    with pytest.raises(InputError, match="another one ended"), several.together():
        raise RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]:2891")


def test_only_train_runs_in_several_processes(monkeypatch, capsys):
    from harkit.__main__ import main

    monkeypatch.setenv("WORLD_SIZE", "2")
    assert main(["evaluate", "run", "--data", "folder"]) == 2
    assert "start this one without torchrun" in capsys.readouterr().err
