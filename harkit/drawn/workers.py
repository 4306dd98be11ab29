"""Drawing in several processes: the same bytes as in one, whatever their number."""

import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

FEWEST = 60  # jobs; below, starting processes takes longer than it saves
CHUNK = 24  # jobs a worker takes at a time


def for_each(work: Callable, jobs: Sequence[tuple], processes: int | None = None):
    """Call `work(*job)` for every job, in so many processes; None: one a core.

    `work` is a function at the top of a module. Where no further processes can be started, this one does the work.
    """
    processes = min(processes or _cores(), max(1, len(jobs) // CHUNK))
    if processes == 1 or len(jobs) < FEWEST:
        _in_turn(work, jobs)
        return
    try:
        _in_parallel(work, jobs, processes)
    except (BrokenProcessPool, PermissionError):  # a machine that allows no further processes
        _in_turn(work, jobs)


def _cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_parallel(work: Callable, jobs: Sequence[tuple], processes: int):
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _follow_the_first)
    waiting = deque()
    try:
        for first in range(0, len(jobs), CHUNK):
            with _no_main_module():  # this is where the processes start
                waiting.append(pool.submit(_in_turn, work, jobs[first : first + CHUNK]))
            if len(waiting) >= 3 * processes:
                waiting.popleft().result()
        while waiting:
            waiting.popleft().result()
    finally:  # also after Ctrl-C: nothing new is started, what runs is at most a few chunks
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _no_main_module():
    """New processes don't import what the user runs: a script without `if __name__ == "__main__"` would start again."""
    main = sys.modules["__main__"]
    kept = {name: main.__dict__.pop(name) for name in ("__file__", "__spec__") if name in main.__dict__}
    main.__spec__ = None
    try:
        yield
    finally:
        main.__dict__.update(kept)


def _follow_the_first():
    """Leave Ctrl-C to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_the_first()


def end_with_the_first():
    """End this process when the one that started it has ended, also where that was killed."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end():
    multiprocessing.parent_process().join()
    os._exit(1)


def _in_turn(work: Callable, jobs: Sequence[tuple]):
    for job in jobs:
        work(*job)
