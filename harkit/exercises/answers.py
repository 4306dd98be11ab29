"""What a check does with an answer: asks it, reads what it gives, and says in words what is wrong with it."""

import copy
import linecache
import os
import random
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np


class Wrong(Exception):
    """The answer is not right yet. The message says what is wrong and gives a hint."""


def ask(function: Callable, *inputs, **named):
    """What the learner's function gives for copies of these inputs. Raises Wrong where it stops or gives nothing.

    What must not be copied (a network, a generator) goes into a lambda around the learner's function.
    """
    if not callable(function):
        raise Wrong(f"This is no function but {kind(function)}. Give its name alone, without brackets.")
    shown = ", ".join(_shown(value, name) for name, value in [*(("", i) for i in inputs), *named.items()])
    name = getattr(function, "__name__", "<lambda>").replace("<lambda>", "your function")
    call = f"{name}({shown})"
    try:
        result = function(*copy.deepcopy(inputs), **copy.deepcopy(named))
    except NotImplementedError:
        raise
    except Exception as error:
        raise Wrong(f"`{call}` stops with {type(error).__name__}: {first_line(error)}{own_line(error)}.") from error
    if result is None:
        raise Wrong(f"`{call}` gives None. Does every way through it end with `return`?")
    return result


def number(answer, name: str = "the result") -> float:
    """The answer as a float. Raises Wrong for anything but one number; tensors and arrays of one number will do."""
    if hasattr(answer, "numel") and callable(answer.numel):
        answer = answer.detach().cpu().numpy()
    if isinstance(answer, str | bool | np.bool_) or np.size(answer) != 1 or np.ndim(answer) > 1:
        raise Wrong(f"I expected one number for {name}, and got {kind(answer)}.")
    try:
        value = float(np.asarray(answer).reshape(()))
    except (TypeError, ValueError):
        raise Wrong(f"I expected one number for {name}, and got {kind(answer)}.") from None
    if np.isnan(value):
        raise Wrong(f"The number for {name} is nan. Is something divided by 0?")
    return value


def tensor(answer, shape: tuple[int, ...] | None = None, name: str = "the result"):
    """The answer as a tensor on the CPU, without gradient. Raises Wrong for another type or shape."""
    import torch

    if not isinstance(answer, torch.Tensor):
        raise Wrong(f"I expected a tensor for {name}, and got {kind(answer)}.")
    if shape is not None and tuple(answer.shape) != tuple(shape):
        raise Wrong(f"The shape of {name} is {tuple(answer.shape)}; it should be {tuple(shape)}.")
    return answer.detach().cpu()


def shared_states(seed: int | None = None) -> tuple:
    """What the shared generators of Python, NumPy and torch (where imported) hold; seeded first, where one is given."""
    torch = sys.modules.get("torch")
    if seed is not None:
        random.seed(seed)
        np.random.seed(seed)
        if torch:
            torch.manual_seed(seed)
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist() if torch else None


def kind(value) -> str:
    """What a value is, in words: for messages."""
    if value is None:
        return "None"
    shape = getattr(value, "shape", None)
    if shape is not None and not callable(shape):
        return f"a {type(value).__name__} of shape {tuple(shape)}"
    if isinstance(value, list | tuple | dict | set):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int | float | str | bool):
        return f"{value!r:.60} (a {type(value).__name__})"
    return f"a {type(value).__name__}"


def _shown(value, name: str) -> str:
    text = repr(value) if isinstance(value, int | float | str | bool | None) else kind(value)
    if isinstance(value, list | tuple) and len(repr(value)) <= 40:
        text = repr(value)
    return f"{name}={text}" if name else text


def first_line(error: BaseException) -> str:
    """The first line of what an error says, 200 characters at most."""
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else "no message"


def own_line(error: BaseException) -> str:
    """The learner's own line, the last before library code."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    if not own:
        return ""
    line = (own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)).strip()
    return f", in line {own[-1].lineno}" + (f": `{line[:100]}`" if line else "")


def _is_library(filename: str) -> bool:
    folders = [str(Path(__file__).parents[1]), *{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}]
    return filename.startswith("<frozen") or any(filename.startswith(folder + os.sep) for folder in folders)
