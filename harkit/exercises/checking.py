"""What all checks share: an answer runs behind a fence, and a verdict comes out, never an error.

A check is a function of the learner's answer. It raises `Wrong` with a hint, or gives the sentence for a right answer:

    @exercise("4.2", "Receptive field", level=2, minutes=10)
    def check_4_2(receptive_field):
        if number(ask(receptive_field, 3)) == 9: raise Wrong("…")
        return "three small windows see as far as one of 7×7."
"""

import builtins
import contextlib
import functools
import io
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harkit.exercises.answers import Wrong, first_line, own_line

SECONDS = 20.0  # an answer that takes longer is stopped, where the system allows it
MOST_PRINTED = 2_000  # characters of what an answer prints
STARTED, RIGHT, WRONG = "not started", "right", "not yet"


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
            f"this check can't read your answer ({type(error).__name__}: {first_line(error)}{own_line(error)}). "
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
