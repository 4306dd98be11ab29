"""One training in several processes, on the GPUs or cores of one machine or of more: `torchrun` starts them, Hugging
Face Accelerate joins them. A process alone gets from every function here what it would have without it.

The recipe's batch is the whole one: each process takes its slice of it (`pictures.Batches`), and the gradients are
averaged so that each picture counts the same. Batch normalisation sees the slice. Process 0 writes the files, which
all processes must be able to read, and it alone validates and prints.
"""

import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager, redirect_stdout
from datetime import timedelta
from functools import cache

import torch
from torch import Tensor, nn

from harkit import settings as profiles
from harkit.settings import InputError

PATIENCE = timedelta(hours=2)  # for process 0 while it decodes; where one dies, torchrun does not wait so long
LOST = ("gloo", "NCCL", "Connection closed by peer", "Connection reset by peer", "Broken pipe")  # a peer went away


def share() -> tuple[int, int]:
    """This process's number, from 0, and how many train together: (0, 1) alone."""
    return profiles.processes()


def first() -> bool:
    """Whether this is the process that writes, prints and validates."""
    return share()[0] == 0


def own_seed(seed: int) -> int:
    """A seed for what a process draws by itself. Process 0's is `seed`, as if it were alone."""
    return seed + (share()[0] << 40)


def device(chosen: str) -> str:
    """`chosen` for a process alone; one of several has a GPU of its own, or the CPU where `settings.device` is none."""
    if share()[1] == 1:
        return chosen
    own = _accelerator().device
    return str(own) if own.type == "cuda" else own.type  # the CPU has no number: torch.load knows no cpu:0


def once(call, *arguments):
    """What `call` gives in process 0, in all of them: the others wait for it."""
    if share()[1] == 1:
        return call(*arguments)
    _accelerator()
    from accelerate.utils import broadcast_object_list

    found = [call(*arguments) if first() else None]
    return broadcast_object_list(found)[0]


def ahead(call, *arguments):
    """What `call` gives in each process. The first one comes before the others, which find the files that it wrote."""
    if share()[1] == 1:
        return call(*arguments)
    if first():
        found = call(*arguments)
    _accelerator().wait_for_everyone()
    return found if first() else call(*arguments)


def go_on(batches, plan: dict) -> None:
    """Let a resumed run have no more batches an epoch than its schedule counts, and its threads."""
    batches.smallest = max(batches.smallest, 2 * (before := plan.get("processes", 1)))
    if before == share()[1]:  # else there could be more threads than cores, which makes a training many times slower
        torch.set_num_threads(plan["threads"])


def spread(network: nn.Module) -> nn.Module:
    """The network for training: after a backward pass, all processes hold the gradient of the whole batch's mean loss.

    Its weights, and the statistics of batch normalisation, are set to process 0's.
    """
    return network if share()[1] == 1 else _Spread(_accelerator().prepare_model(network))


def total(before: dict, sums: dict) -> dict:
    """An epoch's sums with what all processes did since `before`; the times stay this process's own."""
    if share()[1] == 1:
        return sums
    names, group = ("seen", "loss", "right"), _accelerator()
    done = torch.tensor([sums[name] - before[name] for name in names], dtype=torch.float64, device=group.device)
    found = group.reduce(done, "sum").tolist()
    return sums | {name: before[name] + value for name, value in zip(names, found, strict=True)}


@contextmanager
def together():
    """A block that all processes run: the first alone prints, and the end of one ends the others in one sentence."""
    rank, world = share()
    if world == 1:
        yield
        return
    if rank:
        logging.getLogger("harkit").setLevel(logging.ERROR)
    ended = (
        f"Process {rank} of {world} stops because another one ended, which torchrun names: mend the cause, then "
        "go on with --resume, in any number of processes."
    )
    _say_when_ended(ended)
    try:
        with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere if rank else sys.stdout):
            yield
    except RuntimeError as error:
        if not isinstance(error, torch.distributed.DistError) and not any(text in str(error) for text in LOST):
            raise
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # to say it once
        raise InputError(ended) from error
    _accelerator().end_training()


def _say_when_ended(sentence: str) -> None:
    """Let this process say `sentence` before it ends where torchrun, which saw another one's end first, ends it.

    Python's own handlers wait until the main thread comes back from what it waits for; a thread that reads the
    numbers of the signals does not.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def wait():
        while os.read(reader, 1)[0] != signal.SIGTERM:
            pass
        print(f"harkit: {sentence}", file=sys.stderr, flush=True)
        os._exit(2)

    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGTERM, lambda *_: None)  # else the process would end before
    threading.Thread(target=wait, daemon=True).start()


class _Spread(nn.Module):
    """A network under DistributedDataParallel, which averages the processes' mean gradients as if their slices were
    equally long: here each is weighted by its number of pictures first."""

    def __init__(self, parallel: nn.Module):
        super().__init__()
        self.parallel = parallel

    def forward(self, images: Tensor) -> Tensor:
        logits = self.parallel(images)
        if logits.requires_grad:
            pictures = torch.tensor(float(len(images)), device=images.device)
            weight = pictures / _accelerator().reduce(pictures, "mean")
            logits.register_hook(lambda gradient: gradient * weight.to(gradient.dtype))
        return logits


@cache
def _accelerator():
    """The processes' group, joined once. Raises InputError where Accelerate or this process's GPU is missing."""
    (rank, world), gpu = share(), profiles.device().startswith("cuda")
    try:
        from accelerate import Accelerator
        from accelerate.utils import InitProcessGroupKwargs
    except ImportError as error:
        raise InputError(
            f'{world} processes need Accelerate: pip install -e ".[scale]" in the course folder, or leave torchrun out.'
        ) from error
    if gpu and profiles.local_rank() >= torch.cuda.device_count():
        raise InputError(
            f"Process {rank} has no GPU of its own, there are {torch.cuda.device_count()} on this machine: start no "
            "more processes than that (torchrun --nproc-per-node), or set HARKIT_DEVICE=cpu."
        )
    return Accelerator(cpu=not gpu, mixed_precision="no", kwargs_handlers=[InitProcessGroupKwargs(timeout=PATIENCE)])
