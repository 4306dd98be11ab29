"""What the fence around an answer puts back, and what its messages say."""

import random
import signal
import sys
import threading
import time

import numpy as np
import pytest
import torch

from harkit.exercises import checking
from harkit.exercises.answers import Wrong, ask, number, tensor
from harkit.exercises.checking import exercise


@pytest.fixture
def check():
    """A check of one function whose answer should be 4."""

    @exercise("9.9", "Four", level=1, minutes=1)
    def check_9_9(four):
        if number(ask(four, 2)) != 4:
            raise Wrong("Not four.")
        return "it is four."

    yield check_9_9
    del checking.EXERCISES["9.9"]


def message(check, answer) -> str:
    check(answer)
    return checking.EXERCISES["9.9"].message


def test_a_right_answer_is_told_so(check, capsys):
    check(lambda x: torch.tensor([4.0], requires_grad=True))
    assert capsys.readouterr().out == "✓ Exercise 9.9, right: it is four.\n"


def test_an_error_is_shown_with_the_call_and_the_learners_line(check):
    def four(x):
        return x / 0

    found = message(check, four)
    assert "`four(2)` stops with ZeroDivisionError" in found and "`return x / 0`" in found


def test_an_error_inside_a_library_names_the_learners_line(check):
    found = message(check, lambda x: torch.zeros(2) @ torch.zeros(3))
    assert "torch.zeros(2) @ torch.zeros(3)" in found


def test_a_forgotten_return_is_named(check):
    assert "return" in message(check, lambda x: None)


def test_the_check_does_not_touch_the_learners_random_numbers(check):
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    expected = torch.rand(1).item(), np.random.rand(), random.random()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)

    def four(x):
        torch.rand(5), np.random.rand(5), random.random(), torch.manual_seed(7)
        return 4

    check(four)
    assert (torch.rand(1).item(), np.random.rand(), random.random()) == expected


def test_global_settings_are_put_back(check, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def four(x):
        import os

        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        os.chdir("/")
        return 4

    check(four)
    assert torch.get_default_dtype() == torch.float32 and torch.is_grad_enabled()
    from pathlib import Path

    assert Path.cwd() == tmp_path


def test_inputs_are_copies():
    given = [1, 2]
    ask(lambda values: values.append(3) or values, given)
    assert given == [1, 2]


def test_an_endless_loop_is_stopped_and_the_alarm_is_off_afterwards(check, monkeypatch):
    monkeypatch.setattr(checking, "SECONDS", 0.2)

    def four(x):
        while True:
            try:
                time.sleep(0.001)
            except BaseException:
                continue

    assert "still running" in message(check, four)
    time.sleep(0.3)


def test_an_alarm_at_the_end_of_a_check_changes_nothing(check):
    rung = []

    def late(frame, event, _):
        if event == "call" and frame.f_code.co_name == "__exit__" and frame.f_back.f_code is checking._verdict.__code__:
            rung.append(event)
            signal.raise_signal(signal.SIGALRM)

    sys.setprofile(late)
    try:
        check(lambda x: 4)
    finally:
        sys.setprofile(None)
    assert rung and checking.EXERCISES["9.9"].status == checking.RIGHT


def test_in_another_thread_the_check_still_judges(check):
    worker = threading.Thread(target=check, args=(lambda x: 4,))
    worker.start()
    worker.join()
    assert checking.EXERCISES["9.9"].status == checking.RIGHT


@pytest.mark.parametrize("answer", ["4", True, [4, 4], {"a": 4}, None, torch.zeros(2), np.zeros((1, 1))])
def test_what_is_not_one_number_is_refused(answer):
    with pytest.raises(Wrong, match="expected one number"):
        number(answer)


@pytest.mark.parametrize("answer", [4, 4.0, np.float32(4), np.array([4]), torch.tensor(4), [4]])
def test_one_number_may_come_in_many_clothes(answer):
    assert number(answer) == 4


def test_a_tensor_of_another_shape_is_refused_with_both_shapes():
    with pytest.raises(Wrong, match=r"\(2, 3\).*\(3, 2\)"):
        tensor(torch.zeros(2, 3), (3, 2))


def test_figures_of_an_answer_are_closed(check):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    check(lambda x: plt.figure() and 4)
    assert plt.get_fignums() == before
