"""How fast this machine reads, trains and starts, against the published way: both sides in one go, in turns.

    make bench                                  everything but `compile`: 20 to 60 minutes on 2 cores
    python bench/speed.py reading training      parts of it
    python bench/speed.py compile --rounds 3    torch.compile, which takes minutes to compile; fewer rounds

Parts: reading and memory (reading.py), training, target and crowd (trainings.py), peak and compile (steps.py), start
(start.py). The pictures are drawn, and kept in build/bench. Each comparison is made so many rounds, the two sides one
after the other, and ends as one row: what, ours, theirs (or what else it is held against), the ratio (median), the
lowest and highest ratio seen, and what was asked of it. The table goes to build/bench/speed.md.
"""

import argparse
import time

from harkit import precision  # before torch: its setting for OpenMP holds for all that runs in this process

# isort: split
import reading
import sides
import start
import steps
import trainings

PARTS = {
    "reading": reading.reading,
    "memory": reading.memory,
    "training": trainings.training,
    "target": trainings.target,
    "crowd": trainings.crowd,
    "peak": steps.peak,
    "start": start.start,
    "compile": steps.compiling,
}
ONLY_IF_NAMED = {"compile"}


def main() -> None:
    parser = argparse.ArgumentParser(description="This machine against the published way of reading and training.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=sides.rounds, help="of each comparison; some make fewer")
    options = parser.parse_args()
    unknown = set(options.parts) - set(PARTS)
    if unknown:
        parser.error(f"There is no part '{unknown.pop()}': choose from {', '.join(PARTS)}.")
    sides.rounds = options.rounds
    precision.keep_memory()  # as a process that trains does
    machine, rows = sides.machine(), []
    for part in options.parts or [part for part in PARTS if part not in ONLY_IF_NAMED]:
        print(part, flush=True)
        began = time.perf_counter()
        rows += PARTS[part]()
        print(f"  {part}: {time.perf_counter() - began:.0f} s", flush=True)
        write(machine, rows)  # after each part, so that a broken-off bench leaves what it has
    print((sides.OUT / "speed.md").read_text(encoding="utf-8"))


def write(machine: str, rows: list[dict]) -> None:
    lines = [machine, "", f"| {' | '.join(sides.COLUMNS)} |", "|---" * len(sides.COLUMNS) + "|"]
    lines += [f"| {' | '.join(row[column] for column in sides.COLUMNS)} |" for row in rows]
    sides.OUT.mkdir(parents=True, exist_ok=True)
    (sides.OUT / "speed.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
