"""Checks for the learners' answers, one module a lesson: `exercises.check_4_2(receptive_field)` prints a verdict.

A check prints what is right, or what is wrong and a hint. It never raises, whatever the answer does.
"""

import importlib
import re

LESSONS = range(1, 8)


def __getattr__(name: str):
    """`check_4_2` is in `lesson_4`, loaded when it is asked for: lesson 1 needs no torch."""
    number = re.fullmatch(r"check_(\d)_\d+", name)
    if number and int(number[1]) in LESSONS:
        return getattr(lesson(int(number[1])), name)
    raise AttributeError(f"There is no {name} in harkit.exercises.")


def lesson(number: int):
    """The module with the checks of a lesson."""
    return importlib.import_module(f"{__name__}.lesson_{number}")


def summary(number: int):
    """The exercises of a lesson as a table: exercise, title, level, minutes, and how the last check went."""
    import pandas as pd

    from harkit.exercises import checking

    lesson(number)
    rows = [
        {"exercise": e.number, "title": e.title, "level": e.stars, "minutes": e.minutes, "status": e.status}
        for e in checking.EXERCISES.values()
        if e.number.startswith(f"{number}.")
    ]
    return pd.DataFrame(rows).set_index("exercise")
