"""Answers to the exercises of lesson 6: right ones written in another way, and typical wrong ones with their hint."""

import numpy as np
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score


def by_sklearn(falls, probabilities, threshold):
    rings = probabilities > threshold
    return tuple(f(falls, rings, zero_division=0) for f in (precision_score, recall_score, f1_score))


def swapped(falls, probabilities, threshold):
    precision, recall, f1 = by_sklearn(falls, probabilities, threshold)
    return recall, precision, f1


def plain_mean(falls, probabilities, threshold):
    precision, recall, _ = by_sklearn(falls, probabilities, threshold)
    return precision, recall, (precision + recall) / 2


def accuracy_first(falls, probabilities, threshold):
    return accuracy_score(falls, probabilities > threshold), *by_sklearn(falls, probabilities, threshold)[1:]


def without_guard(falls, probabilities, threshold):
    rings = probabilities > threshold
    hits = int((falls & rings).sum())
    precision, recall = hits / int(rings.sum()), hits / int(falls.sum())
    return precision, recall, 2 * precision * recall / (precision + recall)


def f1(part, threshold):
    return by_sklearn(*part, threshold)[2]


def in_a_loop(validation, test, thresholds):
    best, kept = -1, None
    for threshold in thresholds:
        if f1(validation, threshold) > best:
            best, kept = f1(validation, threshold), threshold
    return kept, f1(test, kept)


def last_best(validation, test, thresholds):
    return in_a_loop(validation, test, thresholds[::-1])


def chosen_on_test(validation, test, thresholds):
    return in_a_loop(test, test, thresholds)


def validation_figure(validation, test, thresholds):
    return in_a_loop(validation, validation, thresholds)


def by_accuracy(validation, test, thresholds):
    kept = max(thresholds, key=lambda t: accuracy_score(validation[0], validation[1] > t))
    return kept, f1(test, kept)


def by_convolution(ringing, k, n):
    on = np.convolve(np.asarray(ringing, dtype=int), np.ones(n, dtype=int))[: len(ringing)] >= k
    return int(np.diff(on.astype(int), prepend=0).clip(min=0).sum())


def windows(ringing, n):
    return [sum(ringing[max(0, i - n + 1) : i + 1]) for i in range(len(ringing))]


def more_than_k(ringing, k, n):
    return by_convolution(ringing, k + 1, n)


RIGHT = {"6.1": [by_sklearn], "6.2": [in_a_loop], "6.3": [by_convolution]}
WRONG = {
    "6.1": [
        (swapped, "you swapped the two"),
        (lambda f, p, t: by_sklearn(f, p, t - 1e-6), "exactly the threshold"),
        (accuracy_first, "is the accuracy"),
        (plain_mean, "the plain mean"),
        (without_guard, "ZeroDivisionError"),
    ],
    "6.2": [
        (chosen_on_test, "The test may not choose"),
        (validation_figure, "that chose the threshold"),
        (by_accuracy, "chose by accuracy"),
        (last_best, "keeps the first"),
    ],
    "6.3": [
        (lambda ringing, k, n: sum(count >= k for count in windows(ringing, n)), "While the bell rings"),
        (lambda ringing, k, n: sum(ringing), "Where do k and n come in"),
        (lambda r, k, n: sum(sum(r[i : i + n]) >= k for i in range(0, len(r), n)), "into blocks"),
        (more_than_k, "not more than k"),
    ],
}
