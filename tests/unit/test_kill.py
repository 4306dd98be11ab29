"""`harkit train` killed at any moment, as by a power failure, goes on and ends with the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from harkit import catalogue

# Small pieces and a checkpoint after each, so that there is much to be killed in; plain precision, whatever is fast.
COMMAND = """
import sys
from harkit import precision, training
training.PIECE, training.CHECKPOINT_SECONDS, precision.WORTH = 2, 0, 1e9
from harkit.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def train(folder, out, *more):
    arguments = ["train", "--data", folder, "--model", "resnet", "--recipe", "improved"]
    arguments += ["--size", "32", "--epochs", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, [*arguments, "--out", out, *more])], env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("kills", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_a_training_that_is_killed_again_and_again_ends_with_the_same_bytes(class_folders, tmp_path, kills):
    began = time.monotonic()
    whole = train(class_folders, tmp_path / "whole")
    assert whole.wait() == 0, whole.stderr.read()
    needed, luck, broken = time.monotonic() - began, random.Random(kills), tmp_path / "broken"
    for _ in range(kills):
        process = train(class_folders, broken, *(["--resume"] if (broken / "split.csv").exists() else []))
        time.sleep(luck.uniform(0.3, 1.0) * needed)
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (broken / "weights.safetensors").exists():
            break
    last = train(class_folders, broken, *(["--resume"] if (broken / "split.csv").exists() else []))
    assert last.wait() == 0, last.stderr.read()
    digests = [catalogue.digest(tmp_path / run / "weights.safetensors") for run in ("whole", "broken")]
    assert digests[0] == digests[1]
    assert {path.name for path in broken.iterdir()} == {path.name for path in (tmp_path / "whole").iterdir()}
