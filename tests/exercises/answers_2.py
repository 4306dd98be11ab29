"""Answers to the exercises of lesson 2: right ones written in another way, and typical wrong ones with their hint."""

from collections import Counter

import numpy as np


def by_counter(train, test):
    label, _ = Counter(train).most_common(1)[0]
    return np.mean([answer == label for answer in test])


def bit_by_bit(pictures):
    total = np.zeros(pictures.shape[1:])
    for picture in pictures:
        total += picture
    return np.rint(total / len(pictures)).astype("uint8")


def half_up(pictures):
    return np.floor(pictures.mean(axis=0) + 0.5).astype(np.uint8)


def loop(picture, others):
    best, where = float("inf"), None
    for i, other in enumerate(others):
        distance = ((picture.astype(int) - other.astype(int)) ** 2).sum()
        if distance < best:
            best, where = distance, i
    return where


def each(numbers):
    """(N, all numbers of a picture)."""
    return numbers.reshape(len(numbers), -1)


RIGHT = {"2.1": [by_counter], "2.2": [bit_by_bit, half_up], "2.3": [loop]}
WRONG = {
    "2.1": [
        (lambda train, test: max(map(test.count, test)) / len(test), "Who may look at the test"),
        (lambda train, test: max(map(train.count, train)) / len(train), "share in training"),
        (lambda train, test: 1 / len(set(train)), "guessing at random"),
        (lambda train, test: 100 * by_counter(train, test), "share between 0 and 1"),
        (lambda train, test: by_counter(train, test) * len(test) / len(train), "You found"),
    ],
    "2.2": [
        (lambda pictures: (pictures.sum(axis=0, dtype=np.uint8) / len(pictures)).astype(np.uint8), "Much too dark"),
        (lambda pictures: pictures.mean(axis=0).astype(np.uint8), "half a step too dark"),
        (lambda pictures: pictures.mean(axis=0), "A picture is shown from uint8"),
        (lambda pictures: pictures.mean(axis=-1).round().astype(np.uint8), "Over which axis"),
    ],
    "2.3": [
        (lambda p, o: each((o.astype(float) - p) ** 2).sum(1).argmax(), "That is the farthest"),
        (lambda p, o: each(o.astype(int) - p).sum(1).argmin(), "a darker picture is not a nearer one"),
        (lambda p, o: abs(each(o.astype(int) - p).sum(1)).argmin(), "Make each of them positive"),
        (lambda p, o: each((o - p) ** 2).sum(1).argmin(), "3 − 5 is 254"),
        (lambda p, o: each(abs(o.astype(int) - p)).sum(1).argmin(), "its square is 3,600"),
        (lambda p, o: each((o.astype(np.int16) - p) ** 2).sum(1).argmin(), "65,025"),
        (lambda p, o: 0.5, "whole number from 0 to 5"),
    ],
}
# Other wrong ones, whose hint another one above has too.
ALSO_WRONG = {
    "2.1": [
        lambda train, test: test.count(max(train + test, key=(train + test).count)) / len(test),
        lambda train, test: by_counter(train, test) * len(test),
        lambda train, test: test.count(train[-1]) / len(test),
    ],
    "2.3": [
        lambda p, o: each(p - o.astype(int)).sum(1).argmin(),
        lambda p, o: abs(each(o).mean(1) - p.mean()).argmin(),
        lambda p, o: each(o - p).sum(1).argmin(),
        lambda p, o: each((o.astype(int) - p) ** 2)[:, 0].argmin(),
    ],
}
