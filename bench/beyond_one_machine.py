"""The arithmetic of bench/beyond_one_machine.md: what 12,600 to 100 million pictures need, from figures measured here.

    python bench/beyond_one_machine.py            measure this machine (half a minute), and write the page anew
    python bench/beyond_one_machine.py --again    only the tables, from the figures recorded last

The measured figures go to bench/beyond_one_machine.json, the tables between the marks of the page. What was not
measured is in ASSUMED, and the page names it so.
"""

import json
import platform
import re
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

from harkit import catalogue as catalogues
from harkit import fetch, models, settings
from harkit.decoding import decode
from harkit.pictures import Batches, PictureSet

HERE = Path(__file__).parent
PAGE, RECORDED = HERE / "beyond_one_machine.md", HERE / "beyond_one_machine.json"
OUT = HERE.parent / "build" / "bench"
PICTURES, SIDE, BATCH, CLASSES, ROUNDS = 120, 224, 8, 15, 3
COUNTS = {12_600: "the course's set", 100_000: "", 1_000_000: "as ImageNet", 10_000_000: "", 100_000_000: ""}
ASSUMED = dict(
    gpu=2000,  # pictures a second that one data centre GPU trains at 224 px, 16 bits, with this network
    batch=64,  # pictures a GPU in a step
    kept=0.9,  # share of its speed that a GPU keeps beside others
    epochs=40,
    network=1.25,  # GB a second between two machines: 10 Gbit/s
)
GPUS = {12_600: 1, 100_000: 1, 1_000_000: 8, 10_000_000: 32, 100_000_000: 256}
ENGINES = {
    12_600: "decoded once into a memory-mapped array, one process (`harkit train`)",
    100_000: "the same; the array no longer fits the memory of every laptop",
    1_000_000: "tar shards (WebDataset) or FFCV on a local NVMe disk, decoding on cores or by DALI on the GPU; "
    "Accelerate under `torchrun`, one machine",
    10_000_000: "shards in object storage with a local cache; `torchrun` on some machines, which Slurm or Kubernetes "
    "starts",
    100_000_000: "the same on many machines, checkpoints in object storage, elastic restarts; FSDP where the network "
    "no longer fits one GPU",
}


def measure() -> dict:
    """The figures of this machine, one process and one thread: medians of ROUNDS."""
    torch.set_num_threads(1)
    table = catalogues.read(fetch.fetch("har", "drawn", OUT, PICTURES)).query("status == 'labelled'")
    table = table.drop_duplicates("digest").reset_index(drop=True)
    pictures = PictureSet(table, SIDE, OUT / "decoded", catalogues.classes(table))
    network = models.build("resnet", CLASSES, SIDE)
    optimizer, loss_function = torch.optim.SGD(network.parameters(), 0.01, 0.9), nn.CrossEntropyLoss()

    def step():
        images, labels = batch
        optimizer.zero_grad()
        loss_function(network(images), labels).backward()
        optimizer.step()

    def read():
        rows = np.random.default_rng(0).permutation(len(pictures))
        for _ in range(20):
            torch.from_numpy(pictures.pixels[pictures.index[rows]])

    batch = next(iter(Batches(pictures, BATCH, seed=0)))
    step()  # warms up
    return dict(
        machine=f"{settings.cores()} cores, no GPU, {platform.system()} {platform.machine()}",
        torch=torch.__version__,
        pictures=len(table),
        jpeg_bytes=round(float(np.mean([Path(path).stat().st_size for path in table.path]))),
        decoded_bytes=SIDE * SIDE * 3,
        decode=_rate(lambda: [decode(path, SIDE) for path in table.path], len(table)),
        read=_rate(read, 20 * len(pictures)),
        train=_rate(step, BATCH),
        gradient_bytes=4 * sum(weights.numel() for weights in network.parameters()),
    )


