"""What all checks share: an answer runs behind a fence, and a verdict comes out, never an error.

A check is a function of the learner's answer. It raises `Wrong` with a hint, or gives the sentence for a right answer:

    @exercise("4.2", "Receptive field", level=2, minutes=10)
    def check_4_2(receptive_field):
        if number(ask(receptive_field, 3)) == 9: raise Wrong("…")
        return "three small windows see as far as one of 7×7."
"""

import builtins
import contextlib
import copy
import functools
import io
import linecache
import os
import random
import signal
import sys
import sysconfig
import threading
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SECONDS = 20.0  # an answer that takes longer is stopped, where the system allows it
MOST_PRINTED = 2_000  # characters of what an answer prints
STARTED, RIGHT, WRONG = "not started", "right", "not yet"


class Wrong(Exception):
    """The answer is not right yet. The message says what is wrong and gives a hint."""


class _TimeUp(BaseException):
    """No Exception: an answer that catches those can't catch this."""


@dataclass
class Exercise:
    """One exercise and how its last check went."""

    number: str
    title: str
    level: int  # 1 to 3
    minutes: int
    status: str = STARTED
    message: str = ""

    @property
    def stars(self) -> str:
        return "●" * self.level + "○" * (3 - self.level)


EXERCISES: dict[str, Exercise] = {}


def exercise(number: str, title: str, level: int, minutes: int) -> Callable:
    """Make a function of the learner's answer a check: it prints a verdict and never raises."""

    def decorate(judge: Callable) -> Callable:
        entry = EXERCISES[number] = Exercise(number, title, level, minutes)

        @functools.wraps(judge)
        def check(*answers) -> None:
            entry.status, entry.message, printed = _verdict(judge, answers)
            sign = {RIGHT: "✓", WRONG: "✗", STARTED: "·"}[entry.status]
            if printed and entry.status != STARTED:
                print(f"Your code printed:\n{printed}\n")
            print(f"{sign} Exercise {number}, {entry.status}{': ' if entry.message else ''}{entry.message}")

        return check

    return decorate


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
        raise Wrong(f"`{call}` stops with {type(error).__name__}: {_short(error)}{_where(error)}.") from error
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


def _verdict(judge: Callable, answers: tuple) -> tuple[str, str, str]:
    """Status, message, and what the answer printed."""
    started, printed = time.monotonic(), _Bounded()
    try:
        with _fence(printed):
            status, message = RIGHT, judge(*answers) or ""
    except NotImplementedError:
        status, message = STARTED, "write your answer in the cell above, run it, then run this one again."
    except Wrong as error:
        status, message = WRONG, str(error)
    except _TimeUp:
        status, message = WRONG, (
            f"your code was still running after {time.monotonic() - started:.0f} seconds and was stopped. "
            "Is there a loop that never ends?"
        )
    except KeyboardInterrupt:
        status, message = WRONG, "you interrupted it. Is there a loop that never ends?"
    except RecursionError:
        status, message = WRONG, "your function calls itself again and again. When should it stop?"
    except (SystemExit, GeneratorExit):
        status, message = WRONG, "your code leaves Python (`exit` or `quit`). Use `return`."
    except BaseException as error:
        status, message = WRONG, (
            f"this check can't read your answer ({type(error).__name__}: {_short(error)}{_where(error)}). "
            "Does it give what the text asks for: the same kind, the same shape?"
        )
    return status, message, printed.text()


@contextlib.contextmanager
def _fence(printed: io.TextIOBase):
    """Stop what never ends, hold back what is printed, and put back what the answer may have changed."""
    figures = _figures()
    place, states = Path.cwd(), (random.getstate(), np.random.get_state())
    ask_user, builtins.input = builtins.input, _no_input
    try:
        with (
            warnings.catch_warnings(), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed),
            _torch_as_it_was(), _time_limit(SECONDS),
        ):  # fmt: skip
            warnings.simplefilter("ignore")
            yield
    finally:
        builtins.input = ask_user
        random.setstate(states[0])
        np.random.set_state(states[1])
        os.chdir(place)
        for extra in _figures() - figures:
            sys.modules["matplotlib.pyplot"].close(extra)


@contextlib.contextmanager
def _time_limit(seconds: float):
    """Raise _TimeUp in the answer after so long. Without such an alarm (Windows), the learner interrupts."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    fired = 0

    def stop(_, frame):
        nonlocal fired
        fired += 1
        if fired == 5:  # a loop with a bare `except` swallows one alarm: soon one comes while it handles another
            signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)
        if _in_the_answer(frame):
            raise _TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.02)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _in_the_answer(frame) -> bool:
    """Whether the judge runs here, or what it called; not the end of a `with`, which an alarm would leave half done."""
    while frame.f_back and frame.f_back.f_code is not _verdict.__code__:
        frame = frame.f_back
    return frame.f_back is not None and frame.f_code.co_filename != contextlib.contextmanager.__code__.co_filename


@contextlib.contextmanager
def _torch_as_it_was():
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    dtype, gradient, threads = torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_default_device(None)
        torch.set_grad_enabled(gradient)
        torch.set_num_threads(threads)


class _Bounded(io.StringIO):
    """Keeps the first characters that are written, drops the rest."""

    def write(self, text: str) -> int:
        if self.tell() <= MOST_PRINTED:
            super().write(text[: MOST_PRINTED + 1])
        return len(text)

    def text(self) -> str:
        value = self.getvalue()
        return value[:MOST_PRINTED].rstrip() + (" …" if len(value) > MOST_PRINTED else "")


def _no_input(*_):
    raise Wrong("your code asks for input. A function gets what it needs as its arguments.")


def _figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()


def _shown(value, name: str) -> str:
    text = repr(value) if isinstance(value, int | float | str | bool | None) else kind(value)
    if isinstance(value, list | tuple) and len(repr(value)) <= 40:
        text = repr(value)
    return f"{name}={text}" if name else text


def _short(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else "no message"


def _where(error: BaseException) -> str:
    """The learner's own line, the last before library code."""
    own = [f for f in traceback.extract_tb(error.__traceback__) if not _is_library(f.filename)]
    if not own:
        return ""
    line = (own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)).strip()
    return f", in line {own[-1].lineno}" + (f": `{line[:100]}`" if line else "")


def _is_library(filename: str) -> bool:
    folders = [str(Path(__file__).parents[1]), *{sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")}]
    return filename.startswith("<frozen") or any(filename.startswith(folder + os.sep) for folder in folders)
