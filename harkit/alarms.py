"""From frames to alarms, as a family counts them: missed falls, false alarms an hour, seconds until the alarm.

They take a film table: one row a frame, with the columns sequence, second (in its film), label and p_fall.
"""

import numpy as np
import pandas as pd

from harkit.evaluation import FALL

HOUR = 3600  # seconds


def rings(film: pd.DataFrame, threshold: float, k: int = 1, n: int = 1) -> np.ndarray:
    """For each frame of one sequence, in order of time: does the alarm ring, with k of the last n frames a fall?

    Before the first frame nothing rings. Raises ValueError unless 1 ≤ k ≤ n.
    """
    if not 1 <= k <= n:
        raise ValueError(f"{k} of {n} frames can't be asked for: choose 1 ≤ k ≤ n.")
    falls = film.p_fall.to_numpy()[film.second.to_numpy().argsort(kind="stable")] > threshold
    so_far = np.concatenate([np.zeros(n, int), falls.cumsum()])  # of the n frames before the first one on
    return so_far[n:] - so_far[:-n] >= k


def events(films: pd.DataFrame, threshold: float, k: int = 1, n: int = 1, rate: float = 10) -> pd.DataFrame:
    """One row a sequence: sequence, label, seconds (its length), alarms (how many begin in it), delay.

    `rate` is frames a second; `delay` is the seconds from the first frame to the end of the frame that rang first, NaN
    where none did. A sequence labelled fall begins when balance is lost.
    """
    rows = []
    for sequence, film in films.groupby("sequence", sort=True):
        ringing, second = rings(film, threshold, k, n), np.sort(film.second.to_numpy())
        begins = ringing & ~np.append(False, ringing[:-1])
        delay = second[ringing.argmax()] - second[0] + 1 / rate if ringing.any() else np.nan
        rows.append((sequence, film.label.iloc[0], second[-1] - second[0] + 1 / rate, int(begins.sum()), delay))
    return pd.DataFrame(rows, columns=["sequence", "label", "seconds", "alarms", "delay"])


def for_a_family(table: pd.DataFrame) -> dict:
    """What `events` come to: falls, missed, false_alarms, quiet_seconds, false_alarms_an_hour, median delay."""
    falls, quiet = table[table.label == FALL], table[table.label != FALL]
    seconds = quiet.seconds.sum()
    return {
        "falls": len(falls),
        "missed": int((falls.alarms == 0).sum()),
        "false_alarms": int(quiet.alarms.sum()),
        "quiet_seconds": float(seconds),
        "false_alarms_an_hour": float(quiet.alarms.sum() / seconds * HOUR) if seconds else np.nan,
        "delay": float(falls.delay.median()),
    }


def cheapest(validation: pd.DataFrame, cost_of_a_miss: float, thresholds=None, **rule) -> tuple[float, pd.DataFrame]:
    """The threshold with the lowest cost on these films: missed falls × `cost_of_a_miss` + false alarms.

    `validation` is a film table, `cost_of_a_miss` is counted in false alarms, `rule` goes to `events`. Gives the first
    cheapest threshold, and one row each: threshold, missed, false_alarms, cost. Never choose on the test.
    """
    rows = []
    for threshold in np.linspace(0.02, 0.98, 49) if thresholds is None else thresholds:
        counted = for_a_family(events(validation, threshold, **rule))
        cost = counted["missed"] * cost_of_a_miss + counted["false_alarms"]
        rows.append((threshold, counted["missed"], counted["false_alarms"], cost))
    table = pd.DataFrame(rows, columns=["threshold", "missed", "false_alarms", "cost"])
    return float(table.threshold[table.cost.idxmin()]), table
