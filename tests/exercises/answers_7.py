"""Answers to the exercises of lesson 7: right ones written in another way, and typical wrong ones with their hint."""

import math

import numpy as np
import pandas as pd
from scipy.stats import binom, binomtest, chi2, norm
from sklearn.metrics import confusion_matrix


def by_crosstab(truth, predicted, classes):
    table = pd.crosstab(pd.Series(truth), pd.Series(predicted)).reindex(index=classes, columns=classes, fill_value=0)
    return table.div(table.sum(axis=1).clip(lower=1), axis=0)


def counts(truth, predicted, classes):
    return confusion_matrix(truth, predicted, labels=classes)


def divided(axis):
    def confusion(truth, predicted, classes):
        table = counts(truth, predicted, classes)
        return table / np.maximum(table.sum(axis=axis, keepdims=True), 1)

    return confusion


def unguarded(truth, predicted, classes):
    table = counts(truth, predicted, classes)
    return table / table.sum(axis=1, keepdims=True)


def by_solving(right, n, z=1.959964):
    """The ends are where the distance to the share is z standard deviations of the end itself."""
    share = right / n
    a, b, c = 1 + z * z / n, -(2 * share + z * z / n), share * share
    root = math.sqrt(max(0.0, b * b - 4 * a * c))
    return [(-b - root) / (2 * a), (-b + root) / (2 * a)]


def wald(right, n):
    share = right / n
    half = 1.96 * math.sqrt(share * (1 - share) / n)
    return share - half, share + half


def around_the_share(right, n):
    low, high = by_solving(right, n)
    return right / n - (high - low) / 2, right / n + (high - low) / 2


def by_counting(a, b):
    only_a = sum(bool(x) and not y for x, y in zip(a, b, strict=True))
    only_b = sum(bool(y) and not x for x, y in zip(a, b, strict=True))
    smaller, n = min(only_a, only_b), only_a + only_b
    return min(1.0, 2 * binom.cdf(smaller, n, 0.5)) if n else 1.0


def only(a, b):
    return int((a & ~b).sum()), int((b & ~a).sum())


def in_their_own_order(truth, predicted, classes):
    """scikit-learn's own order, for as many classes as `classes` has."""
    return by_crosstab(truth, predicted, sorted(classes))


def one_sided(a, b):
    return binomtest(only(a, b)[0], sum(only(a, b)), alternative="greater").pvalue


def by_chi_square(a, b, correction=0):
    only_a, only_b = only(a, b)
    return chi2.sf(max(0, abs(only_a - only_b) - correction) ** 2 / max(1, only_a + only_b), 1)


def unpaired(a, b):
    pooled = (a.mean() + b.mean()) / 2
    return 2 * norm.sf(abs(a.mean() - b.mean()) / math.sqrt(2 * pooled * (1 - pooled) / len(a)))


RIGHT = {"7.2": [by_crosstab], "7.1": [by_solving], "7.3": [by_counting]}
WRONG = {
    "7.2": [
        (counts, "These are counts"),
        (lambda t, p, c: divided(1)(t, p, c).T, "Rows and columns are swapped"),
        (divided(0), "Your columns sum to 1"),
        (lambda t, p, c: counts(t, p, c) / len(t), "All numbers together"),
        (unguarded, "was divided by 0"),
        (in_their_own_order, "alphabetical order"),
    ],
    "7.1": [
        (wald, "no width at all"),
        (lambda right, n: by_solving(right, n, 1.0), "one standard deviation"),
        (lambda right, n: by_solving(right, n, norm.ppf(0.95)), "leaves 5 % on each side"),
        (around_the_share, "pulled towards one half"),
        (lambda right, n: [100 * end for end in by_solving(right, n)], "Per cent were not asked for"),
        (lambda right, n: by_solving(right, n)[::-1], "The lower end comes first"),
    ],
    "7.3": [
        (lambda a, b: binomtest(only(a, b)[0], len(a)).pvalue, "You counted all pictures"),
        (one_sided, "That is one side"),
        (by_chi_square, "approximation by χ²"),
        (unpaired, "as if of different pictures"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {
    "7.2": [lambda truth, predicted, classes: confusion_matrix(truth, predicted, normalize="true")],
    "7.3": [lambda a, b: by_chi_square(a, b, correction=1)],
}
