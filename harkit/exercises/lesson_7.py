"""Checks of lesson 7: the confusion matrix, an interval, two networks on the same pictures."""

import math

import numpy as np
from scipy.stats import binomtest, chi2, norm
from sklearn.metrics import confusion_matrix

from harkit import evaluation
from harkit.exercises.answers import Wrong, ask, kind, number
from harkit.exercises.checking import exercise


@exercise("7.1", "How sure is an accuracy?", level=2, minutes=10)
def check_7_1(interval):
    """`interval(right, n)`: low and high of the 95 % Wilson interval."""
    z = norm.ppf(0.975)
    for right, n in ((120, 200), (9, 10), (10, 10), (0, 30)):
        low, high = evaluation.interval(right, n)
        found = ask(interval, right, n)
        try:
            given = np.array([number(value, "an end") for value in found])
            a, b = given
        except (TypeError, ValueError):
            raise Wrong(f"Give two numbers: `return low, high`; I got {kind(found)}.") from None
        if np.allclose((a, b), (low, high), atol=2e-3):
            continue
        share, call = right / n, f"interval({right}, {n}) gave {a:.3f} to {b:.3f}, and it is {low:.3f} to {high:.3f}. "
        wald = z * math.sqrt(share * (1 - share) / n)
        if np.allclose((a, b), (share - wald, share + wald), atol=2e-3):
            raise Wrong(call + "The same distance on both sides of the accuracy: at 10 of 10 it has no width at all.")
        if np.allclose((a, b), _wilson(right, n, 1.0), atol=2e-3):
            raise Wrong(call + "Too narrow: one standard deviation covers two thirds. How many cover 95 %?")
        if np.allclose((a, b), _wilson(right, n, norm.ppf(0.95)), atol=2e-3):
            raise Wrong(call + "Too narrow: your z leaves 5 % on each side. 95 % in the middle leave 2.5 %.")
        if np.allclose(given / 100, (low, high), atol=2e-3):
            raise Wrong(call + "Per cent were not asked for: give shares between 0 and 1.")
        if np.isclose((a + b) / 2, share, atol=1e-3):
            raise Wrong(call + "Yours lies evenly around the accuracy. Wilson's centre is pulled towards one half.")
        if np.allclose((b, a), (low, high), atol=2e-3):
            raise Wrong(call + "The lower end comes first.")
        raise Wrong(call + "Look at the formula once more: which parts are divided by 1 + z²/n?")
    return "it never leaves 0…1, and has a width even where all answers are right."


@exercise("7.2", "A confusion matrix by hand", level=2, minutes=12)
def check_7_2(confusion):
    """`confusion(truth, predicted, classes)`: (C, C) shares; a row a true class, rows sum to 1."""
    rng = np.random.default_rng(0)
    known = ["calling", "eating", "running", "sleeping"]
    # a class that the test does not hold; another order; a class that nobody names
    for classes, present, named in ((known, 4, 4), (known, 3, 4), (known[::-1], 4, 4), (known[::-1], 3, 3)):
        shares = np.arange(1, present + 1) / np.arange(1, present + 1).sum()
        truth = [classes[i] for i in rng.choice(present, 60, p=shares)]
        predicted = [label if rng.random() < 0.5 else classes[rng.integers(named)] for label in truth]
        counts = confusion_matrix(truth, predicted, labels=classes)
        right = confusion_matrix(truth, predicted, labels=classes, normalize="true")
        found = _matrix(ask(confusion, truth, predicted, classes), right.shape)
        if np.allclose(found, right, atol=1e-6):
            continue
        if np.isnan(found).any():
            raise Wrong("Some numbers are nan: a class without a test picture was divided by 0. Leave its row at 0.")
        if np.allclose(found, counts):
            raise Wrong("These are counts. Divide each row by its sum.")
        if np.allclose(found, confusion_matrix(truth, predicted, labels=known, normalize="true")):
            raise Wrong("Rows and columns stand in alphabetical order. The order is that of `classes`.")
        if np.allclose(found, right.T) or np.allclose(found, counts.T):
            raise Wrong("Rows and columns are swapped. A row is one *true* class.")
        if np.allclose(found, counts / np.maximum(counts.sum(axis=0, keepdims=True), 1)):
            raise Wrong("Your columns sum to 1. Then the diagonal is precision; in a row it is recall.")
        if np.allclose(found, counts / counts.sum()):
            raise Wrong("All numbers together sum to 1. Each *row* should: of all that are truly this, how many …?")
        raise Wrong(f"Row '{classes[0]}' should be {right[0].round(2)}; yours is {found[0].round(2)}.")
    return "rows of truth that sum to 1: the diagonal is the recall of each class."


@exercise("7.3", "Which of the two is better?", level=3, minutes=12)
def check_7_3(p_value):
    """`p_value(right_a, right_b)`: McNemar's exact test on two rows of truth values about the same pictures."""
    rng = np.random.default_rng(1)
    pairs = [(20, 8, 30, 12), (3, 12, 60, 25), (6, 6, 10, 10), (0, 0, 15, 5)]
    for only_a, only_b, both, neither in pairs:
        a = np.repeat([True, False, True, False], [only_a, only_b, both, neither])
        b = np.repeat([False, True, True, False], [only_a, only_b, both, neither])
        mixed = rng.permutation(len(a))
        right = binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
        found = number(ask(p_value, a[mixed], b[mixed]), "the p-value")
        if abs(found - right) < 1e-4:
            continue
        call = f"Only A right {only_a} times, only B {only_b} times: the p-value is {right:.4f}, yours {found:.4f}. "
        if abs(found - binomtest(only_a, len(a)).pvalue) < 1e-4:
            raise Wrong(call + "You counted all pictures. Where both are right or both wrong, nothing is decided.")
        tails = [binomtest(only_a, only_a + only_b, alternative=side).pvalue for side in ("greater", "less")]
        if min(abs(found - tail) for tail in tails) < 1e-4:
            raise Wrong(call + "That is one side. You did not know before which would win: use both sides.")
        shares = a.mean(), b.mean(), (a.mean() + b.mean()) / 2
        spread = math.sqrt(2 * shares[2] * (1 - shares[2]) / len(a))
        if abs(found - 2 * norm.sf(abs(shares[0] - shares[1]) / spread)) < 1e-3:
            raise Wrong(call + "You compared two accuracies as if of different pictures. These are the same pictures.")
        squares = [max(0, abs(only_a - only_b) - less) ** 2 / max(1, only_a + only_b) for less in (0, 1)]
        if min(abs(found - chi2.sf(square, 1)) for square in squares) < 1e-4:
            raise Wrong(call + "That is the approximation by χ². So few pictures can be counted exactly, like coins.")
        if found > 1:
            raise Wrong(call + "A probability above 1? Both tails of a symmetric case overlap: at most 1.")
        raise Wrong(call + "Pictures where just one is right count. If both were equally good, how would they fall?")
    return "pairs where only one is right decide; the others tell nothing."


def _matrix(answer, shape) -> np.ndarray:
    try:
        matrix = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"I expected a matrix of numbers, and got {kind(answer)}.") from None
    if matrix.shape != shape:
        raise Wrong(f"The matrix should have shape {shape}; yours has {matrix.shape}.")
    return matrix


def _wilson(right: int, n: int, z: float) -> tuple[float, float]:
    share, wide = right / n, 1 + z * z / n
    centre, half = share + z * z / (2 * n), z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (centre - half) / wide, (centre + half) / wide