def tables(found: dict) -> str:
    """The page's tables as Markdown: what was measured, what is assumed, what follows."""
    text = [
        f"Measured with one process and one thread on a machine with {found['machine']} (torch {found['torch']}), on "
        f"{found['pictures']} drawn pictures, squeezed to {SIDE} px. Seconds are of processor time, because other "
        "trainings ran beside it.\n",
        "| measured | |\n|---|---|",
        f"| a picture as JPEG | {found['jpeg_bytes'] / 1e3:.0f} KB |",
        f"| a picture decoded, {SIDE} × {SIDE} × 3 bytes | {found['decoded_bytes'] / 1e3:.0f} KB |",
        f"| decoding, one core | {_round(found['decode'])} pictures/s |",
        f"| reading the decoded array from memory, one core | {_round(found['read'])} pictures/s |",
        f"| training ResNet (width 64) in float32, one core | {found['train']:.1f} pictures/s |",
        f"| its gradients, 4 bytes a weight | {found['gradient_bytes'] / 1e6:.0f} MB |",
        "\n| assumed, not measured | |\n|---|---|",
        f"| training, one GPU in 16 bits | {ASSUMED['gpu']:,} pictures/s |",
        f"| batch of one GPU | {ASSUMED['batch']} pictures |",
        f"| share of its speed that a GPU keeps beside others | {ASSUMED['kept']:.0%} |",
        f"| network between machines | {ASSUMED['network']} GB/s (10 Gbit/s) |",
        f"| epochs | {ASSUMED['epochs']} |",
        "\n| pictures | as JPEG | decoded | decoding once, one core | "
        f"{ASSUMED['epochs']} epochs, one core here | GPUs | {ASSUMED['epochs']} epochs on them |",
        "|---|---|---|---|---|---|---|",
    ]
    for count, name in COUNTS.items():
        seen, speed = count * ASSUMED["epochs"], _speed(GPUS[count])
        text.append(
            f"| {count:,}{f' ({name})' if name else ''} | {_size(count * found['jpeg_bytes'])} | "
            f"{_size(count * found['decoded_bytes'])} | {_time(count / found['decode'])} | "
            f"{_time(seen / found['train'])} | {GPUS[count]} | {_time(seen / speed)} |"
        )
    text += [
        "\n| GPUs | pictures/s | cores that decode for them | JPEG read | gradients through each machine's network |",
        "|---|---|---|---|---|",
    ]
    for gpus in (1, 8, 32, 256):
        speed = _speed(gpus)
        steps = speed / gpus / ASSUMED["batch"]  # a second
        machines = max(1, gpus // 8)
        traffic = 2 * (machines - 1) / machines * found["gradient_bytes"] * steps  # a ring: sent by each machine
        need = f"{traffic / 1e9:.1f} GB/s, {traffic / 1e9 / ASSUMED['network']:.1f} × the assumed network"
        text.append(
            f"| {gpus}{f' (on {machines} machines)' if machines > 1 else ''} | {_round(speed)} | "
            f"{speed / found['decode']:,.0f} | {_size(speed * found['jpeg_bytes'])}/s | "
            f"{need if machines > 1 else 'none: inside one machine'} |"
        )
    text += ["\n| pictures | what carries it |\n|---|---|"]
    return "\n".join([*text, *(f"| {count:,} | {engine} |" for count, engine in ENGINES.items())])


def with_tables(page: str, found: dict) -> str:
    """The page with these tables between its marks."""
    made = f"<!-- made: arithmetic -->\n{tables(found)}\n<!-- end -->"
    return re.sub(r"<!-- made: arithmetic -->.*?<!-- end -->", lambda _: made, page, flags=re.DOTALL)


def _speed(gpus: int) -> float:
    return gpus * ASSUMED["gpu"] * (ASSUMED["kept"] if gpus > 1 else 1)


def _rate(work, count: int) -> float:
    """`count` over the median seconds of processor time of the work, which other work on the machine hardly changes."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        work()
        seconds.append(time.process_time() - started)
    return round(count / statistics.median(seconds), 2)


def _round(value: float) -> str:
    """Two figures that count: 1,234 as 1,200, and 0.123 as 0."""
    return f"{float(f'{value:.1e}'):,.0f}"


def _size(count: float) -> str:
    return _in_units(count, 1, {"TB": 1e12, "GB": 1e9, "MB": 1e6})


def _time(seconds: float) -> str:
    return _in_units(seconds, 2, {"years": 365 * 86400, "days": 86400, "hours": 3600, "minutes": 60, "seconds": 1})


def _in_units(value: float, least: float, units: dict[str, float]) -> str:
    """The value in the first unit of which it holds `least` or more: two figures that count."""
    unit, size = next(((unit, size) for unit, size in units.items() if value >= least * size), [*units.items()][-1])
    return f"{value / size:.1f} {unit}" if value < 9.95 * size else f"{_round(value / size)} {unit}"


if __name__ == "__main__":
    if "--again" not in sys.argv:
        RECORDED.write_text(json.dumps(measure(), indent=1) + "\n", encoding="utf-8")
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), recorded), encoding="utf-8")
    print(tables(recorded))
