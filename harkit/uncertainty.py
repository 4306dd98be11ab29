"""How sure is a figure? Bootstrap by group, McNemar's test, pictures needed, calibration and temperature.

They take the tables that `harkit.evaluation.predict` gives: name, label, predicted, one column `p_<class>` a class.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, norm

from harkit.evaluation import interval

Z = norm.ppf(0.975)  # 1.96: a 95 % interval


def accuracy(predictions: pd.DataFrame) -> float:
    """Share of right answers."""
    return float((predictions.label == predictions.predicted).mean())


def bootstrap(
    predictions: pd.DataFrame,
    groups: pd.Series,
    score: Callable[[pd.DataFrame], float | np.ndarray] = accuracy,
    draws: int = 1000,
    seed: int = 0,
) -> tuple:
    """95 % percentile interval of a score, by drawing whole groups with replacement (Field and Welsh, 2007).

    A score that is an array, such as a curve on a grid, gets two arrays: a band that holds at each point, not for all
    points together. A draw in which the score is NaN does not count.

    `groups` (N,) says which rows belong together: near-copies, a film, a person. Rows of one group are no independent
    witnesses, so an interval over single rows would be too narrow. Raises ValueError with fewer than two groups.
    """
    members = list(predictions.reset_index(drop=True).groupby(np.asarray(groups), sort=False).indices.values())
    if len(members) < 2:
        raise ValueError(f"An interval by group needs two groups or more, and here are {len(members)}.")
    rng, scores = np.random.default_rng(seed), []
    for _ in range(draws):
        chosen = np.concatenate([members[i] for i in rng.integers(len(members), size=len(members))])
        scores.append(score(predictions.iloc[chosen]))
    low, high = np.nanquantile(scores, [0.025, 0.975], axis=0)
    return (low, high) if np.ndim(low) else (float(low), float(high))


def difference(a: pd.DataFrame, b: pd.DataFrame) -> tuple[float, float, float]:
    """Accuracy of `a` less that of `b`, on two different sets of pictures, with its 95 % interval (Newcombe, 1998)."""
    p, q = accuracy(a), accuracy(b)
    (p_low, p_high), (q_low, q_high) = (interval(round(x * len(t)), len(t)) for x, t in ((p, a), (q, b)))
    low = p - q - np.hypot(p - p_low, q_high - q)
    return p - q, float(low), float(p - q + np.hypot(p_high - p, q - q_low))


def mcnemar(a: pd.DataFrame, b: pd.DataFrame) -> dict:
    """McNemar's exact test (1947) of two networks on the same pictures: only_a, only_b, p_value, difference, low, high.

    The difference is accuracy of `a` less that of `b`, with its paired 95 % interval (Agresti and Min, 2005: half a
    picture is added to each cell). Raises ValueError where the tables are not about the same pictures in one order.
    """
    if list(a.name) != list(b.name):
        raise ValueError("The two tables are not about the same pictures in the same order: merge them by name first.")
    right_a, right_b = (np.asarray(t.label == t.predicted) for t in (a, b))
    only_a, only_b, n = int((right_a & ~right_b).sum()), int((~right_a & right_b).sum()), len(a)
    p_value = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    x, y, m = only_a + 0.5, only_b + 0.5, n + 2
    middle, half = (x - y) / m, Z * np.sqrt(x + y - (x - y) ** 2 / m) / m
    return {
        "only_a": only_a, "only_b": only_b, "p_value": float(p_value), "difference": (only_a - only_b) / n,
        "low": float(middle - half), "high": float(middle + half),
    }  # fmt: skip


def pictures_needed(p: float, q: float, power: float = 0.8, paired_disagreement: float | None = None) -> int:
    """Test pictures needed to tell accuracy `p` from `q` at the 5 % level with this power (Fleiss, 1981).

    Two independent tests of this size each; or, with `paired_disagreement` (the share of pictures where only one of
    the two is right), one test on which both are judged (Connor, 1987). Raises ValueError where p equals q.
    """
    gap, z = abs(p - q), norm.ppf(power)
    if gap == 0:
        raise ValueError("Equal accuracies can't be told apart by any number of pictures.")
    if paired_disagreement is None:
        mean = (p + q) / 2
        spread = Z * np.sqrt(2 * mean * (1 - mean)) + z * np.sqrt(p * (1 - p) + q * (1 - q))
    else:
        if paired_disagreement < gap:
            raise ValueError(f"Accuracies {gap:.2f} apart differ on at least that share of the pictures.")
        spread = Z * np.sqrt(paired_disagreement) + z * np.sqrt(paired_disagreement - gap**2)
    return int(np.ceil((spread / gap) ** 2))


def calibration(predictions: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Reliability table: mean `confidence`, `accuracy` and `n` of each bin of confidence; no empty bins."""
    confidence = predictions.filter(like="p_").max(axis=1).to_numpy()
    right = (predictions.label == predictions.predicted).to_numpy()
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    rows = pd.DataFrame({"bin": number, "confidence": confidence, "accuracy": right, "n": 1})
    return rows.groupby("bin").agg({"confidence": "mean", "accuracy": "mean", "n": "sum"}).reset_index(drop=True)


def calibration_error(predictions: pd.DataFrame, bins: int = 10) -> float:
    """Expected calibration error (Guo et al., 2017): mean distance of confidence and accuracy over bins."""
    table = calibration(predictions, bins)
    return float((table.n * (table.confidence - table.accuracy).abs()).sum() / table.n.sum())


def temperature(validation: pd.DataFrame) -> float:
    """The temperature (Guo et al., 2017) with the lowest log-loss on these predictions; fit it on validation alone.

    Above 1 the network is too sure, below 1 too unsure.
    """
    logits, truth = _logits(validation), _truth(validation)
    rows = np.arange(len(truth))

    def loss(log_t: float) -> float:
        return -log_softmax(logits / np.exp(log_t), axis=1)[rows, truth].mean()

    return float(np.exp(minimize_scalar(loss, bounds=(-3, 3), method="bounded").x))


def at_temperature(predictions: pd.DataFrame, t: float) -> pd.DataFrame:
    """The same answers with probabilities at temperature `t`: softmax(logits / t)."""
    columns = list(predictions.filter(like="p_"))
    return predictions.assign(**dict(zip(columns, softmax(_logits(predictions) / t, axis=1).T, strict=True)))


def top_k(predictions: pd.DataFrame, k: int) -> float:
    """Share of pictures whose true class is among the `k` likeliest."""
    best = np.argsort(-predictions.filter(like="p_").to_numpy(), axis=1, kind="stable")[:, :k]
    return float((best == _truth(predictions)[:, None]).any(axis=1).mean())


def _logits(predictions: pd.DataFrame) -> np.ndarray:
    """Logits (N, classes), up to a constant a row."""
    return np.log(np.maximum(predictions.filter(like="p_").to_numpy(dtype=float), 1e-12))


def _truth(predictions: pd.DataFrame) -> np.ndarray:
    """Class numbers (N,) of the true labels, in the order of the columns."""
    classes = [name[2:] for name in predictions.filter(like="p_")]
    return predictions.label.map(classes.index).to_numpy()
